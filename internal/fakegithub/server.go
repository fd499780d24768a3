package fakegithub

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/world"
)

// Options say how a Server behaves. With the zero value the App has every
// permission that a read-only audit asks for.
type Options struct {
	// Others are further organizations on the same server.
	Others []*world.World
	// Now is the server's clock; nil: the date of the first world, which
	// changes only with AdvanceDay.
	Now func() time.Time
	// Latency delays every answer.
	Latency time.Duration
	// TokenLifetime of installation tokens; 0: one hour, as on GitHub.
	TokenLifetime time.Duration
	// RateLimit is the REST limit per hour and installation; 0: what GitHub
	// grants an organization of that size, -1: none and no headers.
	RateLimit int
	// GraphQLLimit is the same in points for GraphQL.
	GraphQLLimit int
	// MissingPermissions are removed from AllPermissions, for example "members".
	MissingPermissions []string
	// Selected installs the App on "selected" repositories, about half of
	// them. Lists then contain only those, without a sign that others exist.
	Selected bool
	// Suspended organizations (logins) have suspended the installation.
	Suspended []string
	// NotInstalled organizations (logins) exist but lack the App.
	NotInstalled []string
	// UserAccounts are logins of personal accounts with an installation.
	UserAccounts []string
	// GHES serves as GitHub Enterprise Server: REST under /api/v3, GraphQL
	// under /api/graphql, no private vulnerability reporting, no rate limits
	// unless RateLimit says so, API version 2022-11-28 only.
	GHES bool
	// NullsStay keeps the null of a refused field in its place, even where the
	// schema declares the field non-null (deployKeys). By default such a null
	// replaces the enclosing object, as the specification of GraphQL demands.
	NullsStay bool
	// PrivateKeyPEM is the App's RSA key; nil: one is generated when it is first needed.
	PrivateKeyPEM []byte
	// Middleware wraps the handler, inside the log of requests.
	Middleware func(http.Handler) http.Handler

	// PointsPerMinute is how many REST points (1 for a GET, 5 for a POST) an
	// installation may spend in any Window; GraphQLPointsPerMinute is the same
	// for queries (1 each). GitHub grants 900 and 2,000; 0: no such limit.
	PointsPerMinute, GraphQLPointsPerMinute int
	// Concurrent is how many requests of an installation may be in flight at
	// once, GitHub's are 100; 0: no such limit.
	Concurrent int
	// Window is the time in which those points count, and for which a client
	// that spends more is limited; 0: a minute.
	Window time.Duration
	// SilentLimits omits retry-after when those limits are exceeded.
	SilentLimits bool
	// PrimaryWindow is the time after which RateLimit and GraphQLLimit are
	// reset; 0: an hour, as on GitHub. Whole seconds, at least two.
	PrimaryWindow time.Duration
	// Grace is how long after a limited answer was sent a request may arrive
	// without counting in Counters.WhileLimited; 0: a quarter of a second.
	Grace time.Duration

	// Skew is how far the server's own clock is ahead of Now. It applies to the
	// Date header, to the times in tokens and limits, and to the validation of
	// the App's JWT, not to the organization.
	Skew time.Duration
	// Faults are what goes wrong, in order of precedence; see Fault. Seed
	// decides which requests are affected.
	Faults []Fault
	Seed   uint64
	// FaultsInARow is the maximum of faults in a row for one request line;
	// 0: two. For GraphQL it is half as many, because a client may ask for less
	// instead of retrying.
	FaultsInARow int
	// Drift changes the organizations while they are read.
	Drift []Change
}

// AllPermissions are what a read-only audit asks for: the permissions of an
// installation before Options.MissingPermissions.
func AllPermissions() map[string]string {
	return map[string]string{
		"metadata": "read", "administration": "read", "contents": "read", "members": "read",
		"organization_personal_access_tokens": "read", "organization_personal_access_token_requests": "read",
		"organization_administration": "read", "organization_custom_properties": "read",
		"organization_plan": "read", "vulnerability_alerts": "read",
	}
}

// Logged is one request as the server saw it.
type Logged struct {
	Method, Path, Query string // Path without query, Query as sent
	Status              int    // of the answer; 0: none was sent
}

