package fakegithub

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"auditor/internal/fakegithub/graphql"
)

// faultKind is a row of the table of faults. It sets one of three functions:
// instead gives another answer, query spoils the execution of a GraphQL query,
// deliver sends the right answer in a wrong way.
type faultKind struct {
	name, does string
	moderate   Fault // as in AllFaults
	// fits reports which requests can have it; nil: all.
	fits    func(*exchange) bool
	instead func(*exchange, *Fault) answer
	// query spoils the execution of a query, or answers it (done). It needs a query
	// for more than Fault.Over items.
	query   func(*exchange, *graphql.Site) (a answer, done bool)
	deliver func(http.ResponseWriter, *exchange, answer, *Fault)
	cuts    bool // deliver needs a body that it can cut
	is401   bool
}

// skew is the only kind that is a state of the server rather than an event.
const skew = "skew"

// kinds lists every fault.
func kinds() []faultKind {
	often, rarely := Fault{Rate: 0.01}, Fault{Rate: 0.003}
	limited := Fault{Rate: 0.003, Wait: time.Second}
	heavy := Fault{Rate: 0.1, Over: 10}
	return []faultKind{
		{name: "status500", does: "500 with a JSON or an HTML body", moderate: often, instead: serverError(http.StatusInternalServerError)},
		{name: "status502", does: "502 with a JSON or an HTML body", moderate: often, instead: serverError(http.StatusBadGateway)},
		{name: "status503", does: "503 with a JSON or an HTML body", moderate: often, instead: serverError(http.StatusServiceUnavailable)},
		{name: "status504", does: "504 with a JSON or an HTML body", moderate: often, instead: serverError(http.StatusGatewayTimeout)},
		{name: "html", does: "an HTML page with status 200", moderate: often, instead: pageOfHTML},
		{name: "json-cut", does: "incomplete JSON with status 200 and a consistent Content-Length", moderate: often, deliver: cutJSON, cuts: true},
		{name: "truncated", does: "a body shorter than its Content-Length", moderate: often, deliver: truncate, cuts: true},
		{name: "reset", does: "a reset connection, without an answer", moderate: often, deliver: reset},
		{name: "reset-body", does: "a reset connection in the middle of the body", moderate: often, deliver: resetBody, cuts: true},
		{name: "hang", does: "no answer until the client disconnects", moderate: rarely, deliver: hang},
		{name: "stall", does: "headers and a body that stops in the middle", moderate: rarely, deliver: stall, cuts: true},

		{name: "primary403", does: "403: the hourly requests are used up", moderate: limited, fits: isREST, instead: primaryLimit(http.StatusForbidden)},
		{name: "primary429", does: "429: the hourly requests are used up", moderate: limited, fits: isREST, instead: primaryLimit(http.StatusTooManyRequests)},
		{name: "secondary403", does: "403: a secondary limit with retry-after", moderate: limited, fits: isInstallation, instead: secondaryLimit(http.StatusForbidden)},
		{name: "secondary429", does: "429: a secondary limit with retry-after", moderate: limited, fits: isInstallation, instead: secondaryLimit(http.StatusTooManyRequests)},
		{name: "secondary-silent", does: "403: a secondary limit that only the message reveals", moderate: Fault{Rate: 0.001}, fits: isInstallation, instead: secondaryLimitSilently},
		{name: "graphql-limited", does: "200 with RATE_LIMITED: the hourly points are used up", moderate: limited, fits: isGraphQL, instead: primaryLimitOfPoints},
		{name: "graphql-secondary", does: "200 with a secondary limit as the only error, and retry-after", moderate: limited, fits: isGraphQL, instead: secondaryLimitOfQueries},

		{name: "graphql-502", does: "502: the query took too long (use over)", moderate: heavy, fits: isGraphQL, query: tookTooLong(http.StatusBadGateway)},
		{name: "graphql-504", does: "504: the query took too long (use over)", moderate: heavy, fits: isGraphQL, query: tookTooLong(http.StatusGatewayTimeout)},
		{name: "graphql-resources", does: "200 with RESOURCE_LIMITS_EXCEEDED in place of the nodes (use over)", moderate: heavy, fits: isGraphQL, query: spoilWith(graphql.SpoilNodes, 1)},
		{name: "graphql-null-node", does: "200 with one node null and an error that names it", moderate: Fault{Rate: 0.1}, fits: isGraphQL, query: spoilWith(graphql.SpoilNode, 1000)},
		{name: "graphql-null-field", does: "200 with one field null and an error that names it", moderate: Fault{Rate: 0.1}, fits: isGraphQL, query: spoilWith(graphql.SpoilField, 3)},

		{name: "unauthorized", does: "401 although the token is valid", moderate: often, fits: isInstallation, instead: badCredentials, is401: true},
		{name: "token-expires", does: "401 for every request: the token expired too early", moderate: rarely, fits: isInstallation, instead: endToken, is401: true},
		{name: skew, does: "the server's clock is ahead by the setting by, for every request: without a rate", moderate: Fault{By: -3 * time.Minute}},
	}
}

