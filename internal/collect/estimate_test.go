package collect

import (
	"fmt"
	"testing"
	"time"

	"auditor/internal/fakegithub"
	"auditor/internal/github"
)

// The estimate comes once, early, and is near what the run takes.
func TestEstimate(t *testing.T) {
	t.Parallel()
	s := newWideSite(t, fakegithub.Options{})
	var estimates []Estimate
	var early int
	_, snapshot := s.mustRun(quick, func(p *Plan) {
		p.PointsPerMinute = 20
		p.OnEvent = func(e Event) {
			if e.Estimate != nil {
				estimates = append(estimates, *e.Estimate)
				early = s.server.Counters().Total()
			}
		}
	})
	counters := s.server.Counters()
	if len(estimates) != 1 || early > counters.Total()*2/3 {
		t.Fatalf("%d estimates, the first after %d of %d requests", len(estimates), early, counters.Total())
	}
	got, sent := estimates[0], counters.REST+counters.Minting
	if got.Requests < sent*8/10 || got.Requests > sent*12/10+3 || got.Queries != counters.GraphQL {
		t.Errorf("%+v for %d requests and %d queries", got, sent, counters.GraphQL)
	}
	if want := time.Duration((got.Requests-1)/20) * time.Minute; got.Duration != want || got.Waits != 0 {
		t.Errorf("%+v, want %s", got, want)
	}
	wantAnswer(t, snapshot, "SELECT request_count FROM snapshot", fmt.Sprint(counters.Total()))
}

// Where the hour's limit does not reach, the wait for the next hour counts.
func TestEstimateOverTheHour(t *testing.T) {
	t.Parallel()
	e := newEstimator(Plan{Now: testNow, Concurrency: 8})
	for _, name := range []string{"tokens", "token_requests", "repositories"} {
		e.lists[name] = &counted{items: 12_000, seen: 100, matching: 50, isKnown: true}
	}
	rest := github.Budget{Limit: 5_000, Remaining: 1_000, Reset: testNow().Add(20 * time.Minute)}
	got := e.make(rest)
	if want := (Estimate{Requests: 12 + 3*121 + 2*6_000, Queries: 240, Duration: 2*time.Hour + 20*time.Minute, Waits: 3}); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}
