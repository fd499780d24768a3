package fakegithub

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/fakegithub/world"
)

func TestPagesAndLinks(t *testing.T) {
	c := serve(t, small(), Options{})
	r := c.get("/orgs/acme/personal-access-tokens")
	if n := len(r.array(t)); n != 30 {
		t.Errorf("default page has %d, want 30", n)
	}
	want := c.url + "/organizations/" + itoa(c.fake.worlds[0].Org.ID) + "/personal-access-tokens?page=2"
	if got := r.link("next"); got != want {
		t.Errorf("next is %s, want %s", got, want)
	}
	if r.link("prev") != "" || r.link("first") != "" {
		t.Errorf("the first page has %s", r.header.Get("Link"))
	}
	second := c.get(want)
	if second.link("prev") == "" || second.link("first") == "" || second.link("next") != "" {
		t.Errorf("the last page has %s", second.header.Get("Link"))
	}
	if n := len(c.all("/orgs/acme/personal-access-tokens?per_page=7&direction=asc")); n != 60 {
		t.Errorf("walked %d tokens, want 60", n)
	}
	single := c.get("/orgs/acme/repos?per_page=500")
	if n := len(single.array(t)); n != 40 || single.header.Get("Link") != "" {
		t.Errorf("clamped page has %d with Link %q, want 40 without", n, single.header.Get("Link"))
	}
	medium := serve(t, world.Generate(1, world.Medium, "acme", today), Options{})
	if n := len(medium.get("/orgs/acme/repos?per_page=500").array(t)); n != 100 {
		t.Errorf("per_page=500 gives %d, want 100", n)
	}
	if n := len(c.get("/orgs/acme/repos?page=99").array(t)); n != 0 {
		t.Errorf("a page past the end has %d", n)
	}
	ids := map[any]bool{}
	for _, k := range medium.all("/orgs/acme/personal-access-tokens?per_page=100") {
		ids[k["id"]] = true
	}
	if len(ids) != 1200 {
		t.Errorf("walked %d distinct tokens, want 1200", len(ids))
	}
}

