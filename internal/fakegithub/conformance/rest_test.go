package conformance

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// exchange is a request and its answer.
type exchange struct {
	method, url, body string
	status            int
	answer            any
}

// good are exchanges as on GitHub, at least one for each operation.
func good() []exchange {
	return []exchange{
		{"GET", "/app", "", 200, app()},
		{"GET", "/app/installations?per_page=100", "", 200, []any{installation()}},
		{"POST", "/app/installations/1/access_tokens", "", 201, object{"token": stateless(), "expires_at": "2016-07-11T22:14:10Z",
			"permissions": object{"metadata": "read"}, "repository_selection": "all"}},
		{"POST", "/app/installations/1/access_tokens", `{"permissions":{"metadata":"read"},"repository_ids":[1]}`, 201,
			object{"token": "ghs" + "_x", "expires_at": "2016-07-11T22:14:10Z", "repositories": []any{}}},
		{"DELETE", "/installation/token", "", 204, nil},
		{"GET", "/orgs/github", "", 200, organization()},
		{"GET", "/organizations/1", "", 200, organization()},
		{"GET", "/orgs/github/installation", "", 200, installation()},
		{"GET", "/orgs/github/members?role=admin&per_page=100&page=2", "", 200, []any{user()}},
		{"GET", "/orgs/github/outside_collaborators?filter=all", "", 200, []any{user()}},
		{"GET", "/orgs/github/personal-access-tokens?per_page=100&sort=created_at&direction=asc", "", 200, []any{grant(), grant()}},
		{"GET", "/organizations/652551/personal-access-tokens?page=2&owner[]=a&owner%5B%5D=b&token_id[]=1&token_id[]=2" +
			"&repository=Hello-World&permission=issues_read&last_used_before=2024-01-01T00:00:00Z&last_used_after=2023-01-01T00:00:00Z", "", 200, []any{}},
		{"GET", "/orgs/github/personal-access-tokens/25381/repositories?per_page=100", "", 200, []any{repository()}},
		{"GET", "/organizations/652551/personal-access-tokens/25381/repositories", "", 200, []any{}},
		{"GET", "/orgs/github/personal-access-token-requests?token_id[]=1", "", 200, []any{grantRequest(), with(grantRequest(), object{"reason": "why"})}},
		{"GET", "/orgs/github/personal-access-token-requests/25381/repositories", "", 200, []any{repository()}},
		{"GET", "/orgs/github/properties/values?per_page=100", "", 200, []any{object{"repository_id": 1, "repository_name": "x", "repository_full_name": "github/x",
			"properties": []any{object{"property_name": "a", "value": nil}, object{"property_name": "b", "value": []string{"x"}}, object{"property_name": "c", "value": "y"}}}}},
		{"GET", "/orgs/github/repos?type=all&sort=created&direction=asc&per_page=100", "", 200,
			[]any{repository(), with(repository(), object{"security_and_analysis": removed, "custom_properties": removed, "permissions": removed})}},
		{"GET", "/rate_limit", "", 200, rates()},
		{"GET", "/repos/octocat/Hello-World", "", 200, fullRepository()},
		{"GET", "/repositories/1296269", "", 200, fullRepository()},
		{"GET", "/repos/octocat/Hello-World", "", 301, object{"message": "Moved Permanently", "url": api + "/repositories/1"}},
		{"GET", "/repos/octocat/Hello-World/automated-security-fixes", "", 200, object{"enabled": true, "paused": false}},
		{"GET", "/repos/octocat/Hello-World/automated-security-fixes", "", 404, refusal("Not Found")},
		{"GET", "/repos/octocat/Hello-World/codeowners/errors?ref=main", "", 200, object{"errors": []any{
			object{"line": 7, "column": 1, "kind": "Invalid pattern", "source": "***/*.rb", "suggestion": nil, "message": "m", "path": "CODEOWNERS"}}}},
		{"GET", "/repos/octocat/Hello-World/private-vulnerability-reporting", "", 200, object{"enabled": true}},
		{"GET", "/repos/octocat/Hello-World/private-vulnerability-reporting", "", 422, refusal("Bad Request")},
		{"GET", "/repos/octocat/Hello-World/teams", "", 200, []any{team()}},
		{"GET", "/repositories/1/teams?page=2", "", 200, []any{}},
		{"GET", "/repos/octocat/Hello-World/vulnerability-alerts", "", 204, nil},
		{"GET", "/repos/octocat/Hello-World/vulnerability-alerts", "", 404, nil},
		{"GET", "/orgs/github/members", "", 403, refusal("Resource not accessible by integration")},
		{"GET", "/orgs/github/members", "", 429, refusal("You have exceeded a secondary rate limit")},
		{"GET", "/orgs/github/personal-access-tokens", "", 422, object{"message": "Validation Failed", "documentation_url": "https://docs.github.com",
			"status": "422", "errors": []any{"plain text", object{"code": "invalid", "field": "owner", "value": nil}}}},
		{"GET", "/api/v3/orgs/github/repos", "", 200, []any{repository()}},
		{"GET", "/api/v3/organizations/1/repos", "", 502, object{"message": "Server Error"}},
	}
}

