package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// hijacked answers with raw bytes and cuts the connection.
func hijacked(raw string, linger time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, raw)
		time.Sleep(linger)
		if tcp, ok := conn.(*net.TCPConn); ok && raw == "" {
			tcp.SetLinger(0) // a reset, not an end
		}
		conn.Close()
	}
}

func TestRetry(t *testing.T) {
	const ok = `{"ok":true}`
	html := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<html>We are having problems</html>")
	}
	stalled := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"half":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	silent := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, tt := range []struct {
		name   string
		bad    http.HandlerFunc
		reason string // of the retry; a part
		final  string // the error when it stays like that; a part
	}{
		{"500", status(500), "500 Internal Server Error", "GET /x: 500 Internal Server Error"},
		{"502", status(502), "502 Bad Gateway", "GET /x: 502 Bad Gateway"},
		{"503", status(503), "503 Service Unavailable", "GET /x: 503 Service Unavailable"},
		{"504", status(504), "504 Gateway Timeout", "GET /x: 504 Gateway Timeout"},
		{"reset", hijacked("", 0), "", "GET /x: "},
		{"truncated", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", 0), "ended early, after 5 bytes", "GET /x: the answer ended early, after 5 bytes: unexpected EOF"},
		{"truncated chunks", hijacked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n", 0), "ended early, after 5 bytes", "GET /x: the answer ended early, after 5 bytes: unexpected EOF"},
		{"truncated without length", hijacked("HTTP/1.0 200 OK\r\n\r\n[1,2,", 0), "not JSON", "GET /x: 200 the answer is not JSON"},
		{"garbled status", hijacked("HTTP/1.1 abc\r\n\r\n", 0), "malformed", "GET /x: net/http: HTTP/1.x transport connection broken: malformed HTTP status code"},
		{"HTML with 200", html, "the answer is not JSON but text/html", "GET /x: 200 the answer is not JSON but text/html"},
		{"nothing with 200", body(""), "not JSON", "GET /x: 200 the answer is not JSON"},
		{"stalled body", stalled, "no complete answer within 400ms", "GET /x: no complete answer within 400ms"},
		{"no answer", silent, "no complete answer within 400ms", "GET /x: no complete answer within 400ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			quick := func(o *Options) {
				if strings.Contains(tt.reason, "within") { // else a busy machine is too slow
					o.TryTimeout = 400 * time.Millisecond
				}
			}
			f := newFake(t, each(tt.bad, tt.bad, body(ok)))
			got, _, err := f.session(f.withToken, quick).Get(t.Context(), "x")
			if string(got) != ok || err != nil {
				t.Fatalf("got %s, %v", got, err)
			}
			w := f.waits.list()
			if len(w) != 2 || !strings.Contains(w[0].Reason, tt.reason) || w[0].IsLimit || w[1].Try != 2 ||
				w[0].Method != "GET" || w[0].Path != "/x" || w[0].Org != "acme" {
				t.Errorf("waits: %+v", w)
			}

			f = newFake(t, tt.bad)
			_, _, err = f.session(f.withToken, quick).Get(t.Context(), "x?secret=1")
			if err == nil || !strings.HasPrefix(err.Error(), tt.final) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got error %v, want %s…", err, tt.final)
			}
			wantCount(t, "tries", f.requests("GET /x"), 5)
			wantBackoff(t, f.clock.naps())
		})
	}
}

// wantBackoff wants 1, 2, 4, 8 seconds, each between its half and its whole.
func wantBackoff(t *testing.T, naps []time.Duration) {
	t.Helper()
	wantCount(t, "waits", naps, 4)
	for i, d := range naps {
		if full := time.Second << i; d < full/2 || d > full {
			t.Errorf("wait %d is %s, want %s to %s", i+1, d, full/2, full)
		}
	}
}

func TestIsRefused(t *testing.T) {
	silent := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, tt := range []struct {
		handle  http.HandlerFunc
		want    bool
		timeout time.Duration
	}{
		{status(502), false, 0}, {status(504), false, 0}, {silent, false, 50 * time.Millisecond},
		{status(500), false, 0}, {status(404), true, 0}, {status(451), true, 0}, {hijacked("", 0), false, 0},
	} {
		f := newFake(t, tt.handle)
		_, _, err := f.session(f.withToken, func(o *Options) { o.TryTimeout = tt.timeout }).Get(t.Context(), "x")
		if err == nil || IsRefused(err) != tt.want {
			t.Errorf("%v: IsRefused %v", err, IsRefused(err))
		}
	}
}

func TestJitterDiffers(t *testing.T) {
	f := newFake(t, status(503))
	s := f.session(f.withToken)
	for range 4 {
		s.Get(t.Context(), "x")
	}
	first := map[time.Duration]bool{}
	for i, d := range f.clock.naps() {
		if i%4 == 0 {
			first[d] = true
		}
	}
	if len(first) < 2 {
		t.Errorf("four first waits were all the same: %v", first)
	}
}

func TestRequestsCountAllTries(t *testing.T) {
	f := newFake(t, each(status(502), status(503), body(`[1]`)))
	s := f.session(f.withToken)
	for p, err := range s.Pages(t.Context(), "orgs/acme/repos") {
		if err != nil || p.Cost.Requests != 3 {
			t.Errorf("got %d requests, %v", p.Cost.Requests, err)
		}
	}
	if s.Requests() != 3 {
		t.Errorf("the session counts %d", s.Requests())
	}
}

