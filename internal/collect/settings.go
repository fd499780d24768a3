package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

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

// settingsWalk reads the settings of every repository of an organization.
type settingsWalk struct {
	*organization
	walk store.Walk
	// unasked says of each part that is not asked for why, by its resource.
	unasked map[string]string
	// lost says why repositories came back empty; "" if none did.
	lost string
	rows int64
	cost github.Cost // not yet written down
}

// settings collects the settings and covers the parts that the query answers.
func (o *organization) settings(ctx context.Context, r Resource, began time.Time) (store.CoverageStatus, error) {
	todo, err := o.writer.Todo(ctx, o.org, r.Name)
	if err != nil {
		return "", err
	}
	s := &settingsWalk{organization: o, unasked: map[string]string{}}
	for _, part := range Resources() {
		if why := o.skipped(part, store.StatusComplete); part.Shape == Part && why != "" {
			s.unasked[part.Name] = why
		}
	}
	for _, w := range todo { // one, or none when a resumed run has it already
		s.walk = w
		if err = s.pages(ctx); isFatal(ctx, err) {
			return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.org, err)
		}
		if err != nil {
			if failure := o.writer.Fail(ctx, w, o.spend(s.cost), err.Error(), statusCode(err)); failure != nil {
				return "", failure
			}
		}
	}
	if err == nil {
		s.walk = store.Walk{Org: o.org, Resource: r.Name}
		if err = s.again(ctx); isFatal(ctx, err) {
			return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.org, err)
		}
	}
	return s.cover(ctx, r, err, began)
}

// pages reads the connection page by page to its end.
func (s *settingsWalk) pages(ctx context.Context) error {
	after, size := s.walk.Next, newPageSize()
	for {
		var q settingsQuery
		problems, cost, err := s.session.Query(ctx, &q, s.variables(after, size.now))
		s.cost = s.cost.Plus(cost)
		switch {
		case isTooHeavy(problems, err) && size.shrink():
			continue
		case err != nil:
			return err
		case q.Organization == nil:
			return queryError(problems)
		case s.dropRefused(q.Organization.Repositories.Nodes, problems):
			continue
		}
		size.grow()
		items, err := s.items(q.Organization.Repositories.Nodes, problems)
		if err != nil {
			return err
		}
		page := q.Organization.Repositories
		if !page.PageInfo.HasNextPage {
			page.PageInfo.EndCursor = ""
		}
		if err := s.writer.Add(kept(ctx), s.walk, items, page.PageInfo.EndCursor, s.spend(s.cost)); err != nil {
			return fatalUnlessDrift(err)
		}
		s.cost = github.Cost{}
		s.rows += int64(len(items))
		s.event(Event{Org: s.org, Resource: s.walk.Resource, Walks: page.TotalCount, WalksDone: int(s.rows), Rows: s.rows})
		if after = page.PageInfo.EndCursor; after == "" {
			return nil
		}
	}
}

func (s *settingsWalk) variables(after string, size int) map[string]any {
	v := map[string]any{
		"org":   githubv4.String(s.org),
		"first": githubv4.Int(size),
		"after": (*githubv4.String)(nil),
	}
	if after != "" {
		v["after"] = githubv4.NewString(githubv4.String(after))
	}
	return s.withParts(v)
}

// withParts adds which parts are asked for.
func (s *settingsWalk) withParts(v map[string]any) map[string]any {
	for _, part := range settingsParts() {
		v[part.variable] = githubv4.Boolean(s.unasked[part.resource] == "")
	}
	return v
}

// dropRefused stops asking for parts whose refusal swallowed whole
// repositories, as a null in a non-null field (deployKeys) does, and tells
// whether the page is to be asked for again.
func (s *settingsWalk) dropRefused(nodes []*repositorySettings, problems *github.QueryErrors) bool {
	if !slices.Contains(nodes, nil) {
		return false
	}
	isDropped := false
	for _, e := range errorsOf(problems) {
		part, _, ok := placeOf(e)
		if ok && part != "" && e.IsForbidden() && s.unasked[part] == "" {
			s.unasked[part] = e.Message
			isDropped = true
		}
	}
	return isDropped
}

