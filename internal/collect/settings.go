package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

// repositoriesAPage is where the settings query starts. GitHub gives up on a
// heavy query after ten seconds: then the page is halved.
const repositoriesAPage = 50

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
	}
}

// gap is what is missing of a part.
type gap struct {
	repositories int
	message      string // of the first error
}

// settingsWalk reads the settings of every repository of an organization.
type settingsWalk struct {
	*organization
	walk    store.Walk
	isAsked map[string]bool // by resource of the part
	gaps    map[string]*gap // by resource of the part; "" for whole repositories
	rows    int64
}

// settings collects the settings and covers the parts that the query answers.
func (o *organization) settings(ctx context.Context, r Resource) (string, error) {
	todo, err := o.writer.Todo(ctx, o.org, r.Name)
	if err != nil {
		return "", err
	}
	s := &settingsWalk{organization: o, isAsked: map[string]bool{}, gaps: map[string]*gap{}}
	for _, part := range Resources() {
		if part.Shape == Part {
			s.isAsked[part.Name] = o.skipped(part, complete) == ""
		}
	}
	for _, w := range todo { // one, or none when a resumed run has it already
		s.walk = w
		if err = s.pages(ctx); isFatal(ctx, err) {
			return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.org, err)
		}
		if err != nil {
			if failure := o.writer.Fail(ctx, w, 1, err.Error(), statusCode(err)); failure != nil {
				return "", failure
			}
		}
	}
	return s.cover(ctx, r, err)
}

// pages reads the connection page by page to its end.
func (s *settingsWalk) pages(ctx context.Context) error {
	after, size := s.walk.Next, repositoriesAPage
	for {
		var q settingsQuery
		problems, err := s.session.Query(ctx, &q, s.variables(after, size))
		switch {
		case github.IsTimeout(err) && size > 1:
			size /= 2
			continue
		case err != nil:
			return err
		case q.Organization == nil:
			return queryError(problems)
		case s.dropRefused(&q, problems):
			continue
		}
		items, err := s.items(&q, problems)
		if err != nil {
			return err
		}
		page := q.Organization.Repositories
		if !page.PageInfo.HasNextPage {
			page.PageInfo.EndCursor = ""
		}
		if err := s.writer.Add(ctx, s.walk, items, page.PageInfo.EndCursor, 1); err != nil {
			return fatalUnlessDrift(err)
		}
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
	for _, part := range settingsParts() {
		v[part.variable] = githubv4.Boolean(s.isAsked[part.resource])
	}
	return v
}

// dropRefused stops asking for parts whose refusal swallowed whole
// repositories, as a null in a non-null field (deployKeys) does, and tells
// whether the page is to be asked for again.
func (s *settingsWalk) dropRefused(q *settingsQuery, problems *github.QueryErrors) bool {
	if !slices.Contains(q.Organization.Repositories.Nodes, nil) {
		return false
	}
	isDropped := false
	for _, e := range errorsOf(problems) {
		part, _, ok := placeOf(e)
		if ok && part != "" && s.isAsked[part] {
			s.isAsked[part] = false
			s.gaps[part] = &gap{message: e.Message}
			isDropped = true
		}
	}
	return isDropped
}

// items are the repositories of a page as the snapshot keeps them.
func (s *settingsWalk) items(q *settingsQuery, problems *github.QueryErrors) ([]json.RawMessage, error) {
	unknown := map[int][]string{}
	for _, e := range errorsOf(problems) {
		if part, node, ok := placeOf(e); ok && !slices.Contains(unknown[node], part) {
			unknown[node] = append(unknown[node], part)
			s.miss(part, e.Message)
		}
	}
	var items []json.RawMessage
	for i, node := range q.Organization.Repositories.Nodes {
		if node == nil {
			if !slices.Contains(unknown[i], "") {
				s.miss("", "a repository came back empty")
			}
			continue
		}
		for _, part := range settingsParts() {
			if !s.isAsked[part.resource] && !slices.Contains(unknown[i], part.resource) {
				unknown[i] = append(unknown[i], part.resource)
			}
		}
		if branch := node.DefaultBranchRef; branch != nil && branch.Rules != nil && branch.Rules.TotalCount > len(branch.Rules.Nodes) {
			s.miss("branch_protection", fmt.Sprintf("%s has more than %d rules on its default branch", node.NameWithOwner, len(branch.Rules.Nodes)))
			unknown[i] = append(unknown[i], "branch_protection")
		}
		item, err := json.Marshal(settingsItem{node, unknown[i]})
		if err != nil {
			return nil, fmt.Errorf("settings of %s: %w", node.NameWithOwner, err)
		}
		items = append(items, item)
	}
	return items, nil
}

func (s *settingsWalk) miss(part, message string) {
	if s.gaps[part] == nil {
		s.gaps[part] = &gap{message: message}
	}
	s.gaps[part].repositories++
}

// placeOf tells which part of which node of the page an error is about; part is
// "" for the repository itself. A path looks like
// organization, repositories, nodes, 3, codeowners, errors.
func placeOf(e github.QueryError) (part string, node int, ok bool) {
	if len(e.Path) < 4 {
		return "", 0, false
	}
	node, err := strconv.Atoi(e.Path[3])
	if err != nil {
		return "", 0, false
	}
	if len(e.Path) > 4 {
		for _, p := range settingsParts() {
			if p.field == e.Path[4] {
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

// cover leaves the coverage of the settings and of their parts.
func (s *settingsWalk) cover(ctx context.Context, r Resource, err error) (string, error) {
	row := s.row(r, s.org, complete, "")
	row.RowCount = s.rows
	if err != nil {
		row = s.row(r, s.org, failed, err.Error())
		row.HTTPStatus = statusCode(err)
		if isDenial(err) {
			row.Status, row.Permission = denied, r.Permission
		}
		if s.rows > 0 {
			row.Status = partial
		}
	}
	s.lower(&row, r)
	for _, part := range Resources() {
		if part.Shape != Part {
			continue
		}
		own := row
		own.Resource, own.IsRequired = part.Name, part.IsRequired
		if row.Status != complete {
			own.Message = r.Name + " is " + row.Status
		}
		if why := s.skipped(part, complete); why != "" {
			own = s.row(part, s.org, skipped, why)
		} else if row.Status == complete || row.Status == partial {
			s.lower(&own, part)
		}
		if err := s.collector.cover(ctx, own); err != nil {
			return "", err
		}
	}
	return row.Status, s.collector.cover(ctx, row)
}

// lower adjusts a row for what was missing in the answers.
func (s *settingsWalk) lower(row *store.Coverage, r Resource) {
	name := r.Name
	if r.Shape == Settings {
		name = ""
	}
	granted := s.session.Installation().Permissions
	hidesSettings := granted != nil && granted["administration"] == "" && r.Permission == readAdministration
	missing := s.gaps[name]
	switch {
	case row.Status != complete && row.Status != partial:
	case missing != nil && (r.Shape == Part && !s.isAsked[name] || missing.repositories > 0 && int64(missing.repositories) >= s.rows):
		row.Status, row.Message, row.Permission = denied, missing.message, r.Permission
	case missing != nil:
		row.Status, row.Permission = partial, r.Permission
		row.Message = fmt.Sprintf("unknown for %d of %d repositories, the first: %s", missing.repositories, s.rows, missing.message)
	case hidesSettings:
		row.Status, row.Permission = partial, r.Permission
		row.Message = "GitHub answers no where it may not say: the permission is missing"
	}
}
