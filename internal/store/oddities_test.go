package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

const (
	wholeRepositoryJSON = `{"id":7,"node_id":"R_7","name":"x","full_name":"acme/x","html_url":"https://github.com/acme/x","private":false,"visibility":"public","archived":false,"disabled":false,"fork":false,` +
		`"default_branch":"main","created_at":"2026-01-01T00:00:00Z","pushed_at":null,"topics":["go"],"custom_properties":{"url":"a","_links":"b","runbook_url":"c"},"security_and_analysis":{"secret_scanning":{"status":"enabled"}}}`
	wholeSettingsJSON = `{"databaseId":7,"nameWithOwner":"acme/x","isEmpty":false,"hasVulnerabilityAlertsEnabled":true,"isSecurityPolicyEnabled":null,"codeowners":null,"vulnerabilityAlerts":{"totalCount":1},` +
		`"deployKeys":{"totalCount":1,"nodes":[{"id":"k","title":"t","readOnly":true,"verified":true,"enabled":true,"createdAt":"2026-01-01T00:00:00Z"}]},` +
		`"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":1,"nodes":[{"type":"DELETION","parameters":null,"repositoryRuleset":null}]}}}`
)

// oddities lists what is noted of an organization: resource object: field value.
func oddities(t *testing.T, w *Writer) (all []string) {
	t.Helper()
	rows, err := w.DB().Query("SELECT o.resource || ' ' || o.object || ': ' || o.field || ' ' || COALESCE(o.value, 'missing') FROM _oddities AS o ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// What is not as the schema says costs the field, is noted, and costs no more.
func TestOddities(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", wholeRepositoryJSON)
	for _, c := range []struct{ resource, parent, item, from, to, want string }{
		{"tokens", "", storetest.TokenJSON, `"token_id":98716`, `"token_id":"98716"`, `tokens Some Token: token_id "98716"`},
		{"tokens", "", storetest.TokenJSON, `"token_id":98716`, `"token_id":98716.5`, `tokens Some Token: token_id 98716.5`},
		{"tokens", "", storetest.TokenJSON, `"token_id":98716`, `"token_id":98716000000000000000000`, `tokens Some Token: token_id 98716000000000000000000`},
		{"tokens", "", storetest.TokenJSON, `"token_id":98716,`, ``, `tokens Some Token: token_id missing`},
		{"tokens", "", storetest.TokenJSON, `"Some Token"`, `{"a":1}`, `tokens 25381: token_name {"a":1}`},
		{"tokens", "", storetest.TokenJSON, `"Some Token"`, `"` + strings.Repeat("é", 300) + `x`, ``},
		{"tokens", "", storetest.TokenJSON, `"token_expired":false`, `"token_expired":"no"`, `tokens Some Token: token_expired "no"`},
		{"tokens", "", storetest.TokenJSON, `"token_expired":false`, `"token_expired":0`, `tokens Some Token: token_expired 0`},
		{"tokens", "", storetest.TokenJSON, `"subset"`, `"selected"`, `tokens Some Token: repository_selection "selected"`},
		{"tokens", "", storetest.TokenJSON, `"subset"`, `null`, `tokens Some Token: repository_selection null`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"soon"`, `tokens Some Token: token_expires_at "soon"`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-11-16"`, `tokens Some Token: token_expires_at "2023-11-16"`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-11-16T23:59:60Z"`, `tokens Some Token: token_expires_at "2023-11-16T23:59:60Z"`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-11-16T08:47:09-0700"`, `tokens Some Token: token_expires_at "2023-11-16T08:47:09-0700"`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-11-16T08:47:09-23:00"`, `tokens Some Token: token_expires_at "2023-11-16T08:47:09-23:00"`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `1700000000`, `tokens Some Token: token_expires_at 1700000000`},
		{"tokens", "", storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"now"`, `tokens Some Token: token_expires_at "now"`},
		{"tokens", "", storetest.TokenJSON, `"token_last_used_at":null`, `"token_last_used_at":false`, `tokens Some Token: token_last_used_at false`},
		{"tokens", "", storetest.TokenJSON, `"login":"octo"`, `"login":7`, `tokens Some Token: owner.login 7`},
		{"tokens", "", storetest.TokenJSON, `"write"`, `true`, `tokens Some Token: permissions.*.* true`},
		{"tokens", "", storetest.TokenJSON, `{"members":"read"}`, `"read"`, `tokens Some Token: permissions.* "read"`},
		{"tokens", "", storetest.TokenJSON, `"permissions":`, `"rights":`, `tokens Some Token: permissions missing`},
		{"tokens", "", storetest.TokenJSON, `"id":25381`, `"id":"25381"`, `tokens Some Token: id "25381"`},
		{"tokens", "", storetest.TokenJSON, `"id":25381,`, ``, `tokens Some Token: id missing`},
		{"tokens", "", `null`, ``, ``, `tokens :  null`},
		{"tokens", "", `[1]`, ``, ``, `tokens :  [1]`},
		{"tokens", "", `<html>`, ``, ``, `tokens :  "not JSON"`},
		{"token_repositories", "25381", `{"id":7,"full_name":"acme/x"}`, `7`, `"7"`, `token_repositories acme/x: id "7"`},
		{"token_repositories", "25381", `{"id":7,"full_name":"acme/x"}`, `"acme/x"`, `1`, `token_repositories 1: full_name 1`},
		{"repositories", "", wholeRepositoryJSON, `"archived":false`, `"archived":"no"`, `repositories acme/x: archived "no"`},
		{"repositories", "", wholeRepositoryJSON, `"public"`, `"restricted"`, `repositories acme/x: visibility "restricted"`},
		{"repositories", "", wholeRepositoryJSON, `"pushed_at":null`, `"pushed_at":1700000000`, `repositories acme/x: pushed_at 1700000000`},
		{"repositories", "", wholeRepositoryJSON, `{"secret_scanning":{"status":"enabled"}}`, `"on"`, `repositories acme/x: security_and_analysis "on"`},
		{"repositories", "", wholeRepositoryJSON, `{"status":"enabled"}`, `"enabled"`, `repositories acme/x: security_and_analysis.secret_scanning "enabled"`},
		{"repositories", "", wholeRepositoryJSON, `"enabled"`, `"not_set"`, `repositories acme/x: security_and_analysis.secret_scanning.status "not_set"`},
		{"repositories", "", wholeRepositoryJSON, `["go"]`, `"go"`, `repositories acme/x: topics "go"`},
		{"repositories", "", wholeRepositoryJSON, `["go"]`, `[null]`, `repositories acme/x: topics.* null`},
		{"repositories", "", wholeRepositoryJSON, `{"url":"a","_links":"b","runbook_url":"c"}`, `[1]`, `repositories acme/x: custom_properties [1]`},
		{"repository_settings", "", wholeSettingsJSON, `"isEmpty":false`, `"isEmpty":null`, `repository_settings acme/x: isEmpty null`},
		{"repository_settings", "", wholeSettingsJSON, `"hasVulnerabilityAlertsEnabled":true`, `"hasVulnerabilityAlertsEnabled":null`, `repository_settings acme/x: hasVulnerabilityAlertsEnabled null`},
		{"repository_settings", "", wholeSettingsJSON, `"vulnerabilityAlerts":{"totalCount":1}`, `"vulnerabilityAlerts":{"totalCount":"1"}`, `dependabot_alerts acme/x: vulnerabilityAlerts.totalCount "1"`},
		{"repository_settings", "", wholeSettingsJSON, `"databaseId":7`, `"databaseId":null`, `repository_settings acme/x: databaseId null`},
		{"private_vulnerability_reporting", "7", `{"enabled":true}`, `true`, `"yes"`, `private_vulnerability_reporting 7: enabled "yes"`},
		{"private_vulnerability_reporting", "7", `{}`, ``, ``, `private_vulnerability_reporting 7: enabled missing`},
		{"automated_security_fixes", "7", `{"enabled":true}`, ``, ``, `automated_security_fixes 7: paused missing`},
		{"members", "admin", `{"login":"octo","id":1}`, `1`, `"1"`, `members octo: id "1"`},
		{"outside_collaborators", "", `{"id":1,"login":null}`, ``, ``, `outside_collaborators 1: login null`},
		{"org", "", `{"login":"acme","id":1,"two_factor_requirement_enabled":"yes"}`, ``, ``, `org acme: two_factor_requirement_enabled "yes"`},
		{"org", "", `{"login":"acme"}`, ``, ``, `org acme: id missing`},
	} {
		if _, err := w.DB().Exec("DELETE FROM _oddities"); err != nil {
			t.Fatal(err)
		}
		item := strings.Replace(c.item, c.from, c.to, 1)
		if c.from != "" && item == c.item {
			t.Fatalf("%s is not in %s", c.from, c.item)
		}
		walk := Walk{Org: "acme", Resource: c.resource, Parent: c.parent}
		if err := w.Add(t.Context(), walk, []json.RawMessage{json.RawMessage(item)}, "", Cost{Requests: 1}); err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got := oddities(t, w); c.want != "" && !slices.Equal(got, []string{c.want}) {
			t.Errorf("\n got %q\nwant %q", got, c.want)
		}
		if todo, err := w.Todo(t.Context(), "acme", c.resource); err != nil || slices.ContainsFunc(todo, func(w Walk) bool { return w.Parent == c.parent }) {
			t.Errorf("%s: the walk is not finished: %v, %v", c.want, todo, err)
		}
	}
}

func wantRows(t *testing.T, s *Snapshot, statement string, want ...string) {
	t.Helper()
	if got := query(t, s, statement); got != strings.Join(want, "\n") {
		t.Errorf("%s:\n got %s\nwant %s", statement, got, strings.Join(want, "\n"))
	}
}

// What the objects of a page have in common is stored; what one has odd is not.
func TestOddObjectAmongOthers(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	other := strings.Replace(storetest.TokenJSON, "25381", "25382", 1)
	odd := strings.NewReplacer("25381", "25383", `"write"`, `{}`, `"2023-11-16T08:47:09.000-07:00"`, `7`).Replace(storetest.TokenJSON)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON, odd, `null`, other)
	s := storetest.Publish(t, w)
	wantRows(t, s, "SELECT t.grant_id, t.expires_at FROM tokens AS t ORDER BY 1",
		`[25381,"2023-11-16T15:47:09Z"]`, `[25382,"2023-11-16T15:47:09Z"]`, `[25383,null]`)
	wantRows(t, s, "SELECT p.permission, p.level, p.tier FROM token_permissions AS p WHERE p.grant_id = 25383 AND p.level IS NULL", `["contents",null,"high"]`)
	wantRows(t, s, "SELECT o.object, o.field, o.value, o.count FROM oddities AS o ORDER BY o.field",
		`[null,"","null",1]`, `["Some Token","permissions.*.*","{}",1]`, `["Some Token","token_expires_at","7",1]`)
}

// A thousand objects are named; of more there is a count.
func TestManyOddities(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	var items []string
	for i := range MaxOddObjects + 5 {
		items = append(items, fmt.Sprintf(`{"id":%d,"login":null}`, i+1))
	}
	storetest.Add(t, w, "outside_collaborators", "", items...)
	got, err := w.Oddities(t.Context(), "acme", "outside_collaborators")
	if err != nil || got.Objects != MaxOddObjects+5 || got.First != "1: login null" {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := rows(t, w, "oddities"); n != MaxOddObjects+1 {
		t.Errorf("%d rows", n)
	}
}

// Names that somebody chose are no hypermedia.
func TestOwnNamesStay(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", wholeRepositoryJSON)
	s := storetest.Publish(t, w)
	wantRows(t, s, "SELECT p.property, p.value FROM repository_properties AS p ORDER BY 1", `["_links","b"]`, `["runbook_url","c"]`, `["url","a"]`)
}
