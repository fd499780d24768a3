package github

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// start is when the tests' clocks begin.
var start = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// testKey is one RSA key for all tests: making one takes a while.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func testPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())})
}

// clock moves only when something sleeps, and then at once.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) naps() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.slept...)
}

// waits collects the calls of OnWait.
type waits struct {
	mu  sync.Mutex
	all []Wait
}

func (w *waits) add(x Wait) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, x)
}

func (w *waits) list() []Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Wait(nil), w.all...)
}

// fake is a GitHub of one organization, acme, with installation 7.
type fake struct {
	t     *testing.T
	url   string
	clock *clock
	waits *waits
	ahead time.Duration // the server's clock is ahead of the tests'

	mu       sync.Mutex
	seen     []string // "METHOD /path?query", in order of arrival
	minted   int
	revoked  []string
	valid    map[string]bool
	mintWith func(w http.ResponseWriter, n int) bool // true: answered
	handle   http.HandlerFunc
}

// newFake serves handle to whoever brings a valid token, and the App's own
// endpoints to whoever brings a valid JWT.
func newFake(t *testing.T, handle http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{t: t, clock: newClock(), waits: &waits{}, valid: map[string]bool{}, handle: handle}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", f.serverNow().UTC().Format(http.TimeFormat))
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.RequestURI())
	f.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case strings.HasSuffix(r.URL.Path, "/installation") || strings.HasPrefix(r.URL.Path, "/app/"):
		if err := f.checkJWT(token); err != nil {
			refuse(w, http.StatusUnauthorized, err.Error())
			return
		}
		f.serveApp(w, r)
	case !f.isValid(token):
		refuse(w, http.StatusUnauthorized, "Bad credentials")
	case r.Method == "DELETE" && r.URL.Path == "/installation/token":
		f.mu.Lock()
		delete(f.valid, token)
		f.revoked = append(f.revoked, token)
		f.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		f.handle(w, r)
	}
}

func (f *fake) serveApp(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "GET" && r.URL.Path == "/orgs/acme/installation":
		fmt.Fprint(w, `{"id":7,"account":{"login":"acme"},"target_type":"Organization",
			"repository_selection":"all","permissions":{"metadata":"read"},"suspended_at":null}`)
	case r.Method == "POST" && r.URL.Path == "/app/installations/7/access_tokens":
		f.mu.Lock()
		f.minted++
		n, hook := f.minted, f.mintWith
		token := fakeToken(n)
		f.valid[token] = true
		f.mu.Unlock()
		if hook != nil && hook(w, n) {
			return
		}
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_at": f.clock.Now().Add(time.Hour)})
	default:
		f.handle(w, r)
	}
}

// fakeToken has the format of 2026: long, with dots.
func fakeToken(n int) string {
	return fmt.Sprintf("ghs"+"_%d_", 1000+n) + strings.Repeat("aB3-", 60) + "." + strings.Repeat("cD4_", 50) + "." + strings.Repeat("x", 60)
}

func (f *fake) checkJWT(token string) error {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil },
		jwt.WithTimeFunc(f.serverNow), jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("Iv1.test"), jwt.WithIssuedAt())
	if err != nil {
		return err
	}
	if life := claims.ExpiresAt.Sub(f.serverNow()); life >= 10*time.Minute {
		return errors.New("'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

func (f *fake) isValid(token string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.valid[token]
}

// invalidate makes all tokens expired.
func (f *fake) invalidate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.valid)
}

// requests lists what arrived whose line contains part.
func (f *fake) requests(part string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, line := range f.seen {
		if strings.Contains(line, part) {
			all = append(all, line)
		}
	}
	return all
}

func (f *fake) options() Options {
	return Options{
		APIURL: f.url,
		App:    &App{ClientID: "Iv1.test", PrivateKey: testPEM()},
		Now:    f.clock.Now,
		Sleep:  f.clock.Sleep,
		OnWait: f.waits.add,
	}
}

// session is an App's session with acme.
func (f *fake) session(change ...func(*Options)) *Session {
	f.t.Helper()
	s, err := f.client(change...).Installation(f.t.Context(), "acme")
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fake) client(change ...func(*Options)) *Client {
	f.t.Helper()
	o := f.options()
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(c.transport.CloseIdleConnections)
	return c
}

// withToken makes it token mode, with a token that the server takes.
func (f *fake) withToken(o *Options) {
	o.App, o.Token = nil, fakeToken(0)
	f.mu.Lock()
	f.valid[o.Token] = true
	f.mu.Unlock()
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"message": message, "documentation_url": "https://docs.github.com/rest"})
}

// each answers with the handlers in turn; the last one stays.
func each(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[min(n, len(handlers)-1)]
		n++
		mu.Unlock()
		h(w, r)
	}
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, code, http.StatusText(code))
	}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
}

func wantError[T error](t *testing.T, err error) T {
	t.Helper()
	var want T
	if !errors.As(err, &want) {
		t.Fatalf("got error %v (%T), want a %T", err, err, want)
	}
	return want
}

func wantText(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error\n\t%v\nwant\n\t%s", err, want)
	}
}

func wantCount[T any](t *testing.T, what string, got []T, want int) {
	t.Helper()
	if len(got) != want {
		t.Errorf("%s: got %d, want %d: %v", what, len(got), want, got)
	}
}

// serverNow is what the server's clock shows.
func (f *fake) serverNow() time.Time { return f.clock.Now().Add(f.ahead) }
