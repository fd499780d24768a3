package github

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPacerNeverExceedsTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		p := newPacer(limit, time.Minute)
		now := start
		type spend struct {
			at     time.Time
			points int
		}
		var spent []spend
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "idle")) * time.Millisecond)
			points := rapid.SampledFrom([]int{1, 1, 1, 5}).Draw(t, "points")
			wait := p.reserve(now, points)
			if wait < 0 {
				t.Fatalf("waits %s", wait)
			}
			spent = append(spent, spend{now.Add(wait), min(points, limit)})
		}
		for _, from := range spent {
			sum := 0
			for _, s := range spent {
				if d := s.at.Sub(from.at); d >= 0 && d < time.Minute {
					sum += s.points
				}
			}
			if sum > limit {
				t.Fatalf("%d points in the minute from %s, limit %d", sum, from.at, limit)
			}
		}
	})
}

func TestPacerLetsABurstThrough(t *testing.T) {
	p := newPacer(900, time.Minute)
	for i := range 900 {
		if d := p.reserve(start, 1); d != 0 {
			t.Fatalf("request %d waits %s", i+1, d)
		}
	}
	if d := p.reserve(start.Add(10*time.Second), 1); d != (time.Minute+time.Second)-10*time.Second {
		t.Errorf("request 901 waits %s", d)
	}
}

func TestPacing(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	f := newFake(t, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		at = append(at, f.clock.Now())
		mu.Unlock()
		if r.Method == "POST" {
			body(wholeData)(w, r)
			return
		}
		fmt.Fprint(w, `{}`)
	}
	s := f.session(f.withToken, func(o *Options) { o.PointsPerMinute = 10 })
	for range 25 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	for i := 10; i < len(at); i++ {
		if d := at[i].Sub(at[i-10]); d < time.Minute {
			t.Errorf("eleven requests within %s", d)
		}
	}
	if total := at[len(at)-1].Sub(start); total > 2*(time.Minute+time.Second) {
		t.Errorf("25 requests took %s", total)
	}
	wantCount(t, "messages: pacing is not a limit", f.waits.list(), 0)
	before := f.clock.Now()
	var q repositories
	if _, _, err := s.Query(t.Context(), &q, repositoryVars, &q); err != nil || f.clock.Now() != before {
		t.Errorf("GraphQL waited %s for the points of REST, %v", f.clock.Now().Sub(before), err)
	}
}

func TestNoPacing(t *testing.T) {
	f := newFake(t, body(`{}`))
	s := f.session(f.withToken)
	for range 50 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	wantCount(t, "waits", f.clock.naps(), 0)
}

func TestConcurrency(t *testing.T) {
	for _, tt := range []struct{ option, want int }{{0, 8}, {3, 3}, {1, 1}} {
		var now, most atomic.Int32
		f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(10 * time.Millisecond)
			now.Add(-1)
			fmt.Fprint(w, `{}`)
		})
		c := f.client(f.withToken, func(o *Options) { o.Concurrency = tt.option })
		a, b := c.Open(Installation{Login: "acme"}), c.Open(Installation{Login: "other"})
		errs := together(24, func() error { _, _, err := a.Get(t.Context(), "x"); return err })
		errs = append(errs, together(24, func() error { _, _, err := b.Get(t.Context(), "x"); return err })...)
		if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
			t.Error(errs[i])
		}
		if got := int(most.Load()); got != tt.want {
			t.Errorf("option %d: %d at once, want %d", tt.option, got, tt.want)
		}
		if c.transport.MaxIdleConnsPerHost != tt.want {
			t.Errorf("option %d: %d idle connections, want %d", tt.option, c.transport.MaxIdleConnsPerHost, tt.want)
		}
	}
	if got := (Options{Concurrency: 500}).concurrency(); got != 100 {
		t.Errorf("500 became %d", got)
	}
}

// A mint and a wait for a limit need no slot of those who wait for them.
func TestOneSlotIsEnough(t *testing.T) {
	f := newFake(t, each(limited(403, secondaryText), status(502), status(401), body(`{}`)))
	s := f.session(func(o *Options) { o.Concurrency = 1 })
	for _, err := range together(6, func() error { _, _, err := s.Get(t.Context(), "x"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
}
