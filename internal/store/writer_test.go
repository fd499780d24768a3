package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dump returns all rows of all public views.
func dump(t *testing.T, s *Snapshot) string {
	t.Helper()
	var b strings.Builder
	for _, view := range Views() {
		fmt.Fprintf(&b, "== %s\n%s\n", view.Name, query(t, s, "SELECT * FROM "+view.Name+" ORDER BY 1, 2, 3, 4"))
	}
	return b.String()
}

func TestDrift(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	add(t, w, "repositories", "", `{"id":7,"name":"x","full_name":"acme/x"}`)
	const repository = `{"id":7,"name":"x","full_name":"acme/x"`
	const settings = `{"databaseId":7,"nameWithOwner":"acme/x"`
	for _, c := range []struct{ resource, parent, item, want string }{
		{"tokens", "", strings.Replace(tokenJSON, `"token_id":98716`, `"token_id":"98716"`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_id":98716`, `"token_id":"abc"`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_id":98716`, `"token_id":98716.5`, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_id":98716,`, ``, 1), "tokens of acme: object 25381: tokens.token_id is not an integer"},
		{"tokens", "", strings.Replace(tokenJSON, `"id":25381`, `"id":"25381"`, 1), "tokens of acme: object 25381: tokens.grant_id is not an integer"},
		{"tokens", "", strings.Replace(tokenJSON, `"id":25381,`, ``, 1), "tokens of acme: object 98716: tokens.grant_id is missing"},
		{"tokens", "", strings.Replace(tokenJSON, `"Some Token"`, `{"a":1}`, 1), "tokens of acme: object 25381: tokens.token_name is not text"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_expired":false`, `"token_expired":"no"`, 1), "tokens of acme: object 25381: tokens.is_expired is not a boolean"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_expired":false`, `"token_expired":0`, 1), "tokens of acme: object 25381: tokens.is_expired is not a boolean"},
		{"tokens", "", strings.Replace(tokenJSON, `"subset"`, `"some"`, 1), "tokens of acme: object 25381: tokens.repository_selection is not all, subset or none"},
		{"tokens", "", strings.Replace(tokenJSON, `"subset"`, `null`, 1), "tokens of acme: object 25381: tokens.repository_selection is not all, subset or none"},
		{"tokens", "", strings.Replace(tokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"soon"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(tokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2023-13-45T08:47:09Z"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(tokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `1700000000`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(tokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"2460000.5"`, 1), "tokens of acme: object 25381: tokens.expires_at is not a time"},
		{"tokens", "", strings.Replace(tokenJSON, `"2023-11-16T08:47:09.000-07:00"`, `"now"`, 1), "tokens of acme: object 25381: non-deterministic use of strftime() in a generated column"},
		{"tokens", "", strings.Replace(tokenJSON, `"token_last_used_at":null`, `"token_last_used_at":false`, 1), "tokens of acme: object 25381: tokens.last_used_at is not a time"},
		{"tokens", "", strings.Replace(tokenJSON, `"login":"octo"`, `"login":7`, 1), "tokens of acme: object 25381: tokens.owner_login is not text"},
		{"tokens", "", strings.Replace(tokenJSON, `"write"`, `["write"]`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(tokenJSON, `{"members":"read"}`, `"read"`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(tokenJSON, `{"members":"read"}`, `["read"]`, 1), "tokens of acme: object 25381: tokens.permissions is not an object of objects of text"},
		{"tokens", "", strings.Replace(tokenJSON, `"permissions":`, `"rights":`, 1), "tokens of acme: object 25381: tokens.permissions is not an object"},
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
		{"members", "admin", `{"login":"octo","id":"1"}`, "members of acme: object 1: members.user_id is not an integer"},
		{"outside_collaborators", "", `{"id":1,"login":null}`, "outside_collaborators of acme: object 1: outside_collaborators.login is not text"},
		{"org", "", `{"login":"acme","id":1,"two_factor_requirement_enabled":"yes"}`, "org of acme: object 1: org.is_two_factor_required is not a boolean"},
		{"org", "", `{"login":"acme"}`, "org of acme: object acme: org.org_id is not an integer"},
	} {
		good := `{"id":1,"login":"x","full_name":"acme/good","name":"good","databaseId":9,"nameWithOwner":"acme/good","enabled":true}`
		if c.resource == "tokens" {
			good = strings.Replace(tokenJSON, "25381", "25380", 1)
		}
		before := rows(t, w, c.resource)
		walk := Walk{Org: "acme", Resource: c.resource, Parent: c.parent}
		err := w.Add(t.Context(), walk, []json.RawMessage{json.RawMessage(good), json.RawMessage(c.item)}, "", 1)
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

// rows counts the rows of a base table.
func rows(t *testing.T, w *Writer, resource string) (n int) {
	t.Helper()
	if err := w.db.QueryRow("SELECT count(*) FROM _" + resource).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddUpdatesWhatWasSeen(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	add(t, w, "tokens", "", tokenJSON)
	add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/old"}`, `{"id":7,"full_name":"acme/new"}`, `{"id":8,"full_name":"acme/y"}`)
	add(t, w, "repositories", "", `{"id":7,"name":"old","full_name":"acme/old","topics":["a","b"],"custom_properties":{"p":["1","2"],"q":null}}`,
		`{"id":7,"name":"new","full_name":"acme/new","topics":["b","b","c"],"custom_properties":{"p":"3"}}`)
	again := strings.NewReplacer(`"contents":"write"`, `"administration":"read"`, `"subset"`, `"all"`, `"token_last_used_at":null`, `"token_last_used_at":"2026-11-20T23:30:00.999-07:00"`).Replace(tokenJSON)
	add(t, w, "tokens", "", again)
	cover(t, w, "complete", "tokens", "token_repositories", "repositories")
	s := publish(t, w)
	for statement, want := range map[string]string{
		"SELECT repository_selection, repository_count, has_upper_bound_reach, last_used_at, highest_tier FROM tokens": `["all",1,1,"2026-11-21T06:30:00Z","unclassified"]`,
		"SELECT permission, level, tier FROM token_permissions ORDER BY 1":                                             "[\"administration\",\"read\",\"medium\"]\n[\"members\",\"read\",\"unclassified\"]\n[\"metadata\",\"read\",\"low\"]",
		"SELECT count(*) FROM token_repositories":                                                                      "[0]",
		"SELECT full_name, via FROM token_reach":                                                                       `["acme/new","all"]`,
		"SELECT name, full_name FROM repositories":                                                                     `["new","acme/new"]`,
		"SELECT topic FROM repository_topics ORDER BY 1":                                                               "[\"b\"]\n[\"c\"]",
		"SELECT property, value FROM repository_properties":                                                            `["p","3"]`,
		"SELECT resource, row_count, request_count FROM coverage ORDER BY 1":                                           "[\"repositories\",1,1]\n[\"token_repositories\",0,1]\n[\"tokens\",1,2]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestTodo(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	todo := func(resource string) string {
		t.Helper()
		walks, err := w.Todo(t.Context(), "acme", resource)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, walk := range walks {
			if walk.Org != "acme" || walk.Resource != resource {
				t.Errorf("%+v", walk)
			}
			all = append(all, fmt.Sprintf("%s|%s|%s", walk.Parent, walk.Repository, walk.Next))
		}
		return strings.Join(all, " ")
	}
	expect := func(resource, want string) {
		t.Helper()
		if got := todo(resource); got != want {
			t.Errorf("todo of %s: %q, want %q", resource, got, want)
		}
	}
	token := func(id int, selection string) string {
		return strings.NewReplacer("25381", fmt.Sprint(id), "subset", selection).Replace(tokenJSON)
	}
	expect("tokens", "||")
	expect("members", "admin|| member||")
	expect("token_repositories", "")
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(token(100, "subset"))}, "https://api/page=2", 1); err != nil {
		t.Fatal(err)
	}
	expect("tokens", "||https://api/page=2")
	add(t, w, "tokens", "", token(20, "subset"), token(3, "all"), token(4, "none"))
	expect("tokens", "")
	expect("token_repositories", "20|| 100||")
	if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "20"}, 3, "502 Bad Gateway", 502); err != nil {
		t.Fatal(err)
	}
	expect("token_repositories", "20|| 100||")
	add(t, w, "token_repositories", "20")
	if err := w.Gone(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "100"}, 1); err != nil {
		t.Fatal(err)
	}
	expect("token_repositories", "")
	add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
	expect("members", "member||")
	add(t, w, "repositories", "", `{"id":1,"name":"a","full_name":"acme/a","visibility":"public"}`, `{"id":2,"name":"b","full_name":"acme/b","visibility":"private"}`,
		`{"id":3,"name":"c","full_name":"acme/c","visibility":"public","archived":true}`, `{"id":4,"name":"d","full_name":"acme/d","private":false,"archived":false}`, `{"id":5,"name":"e","full_name":"acme/e"}`)
	expect("private_vulnerability_reporting", "1|acme/a| 4|acme/d|")
	if _, err := w.Todo(t.Context(), "acme", "weather"); err == nil {
		t.Error("an unknown resource has something to do")
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "weather"}, nil, "", 1); err == nil {
		t.Error("an unknown resource was stored")
	}
	if err := w.Add(t.Context(), Walk{Org: "unknown", Resource: "tokens"}, nil, "", 1); err == nil {
		t.Error("an unknown organization was stored")
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	add(t, w, "tokens", "", tokenJSON, strings.Replace(tokenJSON, "25381", "25382", 1))
	add(t, w, "token_requests", "", strings.Replace(tokenJSON, "25381", "5", 1))
	add(t, w, "repositories", "", `{"id":7,"name":"x","full_name":"acme/x","visibility":"public","topics":["t"]}`)
	// The first page of the list came, then the token was revoked.
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "25381"}, []json.RawMessage{json.RawMessage(`{"id":7,"full_name":"acme/x"}`)}, "page2", 1); err != nil {
		t.Fatal(err)
	}
	for _, walk := range []Walk{
		{Org: "acme", Resource: "token_repositories", Parent: "25381"},
		{Org: "acme", Resource: "token_request_repositories", Parent: "5"},
		{Org: "acme", Resource: "private_vulnerability_reporting", Parent: "7"},
	} {
		for range 2 { // told twice: a resume
			if err := w.Gone(t.Context(), walk, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Pages that were on their way say nothing of what has gone.
	add(t, w, "token_repositories", "25381", `{"id":8,"full_name":"acme/y"}`)
	add(t, w, "token_request_repositories", "5", `{"id":8,"full_name":"acme/y"}`)
	add(t, w, "private_vulnerability_reporting", "7", `{"enabled":true}`)
	add(t, w, "teams", "7", `{"id":1,"slug":"a"}`)
	cover(t, w, "complete", "tokens", "token_repositories")
	s := publish(t, w)
	for statement, want := range map[string]string{
		"SELECT grant_id FROM tokens":                                                           "[25382]",
		"SELECT DISTINCT grant_id FROM token_permissions":                                       "[25382]",
		"SELECT count(*) FROM token_repositories":                                               "[0]",
		"SELECT count(*) FROM token_reach":                                                      "[0]",
		"SELECT count(*) FROM token_requests":                                                   "[0]",
		"SELECT count(*) FROM repositories":                                                     "[0]",
		"SELECT count(*) FROM repository_topics":                                                "[0]",
		"SELECT resource, row_count, request_count FROM coverage ORDER BY 1":                    "[\"token_repositories\",0,4]\n[\"tokens\",1,1]",
		"SELECT resource, parent, raw ->> '$.token_id', raw ->> '$.name' FROM _gone ORDER BY 1": "[\"private_vulnerability_reporting\",\"7\",null,\"x\"]\n[\"token_repositories\",\"25381\",98716,null]\n[\"token_request_repositories\",\"5\",98716,null]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

// A token that is listed again after it had gone is asked about once more.
func TestGoneAndBack(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	walk := Walk{Org: "acme", Resource: "token_repositories", Parent: "25381"}
	add(t, w, "tokens", "", tokenJSON)
	if err := w.Gone(t.Context(), walk, 1); err != nil {
		t.Fatal(err)
	}
	add(t, w, "tokens", "", tokenJSON)
	if todo, err := w.Todo(t.Context(), "acme", "token_repositories"); len(todo) != 1 || err != nil {
		t.Errorf("todo: %v, %v", todo, err)
	}
	add(t, w, "token_repositories", "25381", `{"id":8,"full_name":"acme/y"}`)
	add(t, w, "tokens", "", tokenJSON) // seen once more: nothing to ask again
	s := publish(t, w)
	if got := query(t, s, "SELECT repository_count, (SELECT count(*) FROM _gone) FROM tokens"); got != "[1,0]" {
		t.Errorf("got %s", got)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
	add(t, w, "members", "member", `{"id":2,"login":"b"}`, `{"id":1,"login":"a"}`)
	if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "tokens", Next: "page3"}, 4, "403 Forbidden", 403); err != nil {
		t.Fatal(err)
	}
	add(t, w, "repository_settings", "", settingsJSON)
	all := []Coverage{
		{Org: "acme", Resource: "branch_protection", Status: "complete", RowCount: 2},
		{Org: "acme", Resource: "codeowners", Status: "complete", RowCount: 1},
		{Org: "acme", Resource: "dependabot_alerts", Status: "skipped", Message: "switched off", RowCount: 1},
		{Org: "acme", Resource: "members", Status: "partial", RowCount: 2, RequestCount: 2},
		{Org: "acme", Resource: "repository_settings", Status: "complete", RowCount: 1, RequestCount: 1},
		{Org: "acme", Resource: "tokens", Status: "denied", IsRequired: true, HTTPStatus: 403, Message: "Resource not accessible", Permission: "organization_personal_access_tokens=read", RequestCount: 4},
		{Org: "acme", Resource: "weather", Status: "failed"},
	}
	for _, c := range all {
		if err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: c.Resource, Status: "failed", HTTPStatus: 500, Message: "first try", Permission: "x"}); err != nil {
			t.Fatal(err)
		}
		if err := w.Cover(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "org", Status: "fine"}); err == nil {
		t.Error("an unknown status was stored")
	}
	s := publish(t, w)
	got, err := s.Coverage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
	if got := query(t, s, "SELECT http_status, message, permission FROM coverage WHERE resource IN ('members', 'tokens') ORDER BY resource"); got !=
		"[null,null,null]\n[403,\"Resource not accessible\",\"organization_personal_access_tokens=read\"]" {
		t.Errorf("NULLs: %s", got)
	}
	if s.Info().IsComplete {
		t.Error("complete without a required resource")
	}
}

func TestIsComplete(t *testing.T) {
	t.Parallel()
	for want, status := range map[int]string{1: "complete", 0: "partial"} {
		w, _ := create(t)
		cover(t, w, "denied", "members")
		if err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "tokens", Status: status, IsRequired: true}); err != nil {
			t.Fatal(err)
		}
		if got := query(t, publish(t, w), "SELECT is_complete FROM snapshot"); got != fmt.Sprintf("[%d]", want) {
			t.Errorf("%s: %s", status, got)
		}
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func(change func(*Run)) (*Writer, error) {
		run := testRun()
		run.StartedAt = start.Add(time.Hour)
		change(&run)
		return Create(t.Context(), dir, run)
	}
	first, err := Create(t.Context(), dir, testRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
		t.Fatal(err)
	}
	add(t, first, "tokens", "", tokenJSON)
	if _, err := begin(func(*Run) {}); !errors.Is(err, ErrInUse) {
		t.Errorf("two at once: %v", err)
	}
	if err := first.Discard(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Run){
		"another configuration":  func(r *Run) { r.Fingerprint = "other" },
		"another version":        func(r *Run) { r.AuditorVersion = "v9" },
		"another filter":         func(r *Run) { r.Filters = "{}" },
		"another catalogue":      func(r *Run) { r.Catalogue = r.Catalogue[1:] },
		"six hours later":        func(r *Run) { r.StartedAt = start.Add(6 * time.Hour) },
		"a clock that went back": func(r *Run) { r.StartedAt = start.Add(-time.Second) },
	} {
		run := testRun()
		run.StartedAt = start.Add(time.Hour)
		change(&run)
		if w, err := resume(t.Context(), dir, run); w != nil || err != nil {
			t.Errorf("%s: resumed or %v", name, err)
		}
	}
	w, err := begin(func(r *Run) { r.StartedAt = start.Add(6*time.Hour - time.Second) })
	if err != nil || !w.IsResumed() || !w.StartedAt().Equal(start) {
		t.Fatalf("%+v, %v", w, err)
	}
	defer w.Discard()
	if todo, err := w.Todo(t.Context(), "acme", "tokens"); len(todo) != 0 || err != nil {
		t.Errorf("asked again: %v, %v", todo, err)
	}
	path, err := w.Publish(t.Context(), start.Add(7*time.Hour))
	if err != nil || filepath.Base(path) != "20261121T020000Z.db" {
		t.Errorf("%s, %v", path, err)
	}
	if _, err := begin(func(r *Run) { r.StartedAt = start }); !errors.Is(err, ErrExists) {
		t.Errorf("the same second again: %v", err)
	}
}

