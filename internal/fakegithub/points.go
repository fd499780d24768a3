package fakegithub

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// documentedWait is what GitHub asks of a client that was not told how long.
const documentedWait = time.Minute

// secondaryMessage is what tells a secondary limit from a lack of permission
// when nothing else does.
const secondaryMessage = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID."

// meter enforces the secondary limits: points in any window, and requests in
// flight, both by installation. A client that exceeds one is refused for a
// whole window.
type meter struct {
	rest, graphql, concurrent int
	window                    time.Duration

	mu sync.Mutex
	by map[string]*usage
}

// usage is what one installation has used.
type usage struct {
	points   map[string]*spending // by resource
	inFlight int
	until    time.Time // refused until then
}

// newMeter returns nil when there is nothing to enforce.
func newMeter(o Options) *meter {
	if o.PointsPerMinute == 0 && o.GraphQLPointsPerMinute == 0 && o.Concurrent == 0 {
		return nil
	}
	m := &meter{rest: o.PointsPerMinute, graphql: o.GraphQLPointsPerMinute, concurrent: o.Concurrent, window: o.Window, by: map[string]*usage{}}
	if m.window == 0 {
		m.window = time.Minute
	}
	return m
}

// spending is the points of one window, oldest first from head.
type spending struct {
	spent []spent
	head  int
	sum   int
}

type spent struct {
	at     time.Time
	points int
}

// add spends points unless that would make more than limit in the window.
func (s *spending) add(now time.Time, window time.Duration, points, limit int) bool {
	for s.head < len(s.spent) && !s.spent[s.head].at.After(now.Add(-window)) {
		s.sum -= s.spent[s.head].points
		s.head++
	}
	if s.head > 1024 && s.head*2 > len(s.spent) {
		s.spent = append(s.spent[:0], s.spent[s.head:]...)
		s.head = 0
	}
	if s.sum+points > limit {
		return false
	}
	s.spent = append(s.spent, spent{now, points})
	s.sum += points
	return true
}

// enter charges a request at its arrival; until is when the installation may
// come again if it is refused. The caller calls leave in both cases.
func (m *meter) enter(who string, isGraphQL bool, method string, now time.Time) (until time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.by[who]
	if u == nil {
		u = &usage{points: map[string]*spending{coreResource: {}, graphqlResource: {}}}
		m.by[who] = u
	}
	u.inFlight++
	if now.Before(u.until) {
		return u.until, false
	}
	resource, limit, points := coreResource, m.rest, 1
	switch {
	case isGraphQL:
		resource, limit = graphqlResource, m.graphql
	case method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions:
		points = 5
	}
	isMany := m.concurrent > 0 && u.inFlight > m.concurrent
	if !isMany && (limit == 0 || u.points[resource].add(now, m.window, points, limit)) {
		return time.Time{}, true
	}
	u.until = now.Add(ceilSecond(m.window)) // what retry-after can say
	return u.until, false
}

func (m *meter) leave(who string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.by[who].inFlight--
}

// whoAsks names the budget of a request that is not authenticated yet.
func (s *Server) whoAsks(r *http.Request) string {
	_, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return s.nameOf(s.tokens.known(secret))
}

// nameOf names the budget of a token's installation, or of the App itself.
func (s *Server) nameOf(t *installationToken) string {
	if t == nil {
		return "app " + strconv.FormatInt(s.app.id, 10)
	}
	return "installation ID " + strconv.FormatInt(t.installation.id, 10)
}

// secondary is the answer to who asks too much.
func (x *exchange) secondary(status int, wait time.Duration) answer {
	x.header.Set("Retry-After", strconv.Itoa(int(max(time.Second, ceilSecond(wait))/time.Second)))
	return x.refuse(status, secondaryMessage, "rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits")
}

// secondarySilent has neither retry-after nor a page of documentation that
// would tell it from another refusal.
func (x *exchange) secondarySilent(status int) answer {
	return x.refuse(status, secondaryMessage, "rest")
}

// toldToWait counts an answer that limits the caller, in the server's time;
// resource "" stands for all. It returns which one it is.
func (x *exchange) toldToWait(resource string, until time.Time) int {
	return x.s.counted.limited(x.s.whoAsks(x.r), resource, x.today, until.Add(-x.s.skew))
}

// throttle refuses what the meter does not let in, with 403 and 429 by turns.
func (x *exchange) throttle(until time.Time) answer {
	status := http.StatusForbidden
	if x.toldToWait("", until.Add(x.s.skew))%2 == 0 {
		status = http.StatusTooManyRequests
	}
	if x.s.o.SilentLimits {
		return x.secondarySilent(status)
	}
	return x.secondary(status, until.Sub(x.today))
}
