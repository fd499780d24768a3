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

// faults decides which requests fail, and how.
type faults struct {
	seed   uint64
	inARow int

	mu    sync.Mutex
	list  []*planned
	lines map[uint64]*line
	off   bool // after Calm
}

// planned is a Fault with its row of the table.
type planned struct {
	fault *Fault
	kind  *faultKind
	seen  int  // requests that it fitted
	fired bool // it has happened, by At
}

// line is the history of one request line.
type line struct {
	attempt, inARow int  // requests, and faults in a row
	refused         bool // the last attempt was answered 401
}

// newFaults returns nil when there are no faults. It panics for a kind that is not
// in the table, which ParseFault refuses.
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
	// Those that last as long as the query is large come last: they would hide
	// all others.
	slices.SortStableFunc(fs.list, func(a, b *planned) int { return min(a.fault.Over, 1) - min(b.fault.Over, 1) })
	return fs
}

// identify finds the history of the request line and counts the attempt.
func (fs *faults) identify(x *exchange) error {
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

// pick chooses the fault of a request; nil: none.
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
		if chosen == nil && fs.isAllowed(x, f) && fs.draw(x, f, i) {
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

// isAllowed is false when the line has had enough faults in a row.
func (fs *faults) isAllowed(x *exchange, f *planned) bool {
	most := fs.inARow
	if x.route.graphql {
		most = max(1, most/2)
	}
	return (f.fault.Over > 0 || x.line.inARow < most) && !(f.kind.is401 && x.line.refused)
}

// draw decides whether a fault happens: for a lasting one once for the line, for
// others at each attempt.
func (fs *faults) draw(x *exchange, f *planned, i int) bool {
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

// withdraw cancels a fault that does not fit the answer.
func (fs *faults) withdraw(x *exchange) {
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

// acceptsEnded reports whether a token that ended early is still accepted: a
// line that was refused with 401 is not refused again the next time.
func (fs *faults) acceptsEnded(x *exchange) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if x.line.refused || fs.off {
		return true
	}
	x.line.refused = true
	return false
}

// chance draws 0 … n-1 for the request, the same in every run.
func (x *exchange) chance(about string, n int) int {
	return int(mix(x.s.o.Seed, x.lineKey, about, x.attempt) % uint64(n))
}

func mix(seed, line uint64, about string, attempt int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s %d", seed, line, about, attempt)
	n := h.Sum64()
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9 // FNV alone gives similar texts similar upper bits
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

// answerWithFault picks a fault and lets it answer in place of GitHub. done is false
// when the request continues, perhaps with a fault that happens later.
func (x *exchange) answerWithFault() (a answer, done bool) {
	x.fault = x.s.faults.pick(x)
	if x.fault == nil || x.fault.kind.instead == nil {
		return answer{}, false
	}
	x.s.counted.fault(x.fault.kind.name)
	return x.fault.kind.instead(x, x.fault.fault), true
}

// send sends an answer, in the way of the fault if there is one.
func (x *exchange) send(w http.ResponseWriter, a answer) {
	if x.fault == nil || x.fault.kind.deliver == nil {
		sendWhole(w, x.r, a)
		return
	}
	if x.fault.kind.cuts && (len(a.body) < 2 || a.status >= 300) {
		x.s.faults.withdraw(x)
		sendWhole(w, x.r, a)
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

// skewOf is the sum of all skews in the options.
func skewOf(o Options) time.Duration {
	by := o.Skew
	for _, f := range o.Faults {
		if f.Kind == skew {
			by += f.By
		}
	}
	return by
}
