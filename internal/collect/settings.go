package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

const (
	// defaultRepositoriesAQuery is where the queries start. GitHub gives up on a
	// heavy one after ten seconds.
	defaultRepositoriesAQuery = 50
	// maxFailures is how many queries for a single repository may fail, one after
	// another, before no more are made.
	maxFailures = 5
	// maxRounds is how often repositories that are not in the answers are requested.
	maxRounds = 5
	// maxLookups bounds the requests about repositories of an organization that
	// are listed and answer 404.
	maxLookups = 50
)

// settingsWalk reads the settings of every listed repository of an organization,
// by the ids that the list has: what one query does not answer, others do.
type settingsWalk struct {
	organization *organization
	target       store.Walk
	parts        *partSelection
	size         querySize
	total        int               // repositories to read
	failures     map[int64]failure // by repository
	inARow       int               // failures
	rows         int64
	cost         github.Cost // not yet recorded
}

// failure is why a repository has no settings.
type failure struct {
	fullName string
	err      error
}

// settings collects the settings, and records the coverage of them and of the
// parts that the query answers.
func (o *organization) settings(ctx context.Context, r Resource, began time.Time) (store.CoverageStatus, error) {
	s := &settingsWalk{
		organization: o, target: store.Walk{Org: o.login, Resource: r.Name}, parts: o.selectParts(),
		size: querySize{now: o.plan.repositoriesAQuery(), most: o.plan.repositoriesAQuery(), patience: 1}, failures: map[int64]failure{},
	}
	lost, err := s.read(ctx)
	if isFatal(ctx, err) {
		return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.login, err)
	}
	if err != nil {
		if failure := o.writer.Fail(ctx, s.target, o.spend(s.cost), err.Error(), statusCode(err)); failure != nil {
			return "", failure
		}
	}
	gaps, total, gapErr := o.writer.Gaps(ctx, o.login)
	if gapErr != nil {
		return "", gapErr
	}
	c := settingsCoverage{organization: o, resource: r, gaps: gaps, total: total}
	return c.record(ctx, c.settings(err, lost, o.plan.Now().Sub(began)))
}

// read reads the settings that the snapshot lacks. lost says which it still lacks
// and why; "": none.
func (s *settingsWalk) read(ctx context.Context) (lost string, err error) {
	for range maxRounds {
		todo, err := s.todo(ctx)
		if err != nil {
			return "", err
		}
		if len(todo) == 0 {
			break
		}
		if s.total == 0 {
			s.total = len(todo)
		}
		for len(todo) > 0 {
			n := min(s.size.now, len(todo))
			isDone, err := s.query(ctx, todo[:n])
			if err != nil {
				return s.lost(ctx, err)
			}
			if isDone {
				todo = todo[n:]
			}
		}
	}
	if err := s.finish(ctx); err != nil {
		return "", err
	}
	return s.lost(ctx, nil)
}

// todo lists the repositories to request.
func (s *settingsWalk) todo(ctx context.Context) ([]store.Repository, error) {
	todo, err := s.organization.writer.MissingSettings(ctx, s.organization.login)
	if err != nil {
		return nil, fatalError{err}
	}
	// Without an id for GraphQL one cannot be requested: lost reports it.
	return slices.DeleteFunc(todo, func(r store.Repository) bool { return r.NodeID == "" }), nil
}

