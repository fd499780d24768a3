package fakegithub

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say how a Server behaves. The zero value serves the world of New
// with every permission a read-only audit asks for.
type Options struct {
	// Others are further organizations on the same server.
	Others []*World
	// Now is the server's clock; nil: the date of the first world, which
	// stands still until AdvanceDay.
	Now func() time.Time
	// Latency is slept before every answer.
	Latency time.Duration
	// TokenLifetime of installation tokens; 0: one hour, as on GitHub.
	TokenLifetime time.Duration
	// RateLimit is the REST limit per hour and installation; 0: what GitHub
	// grants an organization of that size, -1: none and no headers.
	RateLimit int
	// GraphQLLimit is the same in points for GraphQL.
	GraphQLLimit int
	// MissingPermissions are taken away from AllPermissions, e.g. "members".
	MissingPermissions []string
	// Selected installs the App on "selected" repositories: every second
	// one. Lists then silently hold only those.
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
	// NullsStay leaves the null of a refused field where it is, also where
	// the schema calls the field non-null (deployKeys). By default such a
	// null swallows the object around it, as the specification says.
	NullsStay bool
	// PrivateKeyPEM is the App's RSA key; nil: one is made at first need.
	PrivateKeyPEM []byte
	// Middleware wraps the serving; the log of requests stays outside.
	Middleware func(http.Handler) http.Handler
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
	Status              int    // as answered
}

// Server simulates GitHub over HTTP. It is an http.Handler, safe for
// concurrent use.
type Server struct {
	o      Options
	worlds []*World
	app    app
	inner  http.Handler
	routes []route

	installations []*installation
	tokens        *tokenStore
	limits        *limiter
	rendered      *pageCache
	graphql       *graphqlEngine

	mu       sync.Mutex
	log      []Logged
	sequence int64
}

// New serves the world, and Options.Others, as GitHub would.
func New(w *World, o Options) *Server {
	s := &Server{o: o, worlds: append([]*World{w}, o.Others...)}
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
	s.limits = newLimiter()
	s.rendered = newPageCache()
	s.graphql = newGraphQLEngine()
	s.routes = routes()
	s.inner = http.HandlerFunc(s.serve)
	if o.Middleware != nil {
		s.inner = o.Middleware(s.inner)
	}
	return s
}

// Start listens on a random port of 127.0.0.1 and returns the API's base URL
// (with /api/v3 for GHES) and what ends it. Connections still open are cut.
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
		_ = srv.Serve(l) // always ends with ErrServerClosed: stop is the only way out
	}()
	stop = func() {
		_ = srv.Close() // nothing to flush: answers in flight are meant to be cut
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

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() {
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

// ServeHTTP answers one request and logs it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &statusRecorder{ResponseWriter: w}
	defer func() { // also when a middleware aborts the connection by panicking
		s.mu.Lock()
		s.log = append(s.log, Logged{r.Method, r.URL.Path, r.URL.RawQuery, rec.status})
		s.mu.Unlock()
	}()
	if s.o.Latency > 0 {
		select {
		case <-time.After(s.o.Latency):
		case <-r.Context().Done():
			return
		}
	}
	s.inner.ServeHTTP(rec, r)
}

// statusRecorder remembers the status for the log.
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

// Unwrap lets http.ResponseController reach the connection (faults need it).
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// now is the server's clock.
func (s *Server) now() time.Time { return s.o.Now() }

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
