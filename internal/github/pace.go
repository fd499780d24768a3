package github

import (
	"sync"
	"time"
)

// graceShare is the part of the window that is added to it: requests reach the
// server a little later than they are sent, and not all equally late. It is a
// second of GitHub's minute.
const graceShare = 60

// pacer keeps the points of any window at or under a number. It lets a burst
// through at once and then sends as the points of the window come back; a
// token bucket would have to keep its burst small to promise the same.
type pacer struct {
	window, grace time.Duration

	mu   sync.Mutex
	sent []time.Time // a ring: when each of the latest points was or will be spent
	next int         // the oldest of them
}

func newPacer(points int, window time.Duration) *pacer {
	return &pacer{window: window, grace: window / graceShare, sent: make([]time.Time, points)}
}

// reserve spends points and returns how long to wait before sending.
func (p *pacer) reserve(now time.Time, points int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	points = min(points, len(p.sent))
	at := now
	for i := range points {
		oldest := p.sent[(p.next+i)%len(p.sent)]
		if free := oldest.Add(p.window + p.grace); !oldest.IsZero() && free.After(at) {
			at = free
		}
	}
	for range points {
		p.sent[p.next] = at
		p.next = (p.next + 1) % len(p.sent)
	}
	return at.Sub(now)
}
