package fakegithub

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// faultKind is a row of the table of faults. What it does is one of three: an
// answer in place of GitHub's, something wrong within a GraphQL query, or the
// right answer sent badly.
type faultKind struct {
	name, does string
	moderate   Fault // as in AllFaults
	// fits tells which requests can suffer it; nil: all.
	fits    func(*exchange) bool
	instead func(*exchange, *Fault) answer
	// query spoils an execution, or answers it; false: not this query.
	query   func(*execution, *Fault) (a answer, done, ok bool)
	deliver func(http.ResponseWriter, *exchange, answer, *Fault)
	cuts    bool // deliver needs a body to cut
	is401   bool
}

// skew is the kind that is a state of the server rather than an event.
const skew = "skew"

// kinds is every fault there is.
func kinds() []faultKind {
	often, seldom := Fault{Rate: 0.01}, Fault{Rate: 0.003}
	limited := Fault{Rate: 0.003, Wait: time.Second}
	heavy := Fault{Rate: 0.1, Over: 10}
	return []faultKind{
		{name: "status500", does: "500 with a JSON or an HTML body", moderate: often, instead: broken(http.StatusInternalServerError)},
		{name: "status502", does: "502 likewise", moderate: often, instead: broken(http.StatusBadGateway)},
		{name: "status503", does: "503 likewise", moderate: often, instead: broken(http.StatusServiceUnavailable)},
		{name: "status504", does: "504 likewise", moderate: often, instead: broken(http.StatusGatewayTimeout)},
		{name: "html", does: "an HTML page with status 200", moderate: often, instead: pageOfHTML},
		{name: "json-cut", does: "JSON that ends in the middle, with status 200 and its right length", moderate: often, deliver: cutJSON, cuts: true},
		{name: "truncated", does: "a body shorter than its Content-Length", moderate: often, deliver: truncate, cuts: true},
		{name: "reset", does: "the connection is reset before anything is answered", moderate: often, deliver: reset},
		{name: "reset-body", does: "the connection is reset in the middle of the body", moderate: often, deliver: resetBody, cuts: true},
		{name: "hang", does: "nothing is answered until the client goes", moderate: seldom, deliver: hang},
		{name: "stall", does: "headers, then a body that stops arriving", moderate: seldom, deliver: stall, cuts: true},

		{name: "primary403", does: "403: the hour's requests are used up", moderate: limited, fits: isREST, instead: usedUp(http.StatusForbidden)},
		{name: "primary429", does: "429 likewise", moderate: limited, fits: isREST, instead: usedUp(http.StatusTooManyRequests)},
		{name: "secondary403", does: "403: a secondary limit with retry-after", moderate: limited, fits: isInstallation, instead: tooFast(http.StatusForbidden)},
		{name: "secondary429", does: "429 likewise", moderate: limited, fits: isInstallation, instead: tooFast(http.StatusTooManyRequests)},
		{name: "secondary-silent", does: "403: a secondary limit that only the message tells", moderate: Fault{Rate: 0.001}, fits: isInstallation, instead: tooFastSilently},
		{name: "graphql-limited", does: "200 with RATE_LIMITED: the hour's points are used up", moderate: limited, fits: isGraphQL, instead: usedUpPoints},
		{name: "graphql-secondary", does: "200 with a secondary limit as the only error, and retry-after", moderate: limited, fits: isGraphQL, instead: tooFastQuery},

		{name: "graphql-502", does: "502: the query took too long (use over)", moderate: heavy, fits: isGraphQL, query: tookTooLong(http.StatusBadGateway)},
		{name: "graphql-504", does: "504 likewise", moderate: heavy, fits: isGraphQL, query: tookTooLong(http.StatusGatewayTimeout)},
		{name: "graphql-resources", does: "200 with RESOURCE_LIMITS_EXCEEDED in place of the nodes (use over)", moderate: heavy, fits: isGraphQL, query: spoilWith(spoilNodes)},
		{name: "graphql-null-node", does: "200 with one node null and an error that names it", moderate: Fault{Rate: 0.1}, fits: isGraphQL, query: spoilWith(spoilNode)},
		{name: "graphql-null-field", does: "200 with one field null and an error that names it", moderate: Fault{Rate: 0.1}, fits: isGraphQL, query: spoilWith(spoilField)},

		{name: "unauthorized", does: "401 though the token is good", moderate: often, fits: isInstallation, instead: badCredentials, is401: true},
		{name: "token-expires", does: "401: the token has ended long before its time, for every request", moderate: seldom, fits: isInstallation, instead: endToken, is401: true},
		{name: skew, does: "the server's clock differs by the setting by (no rate: it always does)", moderate: Fault{By: -3 * time.Minute}},
	}
}