// Server simulates GitHub over HTTP. It is an http.Handler, safe for
// concurrent use.
type Server struct {
	o      Options
	worlds []*world.World
	app    app
	inner  http.Handler
	routes []route

	installations []*installation
	tokens        *tokenStore
	limits        *limiter
	meter         *meter // nil: no secondary limits
	counted       *tally
	skew          time.Duration
	faults        *faults // nil: nothing goes wrong
	drift         *drift  // nil: nothing changes
	rendered      *pageCache
	graphql       *graphql.Engine

	mu       sync.Mutex
	log      []Logged
	sequence int64
}

// New serves the world, and Options.Others, as GitHub would.
func New(w *world.World, o Options) *Server {
	s := &Server{o: o, worlds: append([]*world.World{w}, o.Others...)}
	if s.o.Now == nil {
		s.o.Now = w.Now
	}
	if s.o.TokenLifetime == 0 {
		s.o.TokenLifetime = time.Hour
	}
	if o.GHES && o.RateLimit == 0 {
		s.o.RateLimit, s.o.GraphQLLimit = -1, -1
	}
	s.app = app{id: 1_000_000 + w.Org.ID%900_000, clientID: clientID(w.Org.ID), pem: o.PrivateKeyPEM}
	s.installations = s.install()
	s.tokens = newTokenStore()
	s.limits = newLimiter(o.PrimaryWindow)
	s.meter = newMeter(o)
	s.counted = newTally(o.Grace)
	s.faults, s.skew = newFaults(o), skewOf(o)
	s.drift = newDrift(o.Drift)
	s.rendered = newPageCache()
	s.graphql = graphql.NewEngine()
	s.routes = routes()
	for i := range s.routes {
		s.routes[i].parts = strings.Split(s.routes[i].pattern[1:], "/")
	}
	s.inner = http.HandlerFunc(s.serve)
	if o.Middleware != nil {
		s.inner = o.Middleware(s.inner)
	}
	return s
}

// Start listens on a random port of 127.0.0.1. It returns the API's base URL,
// with /api/v3 for GHES, and a function that stops the server and closes open
// connections.
func (s *Server) Start() (url string, stop func(), err error) { return s.Listen("127.0.0.1:0") }

// Listen is Start on a given address.
func (s *Server) Listen(addr string) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("listen for the simulated GitHub: %w", err)
	}
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ErrServerClosed: only stop ends it
	}()
	stop = func() {
		_ = srv.Close() // answers in flight are cut on purpose
		<-done
	}
	return "http://" + l.Addr().String() + s.prefix(), stop, nil
}

// Requests returns the log so far, in the order the answers were given.
func (s *Server) Requests() []Logged {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Logged(nil), s.log...)
}

// ForgetRequests empties the log and the counters.
func (s *Server) ForgetRequests() {
	s.counted.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

func (s *Server) prefix() string {
	if s.o.GHES {
		return "/api/v3"
	}
	return ""
}

// Calm ends all faults and makes the changes of the drift that are left. What the
// server answers from now on is what a client should have collected. Limits and
// skew remain.
func (s *Server) Calm() {
	if s.faults != nil {
		s.faults.calm()
	}
	s.Settle()
}

// ServeHTTP answers one request and logs it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if what, ok := strings.CutPrefix(strings.TrimPrefix(r.URL.Path, s.prefix()), controlPath); ok {
		s.control(w, r.Method, what)
		return
	}
	rec := &statusRecorder{ResponseWriter: w}
	defer func() { // also when a middleware panics to abort the connection
		s.mu.Lock()
		s.log = append(s.log, Logged{r.Method, r.URL.Path, r.URL.RawQuery, rec.status})
		s.mu.Unlock()
	}()
	s.inner.ServeHTTP(rec, r)
}

// statusRecorder keeps the status for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController access to the connection, for faults.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// now is the server's clock, with the skew.
func (s *Server) now() time.Time { return s.o.Now().Add(s.skew) }

func (s *Server) linksFor(r *http.Request) links {
	web := "http://" + r.Host
	return links{api: web + s.prefix(), web: web}
}

func (s *Server) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	n := strconv.FormatInt(s.sequence, 16)
	return "FA4E:" + strings.ToUpper(strings.Repeat("0", max(0, 6-len(n)))+n)
}

func clientID(seed int64) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := []byte("Iv23li")
	for n := uint64(seed)*0x9E3779B97F4A7C15 | 1<<63; len(b) < 20; n = n/62 + n<<57 {
		b = append(b, alphabet[n%62])
	}
	return string(b)
}