func TestHeaders(t *testing.T) {
	c := serve(t, small(), Options{})
	r := c.get("/orgs/acme/repos")
	for name, want := range map[string]string{
		"X-Ratelimit-Limit": "6650", "X-Ratelimit-Remaining": "6649", "X-Ratelimit-Used": "1", "X-Ratelimit-Resource": "core",
		"X-Github-Api-Version-Selected": "2022-11-28", "X-Github-Media-Type": "github.v3; format=json",
		"Date": "Sat, 21 Nov 2026 02:00:00 GMT", "Content-Type": "application/json; charset=utf-8",
		"X-Accepted-Github-Permissions": "metadata=read",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.header.Get("X-GitHub-Request-Id") == c.get("/orgs/acme").header.Get("X-GitHub-Request-Id") {
		t.Error("two answers have the same request id")
	}
	c.wants(c.get("/orgs/acme", "User-Agent", ""), 403, "User-Agent")
	c.wants(c.get("/orgs/acme", "X-GitHub-Api-Version", "2021-01-01"), 400, "not a supported version")
	newer := c.get("/orgs/acme/repos", "X-GitHub-Api-Version", "2026-03-10")
	if newer.header.Get("X-Github-Api-Version-Selected") != "2026-03-10" || strings.Contains(string(newer.body), "has_downloads") {
		t.Error("version 2026-03-10 still has has_downloads")
	}
	if !strings.Contains(string(r.body), "has_downloads") {
		t.Error("version 2022-11-28 lacks has_downloads")
	}
}

func TestRefusals(t *testing.T) {
	w := small()
	other := world.Generate(2, world.Small, "globex", today)
	c := serve(t, w, Options{Others: []*world.World{other}, MissingPermissions: []string{"members", "contents"}})
	c.wants(c.do("GET", "/orgs/acme/repos", "", ""), 401, "Bad credentials")
	c.wants(c.do("GET", "/orgs/acme/repos", "nonsense", ""), 401, "Bad credentials")
	for _, path := range []string{"/", "/orgs", "/orgs/nobody", "/orgs/acme/", "/orgs//repos", "/nothing", "/repos/acme/none", "/organizations/1/repos", "/repositories/1", "/orgs/acme/personal-access-tokens/1/repositories", "/api/v3/orgs/acme"} {
		r := c.get(path)
		c.wants(r, 404, `"message":"Not Found"`)
		if !strings.Contains(string(r.body), `"status":"404"`) || !strings.Contains(string(r.body), `"documentation_url":"https://docs.github.com/rest`) {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	c.wants(c.do("POST", "/orgs/acme/personal-access-tokens", c.token, "{}"), 404, "Not Found")
	c.wants(c.do("PATCH", "/repos/acme/payments-api", c.token, "{}"), 404, "Not Found")
	for _, query := range []string{"owner=x", "token_id=1", "owner[0]=x", "foo=1", "sort=name", "direction=up", "per_page=x", "page=0", "last_used_before=yesterday", "permission=issues", "repository=acme/x", "token_id[]=a", "per_page=1&per_page=2", "direction="} {
		c.wants(c.get("/orgs/acme/personal-access-tokens?"+query), 422, "Validation Failed")
	}
	c.wants(c.get("/orgs/acme/personal-access-tokens?"+strings.Repeat("owner[]=a&", 11)), 422, "more than 10")
	c.wants(c.get("/orgs/acme/personal-access-token-requests?"+strings.Repeat("token_id[]=1&", 51)), 422, "more than 50")
	c.wants(c.get("/orgs/acme/personal-access-tokens/"+itoa(w.Grants[0].ID)+"/repositories?sort=created_at"), 422, "Validation Failed")
	c.wants(c.get("/orgs/acme/repos?type=internal"), 422, "Validation Failed")
	c.wants(c.get("/orgs/acme/members?filter=2fa_disabled"), 403, "Resource not accessible by integration")
	refused := c.get("/orgs/acme/outside_collaborators")
	c.wants(refused, 403, "Resource not accessible by integration")
	if got := refused.header.Get("X-Accepted-GitHub-Permissions"); got != "members=read" {
		t.Errorf("accepted permissions are %q", got)
	}
	c.wants(c.get("/orgs/globex/personal-access-tokens"), 403, "Resource not accessible by integration")
	c.wants(c.get("/repos/acme/payments-api/codeowners/errors"), 403, "Resource not accessible by integration")
	last := c.fake.Requests()
	if got := last[len(last)-1]; got != (Logged{"GET", "/repos/acme/payments-api/codeowners/errors", "", 403}) {
		t.Errorf("logged %v", got)
	}
	for _, r := range c.all("/orgs/globex/repos") {
		if r["visibility"] != "public" || r["security_and_analysis"] != nil {
			t.Errorf("another installation lists %v", r["full_name"])
		}
	}
	if !slices.ContainsFunc(other.Repositories, func(r *world.Repository) bool { return r.IsPrivate() }) {
		t.Fatal("nothing to hide")
	}
}

func TestLatencyAndMiddleware(t *testing.T) {
	broken := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/broken" {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	fake := New(small(), Options{PrivateKeyPEM: testKeyPEM, Latency: 30 * time.Millisecond, Middleware: broken})
	url, stop, err := fake.Start()
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, fake: fake, url: url}
	start := time.Now()
	c.wants(c.get("/orgs/acme"), 401, "Bad credentials")
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	c.wants(c.get("/broken"), 502, "")
	if got := fake.Requests(); len(got) != 2 || got[1].Status != 502 {
		t.Errorf("logged %v", got)
	}
	if fake.ForgetRequests(); len(fake.Requests()) != 0 {
		t.Error("the log is not empty")
	}
	stop()
	if _, err := fake.InstallationToken("nobody"); err == nil {
		t.Error("minted a token for nobody")
	}
}
