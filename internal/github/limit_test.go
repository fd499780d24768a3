package github

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// limited answers with a message and headers.
func limited(code int, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, code, message)
	}
}

func resetIn(d time.Duration) string { return fmt.Sprint(start.Add(d).Unix()) }

const secondaryText = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

func TestLimits(t *testing.T) {
	for _, code := range []int{403, 429} {
		for _, tt := range []struct {
			name   string
			bad    http.HandlerFunc
			wait   time.Duration
			reason string
		}{
			{"retry-after", limited(code, "no", "Retry-After", "17"), 17 * time.Second, "rate limit (retry-after)"},
			{"retry-after comes first", limited(code, secondaryText, "Retry-After", "17", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(time.Hour)),
				17 * time.Second, "rate limit (retry-after)"},
			{"retry-after as a date", limited(code, "no", "Retry-After", start.Add(90*time.Second).Format(http.TimeFormat)), 90 * time.Second, "rate limit (retry-after)"},
			{"primary", limited(code, "API rate limit exceeded for installation ID 7.", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(20*time.Minute)),
				20*time.Minute + time.Second, "primary rate limit"},
			{"primary, already over", limited(code, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(-time.Minute)),
				time.Second, "primary rate limit"},
			{"secondary", limited(code, secondaryText, "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", resetIn(time.Hour)), time.Minute, "secondary rate limit"},
			{"secondary without headers", limited(code, secondaryText), time.Minute, "secondary rate limit"},
			{"secondary on an old server", limited(code, "You have triggered an abuse detection mechanism."), time.Minute, "secondary rate limit"},
			{"retry-after nonsense", limited(code, secondaryText, "Retry-After", "soon"), time.Minute, "secondary rate limit"},
		} {
			t.Run(fmt.Sprintf("%d %s", code, tt.name), func(t *testing.T) {
				// Afterwards the next requests go out: go-github, which remembers
				// limits too, must not refuse on its own.
				f := newFake(t, each(tt.bad, body(`{"ok":1}`)))
				s := f.session(f.withToken)
				for range 3 {
					if got, _, err := s.Get(t.Context(), "orgs/acme"); string(got) != `{"ok":1}` || err != nil {
						t.Fatalf("got %s, %v", got, err)
					}
				}
				wantCount(t, "requests", f.requests(""), 4)
				w := f.waits.list()
				if len(w) != 1 || w[0].Duration != tt.wait || w[0].Reason != tt.reason || !w[0].IsLimit ||
					!w[0].Until.Equal(start.Add(tt.wait)) || w[0].Org != "acme" {
					t.Errorf("waits: %+v", w)
				}
			})
		}
	}
}

func TestBare429IsALimit(t *testing.T) {
	f := newFake(t, each(status(429), body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if w := f.waits.list(); len(w) != 1 || w[0].Duration != time.Minute {
		t.Errorf("waits: %+v", w)
	}
}

// The last request of the hour is answered, with remaining 0: its answer counts,
// and the next request waits.
func TestNothingRemains(t *testing.T) {
	last := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", resetIn(10*time.Minute))
		w.Header().Set("X-RateLimit-Resource", "core")
		fmt.Fprint(w, `[1]`)
	}
	f := newFake(t, each(last, body(wholeData), body(`[2]`)))
	s := f.session(f.withToken)
	if _, _, err := s.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	var q repositories
	if _, _, err := s.Query(t.Context(), &q, repositoryVars); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "waits of GraphQL, which has a limit of its own", f.clock.naps(), 0)
	if _, _, err := s.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if naps := f.clock.naps(); len(naps) != 1 || naps[0] != 10*time.Minute+time.Second {
		t.Errorf("waited %v", naps)
	}
	wantCount(t, "requests", f.requests(""), 3)
}

func TestAnotherResourceIsNotOurs(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", resetIn(10*time.Minute))
		w.Header().Set("X-RateLimit-Resource", "audit_log")
		fmt.Fprint(w, `[1]`)
	})
	s := f.session(f.withToken)
	for range 2 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	wantCount(t, "waits", f.clock.naps(), 0)
}

func TestUnknownLimitGrows(t *testing.T) {
	bad := limited(403, secondaryText)
	f := newFake(t, each(bad, bad, bad, body(`{}`), bad, body(`{}`)))
	s := f.session(f.withToken)
	for range 2 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, time.Minute}
	if got := f.clock.naps(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("waited %v, want %v", got, want)
	}
}

