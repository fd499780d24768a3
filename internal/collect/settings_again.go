package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

const (
	// repositoriesAPage is where the settings query starts. GitHub gives up on a
	// heavy query after ten seconds.
	repositoriesAPage = 50
	// maxBad is how often a query for one repository is too heavy before that
	// is believed.
	maxBad = 3
	// maxRounds is how often repositories are asked for again.
	maxRounds = 10
	// maxLookups bounds the requests that find out what became of repositories
	// of an organization that are listed and answer 404.
	maxLookups = 50
)

// pageSize is how many repositories a query asks for: half as many after the
// server gave up on one, twice as many after some that went well, each time more.
type pageSize struct {
	now            int
	good, patience int // pages that went well, and have to before the next growth
	bad            int // queries for a single repository that did not, in a row
}

func newPageSize() *pageSize { return &pageSize{now: repositoriesAPage, patience: 1} }

// shrink tells whether there is any sense in asking again.
func (p *pageSize) shrink() bool {
	if p.now == 1 {
		p.bad++
	}
	p.now = max(1, p.now/2)
	p.good, p.patience = 0, 2*p.patience
	return p.bad < maxBad
}

func (p *pageSize) grow() {
	p.bad = 0
	if p.good++; p.good >= p.patience {
		p.now, p.good = min(2*p.now, repositoriesAPage), 0
	}
}

// isTooHeavy holds for a query that the server gave up on, wholly or in part.
func isTooHeavy(problems *github.QueryErrors, err error) bool {
	return github.IsTimeout(err) || problems != nil && problems.IsTimeout()
}

// again asks by id for what the pages did not tell: repositories of the list
// that were created or renamed while they were read, or that an error took.
func (s *settingsWalk) again(ctx context.Context) error {
	size := newPageSize()
	for range maxRounds {
		todo, err := s.writer.Unsettled(ctx, s.org)
		// Without an id for GraphQL it cannot be asked for: lookUp tells of it.
		todo = slices.DeleteFunc(todo, func(r store.Repository) bool { return r.NodeID == "" })
		if err != nil {
			return err
		}
		if len(todo) == 0 {
			break
		}
		for len(todo) > 0 {
			n := min(size.now, len(todo))
			isRead, err := s.byID(ctx, todo[:n], size)
			if err != nil {
				return err
			}
			if isRead {
				todo = todo[n:]
			}
		}
	}
	return s.lookUp(ctx)
}

// byID asks for some repositories. They are to be asked for anew, fewer at once,
// when the query was too heavy; one alone waits for the next round.
func (s *settingsWalk) byID(ctx context.Context, repositories []store.Repository, size *pageSize) (isRead bool, err error) {
	var ids []githubv4.ID
	for _, r := range repositories {
		ids = append(ids, r.NodeID)
	}
	var q settingsAgainQuery
	problems, cost, err := s.session.Query(ctx, &q, s.withParts(map[string]any{"ids": ids}))
	s.cost = s.cost.Plus(cost)
	if isTooHeavy(problems, err) {
		size.shrink()
		return len(repositories) == 1, nil
	}
	if err != nil && !github.IsNotFound(err) {
		return false, err
	}
	var nodes []*repositorySettings
	for _, node := range q.Nodes {
		if node == nil || node.Repository.DatabaseID == 0 {
			nodes = append(nodes, nil)
			continue
		}
		nodes = append(nodes, &node.Repository)
	}
	if s.dropRefused(nodes, problems) {
		return false, nil
	}
	size.grow()
	items, err := s.items(nodes, problems)
	if err != nil {
		return false, err
	}
	err = s.writer.Add(kept(ctx), s.walk, items, "", s.spend(s.cost))
	s.cost = github.Cost{}
	return true, fatalUnlessDrift(err)
}

// lookUp finds out what became of the repositories that still have no settings:
// one that is not there any more leaves the list too.
func (s *settingsWalk) lookUp(ctx context.Context) error {
	left, err := s.writer.Unsettled(ctx, s.org)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(r store.Repository) bool { return r.HasSettings })
	s.lost = ""
	for i, r := range left {
		isGone, err := s.lookUpRepository(ctx, fmt.Sprint(r.ID), r.FullName)
		if err != nil {
			return err
		}
		if !isGone {
			s.lost = cmp.Or(s.lost, fmt.Sprintf("%d listed repositories have no settings, one of them: %s", len(left)-i, r.FullName))
		}
	}
	return nil
}

// lookUpRepository finds out whether a listed repository is still there, and
// takes it from the list if not.
func (o *organization) lookUpRepository(ctx context.Context, id, fullName string) (isGone bool, err error) {
	if o.lookups.Add(1) > maxLookups {
		return false, nil
	}
	isGone, cost, err := o.isGone(ctx, fullName)
	if err != nil || !isGone {
		return false, err
	}
	err = o.writer.Gone(ctx, store.Walk{Org: o.org, Resource: "repositories", Parent: id}, o.spend(cost))
	if err != nil {
		return false, fatalError{err}
	}
	return true, nil
}

// isGone tells whether a repository was deleted or given to another owner.
func (o *organization) isGone(ctx context.Context, fullName string) (bool, github.Cost, error) {
	item, cost, err := o.session.Get(ctx, "repos/"+escapeRepository(fullName))
	switch {
	case github.IsNotFound(err):
		return true, cost, nil
	case isFatal(ctx, err):
		return false, cost, err
	case err != nil:
		return false, cost, nil
	}
	var is struct {
		Owner struct {
			Login string `json:"login"`
		} `json:"owner"`
	}
	if err := json.Unmarshal(item, &is); err != nil || is.Owner.Login == "" {
		return false, cost, nil
	}
	return !strings.EqualFold(is.Owner.Login, o.org), cost, nil
}