// query requests some repositories. Unless isDone, they are to be requested once
// more, fewer at once if the server failed.
func (s *settingsWalk) query(ctx context.Context, repositories []store.Repository) (isDone bool, err error) {
	var ids []githubv4.ID
	for _, r := range repositories {
		ids = append(ids, r.NodeID)
	}
	session := s.organization.session
	var answer settingsAnswer
	vars := s.parts.addTo(map[string]any{"ids": ids, "org": githubv4.String(s.organization.login)})
	problems, cost, err := session.Query(ctx, &settingsQuery{}, vars, &answer)
	s.cost = s.cost.Plus(cost)
	s.target.Lacks = lacksOf(session)
	switch {
	case isFatal(ctx, err), err != nil && github.IsRefused(err) && !github.IsNotFound(err):
		return false, err
	case err != nil && !github.IsNotFound(err):
		return s.failed(repositories, err)
	case problems != nil && problems.IsTimeout():
		return s.failed(repositories, problems)
	}
	nodes := answer.Nodes
	if len(nodes) != len(repositories) && err == nil {
		return s.failed(repositories, fmt.Errorf("%d repositories requested, the answer has %d", len(repositories), len(nodes)))
	}
	if err == nil && s.parts.dropRefused(nodes, problems) {
		return false, nil
	}
	s.size.grow()
	s.inARow = 0
	if o := answer.Organization; o != nil && o.Repositories != nil {
		s.organization.repositoryTotal.Store(int64(o.Repositories.TotalCount))
	}
	return true, s.add(ctx, repositories, nodes, problems)
}

// failed notes that the server failed to answer a query. One repository may be the
// reason: fewer are requested, down to that one, which is left out.
func (s *settingsWalk) failed(repositories []store.Repository, err error) (isDone bool, _ error) {
	s.size.shrink()
	if len(repositories) > 1 {
		return false, nil
	}
	s.failures[repositories[0].ID] = failure{repositories[0].FullName, err}
	if s.inARow++; s.inARow >= maxFailures {
		return false, err
	}
	return true, nil
}

// add stores the repositories of an answer; an interrupt must not lose them.
func (s *settingsWalk) add(ctx context.Context, repositories []store.Repository, nodes []json.RawMessage, problems *github.QueryErrors) error {
	var items []json.RawMessage
	for i, g := range s.parts.gaps(len(nodes), problems) {
		if string(nodes[i]) == "null" {
			s.failures[repositories[i].ID] = failure{repositories[i].FullName, errors.New(g.lost())}
			continue
		}
		items = append(items, g.item(nodes[i], repositories[i]))
		delete(s.failures, repositories[i].ID)
	}
	o := s.organization
	if err := o.writer.Add(context.WithoutCancel(ctx), s.target, items, "more", o.spend(s.cost)); err != nil {
		return fatalError{err}
	}
	s.cost = github.Cost{}
	s.rows += int64(len(items))
	o.event(Event{Resource: s.target.Resource, Walks: s.total, WalksDone: min(s.total, int(s.rows)), Rows: s.rows})
	return nil
}

// finish records that all was requested.
func (s *settingsWalk) finish(ctx context.Context) error {
	o := s.organization
	err := o.writer.Add(context.WithoutCancel(ctx), s.target, nil, "", o.spend(s.cost))
	s.cost = github.Cost{}
	return fatal(err)
}

// lost finds out what became of the repositories that have no settings: one that
// does not exist any more is removed from the list too.
func (s *settingsWalk) lost(ctx context.Context, cause error) (string, error) {
	if isFatal(ctx, cause) {
		return "", cause
	}
	left, err := s.organization.writer.MissingSettings(ctx, s.organization.login)
	if err != nil {
		return "", fatalError{err}
	}
	left = slices.DeleteFunc(left, func(r store.Repository) bool { return r.HasSettings })
	if cause == nil {
		gone, err := s.organization.removeRepositories(ctx, left)
		if err != nil {
			return "", err
		}
		left = slices.DeleteFunc(left, func(r store.Repository) bool { return slices.Contains(gone, r.ID) })
	}
	if len(left) == 0 {
		return "", cause
	}
	text := fmt.Sprintf("%d listed repositories have no settings, one of them: %s", len(left), left[0].FullName)
	if f, ok := s.failures[left[0].ID]; ok {
		text += ": " + f.err.Error()
	}
	return text, cause
}

// querySize is how many repositories a query requests: half as many after the
// server failed, twice as many after some that went well, each time more.
type querySize struct {
	now, most      int
	good, patience int // queries that went well, and have to before the next growth
}

func (q *querySize) shrink() {
	q.now = max(1, q.now/2)
	q.good, q.patience = 0, min(8, 2*q.patience)
}

func (q *querySize) grow() {
	if q.good++; q.good >= q.patience {
		q.now, q.good = min(2*q.now, q.most), 0
	}
}
