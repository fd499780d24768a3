package fakegithub

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// documentedWait is how long GitHub's documentation asks a client to wait when
// the answer does not say it.
const documentedWait = time.Minute

// secondaryMessage distinguishes a secondary limit from a missing permission when
// nothing else does.
const secondaryMessage = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID."

// meter enforces the secondary limits of each installation: points within any
// window, and concurrent requests. A client that exceeds one is refused for a
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

// newMeter returns nil when there is no limit to enforce.
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

// spending holds the points of one window, oldest first from head.
type spending struct {
	spent []spent
	head  int
	sum   int
}

type spent struct {
	at     time.Time
	points int
}

// add spends points unless the window would then hold more than limit.
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

// enter charges a request on arrival; until is when a refused installation may
// come again. The caller must call leave in both cases.
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
	isTooMany := m.concurrent > 0 && u.inFlight > m.concurrent
	if !isTooMany && (limit == 0 || u.points[resource].add(now, m.window, points, limit)) {
		return time.Time{}, true
	}
	u.until = now.Add(ceilSecond(m.window)) // what retry-after can say
	return u.until, false
}

// leave counts a request as answered.
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

// secondary answers a caller that exceeds a secondary limit.
func (x *exchange) secondary(status int, wait time.Duration) answer {
	x.header.Set("Retry-After", strconv.Itoa(int(max(time.Second, ceilSecond(wait))/time.Second)))
	return x.refuse(status, secondaryMessage, "rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits")
}

// secondarySilent is secondary without retry-after and without a documentation
// page that would distinguish it from another refusal.
func (x *exchange) secondarySilent(status int) answer {
	return x.refuse(status, secondaryMessage, "rest")
}

// askToWait counts an answer that limits the caller until a time of the server's
// clock, and returns how many there were. Resource "" means all.
func (x *exchange) askToWait(resource string, until time.Time) int {
	return x.s.counted.limited(x.s.whoAsks(x.r), resource, x.today, until.Add(-x.s.skew))
}

// throttle refuses what the meter does not admit, alternately with 403 and 429.
func (x *exchange) throttle(until time.Time) answer {
	status := http.StatusForbidden
	if x.askToWait("", until.Add(x.s.skew))%2 == 0 {
		status = http.StatusTooManyRequests
	}
	if x.s.o.SilentLimits {
		return x.secondarySilent(status)
	}
	return x.secondary(status, until.Sub(x.today))
}