func TestGoodExchangesPass(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	met := map[string]bool{}
	for _, e := range good() {
		r := request(e.method, e.url, e.body)
		t.Run(e.method+" "+r.URL.Path, func(t *testing.T) {
			wantError(t, v.CheckRequest(r))
			header := jsonHeader()
			if e.answer == nil {
				header = http.Header{}
			}
			wantError(t, v.CheckResponse(r, e.status, header, marshal(t, e.answer)))
			if text, err := io.ReadAll(r.Body); err != nil || string(text) != e.body {
				t.Errorf("the body left to read is %q (%v), want %q", text, err, e.body)
			}
			o, _, err := v.operation(r.Method, r.URL)
			wantError(t, err)
			met[o.name] = true
		})
	}
	for _, route := range v.routes {
		for _, o := range route.operations {
			if !met[o.name] {
				t.Errorf("no good exchange of %s", o.name)
			}
		}
	}
}

func TestBadRequestsAreCaught(t *testing.T) {
	t.Parallel()
	const tokens = "/orgs/github/personal-access-tokens"
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name, method, url, body string
		change                  func(*http.Request)
		want                    []string
	}{
		{"unknown path", "GET", "/orgs/github/secrets", "", nil, []string{"/orgs/github/secrets", "no such path"}},
		{"operation that is not in use", "GET", "/users/octocat", "", nil, []string{"no such path"}},
		{"trailing slash", "GET", "/orgs/github/", "", nil, []string{"no such path"}},
		{"empty name", "GET", "/orgs//repos", "", nil, []string{"no such path"}},
		{"slash in a name", "GET", "/repos/octocat/Hello/World", "", nil, []string{"no such path"}},
		{"wrong method", "POST", tokens, "", nil, []string{"POST", tokens}},
		{"wrong method for revoking", "GET", "/installation/token", "", nil, []string{"GET"}},
		{"name where an id belongs", "GET", "/organizations/github/repos", "", nil, []string{"numeric id", `"github"`}},
		{"text for a path integer", "GET", tokens + "/abc/repositories", "", nil, []string{"pat_id", "integer", `"abc"`}},
		{"GHES prefix alone", "GET", "/api/v3", "", nil, []string{"no such path"}},
		{"REST path below the GraphQL prefix", "GET", "/api/orgs/github", "", nil, []string{"no such path"}},
		{"unknown query parameter", "GET", tokens + "?owners[]=a", "", nil, []string{"orgs/{org}/personal-access-tokens", "owners[]", "not declared"}},
		{"parameter of another operation", "GET", tokens + "/1/repositories?sort=created_at", "", nil, []string{"sort", "not declared"}},
		{"list without brackets", "GET", tokens + "?owner=a", "", nil, []string{"owner[]=a&owner[]=b", "got owner=a"}},
		{"list with commas", "GET", tokens + "?token_id[]=1,2", "", nil, []string{"token_id[]", `"1,2"`}},
		{"too many owners", "GET", tokens + "?" + strings.Repeat("owner[]=a&", 11), "", nil, []string{"owner[]", "10"}},
		{"too many token ids", "GET", tokens + "?" + strings.Repeat("token_id[]=1&", 51), "", nil, []string{"token_id[]", "50"}},
		{"brackets on a scalar", "GET", tokens + "?page[]=1", "", nil, []string{"page[]", "one value"}},
		{"repeated scalar", "GET", tokens + "?page=1&page=2", "", nil, []string{"page", "one value"}},
		{"value not in the enum", "GET", tokens + "?sort=created", "", nil, []string{"sort", `"created"`}},
		{"wrong direction", "GET", tokens + "?direction=ASC", "", nil, []string{"direction", `"ASC"`}},
		{"text for an integer", "GET", tokens + "?page=two", "", nil, []string{"page", "integer"}},
		{"page too big", "GET", tokens + "?per_page=200", "", nil, []string{"per_page", "100", "200"}},
		{"page zero", "GET", tokens + "?page=0", "", nil, []string{"page", "from 1"}},
		{"date in place of a time", "GET", tokens + "?last_used_before=2024-01-01", "", nil, []string{"last_used_before", "RFC 3339"}},
		{"day that does not exist", "GET", tokens + "?last_used_after=2024-02-31T00:00:00Z", "", nil, []string{"last_used_after"}},
		{"wrong role", "GET", "/orgs/github/members?role=owner", "", nil, []string{"role", `"owner"`}},
		{"broken escape", "GET", tokens + "?page=1", "", func(r *http.Request) { r.URL.RawQuery = "page=%zz" }, []string{"%zz"}},
		{"body on GET", "GET", tokens, `{"per_page":100}`, nil, []string{"takes no body"}},
		{"no user agent", "GET", tokens, "", set("User-Agent", ""), []string{"User-Agent"}},
		{"no credential", "GET", tokens, "", set("Authorization", ""), []string{"Authorization"}},
		{"basic credential", "GET", tokens, "", set("Authorization", "Basic abc"), []string{"Authorization"}},
		{"JWT for an installation's operation", "GET", tokens, "", set("Authorization", "Bearer "+jwt()), []string{"installation token"}},
		{"installation token for an App's operation", "GET", "/app", "", set("Authorization", "Bearer "+stateless()), []string{"JWT"}},
		{"unknown version", "GET", tokens, "", set("X-GitHub-Api-Version", "2021-01-01"), []string{"2021-01-01"}},
		{"no JSON accepted", "GET", tokens, "", set("Accept", "text/html"), []string{"Accept"}},
		{"unknown permission level", "POST", "/app/installations/1/access_tokens", `{"permissions":{"metadata":"all"}}`, nil, []string{"/permissions/metadata", `"all"`}},
		{"unknown body field", "POST", "/app/installations/1/access_tokens", `{"repository":["x"]}`, nil, []string{"/repository", "does not know"}},
		{"text for an id", "POST", "/app/installations/1/access_tokens", `{"repository_ids":["1"]}`, nil, []string{"/repository_ids/0", "integer"}},
		{"truncated body", "POST", "/app/installations/1/access_tokens", `{"repository_ids":[1`, nil, []string{"not JSON"}},
		{"two bodies", "POST", "/app/installations/1/access_tokens", `{}{}`, nil, []string{"not JSON"}},
		{"form body", "POST", "/app/installations/1/access_tokens", `{}`, set("Content-Type", "application/x-www-form-urlencoded"), []string{"Content-Type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request(c.method, c.url, c.body)
			if c.change != nil {
				c.change(r)
			}
			err := newValidator(t).CheckRequest(r)
			wantError(t, err, c.want...)
			if err != nil && (strings.Contains(err.Error(), jwt()) || strings.Contains(err.Error(), stateless())) {
				t.Errorf("a credential is shown: %v", err)
			}
		})
	}
}

