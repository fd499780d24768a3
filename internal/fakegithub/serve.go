package fakegithub

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The versions of the REST API. Version 2026-03-10 drops some fields.
const (
	version2022 = "2022-11-28"
	version2026 = "2026-03-10"
)

// exchange is one request on its way to an answer.
type exchange struct {
	s       *Server
	r       *http.Request
	links   links
	now     time.Time
	version string
	route   *route
	params  map[string]string
	query   url.Values
	header  http.Header // of the answer

	caller *caller     // who asks
	world  *World      // the organization in the path, nil if none is
	repo   *Repository // the repository in the path, nil if none is
}

// answer is a status and a body; a nil body sends none.
type answer struct {
	status int
	body   []byte
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, r: r, links: s.linksFor(r), now: s.now(), header: w.Header(), version: version2022}
	a := s.answer(x)
	h := w.Header()
	h.Set("Date", x.now.UTC().Format(http.TimeFormat))
	h.Set("Server", "github.com")
	h.Set("X-GitHub-Request-Id", s.requestID())
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	if s.o.GHES {
		h.Set("X-GitHub-Enterprise-Version", "3.19.2")
	}
	if a.body != nil {
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a client that went away is not the server's business
	}
}

// answer takes a request through the doors in GitHub's order: User-Agent,
// API version, path and method, credentials, limits, query, permission.
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
	unlock := s.readWorlds()
	defer unlock()
	if a, ok := x.authenticate(); !ok {
		return a
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

// readWorlds keeps every world still while a request is answered.
func (s *Server) readWorlds() (unlock func()) {
	for _, w := range s.worlds {
		w.mu.RLock()
	}
	return func() {
		for _, w := range s.worlds {
			w.mu.RUnlock()
		}
	}
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

// parseQuery refuses every parameter that the description of the operation
// does not know: stricter than GitHub, which ignores most of them.
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

// refuse is GitHub's usual error body.
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

// invalid is GitHub's 422 with one entry in errors.
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
