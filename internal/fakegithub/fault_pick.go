package fakegithub

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// faults decides which request suffers what.
type faults struct {
	seed   uint64
	inARow int

	mu    sync.Mutex
	list  []*planned
	lines map[uint64]*line
	off   bool // after Calm
}

// planned is a Fault with what its row of the table does.
type planned struct {
	fault *Fault
	kind  *faultKind
	seen  int  // requests that could have suffered it
	fired bool // by At
}

// line is what became of one request line so far.
type line struct {
	attempt, inARow int
	refused         bool // the last attempt was answered 401
}

// newFaults returns nil when nothing is to go wrong. It panics for a kind that
// is not in the table; ParseFault does not let one through.
func newFaults(o Options) *faults {
	fs := &faults{seed: o.Seed, inARow: o.FaultsInARow, lines: map[uint64]*line{}}
	if fs.inARow == 0 {
		fs.inARow = 2
	}
	for _, f := range o.Faults {
		k := findKind(f.Kind)
		if k == nil {
			panic(fmt.Sprintf("fakegithub: unknown fault %q", f.Kind))
		}
		if f.Kind != skew {
			fs.list = append(fs.list, &planned{fault: &f, kind: k})
		}
	}
	if len(fs.list) == 0 {
		return nil
	}
	// Those that last for as long as the query is large come last: they would
	// hide every other.
	slices.SortStableFunc(fs.list, func(a, b *planned) int { return min(a.fault.Over, 1) - min(b.fault.Over, 1) })
	return fs
}

// meet recognises the request's line and counts the attempt.
func (fs *faults) meet(x *exchange) error {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s ", x.r.Method, x.r.URL.RequestURI())
	if x.route.graphql {
		body, err := io.ReadAll(io.LimitReader(x.r.Body, 4<<20))
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		x.r.Body = io.NopCloser(bytes.NewReader(body))
		_, _ = h.Write(body) // a hash never fails
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	key := h.Sum64()
	l := fs.lines[key]
	if l == nil {
		l = &line{}
		fs.lines[key] = l
	}
	l.attempt++
	x.line, x.lineKey, x.attempt = l, key, l.attempt
	return nil
}

// pick chooses what the request suffers, nil for nothing.
func (fs *faults) pick(x *exchange) *planned {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	p, _ := x.path()
	var chosen *planned
	for i, f := range fs.list {
		if fs.off || !strings.HasPrefix(p, f.fault.Path) || f.kind.fits != nil && !f.kind.fits(x) {
			continue
		}
		f.seen++
		if chosen == nil && fs.mayStrike(x, f) && fs.strikes(x, f, i) {
			chosen = f
		}
	}
	switch {
	case chosen == nil:
		x.line.inARow, x.line.refused = 0, false
	case chosen.fault.Over == 0:
		x.line.inARow++
		x.line.refused = x.line.refused || chosen.kind.is401
	}
	return chosen
}

// mayStrike is false when the line has suffered enough.
func (fs *faults) mayStrike(x *exchange, f *planned) bool {
	most := fs.inARow
	if x.route.graphql {
		most = max(1, most/2)
	}
	return (f.fault.Over > 0 || x.line.inARow < most) && !(f.kind.is401 && x.line.refused)
}

// strikes draws for one fault. What lasts is drawn for the line, the rest for
// each attempt at it anew.
func (fs *faults) strikes(x *exchange, f *planned, i int) bool {
	if f.fault.At > 0 {
		if f.fired || f.seen < f.fault.At {
			return false
		}
		f.fired = f.fault.Over == 0
		return true
	}
	attempt := x.attempt
	if f.fault.Over > 0 {
		attempt = 0
	}
	const whole = 1 << 53
	return float64(mix(fs.seed, x.lineKey, f.kind.name+strconv.Itoa(i), attempt)%whole)/whole < f.fault.Rate
}

// spare takes back a fault that turned out not to fit the answer.
func (fs *faults) spare(x *exchange) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := x.fault
	x.fault, f.fired = nil, false
	if f.fault.Over == 0 {
		x.line.inARow--
	} else {
		x.line.inARow, x.line.refused = 0, false
	}
}

// forgives tells whether a token that ended early is taken nevertheless: a
// line that was refused with 401 is not refused again at once.
func (fs *faults) forgives(x *exchange) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if x.line.refused || fs.off {
		return true
	}
	x.line.refused = true
	return false
}

// chance draws 0 … n-1 for the request, the same at every run.
func (x *exchange) chance(about string, n int) int {
	return int(mix(x.s.o.Seed, x.lineKey, about, x.attempt) % uint64(n))
}

func mix(seed, line uint64, about string, attempt int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s %d", seed, line, about, attempt)
	n := h.Sum64()
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9 // FNV alone leaves the upper bits alike for like texts
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

// misfortune lets a fault answer in place of GitHub; done is false when the
// request goes on, perhaps to suffer later.
func (x *exchange) misfortune() (a answer, done bool) {
	x.fault = x.s.faults.pick(x)
	if x.fault == nil || x.fault.kind.instead == nil {
		return answer{}, false
	}
	x.s.counted.fault(x.fault.kind.name)
	return x.fault.kind.instead(x, x.fault.fault), true
}

// send delivers an answer the way the fault wants it.
func (x *exchange) send(w http.ResponseWriter, a answer) {
	if x.fault == nil || x.fault.kind.deliver == nil {
		transmit(w, x.r, a)
		return
	}
	if x.fault.kind.cuts && (len(a.body) < 2 || a.status >= 300) {
		x.s.faults.spare(x)
		transmit(w, x.r, a)
		return
	}
	x.s.counted.fault(x.fault.kind.name)
	x.fault.kind.deliver(w, x, a, x.fault.fault)
}

func (fs *faults) calm() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.off = true
}

// skewOf adds up what the options say of the clock.
func skewOf(o Options) time.Duration {
	by := o.Skew
	for _, f := range o.Faults {
		if f.Kind == skew {
			by += f.By
		}
	}
	return by
}