func TestBadResponsesAreCaught(t *testing.T) {
	t.Parallel()
	const tokens, repos = "/orgs/github/personal-access-tokens", "/orgs/github/repos"
	grants := func(changes object) []any { return []any{grant(), with(grant(), changes)} }
	for _, c := range []struct {
		name, url string
		status    int
		answer    any
		want      []string
	}{
		{"missing permissions", tokens, 200, grants(object{"permissions": removed}), []string{"/1/permissions", "missing", "GET /orgs/{org}/personal-access-tokens"}},
		{"missing token_id", tokens, 200, grants(object{"token_id": removed}), []string{"/1/token_id"}},
		{"missing nullable", tokens, 200, grants(object{"token_last_used_at": removed}), []string{"/1/token_last_used_at"}},
		{"bad repository_selection", tokens, 200, grants(object{"repository_selection": "selected"}), []string{"/1/repository_selection", `"selected"`}},
		{"string for a number", tokens, 200, grants(object{"token_id": "98716"}), []string{"/1/token_id", `"98716"`}},
		{"fraction for an integer", tokens, 200, grants(object{"token_id": 1.5}), []string{"/1/token_id", "1.5"}},
		{"number for a boolean", tokens, 200, grants(object{"token_expired": 0}), []string{"/1/token_expired"}},
		{"null where none may be", tokens, 200, grants(object{"token_name": nil}), []string{"/1/token_name"}},
		{"time that is none", tokens, 200, grants(object{"token_expires_at": "2023-11-16 08:47:09"}), []string{"/1/token_expires_at", "RFC 3339"}},
		{"permission that is no text", tokens, 200, grants(object{"permissions": object{"repository": object{"contents": true}}}), []string{"/1/permissions/repository/contents"}},
		{"misspelt optional field", repos, 200, []any{with(repository(), object{"is_archived": true})}, []string{"/0/is_archived", "does not know"}},
		{"misspelt nested field", repos, 200, []any{with(repository(), object{"security_and_analysis": object{"push_protection": object{"status": "enabled"}}})}, []string{"/0/security_and_analysis/push_protection"}},
		{"field of another object", tokens, 200, grants(object{"reason": "why"}), []string{"/1/reason"}},
		{"setting that is neither on nor off", repos, 200, []any{with(repository(), object{"security_and_analysis": object{"secret_scanning": object{"status": "paused"}}})}, []string{"/0/security_and_analysis/secret_scanning/status", `"paused"`}},
		{"relative URL", repos, 200, []any{with(repository(), object{"html_url": "/octocat"})}, []string{"/0/html_url", "absolute URI"}},
		{"owner without node id", repos, 200, []any{with(repository(), object{"owner": with(user(), object{"node_id": removed})})}, []string{"/0/owner/node_id"}},
		{"object for a list", tokens, 200, object{"tokens": []any{}}, []string{"array"}},
		{"longer than a page", tokens, 200, manyGrants(31), []string{"page of 30", "31"}},
		{"longer than the page asked for", tokens + "?per_page=2", 200, manyGrants(3), []string{"page of 2"}},
		{"account that is neither", "/app/installations", 200, []any{with(installation(), object{"account": object{"login": "x"}})}, []string{"/0/account"}},
		{"selection of an installation", "/orgs/github/installation", 200, with(installation(), object{"repository_selection": "subset"}), []string{"/repository_selection"}},
		{"undocumented success", tokens, 201, []any{}, []string{"201", "not documented"}},
		{"undocumented redirect", tokens, 302, refusal("Found"), []string{"302", "not documented"}},
		{"undocumented refusal", tokens, 418, refusal("I'm a teapot"), []string{"418", "not documented"}},
		{"body where none may be", "/repos/a/b/vulnerability-alerts", 204, object{}, []string{"no body"}},
		{"200 for 204", "/repos/a/b/vulnerability-alerts", 200, object{}, []string{"200", "not documented"}},
		{"no body where one must be", tokens, 200, nil, []string{"not JSON"}},
		{"error without message", tokens, 403, object{"error": "no"}, []string{"/message", "/error"}},
		{"error with a number for status", tokens, 403, object{"message": "no", "status": 403}, []string{"/status", "403"}},
		{"errors of a wrong kind", tokens, 422, object{"message": "m", "documentation_url": "d", "errors": []any{1}}, []string{"/errors/0"}},
		{"list for an error", tokens, 404, []any{}, []string{"/message"}},
		{"refusal without a body", tokens, 401, nil, []string{"not JSON"}},
		{"success for an unknown path", "/orgs/github/secrets", 200, []any{}, []string{"not documented"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, newValidator(t).CheckResponse(request("GET", c.url, ""), c.status, jsonHeader(), marshal(t, c.answer)), c.want...)
		})
	}
}

