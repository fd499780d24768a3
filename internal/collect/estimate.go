package collect

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"auditor/internal/github"
)

// Estimate is what the run of an organization will take, by the first pages of
// its lists: counted on these pages, in proportion beyond.
type Estimate struct {
	Requests int // REST requests
	Queries  int // GraphQL queries
	// Duration is the least that the limits and the server's speed so far allow.
	Duration time.Duration
	// Waits is how often the hour's limit will be used up on the way.
	Waits int
}

const (
	// enough items of a list are a sample for the share of them that has a list
	// of its own.
	enough = 100
	// fixedRequests are those that do not depend on the lists that are counted:
	// the installation, its token, the organization, its people.
	fixedRequests = 12
	perPage       = 100
)

// estimator gathers what the estimate of one organization is made of.
type estimator struct {
	plan Plan

	mu         sync.Mutex
	lists      map[string]*counted // of countedLists
	took       time.Duration       // by the pages so far, waits not counted
	requests   int
	isReported bool
}

// counted is a list whose length decides how many requests there will be.
type counted struct {
	items    int // of the whole list
	seen     int
	matching int // of those seen
	isKnown  bool
}

// countedLists are the lists with the condition under which an item costs
// requests of its own.
func countedLists() map[string]func(json.RawMessage) bool {
	isSubset := func(item json.RawMessage) bool {
		var token struct {
			Selection string `json:"repository_selection"`
		}
		return json.Unmarshal(item, &token) == nil && token.Selection == "subset"
	}
	isPublic := func(item json.RawMessage) bool {
		var repository struct {
			Visibility string `json:"visibility"`
			Archived   bool   `json:"archived"`
		}
		return json.Unmarshal(item, &repository) == nil && repository.Visibility == "public" && !repository.Archived
	}
	return map[string]func(json.RawMessage) bool{"tokens": isSubset, "token_requests": isSubset, "repositories": isPublic}
}

func newEstimator(plan Plan) *estimator {
	return &estimator{plan: plan, lists: map[string]*counted{}}
}

// page counts a page of a list, read from its end: the first one to come is the
// last of the list. It returns the estimate once, when it can be made.
func (e *estimator) page(resource string, page github.Page, took time.Duration, rest github.Budget) *Estimate {
	matches := countedLists()[resource]
	if matches == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.took += took - page.Cost.Waited
	e.requests += page.Cost.Requests
	l := e.lists[resource]
	if l == nil {
		l = &counted{items: max(0, page.Count-1)*perPage + len(page.Items)}
		e.lists[resource] = l
	}
	if !l.isKnown {
		l.seen += len(page.Items)
		for _, item := range page.Items {
			if matches(item) {
				l.matching++
			}
		}
		l.isKnown = page.Next == "" || l.seen >= enough
	}
	for name := range countedLists() {
		if l := e.lists[name]; l == nil || !l.isKnown {
			return nil
		}
	}
	if e.isReported {
		return nil
	}
	e.isReported = true
	return e.make(rest)
}

// make is called with the lock held.
func (e *estimator) make(rest github.Budget) *Estimate {
	var estimate Estimate
	estimate.Requests = fixedRequests
	for _, l := range e.lists {
		estimate.Requests += l.pages()
	}
	estimate.Requests += e.lists["tokens"].share() + e.lists["token_requests"].share()
	repositories := e.lists["repositories"]
	for _, r := range Resources() {
		switch {
		case r.Parent != "repositories" || r.Shape == Settings || !slices.Contains(e.plan.Optional, r.Option):
		case r.Name == "private_vulnerability_reporting":
			estimate.Requests += repositories.share()
		case r.Name != "properties":
			estimate.Requests += repositories.items
		}
	}
	size := e.plan.repositoriesAQuery()
	estimate.Queries = (repositories.items + size - 1) / size
	estimate.Duration, estimate.Waits = e.duration(estimate, rest)
	return &estimate
}

// duration is the longest of what the server's speed, the points of a minute
// and the hour's limit require.
func (e *estimator) duration(estimate Estimate, rest github.Budget) (d time.Duration, waits int) {
	if e.requests > 0 {
		each := e.took / time.Duration(e.requests)
		d = each * time.Duration(estimate.Requests) / time.Duration(max(1, e.plan.Concurrency))
	}
	if points := e.plan.PointsPerMinute; points > 0 {
		d = max(d, time.Duration((estimate.Requests-1)/points)*time.Minute)
	}
	if left := estimate.Requests - e.requests - rest.Remaining; rest.Limit > 0 && left > 0 {
		waits = 1 + (left-1)/rest.Limit
		d = max(d, rest.Reset.Sub(e.plan.Now())+time.Duration(waits-1)*time.Hour)
	}
	return d, waits
}

// pages is how many requests the list takes: its first page comes twice when
// there are more.
func (l *counted) pages() int {
	n := max(1, (l.items+perPage-1)/perPage)
	if n > 1 {
		n++
	}
	return n
}

// share is how many items of the whole list match, in proportion.
func (l *counted) share() int {
	if l.seen == 0 {
		return 0
	}
	return (l.matching*l.items + l.seen/2) / l.seen
}
