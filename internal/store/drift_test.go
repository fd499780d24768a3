package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestDrift(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":7,"name":"x","full_name":"acme/x"}`)
	const repository = `{"id":7,"name":"x","full_name":"acme/x"`
	const settings = `{"databaseId":7,"nameWithOwner":"acme/x"`
	for _, c := range []struct{ resource, parent, item, want string }{
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_id":98716`, `"token_id":"98716"`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_id":98716`, `"token_id":"abc"`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_id":98716`, `"token_id":98716.5`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_id":98716,`, ``, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"id":25381`, `"id":"25381"`, 1), "tokens of acme: object 25381: tokens.grant_id is not an integer"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"id":25381,`, ``, 1), "tokens of acme: object 98716: tokens.grant_id is missing"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"Some Token"`, `{"a":1}`, 1), "tokens of acme: object 25381: tokens.token_name is not text"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_expired":false`, `"token_expired":"no"`, 1), "tokens of acme: object 25381: tokens.is_expired is not a boolean"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_expired":false`, `"token_expired":0`, 1), "tokens of acme: object 25381: tokens.is_expired is not a boolean"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"subset"`, `"some"`, 1), "tokens of acme: object 25381: tokens.repository_selection is not all, subset or none"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"subset"`, `null`, 1), "tokens of acme: object 25381: tokens.repository_selection is not all, subset or none"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"soon"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-13-45T08:47:09Z"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `1700000000`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2460000.5"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"now"`, 1), "tokens of acme: object 25381: non-deterministic use of strftime() in a generated column"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"token_last_used_at":null`, `"token_last_used_at":false`, 1), "tokens of acme: object 25381: tokens.last_used_at is not a time"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"login":"octo"`, `"login":7`, 1), "tokens of acme: object 25381: tokens.owner_login is not text"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"write"`, `["write"]`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `{"members":"read"}`, `"read"`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `{"members":"read"}`, `["read"]`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(storetest.TokenJSON, `"permissions":`, `"rights":`, 1), "tokens of acme: object 25381: tokens.permissions is not an object"},
		{"tokens", "", `{"message":"Not Found"}`, `tokens of acme: object {"message":"Not Found"}: tokens.grant_id is missing`},
		{"tokens", "", `[1]`, `tokens of acme: object [1]: tokens.grant_id is missing`},
		{"tokens", "", `<html>`, `tokens of acme: object <html>: not JSON`},
		{"token_repositories", "25381", `{"id":"7","full_name":"acme/x"}`, "token_repositories of acme: object 7: token_repositories.repository_id is not an integer"},
		{"token_repositories", "25381", `{"id":7}`, "token_repositories of acme: object 7: token_repositories.full_name is not text"},
		{"repositories", "", repository + `,"archived":"no"}`, "repositories of acme: object 7: repositories.is_archived is not a boolean"},
		{"repositories", "", repository + `,"visibility":"secret"}`, "repositories of acme: object 7: repositories.visibility is not public, private or internal"},
		{"repositories", "", repository + `,"pushed_at":1700000000}`, "repositories of acme: object 7: repositories.pushed_at is not a time"},
		{"repositories", "", repository + `,"security_and_analysis":"on"}`, "repositories of acme: object 7: repositories.security_and_analysis is not an object"},
		{"repositories", "", repository + `,"security_and_analysis":{"secret_scanning":"enabled"}}`, "repositories of acme: object 7: repositories.security_and_analysis is not an object of objects"},
		{"repositories", "", repository + `,"security_and_analysis":{"secret_scanning":{"status":true}}}`, "repositories of acme: object 7: repositories.secret_scanning is not a status"},
		{"repositories", "", repository + `,"security_and_analysis":{"secret_scanning":{"status":"on"}}}`, "repositories of acme: object 7: repositories.secret_scanning is not a status"},
		{"repositories", "", repository + `,"topics":"go"}`, "repositories of acme: object 7: repositories.topics is not a list of text"},
		{"repositories", "", repository + `,"topics":[1]}`, "repositories of acme: object 7: repositories.topics is not a list of text"},
		{"repositories", "", repository + `,"custom_properties":[1]}`, "repositories of acme: object 7: repositories.custom_properties is not an object"},
		{"repository_settings", "", settings + `,"isEmpty":"no"}`, "repository_settings of acme: object 7: repository_settings.is_empty is not a boolean"},
		{"repository_settings", "", settings + `,"vulnerabilityAlerts":{"totalCount":"many"}}`, "repository_settings of acme: object 7: dependabot_alerts.open_count is not an integer"},
		{"repository_settings", "", settings + `,"defaultBranchRef":{"name":"main","branchProtectionRule":{"databaseId":1,"isAdminEnforced":"yes"}}}`, "repository_settings of acme: object 7: branch_protection.is_admin_bound is not a boolean"},
		{"private_vulnerability_reporting", "7", `{"enabled":"yes"}`, "private_vulnerability_reporting of acme: object 7: private_vulnerability_reporting.is_enabled is not a boolean"},
		{"private_vulnerability_reporting", "7", `{}`, "private_vulnerability_reporting of acme: object 7: private_vulnerability_reporting.is_enabled is not a boolean"},
		{"automated_security_fixes", "7", `{"enabled":true}`, "automated_security_fixes of acme: object 7: automated_security_fixes.enabled and paused are not booleans"},
		{"members", "admin", `{"login":"octo","id":"1"}`, "members of acme: object 1: members.user_id is not an integer"},
		{"outside_collaborators", "", `{"id":1,"login":null}`, "outside_collaborators of acme: object 1: outside_collaborators.login is not text"},
		{"org", "", `{"login":"acme","id":1,"two_factor_requirement_enabled":"yes"}`, "org of acme: object 1: org.is_two_factor_required is not a boolean"},
		{"org", "", `{"login":"acme"}`, "org of acme: object acme: org.org_id is not an integer"},
	} {
		good := `{"id":1,"login":"x","full_name":"acme/good","name":"good","databaseId":9,"nameWithOwner":"acme/good","enabled":true,"paused":false}`
		if c.resource == "tokens" {
			good = strings.Replace(storetest.TokenJSON, "25381", "25380", 1)
		}
		before := rows(t, w, c.resource)
		walk := Walk{Org: "acme", Resource: c.resource, Parent: c.parent}
		err := w.Add(t.Context(), walk, []json.RawMessage{json.RawMessage(good), json.RawMessage(c.item)}, "", Cost{Requests: 1})
		var drift *DriftError
		if !errors.As(err, &drift) || err.Error() != c.want {
			t.Errorf("\n got %v\nwant %s", err, c.want)
		}
		if after := rows(t, w, c.resource); after != before {
			t.Errorf("%s: %d rows of the page were stored", c.want, after-before)
		}
	}
	if todo, err := w.Todo(t.Context(), "acme", "tokens"); len(todo) != 1 || err != nil {
		t.Errorf("the walk is done: %v, %v", todo, err)
	}
}
