package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// recorder is a test that remembers what is reported to it.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	reported []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reported = append(r.reported, fmt.Sprintf(format, args...))
}

// wantReports fails unless as many things were reported as there are wants,
// each speaking of its want.
func (r *recorder) wantReports(t *testing.T, wants ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.reported) != len(wants) {
		t.Fatalf("%d reports, want %d:\n%s", len(r.reported), len(wants), strings.Join(r.reported, "\n"))
	}
	for i, want := range wants {
		if !strings.Contains(r.reported[i], want) {
			t.Errorf("report %d is %q, want it to speak of %q", i, r.reported[i], want)
		}
	}
}

// serve answers every request with answer, as JSON, and echoes the body of the
// request in a header.
func serve(status int, answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Body", string(text))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}
}

// ask sends a request through a real server around Wrap.
func ask(t *testing.T, tb testing.TB, h http.Handler, method, path, body string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(Wrap(tb, h))
	t.Cleanup(server.Close)
	r := request(method, server.URL+path, body)
	r.RequestURI = ""
	answer, err := server.Client().Do(r)
	if err != nil {
		return nil, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer, err.Error()
	}
	return answer, string(text)
}

func TestWrapReports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		answer                   string
		want                     []string
	}{
		{"good", "GET", "/orgs/acme/repos?per_page=100", "", 200, `[]`, nil},
		{"good with a body", "POST", "/app/installations/1/access_tokens", `{"repository_ids":[1]}`, 201, `{"token":"x","expires_at":"2026-01-01T00:00:00Z"}`, nil},
		{"good query", "POST", "/graphql", `{"query":"{rateLimit{cost}}"}`, 200, `{"data":{"rateLimit":{"cost":1}}}`, nil},
		{"bad request", "GET", "/orgs/acme/personal-access-tokens?owner=a", "", 200, `[]`, []string{"owner[]=a"}},
		{"bad response", "GET", "/orgs/acme/repos", "", 200, `[{"id":"1"}]`, []string{"/0/id"}},
		{"both", "GET", "/orgs/acme/members?page=x", "", 200, `{}`, []string{"page", "array"}},
		{"bad query", "POST", "/graphql", `{"query":"{rateLimit{price}}"}`, 200, `{"data":{"rateLimit":{"cost":1}}}`, []string{"price", "without errors"}},
		{"bad data", "POST", "/graphql", `{"query":"{rateLimit{cost}}"}`, 200, `{"data":{"rateLimit":{"cost":"1"}}}`, []string{"data.rateLimit.cost"}},
		{"unknown path, refused", "GET", "/orgs/acme/secrets", "", 404, `{"message":"Not Found"}`, []string{"no such path"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := &recorder{TB: t}
			response, text := ask(t, tb, serve(c.status, c.answer), c.method, c.path, c.body)
			if response == nil || response.StatusCode != c.status || text != c.answer {
				t.Errorf("the answer went through as %v %q", response, text)
			}
			if response != nil && response.Header.Get("X-Body") != c.body {
				t.Errorf("the handler read %q, want %q", response.Header.Get("X-Body"), c.body)
			}
			tb.wantReports(t, c.want...)
		})
	}
}

func TestWrapTakesHandlersAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    []string
	}{
		{"silent handler", func(http.ResponseWriter, *http.Request) {}, []string{"Content-Type"}},
		{"header set after the answer began", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "[]")
		}, []string{"Content-Type"}},
		{"early hints and flushes", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Content-Type", "application/json")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "[]")
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
		}, nil},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil},
		{"taken over", func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			connection.Close()
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tb := &recorder{TB: t}
			ask(t, tb, c.handler, "GET", "/orgs/acme/repos", "")
			tb.wantReports(t, c.want...)
		})
	}
}

func TestWrapIsSilentAfterTheTest(t *testing.T) {
	t.Parallel()
	tb := &recorder{TB: t}
	h := Wrap(tb, serve(200, `{}`))
	for _, f := range tb.cleanups {
		f()
	}
	h.ServeHTTP(httptest.NewRecorder(), request("GET", "/orgs/acme/repos", ""))
	tb.wantReports(t)
}

func TestWrapServesManyAtOnce(t *testing.T) {
	t.Parallel()
	tb := &recorder{TB: t}
	h := Wrap(tb, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := string(marshal(t, []any{repository()}))
		if isGraphQL(r.URL) {
			answer = `{"data":{"rateLimit":{"cost":"` + r.Header.Get("X-Fault") + `"}}}`
		}
		serve(200, answer)(w, r)
	}))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), request("GET", "/orgs/acme/repos", "")) })
		wg.Go(func() {
			h.ServeHTTP(httptest.NewRecorder(), request("POST", "/graphql", `{"query":"{rateLimit{cost}}"}`))
		})
	}
	wg.Wait()
	if len(tb.reported) != 20 {
		t.Errorf("%d reports, want one for each bad answer", len(tb.reported))
	}
}