func isGraphQL(x *exchange) bool { return x.route.graphql }
func isREST(x *exchange) bool    { return isInstallation(x) && !x.route.graphql }

// isInstallation is false for what the App asks with its own key.
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

// broken is a 5xx: from the application as JSON, from the balancer before it
// as HTML; a query that failed carries GraphQL's own body.
func broken(status int) func(*exchange, *Fault) answer {
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

// somethingWrong is GraphQL's body for a query that was given up.
func (x *exchange) somethingWrong(status int) answer {
	a := graphqlAnswer([]byte("null"), []graphqlError{{Message: "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug. Please include `" + x.id + "` when reporting this issue."}})
	a.status = status
	return a
}

func pageOfHTML(x *exchange, _ *Fault) answer {
	x.header.Set("Content-Type", "text/html; charset=utf-8")
	return answer{http.StatusOK, []byte(unicorn)}
}

// wait is how long a limit lasts, in the whole seconds that headers can say.
func (f *Fault) wait() time.Duration { return max(time.Second, ceilSecond(f.Wait)) }

func ceilSecond(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// usedUp is the primary limit. The budget itself is not touched: the next
// answers tell of what is really left, as those of GitHub's other servers do.
func usedUp(status int) func(*exchange, *Fault) answer {
	return func(x *exchange, f *Fault) answer {
		x.nothingLeft(coreResource, x.restLimit(), f)
		a := x.exceeded()
		a.status = status
		return a
	}
}

func usedUpPoints(x *exchange, f *Fault) answer {
	x.nothingLeft(graphqlResource, x.graphqlLimit(), f)
	return x.exceededPoints()
}

// nothingLeft says so in the headers; the reset is a whole second.
func (x *exchange) nothingLeft(resource string, limit int, f *Fault) {
	if limit < 0 {
		limit = 5_000
	}
	b := budget{limit: limit, used: limit, reset: x.now.Add(f.wait() + time.Second - 1).Truncate(time.Second)}
	x.limitHeaders(resource, b)
	x.toldToWait(resource, b.reset)
}

func tooFast(status int) func(*exchange, *Fault) answer {
	return func(x *exchange, f *Fault) answer {
		x.toldToWait("", x.now.Add(f.wait()))
		return x.secondary(status, f.wait())
	}
}

func tooFastSilently(x *exchange, _ *Fault) answer {
	x.toldToWait("", x.now.Add(documentedWait))
	return x.secondarySilent(http.StatusForbidden)
}

func tooFastQuery(x *exchange, f *Fault) answer {
	x.toldToWait("", x.now.Add(f.wait()))
	x.header.Set("Retry-After", strconv.Itoa(int(f.wait()/time.Second)))
	return graphqlAnswer(nil, []graphqlError{{Message: secondaryMessage}})
}

func badCredentials(x *exchange, _ *Fault) answer {
	return x.refuse(http.StatusUnauthorized, "Bad credentials", "rest")
}

func endToken(x *exchange, f *Fault) answer {
	x.caller.token.hasEnded.Store(true)
	return badCredentials(x, f)
}

func tookTooLong(status int) func(*execution, *Fault) (answer, bool, bool) {
	return func(e *execution, f *Fault) (answer, bool, bool) {
		if e.items <= f.Over {
			return answer{}, false, false
		}
		return e.x.somethingWrong(status), true, true
	}
}

func spoilWith(make func(*exchange) *spoil) func(*execution, *Fault) (answer, bool, bool) {
	return func(e *execution, f *Fault) (answer, bool, bool) {
		if e.items <= f.Over {
			return answer{}, false, false
		}
		e.spoil = make(e.x)
		return answer{}, false, true
	}
}
