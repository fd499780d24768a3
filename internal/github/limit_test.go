package github

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// limited answers with a message and headers.
func limited(code int, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, code, message)
	}
}

func resetIn(d time.Duration) string { return fmt.Sprint(start.Add(d).Unix()) }

const secondaryText = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

func TestLimits(t *testing.T) {
	for _, code := range []int{403, 429} {
		for _, tt := range []struct {
			name   string
			bad    http.HandlerFunc
			wait   time.Duration
			reason string
		}{
			{"retry-after", limited(code, "no", "Retry-After", "17"), 17 * time.Second, "rate limit (retry-after)"},
			{"retry-after comes first", limited(code, secondaryText, "Retry-After", "17", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(time.Hour)),
				17 * time.Second, "rate limit (retry-after)"},
			{"retry-after as a date", limited(code, "no", "Retry-After", start.Add(90*time.Second).Format(http.TimeFormat)), 90 * time.Second, "rate limit (retry-after)"},
			{"primary", limited(code, "API rate limit exceeded for installation ID 7.", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(20*time.Minute)),
				20*time.Minute + time.Second, "primary rate limit"},
			{"primary, already over", limited(code, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(-time.Minute)),
				time.Second, "primary rate limit"},
			{"secondary", limited(code, secondaryText, "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", resetIn(time.Hour)), time.Minute, "secondary rate limit"},
			{"secondary without headers", limited(code, secondaryText), time.Minute, "secondary rate limit"},
			{"secondary on an old server", limited(code, "You have triggered an abuse detection mechanism."), time.Minute, "secondary rate limit"},
			{"retry-after nonsense", limited(code, secondaryText, "Retry-After", "soon"), time.Minute, "secondary rate limit"},
		} {
			t.Run(fmt.Sprintf("%d %s", code, tt.name), func(t *testing.T) {
				// Afterwards the next requests go out: go-github, which remembers
				// limits too, must not refuse on its own.
				f := newFake(t, each(tt.bad, body(`{"ok":1}`)))
				s := f.session(f.withToken)
				for range 3 {
					if got, _, err := s.Get(t.Context(), "orgs/acme"); string(got) != `{"ok":1}` || err != nil {
						t.Fatalf("got %s, %v", got, err)
					}
				}
				wantCount(t, "requests", f.requests(""), 4)
				w := f.waits.list()
				if len(w) != 1 || w[0].Duration != tt.wait || w[0].Reason != tt.reason || !w[0].IsLimit ||
					!w[0].Until.Equal(start.Add(tt.wait)) || w[0].Org != "acme" {
					t.Errorf("waits: %+v", w)
				}
			})
		}
	}
}

func TestBare429IsALimit(t *testing.T) {
	f := newFake(t, each(status(429), body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if w := f.waits.list(); len(w) != 1 || w[0].Duration != time.Minute {
		t.Errorf("waits: %+v", w)
	}
}

// The last request of the hour is answered, with remaining 0: its answer counts,
// and the next request waits.
func TestNothingRemains(t *testing.T) {
	last := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", resetIn(10*time.Minute))
		w.Header().Set("X-RateLimit-Resource", "core")
		fmt.Fprint(w, `[1]`)
	}
	f := newFake(t, each(last, body(wholeData), body(`[2]`)))
	s := f.session(f.withToken)
	if _, _, err := s.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	var q repositories
	if _, _, err := s.Query(t.Context(), &q, repositoryVars, &q); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "waits of GraphQL, which has a limit of its own", f.clock.naps(), 0)
	if _, _, err := s.Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if naps := f.clock.naps(); len(naps) != 1 || naps[0] != 10*time.Minute+time.Second {
		t.Errorf("waited %v", naps)
	}
	wantCount(t, "requests", f.requests(""), 3)
}