func manyGrants(n int) []any {
	list := make([]any, 0, n)
	for range n {
		list = append(list, grant())
	}
	return list
}

func TestResponseHeaders(t *testing.T) {
	t.Parallel()
	const tokens = "/orgs/github/personal-access-tokens"
	next := func(target string) http.Header { return http.Header{"Link": {"<" + target + `>; rel="next"`}} }
	for _, c := range []struct {
		name   string
		header http.Header
		want   []string
	}{
		{"numeric next", next(api + "/organizations/652551/personal-access-tokens?per_page=100&page=2"), nil},
		{"next of GHES", next("https://ghe.example/api/v3/organizations/1/personal-access-tokens?page=2"), nil},
		{"next and last", http.Header{"Link": {"<" + api + tokens + `?page=2>; rel="next", <` + api + tokens + `?page=9>; rel="last"`}}, nil},
		{"limits", http.Header{"X-Ratelimit-Remaining": {"0"}, "Retry-After": {"60"}}, nil},
		{"next to another list", next(api + "/organizations/652551/repos?page=2"), []string{"Link", "does not lead to"}},
		{"next to nowhere", next(api + "/organizations/652551/tokens?page=2"), []string{"Link"}},
		{"relative next", next(tokens + "?page=2"), []string{"absolute"}},
		{"next with an unknown parameter", next(api + tokens + "?cursor=2"), []string{"cursor", "not declared"}},
		{"unknown relation", http.Header{"Link": {"<" + api + tokens + `>; rel="more"`}}, []string{"relation"}},
		{"no brackets", http.Header{"Link": {api + tokens + `; rel="next"`}}, []string{"<>"}},
		{"limit that is no number", http.Header{"X-Ratelimit-Limit": {"many"}}, []string{"X-RateLimit-Limit", "many"}},
		{"negative wait", http.Header{"Retry-After": {"-1"}}, []string{"Retry-After"}},
		{"length that is wrong", http.Header{"Content-Length": {"3"}}, []string{"Content-Length", "2 bytes"}},
		{"not JSON", http.Header{"Content-Type": {"text/plain"}}, []string{"Content-Type", "text/plain"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			header := jsonHeader()
			for name, values := range c.header {
				header[name] = values
			}
			wantError(t, newValidator(t).CheckResponse(request("GET", tokens, ""), 200, header, []byte("[]")), c.want...)
		})
	}
	t.Run("5xx as HTML", func(t *testing.T) {
		t.Parallel()
		header := http.Header{"Content-Type": {"text/html"}}
		wantError(t, newValidator(t).CheckResponse(request("GET", tokens, ""), 502, header, []byte("<html>unicorn")))
	})
}

