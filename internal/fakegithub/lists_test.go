package fakegithub

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/fakegithub/world"
)

func TestTokenFilters(t *testing.T) {
	w := world.Generate(5, world.Medium, "acme", today)
	c := serve(t, w, Options{})
	someone, other := w.Grants[3], w.Grants[40]
	subset := w.Grants[slices.IndexFunc(w.Grants, func(k *world.Token) bool { return k.Selection == world.SelectSubset })]
	month := today.AddDate(0, -1, 0)
	for name, f := range map[string]struct {
		query url.Values
		keep  func(*world.Token) bool
	}{
		"everything": {url.Values{}, func(*world.Token) bool { return true }},
		"owner": {url.Values{"owner[]": {strings.ToUpper(someone.Owner.Login), other.Owner.Login}}, func(k *world.Token) bool {
			return k.Owner == someone.Owner || k.Owner == other.Owner
		}},
		"token": {url.Values{"token_id[]": {itoa(someone.TokenID), itoa(other.TokenID), "1"}}, func(k *world.Token) bool {
			return k.TokenID == someone.TokenID || k.TokenID == other.TokenID
		}},
		"repository": {url.Values{"repository": {subset.Repositories[0].Name}}, func(k *world.Token) bool {
			return k.Selection == world.SelectAll || slices.Contains(k.Repositories, subset.Repositories[0])
		}},
		"permission": {url.Values{"permission": {"pull_requests_write"}}, func(k *world.Token) bool { return k.Permissions.Repository["pull_requests"] == "write" }},
		"of the organization": {url.Values{"permission": {"organization_projects_admin"}}, func(k *world.Token) bool {
			return k.Permissions.Organization["organization_projects"] == "admin"
		}},
		"used before": {url.Values{"last_used_before": {month.Format(time.RFC3339)}}, func(k *world.Token) bool {
			return !k.LastUsedAt.IsZero() && k.LastUsedAt.Before(month)
		}},
		"used after": {url.Values{"last_used_after": {month.Format(time.RFC3339)}}, func(k *world.Token) bool { return k.LastUsedAt.After(month) }},
		"several": {url.Values{"owner[]": {someone.Owner.Login}, "permission": {"contents_write"}, "sort": {"created_at"}}, func(k *world.Token) bool {
			return k.Owner == someone.Owner && k.Permissions.Repository["contents"] == "write"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var want []int64
			for _, k := range w.Grants {
				if f.keep(k) {
					want = append(want, k.ID)
				}
			}
			if len(want) == 0 {
				t.Fatal("nothing passes the filter")
			}
			f.query.Set("per_page", "100")
			f.query.Set("direction", "asc")
			if got := ids(c.all("/orgs/acme/personal-access-tokens?" + f.query.Encode())); !slices.Equal(got, want) {
				t.Errorf("%d tokens, want %d", len(got), len(want))
			}
			f.query.Del("direction") // newest first by default
			slices.Reverse(want)
			if got := ids(c.all("/orgs/acme/personal-access-tokens?" + f.query.Encode())); !slices.Equal(got, want) {
				t.Errorf("descending: %d tokens, want %d", len(got), len(want))
			}
		})
	}
}

func ids(items []map[string]any) []int64 {
	var out []int64
	for _, item := range items {
		out = append(out, int64(item["id"].(float64)))
	}
	return out
}

func TestTokensShowTheWorld(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	got := c.all("/orgs/acme/personal-access-tokens?direction=asc&per_page=100")
	stamp := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at.Add(-7*time.Hour).UTC().Format("2006-01-02T15:04:05") + ".000-07:00"
	}
	for i, k := range w.Grants {
		g := got[i]
		for key, want := range map[string]any{
			"token_id": float64(k.TokenID), "token_name": k.Name, "repository_selection": k.Selection, "token_expired": k.IsExpired(today),
			"access_granted_at": stamp(k.CreatedAt), "token_expires_at": stamp(k.ExpiresAt), "token_last_used_at": stamp(k.LastUsedAt),
			"repositories_url": c.url + "/organizations/" + itoa(w.Org.ID) + "/personal-access-tokens/" + itoa(k.ID) + "/repositories",
		} {
			if g[key] != want {
				t.Errorf("%s: %s is %v, want %v", k.Name, key, g[key], want)
			}
		}
		if p := g["permissions"].(map[string]any); p["other"] != nil || (p["organization"] == nil) != (len(k.Permissions.Organization) == 0) {
			t.Errorf("%s: permissions %v", k.Name, p)
		}
		var want []int64
		for _, r := range k.Repositories {
			want = append(want, r.ID)
		}
		if k.Selection == world.SelectAll {
			want = ids(c.all("/orgs/acme/repos?direction=asc&per_page=100"))
		}
		if listed := ids(c.all(g["repositories_url"].(string) + "?per_page=20")); !slices.Equal(listed, want) {
			t.Errorf("%s (%s) lists %d repositories, want %d", k.Name, k.Selection, len(listed), len(want))
		}
	}
	for i, r := range c.all("/orgs/acme/personal-access-token-requests?direction=asc") {
		k := w.Requests[i]
		if reason, ok := r["reason"].(string); ok != (k.Reason != nil) || ok && reason != *k.Reason || r["created_at"] != stamp(k.CreatedAt) {
			t.Errorf("request %d is %v", k.ID, r)
		}
	}
}