func TestAnotherResourceIsNotOurs(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", resetIn(10*time.Minute))
		w.Header().Set("X-RateLimit-Resource", "audit_log")
		fmt.Fprint(w, `[1]`)
	})
	s := f.session(f.withToken)
	for range 2 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	wantCount(t, "waits", f.clock.naps(), 0)
}

func TestUnknownLimitGrows(t *testing.T) {
	bad := limited(403, secondaryText)
	f := newFake(t, each(bad, bad, bad, body(`{}`), bad, body(`{}`)))
	s := f.session(f.withToken)
	for range 2 {
		if _, _, err := s.Get(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, time.Minute}
	if got := f.clock.naps(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("waited %v, want %v", got, want)
	}
}

// A clock ahead of the server's would have us back before the reset, again and
// again.
func TestLimitThatComesAgainIsWaitedForLonger(t *testing.T) {
	bad := limited(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(-time.Hour))
	f := newFake(t, each(bad, bad, bad, bad, body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.clock.naps()); got != "[1s 2s 4s 8s]" {
		t.Errorf("waited %v", got)
	}
}

func TestMaxWait(t *testing.T) {
	f := newFake(t, limited(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", resetIn(30*time.Minute)))
	s := f.session(f.withToken, func(o *Options) { o.MaxWait = 10 * time.Minute })
	_, _, err := s.Get(t.Context(), "orgs/acme/repos?page=2")
	wantText(t, err, "GET /orgs/acme/repos: primary rate limit: can continue at 2026-11-21T02:30:01Z, in 30m1s")
	e := wantError[*LimitError](t, err)
	if !e.Until.Equal(start.Add(30*time.Minute+time.Second)) || e.Wait != 30*time.Minute+time.Second {
		t.Errorf("got %+v", e)
	}
	if IsForbidden(err) || IsRefused(err) {
		t.Error("a limit was taken for something else")
	}
	if _, _, err := s.Get(t.Context(), "y"); err == nil {
		t.Error("no error for the second")
	}
	wantCount(t, "requests", f.requests(""), 1)
	wantCount(t, "waits", f.clock.naps(), 0)
}

func TestMaxWaitInGraphQLAndPages(t *testing.T) {
	f := newFake(t, limited(429, "no", "Retry-After", "4000"))
	s := f.session(f.withToken)
	var q repositories
	_, _, err := s.Query(t.Context(), &q, repositoryVars, &q)
	wantError[*LimitError](t, err)
	for page, err := range s.Pages(t.Context(), "orgs/acme/repos") {
		wantError[*LimitError](t, err)
		if page.Cost.Requests != 0 {
			t.Errorf("%d requests while limited", page.Cost.Requests)
		}
	}
	wantCount(t, "requests", f.requests(""), 1)
}

func TestEndlessLimit(t *testing.T) {
	f := newFake(t, limited(429, "no", "Retry-After", "40"))
	_, _, err := f.session(f.withToken).Get(t.Context(), "x")
	e := wantError[*LimitError](t, err)
	if e.Reason != "rate limit (retry-after), 10 times in a row" {
		t.Errorf("got %v", err)
	}
	wantCount(t, "requests", f.requests(""), 10)
}

func TestLimitOf503IsHonoured(t *testing.T) {
	f := newFake(t, each(status(503, "Retry-After", "30"), body(`{}`)))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.clock.naps()); got != "[30s]" {
		t.Errorf("waited %v", got)
	}
	f = newFake(t, status(503, "Retry-After", "30000"))
	_, _, err := f.session(f.withToken).Get(t.Context(), "x")
	wantError[*LimitError](t, err)
}

func TestLimitOfTheMinting(t *testing.T) {
	f := newFake(t, body(`{}`))
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		if n == 1 {
			limited(403, secondaryText)(w, nil)
			return true
		}
		return false
	}
	if _, _, err := f.session().Get(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	w := f.waits.list()
	if len(w) != 1 || w[0].Path != "/app/installations/7/access_tokens" || w[0].Org != "" {
		t.Errorf("waits: %+v", w)
	}
}
