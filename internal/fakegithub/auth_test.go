package fakegithub

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"auditor/internal/fakegithub/world"
)

func TestJWT(t *testing.T) {
	c := serve(t, small(), Options{})
	c.wants(c.do("GET", "/app", c.jwt(nil), ""), 200, `"client_id":"`+c.fake.ClientID())
	byID := c.jwt(func(m jwt.MapClaims) { m["iss"] = strconv.FormatInt(c.fake.AppID(), 10) })
	c.wants(c.do("GET", "/app", byID, ""), 200, `"slug"`)
	for name, bad := range map[string]struct {
		change  func(jwt.MapClaims)
		status  int
		message string
	}{
		"stranger":   {func(m jwt.MapClaims) { m["iss"] = "Iv23nobody" }, 404, "Integration not found"},
		"no issuer":  {func(m jwt.MapClaims) { delete(m, "iss") }, 404, "Integration not found"},
		"too far":    {func(m jwt.MapClaims) { m["exp"] = today.Add(11 * time.Minute).Unix() }, 401, "too far in the future"},
		"expired":    {func(m jwt.MapClaims) { m["exp"] = today.Unix() }, 401, "'Expiration time' claim"},
		"no expiry":  {func(m jwt.MapClaims) { delete(m, "exp") }, 401, "'Expiration time' claim"},
		"future":     {func(m jwt.MapClaims) { m["iat"] = today.Add(time.Minute).Unix() }, 401, "'Issued at' claim"},
		"no iat":     {func(m jwt.MapClaims) { delete(m, "iat") }, 401, "'Issued at' claim"},
		"iat a text": {func(m jwt.MapClaims) { m["iat"] = "now" }, 401, "could not be decoded"},
	} {
		t.Run(name, func(t *testing.T) { c.wants(c.do("GET", "/app", c.jwt(bad.change), ""), bad.status, bad.message) })
	}
	claims := jwt.MapClaims{"iss": c.fake.ClientID(), "iat": today.Unix() - 60, "exp": today.Unix() + 500}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(other)
	if err != nil {
		t.Fatal(err)
	}
	c.wants(c.do("GET", "/app", forged, ""), 401, "could not be decoded")
	symmetric, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	c.wants(c.do("GET", "/app", symmetric, ""), 401, "could not be decoded")
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	c.wants(c.do("GET", "/app", unsigned, ""), 401, "could not be decoded")
	c.wants(c.do("GET", "/app", c.token, ""), 401, "")
	c.wants(c.do("GET", "/app", "", ""), 401, "Bad credentials")
	c.wants(c.do("GET", "/orgs/acme/repos", c.jwt(nil), ""), 401, "Bad credentials")
}

func TestInstallationTokens(t *testing.T) {
	var clock atomic.Int64
	clock.Store(today.Unix())
	c := serve(t, small(), Options{Now: func() time.Time { return time.Unix(clock.Load(), 0) }, TokenLifetime: 10 * time.Minute})
	in := c.do("GET", "/orgs/acme/installation", c.jwt(nil), "").object(t)
	mint := "/app/installations/" + strconv.FormatInt(int64(in["id"].(float64)), 10) + "/access_tokens"
	if in["access_tokens_url"] != c.url+mint || in["suspended_at"] != nil || in["repository_selection"] != "all" {
		t.Errorf("installation %v", in)
	}
	r := c.do("POST", mint, c.jwt(nil), "")
	c.wants(r, 201, "")
	minted := r.object(t)
	token := minted["token"].(string)
	if !strings.HasPrefix(token, "ghs_"+strconv.FormatInt(c.fake.AppID(), 10)+"_") || len(token) < 500 || len(token) > 540 || strings.Count(token, ".") != 2 {
		t.Errorf("token of %d characters in an old format", len(token))
	}
	if minted["expires_at"] != "2026-11-21T02:10:00Z" || minted["permissions"].(map[string]any)["members"] != "read" {
		t.Errorf("minted until %v with %v", minted["expires_at"], minted["permissions"])
	}
	c.wants(c.do("GET", "/orgs/acme", token, ""), 200, "")
	clock.Add(599)
	c.wants(c.do("GET", "/orgs/acme", token, ""), 200, "")
	clock.Add(1)
	c.wants(c.do("GET", "/orgs/acme", token, ""), 401, "Bad credentials")

	narrow := c.do("POST", mint, c.jwt(nil), `{"permissions":{"metadata":"read"}}`).object(t)["token"].(string)
	c.wants(c.do("GET", "/orgs/acme/repos", narrow, ""), 200, "")
	c.wants(c.do("GET", "/orgs/acme/members", narrow, ""), 403, "Resource not accessible by integration")
	c.wants(c.do("POST", mint, c.jwt(nil), `{"permissions":{"members":"write"}}`), 422, "not granted")
	c.wants(c.do("POST", mint, c.jwt(nil), `{"repositories":["x"]}`), 422, "not simulated")
	c.wants(c.do("POST", mint, c.jwt(nil), `{`), 400, "Problems parsing JSON")
	c.wants(c.do("POST", "/app/installations/1/access_tokens", c.jwt(nil), ""), 404, "Not Found")
	c.wants(c.do("DELETE", "/installation/token", narrow, ""), 204, "")
	c.wants(c.do("GET", "/orgs/acme/repos", narrow, ""), 401, "Bad credentials")
	c.wants(c.do("DELETE", "/installation/token", narrow, ""), 401, "Bad credentials")
}