func isGraphQL(x *exchange) bool { return x.route.graphql }
func isREST(x *exchange) bool    { return isInstallation(x) && !x.route.graphql }

// isInstallation is false for requests of the App itself.
func isInstallation(x *exchange) bool { return x.caller != nil && x.caller.token != nil }

func findKind(name string) *faultKind {
	all := kinds()
	i := slices.IndexFunc(all, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func kindNames() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

const unicorn = `<!DOCTYPE html>
<html>
  <head><meta http-equiv="Content-type" content="text/html; charset=utf-8"><title>Unicorn! &middot; GitHub</title></head>
  <body><div class="c"><p><strong>We had issues producing the response to your request.</strong></p></div></body>
</html>
`

// serverError is a 5xx: HTML from the load balancer, or JSON from the application,
// for GraphQL in the form of its errors.
func serverError(status int) func(*exchange, *Fault) answer {
	return func(x *exchange, _ *Fault) answer {
		switch {
		case x.chance("body", 2) == 0:
			x.header.Set("Content-Type", "text/html; charset=utf-8")
			return answer{status, []byte(unicorn)}
		case x.route.graphql:
			return x.somethingWrong(status)
		}
		o := begin(nil)
		o.text("message", "Server Error")
		return answer{status, o.end()}
	}
}

// somethingWrong is GraphQL's body for a query that was aborted.
func (x *exchange) somethingWrong(status int) answer {
	a := graphqlAnswer([]byte("null"), []graphql.Error{{Message: "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug. Please include `" + x.id + "` when reporting this issue."}})
	a.status = status
	return a
}

func pageOfHTML(x *exchange, _ *Fault) answer {
	x.header.Set("Content-Type", "text/html; charset=utf-8")
	return answer{http.StatusOK, []byte(unicorn)}
}

// wait is how long a limit lasts, in whole seconds as in headers.
func (f *Fault) wait() time.Duration { return max(time.Second, ceilSecond(f.Wait)) }

func ceilSecond(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// primaryLimit answers that nothing is left of the budget. The budget itself does
// not change: the next answers show what is left, as those of GitHub's other
// servers do.
func primaryLimit(status int) func(*exchange, *Fault) answer {
	return func(x *exchange, f *Fault) answer {
		x.showNothingLeft(coreResource, x.restLimit(), f)
		a := x.exceeded()
		a.status = status
		return a
	}
}

func primaryLimitOfPoints(x *exchange, f *Fault) answer {
	x.showNothingLeft(graphqlResource, x.graphqlLimit(), f)
	return x.exceededPoints()
}

// showNothingLeft sets the headers of an exhausted budget; the reset is a whole
// second.
func (x *exchange) showNothingLeft(resource string, limit int, f *Fault) {
	if limit < 0 {
		limit = 5_000
	}
	b := budget{limit: limit, used: limit, reset: x.now.Add(f.wait() + time.Second - 1).Truncate(time.Second)}
	x.limitHeaders(resource, b)
	x.askToWait(resource, b.reset)
}

func secondaryLimit(status int) func(*exchange, *Fault) answer {
	return func(x *exchange, f *Fault) answer {
		x.askToWait("", x.now.Add(f.wait()))
		return x.secondary(status, f.wait())
	}
}

func secondaryLimitSilently(x *exchange, _ *Fault) answer {
	x.askToWait("", x.now.Add(documentedWait))
	return x.secondarySilent(http.StatusForbidden)
}

func secondaryLimitOfQueries(x *exchange, f *Fault) answer {
	x.askToWait("", x.now.Add(f.wait()))
	x.header.Set("Retry-After", strconv.Itoa(int(f.wait()/time.Second)))
	return graphqlAnswer(nil, []graphql.Error{{Message: secondaryMessage}})
}

func badCredentials(x *exchange, _ *Fault) answer {
	return x.refuse(http.StatusUnauthorized, "Bad credentials", "rest")
}

func endToken(x *exchange, f *Fault) answer {
	x.caller.token.hasEnded.Store(true)
	return badCredentials(x, f)
}

func tookTooLong(status int) func(*exchange, *graphql.Site) (answer, bool) {
	return func(x *exchange, _ *graphql.Site) (answer, bool) { return x.somethingWrong(status), true }
}

// spoilWith spoils a query at one of the first places, chosen by the seed.
func spoilWith(what string, places int) func(*exchange, *graphql.Site) (answer, bool) {
	return func(x *exchange, site *graphql.Site) (answer, bool) {
		name := x.fault.kind.name
		site.Spoil = &graphql.Spoil{
			What: what, Skip: x.chance(what, places), Done: func() { x.s.counted.fault(name) },
			Message: "Something went wrong while executing your query. Please include `" + x.id + "` when reporting this issue.",
		}
		return answer{}, false
	}
}