// The description is of version 2022-11-28; the newer version lacks some fields.
func TestNewerVersion(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	ask := func(path string) *http.Request {
		r := request("GET", path, "")
		r.Header.Set("X-GitHub-Api-Version", "2026-03-10")
		return r
	}
	wantError(t, v.CheckResponse(ask("/rate_limit"), 200, jsonHeader(), marshal(t, with(rates(), object{"rate": removed}))))
	wantError(t, v.CheckResponse(ask("/rate_limit"), 200, jsonHeader(), marshal(t, rates())), "/rate", "does not know")
	wantError(t, v.CheckResponse(request("GET", "/rate_limit", ""), 200, jsonHeader(), marshal(t, with(rates(), object{"rate": removed}))), "/rate", "missing")
	list := func(changes object) []byte { return marshal(t, []any{with(repository(), changes)}) }
	wantError(t, v.CheckResponse(ask("/orgs/a/repos"), 200, jsonHeader(), list(nil)))
	wantError(t, v.CheckResponse(ask("/orgs/a/repos"), 200, jsonHeader(), list(object{"has_downloads": true})), "/0/has_downloads")
	wantError(t, v.CheckResponse(request("GET", "/orgs/a/repos", ""), 200, jsonHeader(), list(object{"has_downloads": true})))
}

func TestInventedFieldsCanBeAllowed(t *testing.T) {
	t.Parallel()
	v, err := New("invented")
	if err != nil {
		t.Fatal(err)
	}
	answer := func(name string) []byte { return marshal(t, []any{with(grant(), object{name: 1})}) }
	r := request("GET", "/orgs/github/personal-access-tokens", "")
	wantError(t, v.CheckResponse(r, 200, jsonHeader(), answer("invented")))
	wantError(t, v.CheckResponse(r, 200, jsonHeader(), answer("other")), "/0/other")
}

// The whole description fails kin-openapi's own check; the cut must not, or
// what VisitJSON does with it would be undefined.
func TestCutDescriptionIsValid(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := correct(doc); err != nil {
		t.Fatal(err)
	}
	if err := correct(doc); err == nil {
		t.Error("corrections are made twice without complaint: they would outlive what they correct")
	}
}
