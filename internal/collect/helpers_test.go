package collect

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/conformance"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/store"
)

// testNow is when every test's run starts and when its world was made.
func testNow() time.Time { return time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC) }

// site is a simulated GitHub and what a run against it needs.
type site struct {
	t      *testing.T
	world  *world.World
	server *fakegithub.Server
	url    string
	dir    string
	// tryTimeout of the client; 0: its own.
	tryTimeout time.Duration
	clock      *clock
}

// clock moves only when the client sleeps, and then at once.
type clock struct{ slept atomic.Int64 }

func (c *clock) now() time.Time { return testNow().Add(time.Duration(c.slept.Load())) }

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.slept.Add(int64(d))
	return ctx.Err()
}

type middleware func(http.Handler) http.Handler

// newSite serves the small organization acme. Every request and answer is held
// to GitHub's descriptions, on the inside of the middleware that spoils them.
func newSite(t *testing.T, o fakegithub.Options, spoil ...middleware) *site {
	t.Helper()
	w := world.Generate(1, "small", "acme", testNow())
	w.Update(func() { // fewer lists to ask for: the race detector makes SQLite slow
		w.Grants = w.Grants[:24]
		w.Requests = w.Requests[:5]
	})
	return newSiteOf(t, w, o, append([]middleware{conform(t, o)}, spoil...)...)
}

// conform holds requests and answers to GitHub's descriptions, except where
// nulls stay, which GitHub's schema does not allow, and GitHub may do.
func conform(t *testing.T, o fakegithub.Options) middleware {
	return func(next http.Handler) http.Handler {
		if o.NullsStay {
			return next
		}
		return conformance.Wrap(t, next)
	}
}

// newSiteOf serves a world, behind the middleware.
func newSiteOf(t *testing.T, w *world.World, o fakegithub.Options, spoil ...middleware) *site {
	t.Helper()
	s := &site{t: t, world: w, dir: t.TempDir(), clock: &clock{}}
	o.Now = s.clock.now
	o.PrivateKeyPEM = testKey()
	s.server = fakegithub.New(w, o)
	var handler http.Handler = s.server
	for _, m := range spoil {
		handler = m(handler)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(listener.Close)
	s.url = listener.URL
	if o.GHES {
		s.url += "/api/v3"
	}
	return s
}

// client talks to the site as the App, without pacing and without sleeping.
func (s *site) client() *github.Client {
	s.t.Helper()
	client, err := github.New(github.Options{
		APIURL:     s.url,
		App:        &github.App{ClientID: s.server.ClientID(), PrivateKey: s.server.PrivateKeyPEM()},
		Now:        s.clock.now,
		Sleep:      s.clock.sleep,
		TryTimeout: s.tryTimeout,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := client.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
	return client
}

func (s *site) plan() Plan {
	return Plan{
		Dir: s.dir, Orgs: []string{"acme"}, Optional: Options(), Concurrency: 4, Now: testNow,
		Run: store.Run{StartedAt: testNow(), AuditorVersion: "test", APIURL: s.url, WebURL: "https://github.com"},
	}
}

// run collects with the plan as change leaves it.
func (s *site) run(change ...func(*Plan)) (*Result, error) {
	s.t.Helper()
	plan := s.plan()
	for _, c := range change {
		c(&plan)
	}
	return Run(s.t.Context(), s.client(), plan)
}

// mustRun is run for tests that have a snapshot to look at.
func (s *site) mustRun(change ...func(*Plan)) (*Result, *store.Snapshot) {
	s.t.Helper()
	result, err := s.run(change...)
	if err != nil {
		s.t.Fatal(err)
	}
	snapshot, err := store.Open(s.t.Context(), result.Path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { snapshot.Close() })
	return result, snapshot
}

// answers runs a query and prints its rows, "a|b" a line, NULL as "NULL".
func answers(t *testing.T, snapshot *store.Snapshot, sql string) string {
	t.Helper()
	rows, err := snapshot.Select(t.Context(), sql, nil)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var lines []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = fmt.Sprint(cell); cell == nil {
				cells[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return strings.Join(lines, "\n")
}

func wantAnswer(t *testing.T, snapshot *store.Snapshot, sql, want string) {
	t.Helper()
	if got := answers(t, snapshot, sql); got != want {
		t.Errorf("%s:\n%.2000s", sql, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
}

func coverageOf(t *testing.T, result *Result, resource string) store.Coverage {
	t.Helper()
	for _, row := range result.Coverage {
		if row.Resource == resource {
			return row
		}
	}
	t.Fatalf("no coverage of %s", resource)
	return store.Coverage{}
}

// rewrite changes the body of answers to requests whose path ends so.
func rewrite(suffix, from, to string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				next.ServeHTTP(w, r)
				return
			}
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			for key, values := range recorder.Header() {
				if key != "Content-Length" {
					w.Header()[key] = values
				}
			}
			w.WriteHeader(recorder.Code)
			fmt.Fprint(w, strings.Replace(recorder.Body.String(), from, to, 1))
		})
	}
}

// after calls f once n requests have passed.
func after(n int64, f func()) middleware {
	var passed atomic.Int64
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if passed.Add(1) == n {
				f()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// idsOf is how many ids a GraphQL request has, which stays readable.
func idsOf(t *testing.T, r *http.Request) int {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var request struct {
		Variables struct{ IDs []string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		t.Error(err)
	}
	return len(request.Variables.IDs)
}

// testKey is the App's key in all tests: making one takes long.
var testKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})
