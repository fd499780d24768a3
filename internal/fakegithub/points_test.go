package fakegithub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"auditor/internal/fakegithub/world"
)

// clock is a server's clock that a test sets.
type clock struct{ since atomic.Int64 }

func (c *clock) Now() time.Time          { return today.Add(time.Duration(c.since.Load())) }
func (c *clock) set(since time.Duration) { c.since.Store(int64(since)) }
func (c *client) statuses(n int, path string) (out []int) {
	for range n {
		out = append(out, c.get(path).status)
	}
	return out
}

func TestPointsPerMinute(t *testing.T) {
	var k clock
	c := serve(t, small(), Options{Now: k.Now, PointsPerMinute: 5})
	step := func(at time.Duration, want ...int) {
		t.Helper()
		k.set(at)
		if got := c.statuses(len(want), "/orgs/acme"); !slices.Equal(got, want) {
			t.Errorf("after %v: %v, want %v", at, got, want)
		}
	}
	step(0, 200, 200)
	step(40*time.Second, 200, 200, 200)
	step(61*time.Second, 200, 200, 403) // the first two are over, the other three count for 39 s more
	r := c.get("/orgs/acme")
	c.wants(r, 429, "You have exceeded a secondary rate limit")
	if r.header.Get("Retry-After") != "60" || !strings.Contains(string(r.body), "secondary-rate-limits") || r.header.Get("Date") != "Sat, 21 Nov 2026 02:01:01 GMT" {
		t.Errorf("headers %v", r.header)
	}
	c.wants(c.graphql(`{ organization(login: "acme") { login } }`, nil), 403, "secondary rate limit") // applies to everything
	step(120*time.Second, 429)
	if got := c.get("/orgs/acme").header.Get("Retry-After"); got != "1" {
		t.Errorf("a second before the end retry-after is %s", got)
	}
	step(121*time.Second, 200, 200, 200, 200, 200, 429)
}

func TestPointsByMethodAndResource(t *testing.T) {
	var k clock
	c := serve(t, small(), Options{Now: k.Now, PointsPerMinute: 7, GraphQLPointsPerMinute: 2, Window: 1500 * time.Millisecond})
	query := func() int { return c.graphql(`{ organization(login: "acme") { login } }`, nil).status }
	if got := []int{query(), query(), query()}; !slices.Equal(got, []int{200, 200, 403}) {
		t.Errorf("queries: %v", got)
	}
	k.set(2 * time.Second) // a second and a half, in whole seconds
	if got := c.statuses(3, "/orgs/acme"); !slices.Equal(got, []int{200, 200, 200}) {
		t.Errorf("REST: %v", got)
	}
	// Five points more for a POST; the App's own requests are another budget.
	if got := c.do("POST", "/orgs/acme/personal-access-tokens", c.token, "{}"); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("a POST: %d, retry-after %s", got.status, got.header.Get("Retry-After"))
	}
	c.wants(c.do("GET", "/app", c.jwt(nil), ""), 200, "client_id")
}

func TestSilentLimits(t *testing.T) {
	c := serve(t, small(), Options{PointsPerMinute: 1, SilentLimits: true})
	c.get("/orgs/acme")
	r := c.get("/orgs/acme")
	c.wants(r, 403, "You have exceeded a secondary rate limit")
	if r.header.Get("Retry-After") != "" || r.header.Get("X-RateLimit-Remaining") != "" || strings.Contains(string(r.body), "secondary-rate-limits") {
		t.Errorf("%v %s", r.header, r.body)
	}
}

func TestConcurrent(t *testing.T) {
	c := serve(t, small(), Options{Concurrent: 3, FaultsInARow: 9, Faults: []Fault{{Kind: "hang", Rate: 1, Path: "/orgs/acme/repos"}}})
	ctx, cancel := context.WithCancel(t.Context())
	var held sync.WaitGroup
	for range 3 {
		held.Go(func() {
			if _, err := c.attempt(ctx, "GET", "/orgs/acme/repos", ""); !errors.Is(err, context.Canceled) {
				t.Errorf("held until %v", err)
			}
		})
	}
	for c.fake.Counters().Faults["hang"] < 3 && t.Context().Err() == nil {
		time.Sleep(time.Millisecond)
	}
	r := c.get("/orgs/acme")
	c.wants(r, 403, "secondary rate limit")
	if counted := c.fake.Counters(); counted.Limited != 1 || counted.PeakConcurrency != 4 || r.header.Get("Retry-After") != "60" {
		t.Errorf("counted %+v, retry-after %s", counted, r.header.Get("Retry-After"))
	}
	cancel()
	held.Wait()
}

