package github

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// together runs f n times at once and gives the errors.
func together(n int, f func() error) []error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errs
}

func TestInstallationNotFound(t *testing.T) {
	f := newFake(t, status(404))
	_, err := f.client().Installation(t.Context(), "no body")
	wantText(t, err, `GET /orgs/no%20body/installation: 404 the App is not installed in organization "no body", or there is no such organization`)
	if !IsNotFound(err) || IsForbidden(err) {
		t.Errorf("IsNotFound %v, IsForbidden %v", IsNotFound(err), IsForbidden(err))
	}
	if _, err := f.client().Installation(t.Context(), ""); err == nil {
		t.Error("an organization without a name was found")
	}
}

func TestWrongKey(t *testing.T) {
	f := newFake(t, nil)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := f.client(func(o *Options) {
		o.App.PrivateKey = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(other)})
	})
	_, err = c.Installation(t.Context(), "acme")
	wantText(t, err, "GET /orgs/acme/installation: 401 token signature is invalid: crypto/rsa: verification error")
	wantCount(t, "requests", f.requests(""), 1)
}

func TestInstallation(t *testing.T) {
	f := newFake(t, body(`{}`))
	s := f.session()
	i := s.Installation()
	if i.ID != 7 || i.Login != "acme" || i.TargetType != "Organization" || i.RepositorySelection != "all" ||
		i.Permissions["metadata"] != "read" || i.SuspendedAt != nil {
		t.Errorf("got %+v", i)
	}
	wantCount(t, "mintings before the first read", f.requests("access_tokens"), 0)
	if s.Requests() != 1 {
		t.Errorf("got %d requests, want 1", s.Requests())
	}
}

func TestInstallations(t *testing.T) {
	f := newFake(t, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", `<`+f.url+`/app/installations?per_page=100&page=2>; rel="next"`)
			body(`[{"id":1,"account":{"login":"acme"},"target_type":"Organization","permissions":{"members":"read"}}]`)(w, r)
			return
		}
		w.Header().Set("Link", `<`+f.url+`/app/installations?per_page=100&page=1>; rel="prev"`)
		body(`[{"id":2,"account":{"login":"octocat"},"target_type":"User","suspended_at":"2026-01-02T03:04:05.000-07:00"}]`)(w, r)
	}
	all, err := f.client().Installations(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v", all, err)
	}
	if all[0].Permissions["members"] != "read" || all[1].Permissions != nil {
		t.Errorf("permissions: got %v", all)
	}
	if at := all[1].SuspendedAt; at == nil || at.Format(time.RFC3339) != "2026-01-02T10:04:05Z" || all[1].TargetType != "User" {
		t.Errorf("got %+v", all[1])
	}
	if got := f.requests("/app/installations"); got[0] != "GET /app/installations?per_page=100" {
		t.Errorf("asked %v", got)
	}
}