func TestRepositoryLists(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	for query, keep := range map[string]func(*world.Repository) bool{
		"type=public": func(r *world.Repository) bool { return r.Visibility == world.Public }, "type=private": (*world.Repository).IsPrivate,
		"type=forks": func(r *world.Repository) bool { return r.IsFork }, "type=sources": func(r *world.Repository) bool { return !r.IsFork },
		"type=member": func(*world.Repository) bool { return false }, "type=all": func(*world.Repository) bool { return true },
	} {
		want := 0
		for _, r := range w.Repositories {
			if keep(r) {
				want++
			}
		}
		if got := len(c.all("/orgs/acme/repos?" + query)); got != want {
			t.Errorf("%s lists %d, want %d", query, got, want)
		}
	}
	for query, key := range map[string]string{"": "-created_at", "sort=created&direction=asc": "created_at", "sort=updated": "-updated_at", "sort=pushed&direction=asc": "pushed_at", "sort=full_name": "full_name", "sort=full_name&direction=desc": "-full_name"} {
		var values []string
		for _, r := range c.all("/orgs/acme/repos?per_page=100&" + query) {
			values = append(values, strings.ToLower(r[strings.TrimPrefix(key, "-")].(string)))
		}
		if key[0] == '-' {
			slices.Reverse(values)
		}
		if len(values) != 40 || !slices.IsSorted(values) {
			t.Errorf("%q is not sorted by %s: %v", query, key, values)
		}
	}
}

func TestRepositorySettings(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	poor := serve(t, w, Options{MissingPermissions: []string{"administration"}})
	listed := map[string]map[string]any{}
	for _, r := range c.all("/orgs/acme/repos") {
		listed[r["name"].(string)] = r
	}
	status := func(on bool, yes, no int) int {
		if on {
			return yes
		}
		return no
	}
	for _, r := range w.Repositories {
		base := "/repos/acme/" + r.Name
		for path, want := range map[string]int{
			"/vulnerability-alerts":            status(r.HasVulnerabilityAlerts, 204, 404),
			"/automated-security-fixes":        status(r.Security.DependabotSecurityUpdates == "enabled", 200, 404),
			"/private-vulnerability-reporting": status(r.Visibility == world.Public, 200, 404),
			"/codeowners/errors":               status(r.Codeowners != nil, 200, 404),
			"/codeowners/errors?ref=nowhere":   404,
			"":                                 200,
			"/teams":                           200,
		} {
			if got := c.get(base + path).status; got != want {
				t.Errorf("%s%s answers %d, want %d", base, path, got, want)
			}
		}
		numeric := c.get("/repositories/" + itoa(r.ID))
		if numeric.object(t)["name"] != r.Name {
			t.Errorf("/repositories/%d is %s", r.ID, numeric.body)
		}
		block, isThere := listed[r.Name]["security_and_analysis"]
		if isThere != (r.SecurityBlock != "absent") || (block == nil) != (r.SecurityBlock != "") {
			t.Errorf("%s (block %q): security_and_analysis is %v", r.Name, r.SecurityBlock, block)
		}
		if block, ok := block.(map[string]any); ok {
			scanning, _ := block["secret_scanning"].(map[string]any)
			if (scanning != nil) != (r.Security.SecretScanning != "") || scanning != nil && scanning["status"] != r.Security.SecretScanning {
				t.Errorf("%s: secret_scanning is %v, want %q", r.Name, scanning, r.Security.SecretScanning)
			}
		}
		// Without administration: no block, and off answers like not permitted.
		if got := poor.get(base+"/vulnerability-alerts").status + poor.get(base+"/automated-security-fixes").status; got != 808 {
			t.Errorf("%s without administration: %d", base, got)
		}
		if strings.Contains(string(poor.get(base).body), "security_and_analysis") {
			t.Errorf("%s shows its security block to everybody", base)
		}
		poor.wants(poor.get(base+"/teams"), 403, "Resource not accessible by integration")
	}
}

func TestOrganization(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	full := c.object("/orgs/acme")
	if full["two_factor_requirement_enabled"] != true || full["default_repository_permission"] != "read" || full["plan"].(map[string]any)["name"] != "enterprise" {
		t.Errorf("organization %v", full)
	}
	poor := serve(t, w, Options{MissingPermissions: []string{"organization_administration", "organization_plan"}}).object("/orgs/acme")
	if poor["login"] != "acme" || poor["two_factor_requirement_enabled"] != nil || poor["plan"] != nil {
		t.Errorf("without permission %v", poor)
	}
	for query, roles := range map[string][]string{"role=admin": {world.RoleOwner}, "role=member": {world.RoleMember}, "role=all": {world.RoleOwner, world.RoleMember}, "": {world.RoleOwner, world.RoleMember}} {
		if got, want := len(c.all("/orgs/acme/members?"+query)), len(w.People(roles...)); got != want {
			t.Errorf("%q: %d members, want %d", query, got, want)
		}
	}
	if got := len(c.all("/orgs/acme/outside_collaborators")); got != 4 {
		t.Errorf("%d outside collaborators, want 4", got)
	}
	c.wants(c.get("/orgs/acme/members?filter=2fa_disabled"), 422, "Validation Failed")
	c.wants(c.get("/orgs/acme/members?role=owner"), 422, "Validation Failed")
	values := c.all("/orgs/acme/properties/values?per_page=15")
	if len(values) != 40 {
		t.Errorf("%d repositories have property values, want 40", len(values))
	}
}