// items are the repositories of a page as the snapshot keeps them. What an
// error is about is unknown; of an error that does not say so, all parts are.
func (s *settingsWalk) items(nodes []*repositorySettings, problems *github.QueryErrors) ([]json.RawMessage, error) {
	unknown := make([]map[string]string, len(nodes))
	isTransient := make([]bool, len(nodes))
	for i := range nodes {
		unknown[i] = maps.Clone(s.unasked)
	}
	for _, e := range errorsOf(problems) {
		part, node, ok := placeOf(e)
		if ok && node < len(nodes) {
			unknown[node][part] = e.Message
			isTransient[node] = isTransient[node] || !e.IsForbidden()
			continue
		}
		for i := range nodes {
			isTransient[i] = true
			for _, part := range settingsParts() {
				unknown[i][part.resource] = e.Message
			}
		}
	}
	var items []json.RawMessage
	for i, node := range nodes {
		if node == nil {
			s.lost = cmp.Or(unknown[i][""], "a repository came back empty")
			continue
		}
		delete(unknown[i], "")
		if branch := node.DefaultBranchRef; branch != nil && branch.Rules != nil && branch.Rules.TotalCount > len(branch.Rules.Nodes) {
			unknown[i]["branch_protection"] = fmt.Sprintf("%d rules on the default branch, of which %d were asked for", branch.Rules.TotalCount, len(branch.Rules.Nodes))
		}
		if sets := node.Rulesets; sets != nil && sets.TotalCount > len(sets.Nodes) {
			unknown[i]["rulesets"] = fmt.Sprintf("%d rulesets, of which %d were asked for", sets.TotalCount, len(sets.Nodes))
		}
		item, err := json.Marshal(settingsItem{node, unknown[i], isTransient[i]})
		if err != nil {
			return nil, fmt.Errorf("settings of %s: %w", node.NameWithOwner, err)
		}
		items = append(items, item)
	}
	return items, nil
}

// placeOf tells which part of which node of the page an error is about; part is
// "" for the repository itself. A path looks like
// organization, repositories, nodes, 3, codeowners, errors.
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

// queryError is for an answer without an organization.
func queryError(problems *github.QueryErrors) error {
	if problems == nil {
		return errors.New("POST /graphql: the answer has no organization")
	}
	return problems
}

// cover leaves the coverage of the settings and of their parts. What is missing
// of a part is asked of the snapshot: an earlier run may have read its pages.
func (s *settingsWalk) cover(ctx context.Context, r Resource, err error, began time.Time) (store.CoverageStatus, error) {
	gaps, total, gapErr := s.writer.Gaps(ctx, s.org)
	if gapErr != nil {
		return "", gapErr
	}
	row := s.row(r, s.org, store.StatusComplete, "")
	row.Duration = s.plan.Now().Sub(began)
	switch {
	case err != nil && total > 0:
		row.Status, row.Message, row.HTTPStatus = store.StatusPartial, err.Error(), statusCode(err)
	case err != nil:
		row.Status, row.Message, row.HTTPStatus = store.StatusFailed, err.Error(), statusCode(err)
		if isDenial(err) {
			row.Status, row.Permission = store.StatusDenied, r.Permission
		}
	case s.lost != "":
		row.Status, row.Message = store.StatusPartial, s.lost
	}
	for _, part := range Resources() {
		if part.Shape != Part {
			continue
		}
		if err := s.collector.cover(ctx, s.part(part, row, gaps, total)); err != nil {
			return "", err
		}
	}
	s.hide(&row, r)
	return row.Status, s.collector.cover(ctx, row)
}

// part is the coverage of a part, given that of the settings it came with.
func (s *settingsWalk) part(part Resource, settings store.Coverage, gaps []store.Gap, total int64) store.Coverage {
	if why := s.skipped(part, store.StatusComplete); why != "" {
		return s.row(part, s.org, store.StatusSkipped, why)
	}
	row := settings
	row.Resource, row.IsRequired = part.Name, part.IsRequired
	if !row.Status.IsComplete() {
		row.Message = settings.Resource + " is " + string(settings.Status)
	}
	s.hide(&row, part)
	for _, g := range gaps {
		if g.Resource != part.Name || row.Status.IsUnread() {
			continue
		}
		row.Status, row.Permission = store.StatusPartial, part.Permission
		row.Message = fmt.Sprintf("unknown for %d of %d repositories, one of them: %s", g.Repositories, total, g.Message)
		if g.Repositories == total {
			row.Status, row.Message = store.StatusDenied, g.Message
		}
	}
	return row
}

// hide lowers a complete row where GitHub answers "no" or "none" instead of
// refusing: without the permission to administrate.
func (s *settingsWalk) hide(row *store.Coverage, r Resource) {
	if row.Status.IsComplete() && s.isBlind() && r.Permission == readAdministration {
		row.Status, row.Permission = store.StatusPartial, r.Permission
		row.Message = "GitHub answers no where it may not say: the permission is missing"
	}
}