func TestNotRetried(t *testing.T) {
	for code, want := range map[int]string{
		400: "GET /x: 400 Bad Request", 404: "GET /x: 404 Not Found", 403: "GET /x: 403 Forbidden",
		410: "GET /x: 410 Gone", 422: "GET /x: 422 Unprocessable Entity", 401: "GET /x: 401 Unauthorized",
	} {
		f := newFake(t, status(code))
		_, _, err := f.session(f.withToken).Get(t.Context(), "x")
		wantText(t, err, want)
		wantCount(t, "tries", f.requests(""), 1)
		if IsNotFound(err) != (code == 404) || IsForbidden(err) != (code == 403) {
			t.Errorf("%v: IsNotFound %v, IsForbidden %v", err, IsNotFound(err), IsForbidden(err))
		}
	}
}

func TestRefusalTellsWhatIsMissing(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accepted-GitHub-Permissions", "organization_personal_access_tokens=read")
		refuse(w, 403, "Resource not accessible by integration")
	})
	_, _, err := f.session(f.withToken).Get(t.Context(), "orgs/acme/personal-access-tokens?owner[]=octocat")
	wantText(t, err, "GET /orgs/acme/personal-access-tokens: 403 Resource not accessible by integration")
	e := wantError[*Error](t, err)
	if e.AcceptedPermissions != "organization_personal_access_tokens=read" || e.DocumentationURL != "https://docs.github.com/rest" {
		t.Errorf("got %+v", e)
	}
	if !IsForbidden(err) || len(f.waits.list()) != 0 {
		t.Error("a lack of permission was taken for a limit")
	}
}

func TestValidationErrors(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(422)
		fmt.Fprint(w, `{"message":"Validation Failed","errors":["owner is too long",{"field":"page","code":"invalid"},{"message":"no"},7]}`)
	})
	_, _, err := f.session(f.withToken).Get(t.Context(), "x")
	wantText(t, err, "GET /x: 422 Validation Failed; owner is too long; page invalid; no")
}

func TestContextEndsAWait(t *testing.T) {
	f := newFake(t, status(503))
	ctx, cancel := context.WithCancel(t.Context())
	s := f.session(f.withToken, func(o *Options) { o.Sleep = sleep; o.OnWait = func(Wait) { cancel() } })
	_, _, err := s.Get(ctx, "x")
	wantText(t, err, "GET /x: context canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not context.Canceled", err)
	}
	wantCount(t, "tries", f.requests(""), 1)
}

func TestContextEndsATry(t *testing.T) {
	arrived := make(chan struct{})
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, _, err := f.session(f.withToken).Get(ctx, "x")
	if !errors.Is(err, context.Canceled) || IsRefused(err) {
		t.Errorf("got %v", err)
	}
	wantCount(t, "tries", f.requests(""), 1)
}

func TestSlowButWholeAnswerHasItsTime(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		for _, part := range []string{`{"a"`, `:1`, `}`} {
			fmt.Fprint(w, part)
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	got, _, err := f.session(f.withToken).Get(t.Context(), "x")
	if string(got) != `{"a":1}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t, nil)
	c := f.client(func(o *Options) { o.APIURL = "http://" + listener.Addr().String() })
	listener.Close()
	_, err = c.Installation(t.Context(), "acme")
	wantText(t, err, fmt.Sprintf("GET /orgs/acme/installation: dial tcp %s: connect: connection refused", listener.Addr()))
	wantError[*NetworkError](t, err)
	wantCount(t, "waits", f.clock.naps(), 2)
}

func TestCertificatesAreVerified(t *testing.T) {
	server := httptest.NewUnstartedServer(body(`{}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about us
	server.StartTLS()
	defer server.Close()
	f := newFake(t, nil)
	_, _, err := f.session(f.withToken, func(o *Options) { o.APIURL = server.URL }).Get(t.Context(), "x")
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
	wantCount(t, "waits: this will not get better", f.clock.naps(), 0)
}

// TestProxy runs itself in another process: Go reads the proxy's address from
// the environment once.
func TestProxy(t *testing.T) {
	if os.Getenv("AUDITOR_TEST_PROXY") != "" {
		c, err := New(Options{APIURL: "https://api.github.invalid", Token: "x", Sleep: newClock().Sleep})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := c.Installation(t.Context(), "acme")
		_, _, err = s.Get(t.Context(), "x")
		fmt.Println("child:", err)
		return
	}
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	address := strings.Replace(proxy.URL, "http://", "http://user:hunter2@", 1)
	child := exec.Command(os.Args[0], "-test.run=^TestProxy$", "-test.v")
	child.Env = append(os.Environ(), "AUDITOR_TEST_PROXY=1", "HTTPS_PROXY="+address, "https_proxy=", "NO_PROXY=", "no_proxy=")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) == 0 || asked[0] != "CONNECT api.github.invalid:443" {
		t.Errorf("the proxy was asked %v; the child says %s", asked, out)
	}
	if strings.Contains(string(out), "hunter2") {
		t.Errorf("the proxy's password is shown: %s", out)
	}
}