// TestWhileLimited counts requests of a client that was asked to wait, except those
// that were already on their way.
func TestWhileLimited(t *testing.T) {
	var k clock
	c := serve(t, small(), Options{Now: k.Now, PointsPerMinute: 2, Window: 10 * time.Second, Grace: time.Second})
	step := func(at time.Duration, path string, want int) {
		t.Helper()
		k.set(at)
		c.get(path)
		if got := c.fake.Counters().WhileLimited; got != want {
			t.Errorf("after %v: %d while limited, want %d", at, got, want)
		}
	}
	step(0, "/orgs/acme", 0)
	step(0, "/orgs/acme", 0)
	step(0, "/orgs/acme", 0)           // asked to wait until 10 s
	step(time.Second, "/orgs/acme", 0) // on its way
	step(1001*time.Millisecond, "/orgs/acme", 1)
	step(9999*time.Millisecond, "/orgs/nobody", 2)
	c.do("GET", "/app", c.jwt(nil), "") // another caller
	step(10*time.Second, "/orgs/acme", 2)
	c.fake.ForgetRequests()
	c.graphql(`{ organization(login: "acme") { login } }`, nil)
	c.do("POST", "/app/installations/1/access_tokens", c.jwt(nil), "")
	want := Counters{GraphQL: 1, Minting: 1, Limited: 1 /* five points */, First: k.Now(), Last: k.Now(), PeakConcurrency: 1}
	got := c.fake.Counters()
	got.Faults, got.Changes = nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) || got.Total() != 2 {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// TestWhileOneResourceIsLimited checks that a primary limit applies only to its
// resource.
func TestWhileOneResourceIsLimited(t *testing.T) {
	var k clock
	c := serve(t, small(), Options{Now: k.Now, RateLimit: 1, GraphQLLimit: 1, PrimaryWindow: 5 * time.Second})
	query := func() reply { return c.graphql(`{ organization(login: "acme") { login } }`, nil) }
	c.get("/orgs/acme")
	limited := c.get("/orgs/acme")
	c.wants(limited, 403, limitMessage)
	if got := limited.header.Get("X-RateLimit-Reset"); got != itoa(today.Add(5*time.Second).Unix()) {
		t.Errorf("reset is %s", got)
	}
	k.set(2 * time.Second)
	c.wants(query(), 200, `"acme"`)
	if got := c.fake.Counters(); got.WhileLimited != 0 || got.Limited != 1 {
		t.Errorf("a query while REST is limited: %+v", got)
	}
	c.wants(query(), 200, "RATE_LIMITED")
	k.set(4 * time.Second)
	c.get("/orgs/acme")
	query()
	if got := c.fake.Counters(); got.WhileLimited != 2 || got.Limited != 4 {
		t.Errorf("counted %+v", got)
	}
	k.set(7 * time.Second)
	c.wants(c.get("/orgs/acme"), 200, "")
	c.wants(query(), 200, `"acme"`)
}

// TestLimitsByInstallation checks that organizations do not share limits.
func TestLimitsByInstallation(t *testing.T) {
	c := serve(t, small(), Options{Others: []*world.World{world.Generate(2, world.Small, "globex", today)}, PointsPerMinute: 1})
	other, err := c.fake.InstallationToken("globex")
	if err != nil {
		t.Fatal(err)
	}
	c.get("/orgs/acme")
	c.wants(c.get("/orgs/acme"), 403, "secondary")
	c.wants(c.do("GET", "/orgs/globex", other, ""), 200, "globex")
	again, _ := c.fake.InstallationToken("acme")
	c.wants(c.do("GET", "/orgs/acme", again, ""), 429, "secondary") // a new token of the same installation
}

func TestSkew(t *testing.T) {
	for _, by := range []time.Duration{-3 * time.Minute, 15 * time.Minute} {
		c := serve(t, small(), Options{Faults: []Fault{{Kind: skew, By: by - time.Minute}}, Skew: time.Minute})
		r := c.do("GET", "/app", c.jwt(func(claims jwt.MapClaims) { // by the client's clock
			claims["iat"], claims["exp"] = today.Add(-time.Minute).Unix(), today.Add(5*time.Minute).Unix()
		}), "")
		c.wants(r, 401, map[bool]string{true: "'Issued at' claim ('iat')", false: "'Expiration time' claim ('exp')"}[by < 0])
		if got := r.header.Get("Date"); got != today.Add(by).Format(http.TimeFormat) {
			t.Errorf("Date is %s", got)
		}
		c.wants(c.do("GET", "/app", c.jwt(nil), ""), 200, "client_id")
		r = c.get("/orgs/acme/personal-access-tokens?per_page=100")
		if got, want := r.header.Get("X-RateLimit-Reset"), strconv.FormatInt(today.Add(by+time.Hour).Unix(), 10); got != want {
			t.Errorf("reset is %s, want %s", got, want)
		}
		c.token, _ = c.fake.InstallationToken("acme")
		in := itoa(c.fake.installationOf("acme").id)
		minted := c.do("POST", "/app/installations/"+in+"/access_tokens", c.jwt(nil), "").object(t)
		if got := minted["expires_at"]; got != today.Add(by+time.Hour).Format(time.RFC3339) {
			t.Errorf("a token ends at %v", got)
		}
	}
}
