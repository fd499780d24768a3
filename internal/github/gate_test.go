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

// gateClock does not move by itself; sleepers sleep until it is moved.
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
		t.Error("the limit is reported again for GraphQL")
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
