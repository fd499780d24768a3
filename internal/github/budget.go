package github

import (
	"net/http"
	"strconv"
	"time"
)

// Budget is what is left of a primary rate limit of an installation, by its
// last answer. Source: the x-ratelimit headers of every answer.
type Budget struct {
	Remaining int       // requests (REST) or points (GraphQL)
	Limit     int       // in the hour; 0: the server has reported no limit
	Reset     time.Time // when the hour is over
}

// budgetOf reads the headers; ok is false where the server has no limits.
func budgetOf(h http.Header) (b Budget, ok bool) {
	var err error
	if b.Limit, err = strconv.Atoi(h.Get("X-RateLimit-Limit")); err != nil || b.Limit <= 0 {
		return Budget{}, false
	}
	if b.Remaining, err = strconv.Atoi(h.Get("X-RateLimit-Remaining")); err != nil {
		return Budget{}, false
	}
	seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		return Budget{}, false
	}
	b.Reset = time.Unix(seconds, 0).UTC()
	return b, true
}

// spend records the budget of a resource. Answers may overtake one another:
// within one hour the lowest count is kept.
func (g *gate) spend(r resource, b Budget) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.budgets[r]; old.Reset.Equal(b.Reset) && old.Remaining < b.Remaining {
		return
	}
	g.budgets[r] = b
}

// Budgets are what is left of the installation's hour for REST and GraphQL.
func (s *Session) Budgets() (rest, graphql Budget) {
	g := s.chain.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.budgets[coreLimit], g.budgets[graphqlLimit]
}
