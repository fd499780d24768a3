package fakegithub

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/world"
)

// The resources that have a budget of their own.
const (
	coreResource    = "core"
	graphqlResource = "graphql"
)

// budget is the use of one limit by one installation, until it is reset.
type budget struct {
	limit, used int
	reset       time.Time
}

func (b budget) remaining() int { return max(0, b.limit-b.used) }

// limiter counts requests by installation and resource in windows of an hour, or
// Options.PrimaryWindow. A window starts with its first request, as on GitHub.
type limiter struct {
	window  time.Duration
	mu      sync.Mutex
	budgets map[string]*budget
}

func newLimiter(window time.Duration) *limiter {
	if window == 0 {
		window = time.Hour
	}
	return &limiter{window: window, budgets: map[string]*budget{}}
}

// spend takes points and reports whether they were available. Zero points only
// read the budget.
func (l *limiter) spend(who, resource string, limit, points int, now time.Time) (budget, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := resource + " " + who
	b := l.budgets[key]
	if b == nil || !now.Before(b.reset) {
		b = &budget{limit: limit, reset: now.Add(l.window).Truncate(time.Second)}
		l.budgets[key] = b
	}
	if b.used+points > b.limit {
		return *b, false
	}
	b.used += points
	return *b, true
}

// restLimit is the hourly REST limit of the caller; negative: none.
func (x *exchange) restLimit() int {
	if x.s.o.RateLimit != 0 {
		return x.s.o.RateLimit
	}
	return x.grownLimit()
}

func (x *exchange) graphqlLimit() int {
	if x.s.o.GraphQLLimit != 0 {
		return x.s.o.GraphQLLimit
	}
	return x.grownLimit()
}

// grownLimit is GitHub's default: 5,000, and 50 more for every repository and
// every user beyond 20, at most 12,500.
func (x *exchange) grownLimit() int {
	const base, most, step, free = 5_000, 12_500, 50, 20
	if x.caller.token == nil || x.caller.token.installation.world == nil {
		return base
	}
	w := x.caller.token.installation.world
	return min(most, base+step*(max(0, len(w.Repositories)-free)+max(0, len(w.People(world.RoleOwner, world.RoleMember))-free)))
}

// who names the caller's budget.
func (x *exchange) who() string { return x.s.nameOf(x.caller.token) }

// spend takes one REST request from the budget. GraphQL spends points once the
// query is known; reading the limits is free.
func (x *exchange) spend() (answer, bool) {
	limit := x.restLimit()
	if limit < 0 || x.route.graphql {
		return answer{}, true
	}
	points := 1
	if x.route.pattern == "/rate_limit" {
		points = 0
	}
	b, ok := x.s.limits.spend(x.who(), coreResource, limit, points, x.now)
	x.limitHeaders(coreResource, b)
	if !ok {
		x.askToWait(coreResource, b.reset)
		return x.exceeded(), false
	}
	return answer{}, true
}

func (x *exchange) exceeded() answer {
	return x.refuse(http.StatusForbidden, "API rate limit exceeded for "+x.who()+".", "rest/using-the-rest-api/rate-limits-for-the-rest-api")
}

func (x *exchange) exceededPoints() answer {
	return graphqlAnswer(nil, []graphql.Error{{Type: "RATE_LIMITED", Message: "API rate limit exceeded for " + x.who() + "."}})
}

func (x *exchange) limitHeaders(resource string, b budget) {
	for name, v := range map[string]int64{"Limit": int64(b.limit), "Remaining": int64(b.remaining()), "Used": int64(b.used), "Reset": b.reset.Unix()} {
		x.header.Set("X-RateLimit-"+name, strconv.FormatInt(v, 10))
	}
	x.header.Set("X-RateLimit-Resource", resource)
}

func getRateLimit(x *exchange) answer {
	if x.restLimit() < 0 {
		return x.refuse(http.StatusNotFound, "Rate limiting is not enabled.", x.route.docs)
	}
	core, _ := x.s.limits.spend(x.who(), coreResource, x.restLimit(), 0, x.now)
	graphql, _ := x.s.limits.spend(x.who(), graphqlResource, x.graphqlLimit(), 0, x.now)
	search := budget{limit: 30, reset: x.now.Add(time.Minute)}
	o := begin(nil)
	o.key("resources")
	in := begin(o.b)
	for _, r := range [...]struct {
		name string
		b    budget
	}{{coreResource, core}, {"search", search}, {graphqlResource, graphql}} {
		in.key(r.name)
		in.b = appendBudget(in.b, r.b)
	}
	o.b = in.end()
	if x.version == version2022 {
		o.key("rate")
		o.b = appendBudget(o.b, core)
	}
	return answer{http.StatusOK, o.end()}
}

func appendBudget(b []byte, left budget) []byte {
	o := begin(b)
	o.number("limit", left.limit)
	o.number("used", left.used)
	o.number("remaining", left.remaining())
	o.id("reset", left.reset.Unix())
	return o.end()
}
