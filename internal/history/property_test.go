package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"auditor/internal/raced"
	"auditor/internal/store"
)

// historyChecks are questions that history and snapshot answer alike where the
// resources were complete.
var historyChecks = []struct{ view, columns, resources string }{
	{"coverage", "resource, status, is_required, http_status, message, permission", ""},
	{"orgs", "org_id, name, plan, is_two_factor_required, default_repository_permission", "org"},
	{"orgs", "installation_selection", ""},
	{"members", "login, user_id, role", "members outside_collaborators"},
	{"tokens", "grant_id, token_id, token_name, owner_login, owner_id, repository_selection, has_upper_bound_reach, highest_tier, access_granted_at, expires_at, is_expired, last_used_at, html_url", "tokens"},
	{"tokens", "grant_id, owner_role, is_reach_effective", "tokens members outside_collaborators org"},
	{"tokens", "grant_id, repository_count, reach_tier", "tokens token_repositories repositories"},
	{"token_permissions", "grant_id, scope, permission, level, tier", "tokens"},
	{"token_repositories", "grant_id, repository_id, full_name", "tokens token_repositories repositories"},
	{"token_requests", "request_id, token_id, token_name, owner_login, owner_id, repository_selection, has_upper_bound_reach, highest_tier, reason, created_at, expires_at, is_expired, last_used_at, html_url", "token_requests"},
	{"token_requests", "request_id, owner_role, is_reach_effective", "token_requests members outside_collaborators org"},
	{"token_requests", "request_id, repository_count, reach_tier", "token_requests token_request_repositories repositories"},
	{"token_request_permissions", "request_id, scope, permission, level, tier", "token_requests"},
	{"repositories", "repository_id, name, full_name, html_url, visibility, is_archived, is_disabled, is_fork, is_template, is_sensitive, default_branch, created_at, pushed_at, advanced_security, code_security, secret_scanning, secret_scanning_push_protection, secret_scanning_non_provider_patterns, secret_scanning_validity_checks, secret_scanning_ai_detection", "repositories"},
	{"repositories", "repository_id, is_empty, dependabot_alerts, has_security_policy", "repositories repository_settings"},
	{"repositories", "repository_id, private_vulnerability_reporting", "repositories private_vulnerability_reporting"},
	{"repositories", "repository_id, has_codeowners, codeowners_error_count", "repositories repository_settings codeowners"},
	{"repositories", "repository_id, open_dependabot_alert_count", "repositories repository_settings dependabot_alerts"},
	{"repositories", "repository_id, deploy_key_count", "repositories repository_settings deploy_keys"},
	{"default_branch_protection", "repository_id, full_name, branch, is_protected, source_count, is_pull_request_required, required_approval_count, is_stale_review_dismissed, is_code_owner_review_required, is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required, is_linear_history_required, is_conversation_resolution_required, is_admin_bound, is_force_push_allowed, is_deletion_allowed, bypass_actor_count", "repositories repository_settings branch_protection"},
}

// testQuery reads rows as JSON lines, past the guard.
func testQuery(t testing.TB, db *sql.DB, statement string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return lines
}

// live lets days go by and merges each; the snapshots come back in order.
func live(t *testing.T, w *world, h *History, dir string, days int) []*store.Snapshot {
	t.Helper()
	var all []*store.Snapshot
	for range days {
		w.pass()
		s := w.publish(t, dir)
		if err := h.Import(t.Context(), s, nil, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func openHistory(t testing.TB, dir string) *History {
	t.Helper()
	h, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// As of every snapshot the history says what the snapshot says, for all that
// was complete, whatever was merged after it.
func TestHistoryAsOfIsTheSnapshot(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	dir := t.TempDir()
	w := newWorld(1, "acme", "beta")
	h := openHistory(t, dir)
	compared := map[string]int{}
	for i, s := range live(t, w, h, dir, 20) {
		complete := map[string]bool{}
		for _, line := range testQuery(t, s.Database().DB(), "SELECT org || ' ' || resource FROM _coverage WHERE status = 'complete'") {
			complete[strings.Trim(line, `["]`)] = true
		}
		for _, org := range s.Brief().Orgs {
			for _, c := range historyChecks {
				if slices.ContainsFunc(strings.Fields(c.resources), func(r string) bool { return !complete[org+" "+r] }) {
					staysKnown(t, h, i+1, org, c.view, c.columns)
					continue
				}
				columns := c.columns
				if columns == "*" {
					columns = strings.Join(columnsOf(t, c.view), ", ")
				}
				want := testQuery(t, s.Database().DB(), "SELECT "+columns+" FROM "+c.view+" WHERE org = ? ORDER BY "+columns, org)
				got := testQuery(t, h.db, "SELECT "+columns+" FROM "+c.view+" WHERE snapshot_id = ? AND org = ? ORDER BY "+columns, i+1, org)
				if !slices.Equal(got, want) {
					t.Fatalf("snapshot %d, %s: %s of %s:\n got %v\nwant %v", i+1, org, columns, c.view, got, want)
				}
				compared[c.view] += len(want)
			}
		}
	}
	for _, c := range historyChecks {
		if compared[c.view] == 0 {
			t.Errorf("%s was never compared", c.view)
		}
	}
}

// lasting are the columns that never become unknown by not being read, and what
// identifies their rows.
var lasting = map[string]struct{ key, columns string }{
	"tokens":                    {"token_id", "owner_role is_reach_effective reach_tier"},
	"repositories":              {"repository_id", "is_empty dependabot_alerts has_security_policy private_vulnerability_reporting has_codeowners codeowners_error_count open_dependabot_alert_count deploy_key_count"},
	"default_branch_protection": {"repository_id", "is_protected required_approval_count is_admin_bound is_force_push_allowed bypass_actor_count"},
	"orgs":                      {"org_id", "default_repository_permission"},
}

// staysKnown holds for the columns of a resource that was not complete in a
// snapshot: what was known as of the one before is known as of it.
func staysKnown(t *testing.T, h *History, id int, org, view, columns string) {
	t.Helper()
	for column := range strings.FieldsSeq(lasting[view].columns) {
		if columns != "*" && !slices.Contains(strings.Split(columns, ", "), column) {
			continue
		}
		key := lasting[view].key
		query := fmt.Sprintf("SELECT b.%[1]s, b.%[2]s FROM %[3]s AS a JOIN %[3]s AS b ON b.org = a.org AND b.%[1]s = a.%[1]s WHERE a.snapshot_id = ?1 AND b.snapshot_id = ?1 - 1 AND a.org = ?2 AND a.%[2]s IS NULL AND b.%[2]s IS NOT NULL", key, column, view)
		if lost := testQuery(t, h.db, query, id, org); lost != nil {
			t.Fatalf("snapshot %d, %s: %s of %s became unknown: %v", id, org, column, view, lost)
		}
	}
}

// columnsOf lists the columns of a view of the history that the snapshot has too.
func columnsOf(t testing.TB, view string) (columns []string) {
	t.Helper()
	for _, v := range Views() {
		for _, c := range v.Columns {
			if v.Name == view && c.Name != "snapshot_id" {
				columns = append(columns, c.Name)
			}
		}
	}
	return columns
}
