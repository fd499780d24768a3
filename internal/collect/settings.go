package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

// settingsWalk reads the settings of every repository of an organization: page
// by page, then by id what the pages did not have.
type settingsWalk struct {
	organization *organization
	target       store.Walk
	parts        *partSelection
	// lost says why repositories are not in an answer; "" if all are.
	lost string
	rows int64
	cost github.Cost // not yet recorded
}

// settings collects the settings, and records the coverage of them and of the
// parts that the query answers.
func (o *organization) settings(ctx context.Context, r Resource, began time.Time) (store.CoverageStatus, error) {
	todo, err := o.writer.Todo(ctx, o.login, r.Name)
	if err != nil {
		return "", err
	}
	s := &settingsWalk{organization: o, target: store.Walk{Org: o.login, Resource: r.Name}, parts: o.selectParts()}
	for _, target := range todo { // one, or none when a resumed run has it already
		s.target = target
		if err = s.pages(ctx); isFatal(ctx, err) {
			return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.login, err)
		}
		if err != nil {
			if failure := o.writer.Fail(ctx, target, o.spend(s.cost), err.Error(), statusCode(err)); failure != nil {
				return "", failure
			}
		}
	}
	if err == nil {
		s.target = store.Walk{Org: o.login, Resource: r.Name}
		if err = s.missing(ctx); isFatal(ctx, err) {
			return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.login, err)
		}
	}
	gaps, total, gapErr := o.writer.Gaps(ctx, o.login)
	if gapErr != nil {
		return "", gapErr
	}
	c := settingsCoverage{organization: o, resource: r, gaps: gaps, total: total}
	return c.record(ctx, c.settings(err, s.lost, o.plan.Now().Sub(began)))
}

// pages reads the connection page by page to its end.
func (s *settingsWalk) pages(ctx context.Context) error {
	after, size := s.target.Next, newPageSize()
	for {
		var q settingsQuery
		problems, cost, err := s.organization.session.Query(ctx, &q, s.variables(after, size.now))
		s.cost = s.cost.Plus(cost)
		switch {
		case isTooHeavy(problems, err) && size.shrink():
			continue
		case err != nil:
			return err
		case q.Organization == nil:
			return queryError(problems)
		case s.parts.dropRefused(q.Organization.Repositories.Nodes, problems):
			continue
		}
		size.grow()
		page := q.Organization.Repositories
		if !page.PageInfo.HasNextPage {
			page.PageInfo.EndCursor = ""
		}
		n, err := s.add(ctx, page.Nodes, problems, page.PageInfo.EndCursor)
		if err != nil {
			return err
		}
		s.rows += int64(n)
		s.organization.event(Event{Resource: s.target.Resource, Walks: page.TotalCount, WalksDone: int(s.rows), Rows: s.rows})
		if after = page.PageInfo.EndCursor; after == "" {
			return nil
		}
	}
}

// add stores the repositories of an answer, and returns how many it has stored;
// an interrupt must not lose them.
func (s *settingsWalk) add(ctx context.Context, nodes []*repositorySettings, problems *github.QueryErrors, next string) (int, error) {
	var items []json.RawMessage
	for i, g := range s.parts.gaps(len(nodes), problems) {
		if nodes[i] == nil {
			s.lost = g.lost()
			continue
		}
		item, err := g.item(nodes[i])
		if err != nil {
			return 0, err
		}
		items = append(items, item)
	}
	o := s.organization
	if err := o.writer.Add(context.WithoutCancel(ctx), s.target, items, next, o.spend(s.cost)); err != nil {
		return 0, fatalUnlessDrift(err)
	}
	s.cost = github.Cost{}
	return len(items), nil
}

func (s *settingsWalk) variables(after string, size int) map[string]any {
	v := map[string]any{
		"org":   githubv4.String(s.organization.login),
		"first": githubv4.Int(size),
		"after": (*githubv4.String)(nil),
	}
	if after != "" {
		v["after"] = githubv4.NewString(githubv4.String(after))
	}
	return s.parts.addTo(v)
}

// queryError is for an answer without an organization.
func queryError(problems *github.QueryErrors) error {
	if problems == nil {
		return errors.New("POST /graphql: the answer has no organization")
	}
	return problems
}
