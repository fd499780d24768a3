package collect

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

// settingsPart is a part of the settings query that GitHub may refuse alone.
type settingsPart struct {
	resource string // whose coverage it is
	field    string // of Repository, as the path of a GraphQL error names it
	variable string // that includes it
}

func settingsParts() []settingsPart {
	return []settingsPart{
		{"branch_protection", "defaultBranchRef", "branchProtection"},
		{"codeowners", "codeowners", "codeowners"},
		{"deploy_keys", "deployKeys", "deployKeys"},
		{"dependabot_alerts", "vulnerabilityAlerts", "dependabotAlerts"},
		{"rulesets", "rulesets", "rulesets"},
	}
}

// partSelection says which parts of the settings are requested: all but those
// that are excluded.
type partSelection struct {
	excluded map[string]string // the reason, by the part's resource
}

// selectParts excludes what is switched off or not on this server.
func (o *organization) selectParts() *partSelection {
	p := &partSelection{excluded: map[string]string{}}
	for _, part := range Resources() {
		if why := o.skipped(part, store.StatusComplete); part.Shape == Part && why != "" {
			p.excluded[part.Name] = why
		}
	}
	return p
}

// addTo adds to a query's variables which parts are requested.
func (p *partSelection) addTo(variables map[string]any) map[string]any {
	for _, part := range settingsParts() {
		variables[part.variable] = githubv4.Boolean(p.excluded[part.resource] == "")
	}
	return variables
}

// dropRefused excludes parts whose refusal left whole repositories out of an
// answer, as a null in a non-null field (deployKeys) does, and reports whether
// to request it again.
func (p *partSelection) dropRefused(nodes []json.RawMessage, problems *github.QueryErrors) bool {
	if !slices.ContainsFunc(nodes, func(n json.RawMessage) bool { return string(n) == "null" }) {
		return false
	}
	isDropped := false
	for _, e := range errorsOf(problems) {
		part, _, ok := placeOf(e)
		if ok && part != "" && e.IsForbidden() && p.excluded[part] == "" {
			p.excluded[part] = e.Message
			isDropped = true
		}
	}
	return isDropped
}

// nodeGaps is what an answer does not say about one of its repositories.
type nodeGaps struct {
	unknown     map[string]string // the reason, by the part's resource; "" for the repository itself
	isTransient bool              // another answer may say it
}

// gaps finds what n repositories of an answer lack. What an error is about is
// unknown; of an error that does not say so, all parts of all repositories are.
func (p *partSelection) gaps(n int, problems *github.QueryErrors) []nodeGaps {
	all := make([]nodeGaps, n)
	for i := range all {
		all[i].unknown = maps.Clone(p.excluded)
	}
	for _, e := range errorsOf(problems) {
		if len(e.Path) > 0 && e.Path[0] == "organization" {
			continue // the number of repositories, which is a help
		}
		part, node, ok := placeOf(e)
		if ok && node < n {
			all[node].unknown[part] = e.Message
			all[node].isTransient = all[node].isTransient || !e.IsForbidden()
			continue
		}
		for i := range all {
			all[i].isTransient = true
			for _, part := range settingsParts() {
				all[i].unknown[part.resource] = e.Message
			}
		}
	}
	return all
}

// lost is why a repository is not in the answer.
func (g nodeGaps) lost() string {
	return cmp.Or(g.unknown[""], "GitHub left a repository out of an answer")
}

// connection is a list of which not all may have been requested.
type connection struct {
	TotalCount int               `json:"totalCount"`
	Nodes      []json.RawMessage `json:"nodes"`
}

func (c *connection) isCut() bool { return c != nil && c.TotalCount > len(c.Nodes) }

// item is a repository as the snapshot keeps it: GitHub's object, and why parts of
// it are unknown.
func (g nodeGaps) item(node json.RawMessage, r store.Repository) json.RawMessage {
	delete(g.unknown, "")
	var settings struct {
		IsEmpty          *bool           `json:"isEmpty"`
		DefaultBranchRef json.RawMessage `json:"defaultBranchRef"`
		Rulesets         *connection     `json:"rulesets"`
	}
	var branch struct {
		Rules *connection `json:"rules"`
	}
	// What is of another type stays zero: the store names it.
	json.Unmarshal(node, &settings)
	json.Unmarshal(settings.DefaultBranchRef, &branch)
	if branch.Rules.isCut() {
		g.unknown["branch_protection"] = fmt.Sprintf("%d rules on the default branch, of which %d were requested", branch.Rules.TotalCount, len(branch.Rules.Nodes))
	}
	if settings.Rulesets.isCut() {
		g.unknown["rulesets"] = fmt.Sprintf("%d rulesets, of which %d were requested", settings.Rulesets.TotalCount, len(settings.Rulesets.Nodes))
	}
	isBranchless := string(settings.DefaultBranchRef) == "null" && settings.IsEmpty != nil && !*settings.IsEmpty
	if isBranchless && r.DefaultBranch != "" && g.unknown["branch_protection"] == "" {
		g.unknown["branch_protection"] = "GitHub names " + r.DefaultBranch + " as the default branch, which does not exist"
	}
	return g.addTo(node)
}

// addTo adds the gaps to an object as members of our own.
func (g nodeGaps) addTo(node json.RawMessage) json.RawMessage {
	own, err := json.Marshal(struct {
		Unknown     map[string]string `json:"unknown,omitempty"`
		IsTransient bool              `json:"again,omitempty"`
	}{g.unknown, g.isTransient})
	if err != nil {
		panic(err) // texts only
	}
	text := bytes.TrimSpace(node)
	if len(own) == 2 || len(text) < 2 || text[0] != '{' { // nothing to add, or no object: the store names it
		return node
	}
	inside := bytes.TrimSpace(text[1 : len(text)-1])
	if len(inside) > 0 {
		inside = append(inside[:len(inside):len(inside)], ',')
	}
	return slices.Concat([]byte{'{'}, inside, own[1:])
}

// lacksOf lists what the server does not have, as the paths in a node.
func lacksOf(session *github.Session) []string {
	var paths []string
	for _, p := range session.Lacks() {
		if path, ok := strings.CutPrefix(p, "nodes."); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

// placeOf finds which part of which node of the answer an error is about; part
// is "" for the repository itself. A path looks like
// nodes, 3, codeowners, errors.
func placeOf(e github.QueryError) (part string, node int, ok bool) {
	at := slices.Index(e.Path, "nodes") + 1
	if at == 0 || at == len(e.Path) {
		return "", 0, false
	}
	node, err := strconv.Atoi(e.Path[at])
	if err != nil || node < 0 {
		return "", 0, false
	}
	if field := at + 1; field < len(e.Path) {
		for _, p := range settingsParts() {
			if p.field == e.Path[field] {
				return p.resource, node, true
			}
		}
	}
	return "", node, true
}

func errorsOf(problems *github.QueryErrors) []github.QueryError {
	if problems == nil {
		return nil
	}
	return problems.Errors
}
