package github

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// An App on a machine whose clock is wrong still gets in: the first refusal
// tells the server's time, and the next web token is signed by it.
func TestSkewIsCorrected(t *testing.T) {
	for _, ahead := range []time.Duration{-3 * time.Hour, -12 * time.Minute, 0, 30 * time.Second, 12 * time.Minute, 3 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) })
			f.ahead = ahead
			var reported []time.Duration
			s := f.session(func(o *Options) { o.OnSkew = func(d time.Duration) { reported = append(reported, d) } })
			for range 3 {
				if _, _, err := s.Get(t.Context(), "x"); err != nil {
					t.Fatal(err)
				}
			}
			if f.minted != 1 {
				t.Errorf("%d tokens minted", f.minted)
			}
			if isFar := ahead.Abs() >= SkewToReport; isFar && (len(reported) != 1 || (reported[0]-ahead).Abs() > 2*time.Second) || !isFar && len(reported) > 0 {
				t.Errorf("a difference of %s was reported as %v", ahead, reported)
			}
		})
	}
}

// A clock that is right is not the cause, and nothing is signed twice.
func TestRefusedAppIsNotASkew(t *testing.T) {
	f := newFake(t, nil)
	client, err := New(Options{APIURL: f.url, App: &App{ClientID: "Iv1.other", PrivateKey: testPEM()}, Now: f.clock.Now, Sleep: f.clock.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Installation(t.Context(), "acme"); err == nil {
		t.Fatal("another App's web token was taken")
	}
	wantCount(t, "requests", f.requests("GET /orgs/acme/installation"), 1)
}

// The end of a limit is by the server's clock, waiting for it by ours.
func TestResetIsByTheServersClock(t *testing.T) {
	asked := 0
	f := newFake(t, nil)
	f.ahead = -20 * time.Minute
	f.handle = func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(f.serverNow().Add(10*time.Minute).Unix()))
			refuse(w, http.StatusForbidden, "API rate limit exceeded")
			return
		}
		fmt.Fprint(w, `{}`)
	}
	s := f.session(f.withToken)
	_, cost, err := s.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if d := f.clock.Now().Sub(start); (d - 10*time.Minute).Abs() > 3*time.Second {
		t.Errorf("waited %s for a limit of 10 minutes", d)
	}
	if cost.Requests != 2 || cost.Retries != 1 || cost.Waited != f.clock.Now().Sub(start) {
		t.Errorf("cost %+v", cost)
	}
}
