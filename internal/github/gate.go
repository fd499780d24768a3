package github

import (
	"net/http"
	"sync"
	"time"
)

const (
	// resetMargin is there because a reset is given in whole seconds.
	resetMargin = time.Second
	// unknownWait is what GitHub asks for when it names no time; it doubles
	// each time.
	unknownWait = time.Minute
	// maxGrowth ends the doubling, at an hour; Options.MaxWait may be shorter.
	maxGrowth = 6
	// pointsGraphQL is GitHub's limit for GraphQL queries a minute.
	pointsGraphQL = 2000
)

// gate keeps the limits of one installation: while it is closed none of its
// workers sends. It is also where they queue for the minute's points.
type gate struct {
	settings *settings
	pacers   map[resource]*pacer

	mu     sync.Mutex
	closed map[resource]closure
	// unproven are the resources that had a limit and have not answered since:
	// one request at a time is sent there, which probing waits for.
	unproven   map[resource]bool
	probing    map[resource]chan struct{}
	budgets    map[resource]Budget
	strikes    int // limited answers in a row, those of one burst counted once
	generation int // grows with every strike: separates old answers from new ones
}

// closure says until when a resource is closed, and why.
type closure struct {
	until      time.Time
	reason     string
	isReported bool // OnWait was called for it
}

func newGate(s *settings) *gate {
	g := &gate{
		settings: s, pacers: map[resource]*pacer{}, closed: map[resource]closure{}, budgets: map[resource]Budget{},
		unproven: map[resource]bool{}, probing: map[resource]chan struct{}{},
	}
	if s.pointsPerMinute > 0 {
		g.pacers[coreLimit] = newPacer(s.pointsPerMinute, s.minute)
		g.pacers[graphqlLimit] = newPacer(pointsGraphQL, s.minute)
	}
	return g
}

// wait returns when the resource is open. A closure longer than MaxWait is a
// [*LimitError]. A closure that was waited for once is over, whatever the clock
// says: it need not move as fast as we sleep.
func (g *gate) wait(req *http.Request, k *call, r resource) error {
	w := k.about(req)
	for {
		c, isNew := g.look(r)
		now := g.settings.now()
		d := c.until.Sub(now)
		if d <= 0 || !c.until.After(k.slept) {
			return nil
		}
		if d > g.settings.maxWait {
			return &LimitError{Method: w.Method, Path: w.Path, Reason: c.reason, Until: c.until, Wait: d}
		}
		if isNew {
			w.Reason, w.IsLimit, w.Duration, w.Until = c.reason, true, d, c.until
			g.settings.onWait(w)
		}
		if err := k.sleep(req.Context(), d); err != nil {
			return err
		}
		k.slept = c.until
	}
}

// look returns a resource's closure; isNew is true for one caller only.
func (g *gate) look(r resource) (c closure, isNew bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c = g.closed[r]
	isNew = !c.isReported
	c.isReported = true
	g.closed[r] = c
	return c, isNew
}

// enter lets a request out now, and records the generation that its answer
// belongs to. It is not open if a limit began meanwhile, or while another
// request finds out whether the limit is over: then probe is closed when that
// is known.
func (g *gate) enter(k *call, r resource) (isOpen bool, probe <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.closed[r].until; until.After(g.settings.now()) && until.After(k.slept) {
		return false, nil
	}
	if g.unproven[r] && !k.isProbe {
		if p := g.probing[r]; p != nil {
			return false, p
		}
		g.probing[r] = make(chan struct{})
		k.isProbe = true
	}
	k.generation = g.generation
	return true, nil
}

// leave is called when a try is over and its answer was observed: after a probe
// without a result another request may probe.
func (g *gate) leave(k *call, r resource) {
	if !k.isProbe {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	k.isProbe = false
	close(g.probing[r])
	delete(g.probing, r)
}

// left is how long a resource stays closed; 0 or less: open.
func (g *gate) left(r resource) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed[r].until.Sub(g.settings.now())
}

// hit closes the gate after a limited answer. Answers to requests that were in
// flight together are one strike.
func (g *gate) hit(r resource, l *limit, generation int) {
	now := g.settings.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	isNew := generation == g.generation
	if isNew {
		g.strikes++
		g.generation++
	}
	growth := min(max(g.strikes-1, 0), maxGrowth)
	// Whatever the server says, a limit that comes again at once is waited for
	// longer and longer: with a clock that differs from the server's we would
	// repeat the request all the time.
	d := time.Second << growth
	switch {
	case l.unknown && isNew:
		d = unknownWait << growth
	case l.unknown:
		return // the answer that came first has closed the gate
	case !l.reset.IsZero():
		d = max(d, l.reset.Sub(now)+resetMargin)
	default:
		d = max(d, l.after)
	}
	g.close(r, closure{until: now.Add(d), reason: l.reason}, l.isAll)
}

// pass observes an answer that was not limited.
func (g *gate) pass(r resource, reset time.Time, generation int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if generation == g.generation {
		g.strikes = 0
		g.unproven[r] = false
	}
	// The last request of the hour was answered: the next would be refused.
	if reset.After(g.settings.now()) {
		g.close(r, closure{until: reset.Add(resetMargin), reason: "primary rate limit"}, false)
	}
}

// close is called with the lock held.
func (g *gate) close(r resource, c closure, isAll bool) {
	for _, each := range []resource{coreLimit, graphqlLimit} {
		if (each == r || isAll) && c.until.After(g.closed[each].until) {
			// One message for both resources, and for a burst of answers that
			// are limited one after the other.
			c.isReported = each != r || g.closed[each].isReported && c.until.Sub(g.closed[each].until) < time.Second
			g.closed[each] = c
			g.unproven[each] = true
		}
	}
}