func TestInstallations(t *testing.T) {
	w := small()
	globex, initech := world.Generate(2, world.Small, "globex", today), world.Generate(3, world.Small, "initech", today)
	c := serve(t, w, Options{Others: []*world.World{globex, initech}, Suspended: []string{"globex"}, NotInstalled: []string{"initech"}, UserAccounts: []string{"mona"}, Selected: true})
	first := c.do("GET", "/app/installations?per_page=2", c.jwt(nil), "")
	rest := c.do("GET", first.link("next"), c.jwt(nil), "")
	got := map[string]string{}
	var suspended map[string]any
	for _, in := range append(first.array(t), rest.array(t)...) {
		login := in["account"].(map[string]any)["login"].(string)
		got[login] = in["target_type"].(string) + " " + in["repository_selection"].(string)
		if in["suspended_at"] != nil {
			suspended = in
		}
	}
	want := map[string]string{"acme": "Organization selected", "globex": "Organization selected", "mona": "User all"}
	if a, b := text(t, got), text(t, want); a != b {
		t.Errorf("installations %s, want %s", a, b)
	}
	if suspended == nil || suspended["account"].(map[string]any)["login"] != "globex" || suspended["suspended_by"] == nil {
		t.Errorf("suspended is %v", suspended)
	}
	c.wants(c.do("GET", "/orgs/initech/installation", c.jwt(nil), ""), 404, "Not Found")
	c.wants(c.do("GET", "/orgs/nobody/installation", c.jwt(nil), ""), 404, "Not Found")
	mint := "/app/installations/" + itoa(int64(suspended["id"].(float64))) + "/access_tokens"
	c.wants(c.do("POST", mint, c.jwt(nil), ""), 403, "suspended")
	if _, err := c.fake.InstallationToken("globex"); err == nil {
		t.Error("minted a token for a suspended installation")
	}
	// On selected repositories, lists contain only those.
	listed := c.all("/orgs/acme/repos?per_page=100")
	if len(listed) == 0 || len(listed) >= len(w.Repositories) {
		t.Errorf("%d of %d repositories are listed", len(listed), len(w.Repositories))
	}
	for _, r := range w.Repositories {
		status := c.get("/repos/acme/" + r.Name).status
		if want := map[bool]int{true: 404, false: 200}[r.ID%2 == 1 && r.IsPrivate()]; status != want {
			t.Errorf("%s (%s) answers %d, want %d", r.Name, r.Visibility, status, want)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRateLimit(t *testing.T) {
	var clock atomic.Int64
	clock.Store(today.Unix())
	c := serve(t, small(), Options{RateLimit: 3, Now: func() time.Time { return time.Unix(clock.Load(), 0) }, TokenLifetime: 3 * time.Hour})
	for i := range 3 {
		r := c.get("/orgs/acme")
		c.wants(r, 200, "")
		if got := r.header.Get("X-RateLimit-Remaining"); got != strconv.Itoa(2-i) {
			t.Errorf("remaining %s after %d", got, i+1)
		}
	}
	limited := c.get("/orgs/acme")
	c.wants(limited, 403, "API rate limit exceeded for installation ID")
	if limited.header.Get("X-RateLimit-Remaining") != "0" || limited.header.Get("X-RateLimit-Reset") != strconv.FormatInt(today.Add(time.Hour).Unix(), 10) {
		t.Errorf("headers %v", limited.header)
	}
	free := c.get("/rate_limit").object(t)["resources"].(map[string]any)["core"].(map[string]any)
	if free["remaining"] != 0.0 || free["used"] != 3.0 || free["limit"] != 3.0 {
		t.Errorf("rate_limit says %v", free)
	}
	clock.Add(3600)
	c.wants(c.get("/orgs/acme"), 200, "")
	newer := c.get("/rate_limit", "X-GitHub-Api-Version", "2026-03-10").object(t)
	if newer["rate"] != nil || newer["resources"] == nil {
		t.Errorf("version 2026-03-10 says %v", newer)
	}
}

func TestEnterpriseServer(t *testing.T) {
	c := serve(t, small(), Options{GHES: true})
	r := c.get("/orgs/acme/repos?per_page=100")
	c.wants(r, 200, "")
	if r.header.Get("X-RateLimit-Limit") != "" || r.header.Get("X-GitHub-Enterprise-Version") == "" {
		t.Errorf("headers %v", r.header)
	}
	if strings.Contains(string(r.body), "ai_detection") || strings.Contains(string(r.body), "delegated") || !strings.Contains(string(r.body), `"secret_scanning_push_protection"`) {
		t.Error("security features are not those of Enterprise Server")
	}
	if next := c.get("/orgs/acme/repos").link("next"); !strings.HasPrefix(next, c.url+"/organizations/") {
		t.Errorf("next is %s", next)
	}
	c.wants(c.get("/rate_limit"), 404, "Rate limiting is not enabled.")
	c.wants(c.get("/repos/acme/.github/private-vulnerability-reporting"), 404, "Not Found")
	c.wants(c.get("/orgs/acme", "X-GitHub-Api-Version", "2026-03-10"), 400, "not a supported version")
	root := strings.TrimSuffix(c.url, "/api/v3")
	c.wants(c.get(root+"/orgs/acme"), 404, "Not Found")
	c.wants(c.do("POST", c.url+"/graphql", c.token, "{}"), 404, "Not Found")
	c.wants(c.graphql(`{ organization(login: "acme") { login } rateLimit { limit } }`, nil), 200, `{"data":{"organization":{"login":"acme"},"rateLimit":null}}`)
}
