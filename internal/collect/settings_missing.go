package collect

import (
	"context"
	"fmt"
	"slices"

	"github.com/shurcooL/githubv4"

	"auditor/internal/github"
	"auditor/internal/store"
)

const (
	// repositoriesAPage is where the settings query starts. GitHub gives up on a
	// heavy query after ten seconds.
	repositoriesAPage = 50
	// maxBad is how many queries in a row for one repository may be too heavy
	// before no more are made.
	maxBad = 3
	// maxRounds is how often missing repositories are requested.
	maxRounds = 10
	// maxLookups bounds the requests about repositories of an organization that
	// are listed and answer 404.
	maxLookups = 50
)

// pageSize is how many repositories a query requests: half as many after the
// server gave up on one, twice as many after some that went well, each time more.
type pageSize struct {
	now            int
	good, patience int // pages that went well, and have to before the next growth
	bad            int // queries for a single repository that did not, in a row
}

func newPageSize() *pageSize { return &pageSize{now: repositoriesAPage, patience: 1} }

// shrink halves the page, and reports whether another query makes sense.
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

// isTooHeavy reports whether the server gave up on a query or a part of it.
func isTooHeavy(problems *github.QueryErrors, err error) bool {
	return github.IsTimeout(err) || problems != nil && problems.IsTimeout()
}

// missing requests by id what the pages did not have: repositories of the list
// that were created or renamed while they were read, or that an error left out.
func (s *settingsWalk) missing(ctx context.Context) error {
	size := newPageSize()
	for range maxRounds {
		todo, err := s.organization.writer.MissingSettings(ctx, s.organization.login)
		// Without an id for GraphQL it cannot be requested: lookUp reports it.
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

// byID requests some repositories. Unless isRead, they are to be requested
// again, fewer at once if the query was too heavy; one alone waits for the next
// round.
func (s *settingsWalk) byID(ctx context.Context, repositories []store.Repository, size *pageSize) (isRead bool, err error) {
	var ids []githubv4.ID
	for _, r := range repositories {
		ids = append(ids, r.NodeID)
	}
	var q settingsByIDQuery
	problems, cost, err := s.organization.session.Query(ctx, &q, s.parts.addTo(map[string]any{"ids": ids}))
	s.cost = s.cost.Plus(cost)
	if isTooHeavy(problems, err) {
		size.shrink()
		return len(repositories) == 1, nil
	}
	if err != nil && !github.IsNotFound(err) {
		return false, err
	}
	nodes := q.repositories()
	if s.parts.dropRefused(nodes, problems) {
		return false, nil
	}
	size.grow()
	_, err = s.add(ctx, nodes, problems, "")
	return err == nil, err
}

// lookUp finds out what became of the repositories that still have no settings:
// one that does not exist any more is removed from the list too.
func (s *settingsWalk) lookUp(ctx context.Context) error {
	left, err := s.organization.writer.MissingSettings(ctx, s.organization.login)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(r store.Repository) bool { return r.HasSettings })
	gone, err := s.organization.removeRepositories(ctx, left)
	if err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(r store.Repository) bool { return slices.Contains(gone, r.ID) })
	s.lost = ""
	if len(left) > 0 {
		s.lost = fmt.Sprintf("%d listed repositories have no settings, one of them: %s", len(left), left[0].FullName)
	}
	return nil
}