// A clock ahead of the server's would have us back before the reset, again and
// again.
func TestLimitThatComesAgainIsWaitedForLonger(t *testing.T) {
	bad := limited(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(-time.Hour))
	f := newFake(t, each(bad, bad, bad, bad, body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.clock.naps()); got != "[1s 2s 4s 8s]" {
		t.Errorf("waited %v", got)
	}
}

func TestMaxWait(t *testing.T) {
	f := newFake(t, limited(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(30*time.Minute)))
	s := f.session(f.withToken, func(o *Options) { o.MaxWait = 10 * time.Minute })
	_, _, err := s.Get(t.Context(), "orgs/acme/repos?page=2")
	wantText(t, err, "GET /orgs/acme/repos: primary rate limit: can continue at 2026-11-21T02:30:01Z, in 30m1s")
	e := wantError[*LimitError](t, err)
	if !e.Until.Equal(start.Add(30*time.Minute+time.Second)) || e.Wait != 30*time.Minute+time.Second {
		t.Errorf("got %+v", e)
	}
	if IsForbidden(err) || IsTimeout(err) {
		t.Error("a limit was taken for something else")
	}
	if _, _, err := s.Get(t.Context(), "y"); err == nil {
		t.Error("no error for the second")
	}
	wantCount(t, "requests", f.requests(""), 1)
	wantCount(t, "waits", f.clock.naps(), 0)
}

func TestMaxWaitInGraphQLAndPages(t *testing.T) {
	f := newFake(t, limited(429, "no", "Retry-After", "4000"))
	s := f.session(f.withToken)
	var q repositories
	_, _, err := s.Query(t.Context(), &q, repositoryVars)
	wantError[*LimitError](t, err)
	for page, err := range s.Pages(t.Context(), "orgs/acme/repos") {
		wantError[*LimitError](t, err)
		if page.Cost.Requests != 0 {
			t.Errorf("%d requests while limited", page.Cost.Requests)
		}
	}
	wantCount(t, "requests", f.requests(""), 1)
}

func TestEndlessLimit(t *testing.T) {
	f := newFake(t, limited(429, "no", "Retry-After", "40"))
	_, _, err := f.session(f.withToken).Get(t.Context(), "x")
	e := wantError[*LimitError](t, err)
	if e.Reason != "rate limit (retry-after), 10 times in a row" {
		t.Errorf("got %v", err)
	}
	wantCount(t, "requests", f.requests(""), 10)
}

func TestLimitOf503IsHonoured(t *testing.T) {
	f := newFake(t, each(status(503, "Retry-After", "30"), body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.clock.naps()); got != "[30s]" {
		t.Errorf("waited %v", got)
	}
	f = newFake(t, status(503, "Retry-After", "30000"))
	_, _, err := f.session(f.withToken).Get(t.Context(), "x")
	wantError[*LimitError](t, err)
}

func TestLimitOfTheMinting(t *testing.T) {
	f := newFake(t, body(`{}`))
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		if n == 1 {
			limited(403, secondaryText)(w, nil)
			return true
		}
		return false
	}
	if _, _, err := f.session().Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	w := f.waits.list()
	if len(w) != 1 || w[0].Path != "/app/installations/7/access_tokens" || w[0].Org != "" {
		t.Errorf("waits: %+v", w)
	}
}

// gateClock stands still; sleepers sleep until it is moved.
type gateClock struct {
	mu       sync.Mutex
	now      time.Time
	changed  chan struct{}
	sleepers atomic.Int32
}

func (c *gateClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *gateClock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	c.sleepers.Add(1)
	defer c.sleepers.Add(-1)
	for {
		c.mu.Lock()
		now, changed := c.now, c.changed
		c.mu.Unlock()
		if !now.Before(until) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *gateClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// Eight workers; the server limits one of the first four requests. Until the
// limit is over no other request arrives, be it of a worker that had an answer,
// one that waited for a slot, or another session of the installation.
func TestNothingIsSentWhileLimited(t *testing.T) {
	clock := &gateClock{now: start, changed: make(chan struct{})}
	var arrived, early, served atomic.Int32
	var limitedUntil atomic.Int64
	batch := make(chan struct{})
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		n := arrived.Add(1)
		if n <= 4 {
			if n == 4 {
				close(batch)
			}
			<-batch
		} else if clock.Now().Unix() < limitedUntil.Load() {
			early.Add(1)
		}
		if n == 1 {
			limitedUntil.Store(start.Add(30 * time.Second).Unix())
			limited(403, secondaryText, "Retry-After", "30")(w, r)
			return
		}
		if n <= 4 {
			// the others' answers come once the limit is known
			eventually(t, "the limited worker sleeps", func() bool { return clock.sleepers.Load() > 0 })
		}
		served.Add(1)
		fmt.Fprint(w, `{}`)
	})
	c := f.client(f.withToken, func(o *Options) { o.Now, o.Sleep, o.Concurrency = clock.Now, clock.Sleep, 4 })
	var wg sync.WaitGroup
	for worker := range 8 {
		s := c.Open(Installation{Login: fmt.Sprint("acme-", worker%2)})
		wg.Go(func() {
			for range 5 {
				if _, _, err := s.Get(t.Context(), "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "all workers sleep", func() bool { return clock.sleepers.Load() == 8 })
	time.Sleep(30 * time.Millisecond)
	if arrived.Load() != 4 || served.Load() != 3 {
		t.Errorf("%d requests arrived, %d were served; want 4 and 3", arrived.Load(), served.Load())
	}
	clock.advance(29 * time.Second)
	time.Sleep(30 * time.Millisecond)
	if arrived.Load() != 4 {
		t.Errorf("%d requests arrived before the limit was over", arrived.Load())
	}
	clock.advance(time.Second)
	wg.Wait()
	if early.Load() != 0 || served.Load() != 40 || arrived.Load() != 41 {
		t.Errorf("%d early, %d served, %d arrived; want 0, 40, 41", early.Load(), served.Load(), arrived.Load())
	}
	wantCount(t, "messages", f.waits.list(), 1)
}

// Requests that were in flight together and are all limited are one strike.
func TestOneBurstIsOneStrike(t *testing.T) {
	var n atomic.Int32
	batch := make(chan struct{})
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		if k := n.Add(1); k <= 6 {
			if k == 6 {
				close(batch)
			}
			<-batch
			limited(403, secondaryText)(w, r)
			return
		}
		fmt.Fprint(w, `{}`)
	})
	s := f.session(f.withToken)
	for _, err := range together(6, func() error { _, _, err := s.Get(t.Context(), "x"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, w := range f.waits.list() {
		if w.Duration > time.Minute {
			t.Errorf("a wait of %s after the first limit", w.Duration)
		}
	}
}

// Answers to requests that were in flight together push the end of a limit on by
// the milliseconds between them: that is no news.
func TestOneBurstIsOneMessage(t *testing.T) {
	f := newFake(t, nil)
	g := f.session(f.withToken).chain.gate
	l := &limit{reason: "rate limit", isAll: true, after: time.Minute}
	for i := range 8 {
		g.hit(coreLimit, l, 0)
		if _, isNew := g.look(coreLimit); isNew != (i == 0) {
			t.Errorf("answer %d: isNew %v", i+1, isNew)
		}
		f.clock.Sleep(t.Context(), 20*time.Millisecond)
	}
	if _, isNew := g.look(graphqlLimit); isNew {
		t.Error("GraphQL tells it again")
	}
	f.clock.Sleep(t.Context(), time.Minute)
	g.hit(coreLimit, l, 1)
	if _, isNew := g.look(coreLimit); !isNew {
		t.Error("the next limit is no news")
	}
}

func TestSleep(t *testing.T) {
	if err := sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
}

func TestInstallationsAreLimitedApart(t *testing.T) {
	f := newFake(t, body(`{}`))
	c := f.client()
	acme := c.Open(Installation{ID: 7, Login: "acme"})
	other := c.Open(Installation{ID: 8, Login: "other"})
	acme.chain.gate.hit(coreLimit, &limit{reason: "x", isAll: true, after: 3 * time.Minute}, 0)
	if d := other.chain.gate.left(coreLimit); d > 0 {
		t.Errorf("the other organization waits for %s", d)
	}
	if d := acme.chain.gate.left(graphqlLimit); d != 3*time.Minute {
		t.Errorf("GraphQL waits for %s", d)
	}
}

// A Sleep that does not move the clock (a test's) must not make us spin.
func TestSleepThatMovesNoClock(t *testing.T) {
	f := newFake(t, each(limited(403, secondaryText), body(`{}`)))
	s := f.session(f.withToken, func(o *Options) {
		o.Sleep = func(context.Context, time.Duration) error { return nil }
	})
	if _, _, err := s.Get(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}

// When a limit should be over one request finds out; the others wait for what
// it is told, so that a limit that is not over is hit once.
func TestOneProbeAfterALimit(t *testing.T) {
	var mu sync.Mutex
	limited, inFlight, most := 0, 0, 0
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		inFlight++
		isLimited := limited < 4
		if isLimited {
			most = max(most, inFlight)
			limited++
		}
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		inFlight--
		mu.Unlock()
		if isLimited {
			w.Header().Set("Retry-After", "30")
			refuse(w, http.StatusTooManyRequests, "You have exceeded a secondary rate limit")
			return
		}
		fmt.Fprint(w, `{}`)
	})
	s := f.session(f.withToken, func(o *Options) { o.Concurrency = 20 })
	if _, _, err := s.Get(t.Context(), "first"); err != nil { // alone: the limit comes four times
		t.Fatal(err)
	}
	s.chain.gate.hit(coreLimit, &limit{reason: "x", isAll: true, after: time.Minute}, s.chain.gate.generation)
	mu.Lock()
	limited, most = 1, 0
	mu.Unlock()
	for _, err := range together(20, func() error { _, _, err := s.Get(t.Context(), "x"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	if limited != 4 || most != 1 {
		t.Errorf("%d limited answers, at most %d of them together; want 4, 1", limited, most)
	}
	wantCount(t, "requests", f.seen, 5+3+20)
}

// A probe that meets a network error leaves its place, and so does one whose
// caller gives up.
func TestProbeIsPassedOn(t *testing.T) {
	var mu sync.Mutex
	broken := 2
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if broken--; broken >= 0 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `{}`)
	})
	s := f.session(f.withToken)
	s.chain.gate.hit(coreLimit, &limit{reason: "x", isAll: true, after: time.Minute}, 0)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.Get(gone, "x")
	for _, err := range together(8, func() error { _, _, err := s.Get(t.Context(), "x"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
}