func TestTokenIsMintedOnce(t *testing.T) {
	f := newFake(t, body(`{}`))
	s := f.session()
	for _, err := range together(32, func() error { _, _, err := s.Get(t.Context(), "orgs/acme"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
	if got := s.Requests(); got != 34 {
		t.Errorf("got %d requests, want 34: one to find it, one to mint, 32 reads", got)
	}
}

func TestSessionsOfOneInstallationShareTheToken(t *testing.T) {
	f := newFake(t, body(`{}`))
	c := f.client()
	for range 3 {
		s, err := c.Installation(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
			t.Fatal(err)
		}
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
}

func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	f := newFake(t, body(`{}`))
	s := f.session()
	get := func() {
		t.Helper()
		if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
			t.Fatal(err)
		}
	}
	get()
	f.clock.Sleep(t.Context(), 55*time.Minute-time.Second)
	get()
	wantCount(t, "mintings with more than five minutes left", f.requests("access_tokens"), 1)
	f.clock.Sleep(t.Context(), time.Second)
	for _, err := range together(16, func() error { _, _, err := s.Get(t.Context(), "orgs/acme"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	wantCount(t, "mintings with five minutes left", f.requests("access_tokens"), 2)
}

func TestTokenIsRenewedOnceOn401(t *testing.T) {
	f := newFake(t, body(`{}`))
	s := f.session()
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	f.invalidate()
	for _, err := range together(8, func() error { _, _, err := s.Get(t.Context(), "orgs/acme"); return err }) {
		if err != nil {
			t.Error(err)
		}
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 2)
	f.invalidate() // and again later
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Error(err)
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 3)
}

func TestTokenIsNotRenewedInALoop(t *testing.T) {
	f := newFake(t, status(401))
	s := f.session()
	_, _, err := s.Get(t.Context(), "orgs/acme")
	wantText(t, err, "GET /orgs/acme: 401 Unauthorized")
	wantCount(t, "reads", f.requests("GET /orgs/acme"), 4) // with the discovery, and one more try
	wantCount(t, "mintings", f.requests("access_tokens"), 2)
	for range 3 {
		if _, _, err := s.Get(t.Context(), "orgs/acme"); err == nil {
			t.Error("no error")
		}
	}
	wantCount(t, "mintings after more refusals", f.requests("access_tokens"), 2)
}

func TestShortLivedTokenIsNotMintedForEveryRequest(t *testing.T) {
	f := newFake(t, body(`{}`))
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		w.WriteHeader(201)
		w.Write([]byte(`{"token":"` + fakeToken(n) + `","expires_at":"2020-01-01T00:00:00Z"}`)) // our clock is far ahead
		return true
	}
	s := f.session()
	for range 5 {
		if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
			t.Fatal(err)
		}
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
}

func TestMintingFails(t *testing.T) {
	f := newFake(t, body(`{}`))
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		refuse(w, 404, "Not Found")
		return true
	}
	s := f.session()
	_, _, err := s.Get(t.Context(), "orgs/acme/personal-access-tokens/1/repositories")
	wantText(t, err, "mint an installation token of acme: POST /app/installations/7/access_tokens: 404 Not Found")
	wantError[*AuthError](t, err)
	if cause := wantError[*Error](t, err); cause.StatusCode != 404 {
		t.Errorf("the cause is %v", cause)
	}
	if IsNotFound(err) || IsForbidden(err) {
		t.Error("a token that cannot be minted looks like a thing that is not there")
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
}

func TestFailedMintingIsSharedByThoseWhoWait(t *testing.T) {
	f := newFake(t, body(`{}`))
	arrived := make(chan struct{}, 8)
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		for range 8 {
			<-arrived
		}
		time.Sleep(20 * time.Millisecond) // until they all wait
		refuse(w, 403, "This installation has been suspended")
		return true
	}
	s := f.session()
	for _, err := range together(8, func() error {
		arrived <- struct{}{}
		_, _, err := s.Get(t.Context(), "orgs/acme")
		return err
	}) {
		wantText(t, err, "mint an installation token of acme: POST /app/installations/7/access_tokens: 403 This installation has been suspended")
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
}

func TestCancelledMinterDoesNotHarmTheOthers(t *testing.T) {
	f := newFake(t, body(`{}`))
	minting, goOn := make(chan struct{}), make(chan struct{})
	f.mintWith = func(w http.ResponseWriter, n int) bool {
		if n == 1 {
			close(minting)
			<-goOn
		}
		return false
	}
	s := f.session()
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, _, err := s.Get(ctx, "orgs/acme"); first <- err }()
	<-minting
	second := make(chan error)
	go func() { _, _, err := s.Get(t.Context(), "orgs/acme"); second <- err }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
	close(goOn)
	if err := <-second; err != nil {
		t.Errorf("the one who waited: %v", err)
	}
}

func TestMintAnswerWithoutToken(t *testing.T) {
	f := newFake(t, body(`{}`))
	f.mintWith = func(w http.ResponseWriter, n int) bool { body(`{"expires_at":3}`)(w, nil); return true }
	_, _, err := f.session().Get(t.Context(), "orgs/acme")
	wantText(t, err, "mint an installation token of acme: POST /app/installations/7/access_tokens: the answer holds no token")
}

func TestCloseRevokes(t *testing.T) {
	f := newFake(t, body(`{}`))
	c := f.client()
	s, err := c.Installation(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	f.clock.Sleep(t.Context(), 56*time.Minute)
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.revoked, " "); got != fakeToken(1)+" "+fakeToken(2) {
		t.Errorf("revoked %q", got)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wantCount(t, "revocations", f.requests("DELETE"), 2)
	for _, s := range []*Session{s, c.Open(Installation{ID: 7, Login: "acme"})} {
		_, _, err := s.Get(t.Context(), "orgs/acme")
		wantText(t, err, "mint an installation token of acme: the client is closed")
	}
	wantCount(t, "mintings", f.requests("access_tokens"), 2)
}

func TestCloseForgivesAnExpiredToken(t *testing.T) {
	f := newFake(t, body(`{}`))
	c := f.client()
	s := c.Open(Installation{ID: 7, Login: "acme"})
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	f.invalidate()
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wantCount(t, "revocations", f.requests("DELETE"), 1)
	wantCount(t, "mintings", f.requests("access_tokens"), 1)
}

func TestCloseTellsWhatWentWrong(t *testing.T) {
	f := newFake(t, each(body(`{}`), status(429, "Retry-After", "3600")))
	c := f.client()
	s := c.Open(Installation{ID: 7, Login: "acme"})
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	s.chain.gate.hit(coreLimit, &limit{reason: "rate limit", isAll: true, after: time.Hour}, 0)
	wantText(t, c.Close(t.Context()), "revoke the installation token of acme: rate limited for 1h0m0s")
	wantCount(t, "revocations while limited", f.requests("DELETE"), 0)
}

func TestTokenMode(t *testing.T) {
	f := newFake(t, body(`{"login":"acme"}`))
	c := f.client(f.withToken)
	s, err := c.Installation(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if i := s.Installation(); i.Login != "acme" || i.Permissions != nil {
		t.Errorf("got %+v", i)
	}
	if _, _, err := s.Get(t.Context(), "orgs/acme"); err != nil {
		t.Fatal(err)
	}
	f.invalidate()
	_, _, err = s.Get(t.Context(), "orgs/acme")
	wantText(t, err, "GET /orgs/acme: 401 Bad credentials")
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.Installations(t.Context()); err == nil {
		t.Error("a token listed the installations")
	}
	if got := f.requests(""); strings.Join(got, ",") != "GET /orgs/acme,GET /orgs/acme" {
		t.Errorf("asked %v", got)
	}
}