// What a killed run may leave never stops the next one.
func TestResumeSkipsRubbish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"20261121T010000Z.db.partial": "",
		"20261121T010001Z.db.partial": "rubbish",
		"20261121T010002Z.db.partial": "SQLite format 3\x00" + strings.Repeat("x", 5000),
		"99999999T999999Z.db.partial": "no time",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Create(t.Context(), dir, testRun())
	if err != nil || w.IsResumed() {
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	w, dir := create(t)
	partial := filepath.Join(dir, "20261121T020000Z.db.partial")
	if stat, err := os.Stat(partial); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat, err)
	}
	if stat, err := os.Stat(dir); err != nil || stat.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", stat, err)
	}
	for range 2 {
		if err := w.Discard(); err != nil {
			t.Error(err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("an empty partial stays: %v", entries)
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, nil, "", 1); err == nil {
		t.Error("stored after Discard")
	}

	w, dir = create(t)
	add(t, w, "tokens", "", tokenJSON)
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "20261121T020000Z.db.partial")); err != nil {
		t.Error("a partial with pages is gone")
	}
}

func TestPublishNeverOverwrites(t *testing.T) {
	t.Parallel()
	w, dir := create(t)
	final := filepath.Join(dir, "20261121T020000Z.db")
	if err := os.WriteFile(final, []byte("evidence"), 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, w, "tokens", "", tokenJSON)
	if _, err := w.Publish(t.Context(), start); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	if content, _ := os.ReadFile(final); string(content) != "evidence" {
		t.Error("overwritten")
	}
	if err := os.Remove(final); err != nil {
		t.Fatal(err)
	}
	if path, err := w.Publish(t.Context(), start); path != final || err != nil {
		t.Errorf("%s, %v", path, err)
	}
	if _, err := w.Publish(t.Context(), start); err == nil {
		t.Error("published twice")
	}
	if err := w.Discard(); err != nil {
		t.Errorf("Discard after Publish: %v", err)
	}
	if _, err := os.Stat(final); err != nil {
		t.Error("Discard removed what was published")
	}
}

func TestCreateFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), filepath.Join(file, "snapshots"), testRun()); err == nil {
		t.Error("made a folder in a file")
	}
	run := testRun()
	run.Catalogue[0].Tier = "dire"
	dir := t.TempDir()
	if _, err := Create(t.Context(), dir, run); err == nil || !strings.Contains(err.Error(), `tier "dire"`) {
		t.Errorf("unknown tier: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

// Concurrent pages share transactions; one that drifts spoils no other.
func TestAddConcurrently(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			item := strings.Replace(tokenJSON, "25381", fmt.Sprint(1000+i), 1)
			if i%10 == 3 {
				item = strings.Replace(item, `"token_id":98716`, `"token_id":null`, 1)
			}
			err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens", Parent: fmt.Sprint(i)}, []json.RawMessage{json.RawMessage(item)}, "", 1)
			var drift *DriftError
			if (i%10 == 3) != errors.As(err, &drift) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	if n := rows(t, w, "tokens"); n != 36 {
		t.Errorf("%d rows", n)
	}
	if n := rows(t, w, "walks"); n != 36 {
		t.Errorf("%d walks", n)
	}
}

// killPages are what the killed run stores, page by page.
func killPages() []Walk {
	var walks []Walk
	for i := range 40 {
		walks = append(walks, Walk{Org: "acme", Resource: "tokens", Parent: "", Next: fmt.Sprint(i)})
	}
	return walks
}

// storeKillPage stores the page that the walk is at.
func storeKillPage(t *testing.T, w *Writer, walk Walk) {
	i := 0
	fmt.Sscan(walk.Next, &i)
	var items []json.RawMessage
	for k := range 2 {
		items = append(items, json.RawMessage(strings.Replace(tokenJSON, "25381", fmt.Sprint(1000+2*i+k), 1)))
	}
	next := ""
	if i+1 < len(killPages()) {
		next = fmt.Sprint(i + 1)
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, items, next, 1); err != nil {
		t.Fatal(err)
	}
}

// TestKilledRun is the process that TestKill kills.
func TestKilledRun(t *testing.T) {
	dir := os.Getenv("STORE_TEST_KILL_DIR")
	if dir == "" {
		t.Skip("run by TestKill in another process")
	}
	w, err := Create(t.Context(), dir, testRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
		t.Fatal(err)
	}
	todo, err := w.Todo(t.Context(), "acme", "tokens")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("resumed", w.IsResumed(), "at", todo[0].Next)
	at := 0
	fmt.Sscan(todo[0].Next, &at)
	for _, walk := range killPages()[at:] {
		storeKillPage(t, w, walk)
		fmt.Println("stored", walk.Next)
	}
}

// Killed again and again, the run stores every page once, and the snapshot is
// that of an undisturbed run.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stored := 0
	for attempt := 1; stored < len(killPages())-10; attempt++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRun$", "-test.v")
		cmd.Env = append(os.Environ(), "STORE_TEST_KILL_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		quota := 7 * attempt
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var page int
			if n, _ := fmt.Sscanf(lines.Text(), "stored %d", &page); n == 1 {
				if page != stored && page != stored+1 {
					t.Errorf("attempt %d: page %d after page %d", attempt, page, stored)
				}
				stored = page
				if quota--; quota == 0 {
					break
				}
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if attempt > 20 {
			t.Fatal("no progress")
		}
	}
	finish := func(dir string) *Snapshot {
		w, err := Create(t.Context(), dir, testRun())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
			t.Fatal(err)
		}
		for {
			todo, err := w.Todo(t.Context(), "acme", "tokens")
			if err != nil {
				t.Fatal(err)
			}
			if len(todo) == 0 {
				break
			}
			storeKillPage(t, w, todo[0])
		}
		if err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "tokens", Status: "complete"}); err != nil {
			t.Fatal(err)
		}
		return publish(t, w)
	}
	if d := cmp.Diff(dump(t, finish(t.TempDir())), dump(t, finish(dir))); d != "" {
		t.Errorf("undisturbed and killed (-want +got):\n%s", d)
	}
	matches, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(matches) != 2 {
		t.Errorf("left behind: %v, %v", matches, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "20261121T020000Z.db.partial")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the partial is still there")
	}
}

// A full disk is no drift; what was stored before stays and can be gone on with.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w, dir := create(t)
	add(t, w, "tokens", "", tokenJSON)
	var pages int
	if err := w.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+2)); err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(tokenJSON, "Some Token", strings.Repeat("x", 100_000), 1)
	err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(strings.Replace(long, "25381", "2", 1))}, "", 1)
	var drift *DriftError
	if err == nil || errors.As(err, &drift) || !strings.Contains(err.Error(), "store tokens of acme: ") || !strings.Contains(err.Error(), "full") {
		t.Errorf("got %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	again, err := Create(t.Context(), dir, testRun())
	if err != nil || !again.IsResumed() {
		t.Fatal(err)
	}
	defer again.Discard()
	if n := rows(t, again, "tokens"); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// A cancelled context stores nothing of its own page and leaves the Writer whole.
func TestAddCancelled(t *testing.T) {
	t.Parallel()
	w, _ := create(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Add(ctx, Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(tokenJSON)}, "", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := rows(t, w, "tokens"); n != 0 {
		t.Errorf("%d tokens", n)
	}
	add(t, w, "tokens", "", tokenJSON)
}
