package fakegithub

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"auditor/internal/fakegithub/world"
)

// The versions of the REST API. Version 2026-03-10 drops some fields.
const (
	version2022 = "2022-11-28"
	version2026 = "2026-03-10"
)

// exchange is the state of one request until it is answered.
type exchange struct {
	s       *Server
	r       *http.Request
	links   links
	id      string    // of the request
	today   time.Time // of the organization
	now     time.Time // by the server's clock
	version string
	route   *route
	params  map[string]string
	query   url.Values
	header  http.Header // of the answer

	caller *caller           // who asks
	world  *world.World      // the organization in the path, nil if none is
	repo   *world.Repository // the repository in the path, nil if none is

	fault   *planned // what goes wrong; nil: nothing
	line    *line    // the history of the request line; nil without faults
	lineKey uint64   // identifies the request line
	attempt int      // number of this request among those with the same line
}

// answer is a status and a body; a nil body sends none.
type answer struct {
	status int
	body   []byte
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, r: r, links: s.linksFor(r), id: s.requestID(), today: s.o.Now(), header: w.Header(), version: version2022}
	s.counted.arrive(r.URL.Path, x.today, func() string { return s.whoAsks(r) })
	defer s.counted.leave()
	refused, leave := x.enter()
	defer leave()
	if !s.sleep(r.Context()) {
		return
	}
	x.now = s.now()
	var a answer
	if refused.IsZero() {
		a = s.answer(x)
	} else {
		a = x.throttle(refused)
	}
	if s.drift != nil {
		s.drift.after(x, a)
	}
	x.headers()
	x.send(w, a)
}

// enter asks the meter for admission. refused is when a refused caller may come
// again; zero: it is admitted.
func (x *exchange) enter() (refused time.Time, leave func()) {
	m := x.s.meter
	if m == nil {
		return time.Time{}, func() {}
	}
	who := x.s.whoAsks(x.r)
	until, ok := m.enter(who, strings.HasSuffix(x.r.URL.Path, "/graphql"), x.r.Method, x.today)
	if ok {
		until = time.Time{}
	}
	return until, func() { m.leave(who) }
}

// sleep waits for the latency; false when the client disconnects meanwhile.
func (s *Server) sleep(ctx context.Context) bool {
	if s.o.Latency <= 0 {
		return true
	}
	select {
	case <-time.After(s.o.Latency):
		return true
	case <-ctx.Done():
		return false
	}
}

// headers sets those of every answer.
func (x *exchange) headers() {
	h := x.header
	h.Set("Date", x.now.UTC().Format(http.TimeFormat))
	h.Set("Server", "github.com")
	h.Set("X-GitHub-Request-Id", x.id)
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	if x.s.o.GHES {
		h.Set("X-GitHub-Enterprise-Version", "3.19.2")
	}
}

// answer checks a request in GitHub's order: User-Agent, API version, path and
// method, credentials, limits, query, permission. Then the route answers.
func (s *Server) answer(x *exchange) answer {
	if x.r.Header.Get("User-Agent") == "" {
		x.header.Set("Content-Type", "text/html; charset=utf-8")
		return answer{http.StatusForbidden, []byte("\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\r\n")}
	}
	if a, ok := x.selectVersion(); !ok {
		return a
	}
	a, ok := x.findRoute()
	if !ok {
		return a
	}
	if s.faults != nil {
		if err := s.faults.identify(x); err != nil {
			return x.refuse(http.StatusBadRequest, "Problems reading the body", x.route.docs)
		}
	}
	if s.drift != nil {
		s.drift.before(x)
	}
	defer world.Freeze(s.worlds)()
	if a, ok := x.authenticate(); !ok {
		return a
	}
	if s.faults != nil {
		if a, done := x.answerWithFault(); done {
			return a
		}
	}
	if a, ok := x.spend(); !ok {
		return a
	}
	if a, ok := x.parseQuery(); !ok {
		return a
	}
	if a, ok := x.resolve(); !ok {
		return a
	}
	if a, ok := x.authorize(); !ok {
		return a
	}
	return x.route.handle(x)
}

func (x *exchange) selectVersion() (answer, bool) {
	asked := x.r.Header.Get("X-GitHub-Api-Version")
	if asked == "" {
		asked = version2022
	}
	if asked != version2022 && (asked != version2026 || x.s.o.GHES) {
		return x.refuse(http.StatusBadRequest, "'"+asked+"' is not a supported version of the REST API", "rest/about-the-rest-api/api-versions"), false
	}
	x.version = asked
	x.header.Set("X-GitHub-Api-Version-Selected", asked)
	return answer{}, true
}

// parseQuery refuses every parameter that the description of the operation does
// not list. GitHub ignores most of them.
func (x *exchange) parseQuery() (answer, bool) {
	q, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return x.refuse(http.StatusBadRequest, "Bad Request", x.route.docs), false
	}
	for key := range q {
		if !x.route.knows(key) {
			return x.invalid(key, "unknown", "is not a parameter of this endpoint"), false
		}
		if len(q[key]) > 1 && !strings.HasSuffix(key, "[]") {
			return x.invalid(key, "invalid", "is given more than once"), false
		}
	}
	x.query = q
	return answer{}, true
}

// refuse answers with GitHub's usual error body.
func (x *exchange) refuse(status int, message, docs string) answer {
	o := begin(nil)
	o.text("message", message)
	o.text("documentation_url", documentation(docs))
	o.text("status", strconv.Itoa(status))
	return answer{status, o.end()}
}

func documentation(page string) string {
	if page == "" {
		page = "rest"
	}
	return "https://docs.github.com/" + page
}

func (x *exchange) notFound() answer {
	docs := "rest"
	if x.route != nil {
		docs = x.route.docs
	}
	return x.refuse(http.StatusNotFound, "Not Found", docs)
}

// invalid answers with GitHub's 422 and one entry in errors.
func (x *exchange) invalid(field, code, message string) answer {
	o := begin(nil)
	o.text("message", "Validation Failed")
	o.key("errors")
	o.b = append(o.b, '[')
	e := begin(o.b)
	e.text("resource", "Query")
	e.text("field", field)
	e.text("code", code)
	e.text("message", field+" "+message)
	o.b = append(e.end(), ']')
	o.text("documentation_url", documentation(x.route.docs))
	o.text("status", "422")
	return answer{http.StatusUnprocessableEntity, o.end()}
}
