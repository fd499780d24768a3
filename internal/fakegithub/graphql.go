package fakegithub

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"auditor/internal/fakegithub/graphql"
)

func postGraphQL(x *exchange) answer {
	body, err := io.ReadAll(io.LimitReader(x.r.Body, 4<<20))
	if err != nil {
		return x.refuse(http.StatusBadRequest, "Problems reading the body", x.route.docs)
	}
	var r graphql.Request
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber() // an Int variable must not become a float
	if err := d.Decode(&r); err != nil {
		return x.refuse(http.StatusBadRequest, "Problems parsing JSON", x.route.docs)
	}
	q, errs := x.s.graphql.Prepare(r)
	if errs != nil {
		return graphqlAnswer(nil, errs)
	}
	site := x.site()
	if limit := x.graphqlLimit(); limit >= 0 {
		left, ok := x.s.limits.spend(x.who(), graphqlResource, limit, q.Cost, x.now)
		x.limitHeaders(graphqlResource, left)
		if !ok {
			x.askToWait(graphqlResource, left.reset)
			return x.exceededPoints()
		}
		site.RateLimit = &graphql.RateLimit{Limit: left.limit, Used: left.used, Remaining: left.remaining(), ResetAt: left.reset}
	}
	if x.fault != nil {
		if a, done := x.spoilQuery(q, &site); done {
			return a
		}
	}
	return graphqlAnswer(q.Run(site))
}

// site is what the caller's queries are executed on.
func (x *exchange) site() graphql.Site {
	in := x.caller.token.installation
	viewer := graphql.Viewer{World: in.world, Has: x.caller.has, Includes: in.includes}
	return graphql.Site{Worlds: x.s.worlds, Web: x.links.web, Viewer: viewer, NullsStay: x.s.o.NullsStay}
}

// spoilQuery lets a fault spoil a query, or answer it.
func (x *exchange) spoilQuery(q *graphql.Query, site *graphql.Site) (a answer, done bool) {
	f := x.fault
	switch {
	case f.kind.query == nil:
		return answer{}, false
	case q.Items <= f.fault.Over:
		x.s.faults.withdraw(x)
		return answer{}, false
	}
	a, done = f.kind.query(x, site)
	if done {
		x.s.counted.fault(f.kind.name)
	}
	return a, done
}

// graphqlAnswer is HTTP 200, also when the query failed.
func graphqlAnswer(data []byte, errs []graphql.Error) answer {
	o := begin(nil)
	if data != nil {
		o.raw("data", data)
	}
	if len(errs) > 0 {
		o.any("errors", errs)
	}
	return answer{http.StatusOK, o.end()}
}
