package fakegithub

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub/conformance"
	"auditor/internal/fakegithub/world"
)

// wrapped is serve with every request and answer validated against GitHub's
// published descriptions.
func wrapped(t *testing.T, w *world.World, o Options) *client {
	t.Helper()
	o.PrivateKeyPEM = testKeyPEM
	fake := New(w, o)
	srv := httptest.NewServer(conformance.Wrap(t, fake))
	t.Cleanup(srv.Close)
	c := &client{t: t, fake: fake, url: srv.URL}
	c.token, _ = fake.InstallationToken(w.Org.Login) // the first request shows the error
	return c
}

func TestEveryAnswerConforms(t *testing.T) {
	w := small()
	for _, version := range []string{"2022-11-28", "2026-03-10"} {
		c := wrapped(t, w, Options{UserAccounts: []string{"somebody"}})
		everyEndpoint(t, c, w, "X-GitHub-Api-Version", version)
	}
	poor := wrapped(t, w, Options{Selected: true, MissingPermissions: []string{"administration", "members", "contents", "vulnerability_alerts", "organization_administration", "organization_plan"}})
	everyEndpoint(t, poor, w)
	var drift []Change
	for _, e := range world.EditKinds() {
		drift = append(drift, Change{Kind: e.Name, Before: "members", Item: 2})
	}
	changed := small()
	drifted := wrapped(t, changed, Options{Drift: drift})
	drifted.fake.Settle()
	everyEndpoint(t, drifted, changed)
	suspended := wrapped(t, w, Options{Suspended: []string{"acme"}})
	suspended.do("GET", "/app/installations", suspended.jwt(nil), "")
	suspended.do("GET", "/orgs/acme/installation", suspended.jwt(nil), "")
}

// everyEndpoint requests every route, every page of every list, and every
// repository and token.
func everyEndpoint(t *testing.T, c *client, w *world.World, headers ...string) {
	t.Helper()
	app := c.jwt(nil)
	for _, path := range []string{"/app", "/app/installations?per_page=1", "/orgs/acme/installation"} {
		c.do("GET", path, app, "", headers...)
	}
	minted := c.do("POST", "/app/installations/"+itoa(c.fake.installationOf("acme").id)+"/access_tokens", app, "", headers...)
	c.wants(minted, 201, "expires_at")
	paths := []string{"/orgs/acme", "/orgs/nobody"}
	if !slices.Contains(headers, version2026) { // the description is of the older version
		paths = append(paths, "/rate_limit")
	}
	for _, list := range []string{
		"/orgs/acme/personal-access-tokens", "/orgs/acme/personal-access-token-requests", "/orgs/acme/repos",
		"/orgs/acme/members", "/orgs/acme/outside_collaborators", "/orgs/acme/properties/values",
	} {
		for _, query := range []string{"?per_page=20", "?per_page=20&page=2", "?per_page=20&page=9"} {
			paths = append(paths, list+query)
		}
	}
	for _, k := range w.Grants {
		paths = append(paths, "/orgs/acme/personal-access-tokens/"+itoa(k.ID)+"/repositories?per_page=10")
	}
	for _, k := range w.Requests {
		paths = append(paths, "/orgs/acme/personal-access-token-requests/"+itoa(k.ID)+"/repositories?per_page=10")
	}
	for _, r := range w.Repositories {
		for _, below := range []string{"", "/private-vulnerability-reporting", "/automated-security-fixes", "/vulnerability-alerts", "/codeowners/errors", "/teams"} {
			paths = append(paths, "/repos/acme/"+r.Name+below)
		}
	}
	for _, path := range paths {
		c.get(path, headers...)
	}
	for _, query := range append(deepQueries, everyField("Organization", 4)) {
		r := c.graphql(query, map[string]any{"login": "acme"})
		if types, _ := errorsOf(t, r); slices.ContainsFunc(types, func(s string) bool { return s != "FORBIDDEN" }) {
			t.Errorf("%.200s: %.2000s", query, r.body)
		}
	}
	token := minted.object(t)["token"].(string)
	if r := c.do("DELETE", "/installation/token", token, "", headers...); r.status != 204 {
		t.Errorf("revoking answers %d", r.status)
	}
}

// graphql posts a query with the installation token.
func (c *client) graphql(query string, vars map[string]any) reply {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		c.t.Fatal(err)
	}
	url := "/graphql"
	if c.fake.o.GHES {
		url = strings.TrimSuffix(c.url, "/v3") + "/graphql"
	}
	return c.do("POST", url, c.token, string(body))
}
