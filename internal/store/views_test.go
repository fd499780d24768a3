package store_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"auditor/internal/raced"
	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// specViews is spec section 5: what other people's programs rely on.
var specViews = map[string]string{
	"findings": "key rule report severity status org subject_kind subject_id subject_name subject_url owner_login reason is_new first_seen_at due_at is_overdue folded_into is_excepted",

	"snapshot":                   "started_at finished_at auditor_version schema_version api_url is_complete filters",
	"coverage":                   "org resource status is_required http_status message permission row_count request_count",
	"orgs":                       "org org_id name plan is_two_factor_required default_repository_permission",
	"tokens":                     "org grant_id token_id token_name owner_login owner_id owner_role repository_selection repository_count has_upper_bound_reach is_reach_effective highest_tier reach_tier access_granted_at expires_at is_expired last_used_at raw",
	"token_permissions":          "org grant_id scope permission level tier",
	"token_repositories":         "org grant_id repository_id full_name",
	"token_reach":                "org grant_id repository_id full_name via",
	"token_requests":             "org request_id token_id token_name owner_login owner_id owner_role repository_selection repository_count has_upper_bound_reach is_reach_effective highest_tier reach_tier reason created_at expires_at is_expired last_used_at raw",
	"token_request_permissions":  "org request_id scope permission level tier",
	"token_request_repositories": "org request_id repository_id full_name",
	"repositories": "org repository_id name full_name html_url visibility is_archived is_disabled is_fork is_template is_empty is_sensitive default_branch created_at pushed_at " +
		"advanced_security code_security secret_scanning secret_scanning_push_protection secret_scanning_non_provider_patterns secret_scanning_validity_checks secret_scanning_ai_detection dependabot_alerts dependabot_security_updates private_vulnerability_reporting " +
		"has_security_policy has_codeowners codeowners_error_count open_dependabot_alert_count raw",
	"branch_protection": "org repository_id full_name branch source source_name source_url is_pull_request_required required_approval_count is_stale_review_dismissed is_code_owner_review_required is_last_push_approval_required " +
		"is_status_check_required is_up_to_date_required is_signature_required is_linear_history_required is_conversation_resolution_required is_admin_bound is_force_push_allowed is_deletion_allowed bypass_actor_count",
	"default_branch_protection": "org repository_id is_protected",
	"codeowners_errors":         "org repository_id full_name path line column kind source suggestion message",
	"members":                   "org login user_id role",
	"repository_topics":         "org repository_id full_name topic",
	"repository_properties":     "org repository_id full_name property value",
	"repository_teams":          "org repository_id full_name slug permission",
	"deploy_keys":               "org repository_id full_name title is_read_only created_at",
	"permission_catalog":        "scope permission level tier why",
	"oddities":                  "org resource object field value count",
	"live_tokens":               "org grant_id token_name owner_login granted_days expires_in_days unused_days doubt html_url",
	"live_repositories":         "org repository_id full_name created_days pushed_days plan doubt raw html_url",
	"live_default_branches":     "org repository_id is_protected source_count protection_text doubt html_url",
	"rulesets":                  "org repository_id full_name ruleset_id name enforcement source is_on_default_branch", // beyond the spec
	"subjects":                  "subject key kind id org name url owner",                                              // of the contract between the rooms
}

func TestViewsHaveTheSpecsColumns(t *testing.T) {
	t.Parallel()
	s := sample(t)
	rows, err := s.Select(t.Context(), `SELECT name FROM (SELECT type, name FROM sqlite_schema UNION ALL SELECT type, name FROM memory.sqlite_schema) WHERE type = 'view' AND name NOT GLOB '_*' ORDER BY name`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, row[0].(string))
	}
	var parsed []string
	for _, v := range Views() {
		parsed = append(parsed, v.Name)
		if !strings.HasSuffix(v.Comment, ".") {
			t.Errorf("%s: the comment is no sentence: %q", v.Name, v.Comment)
		}
		var columns []string
		for _, c := range v.Columns {
			columns = append(columns, c.Name)
			if len(c.Comment) < 8 {
				t.Errorf("%s.%s: comment %q", v.Name, c.Name, c.Comment)
			}
		}
		real, err := s.Check(t.Context(), "SELECT * FROM "+v.Name, nil)
		if err != nil || !slices.Equal(real, columns) {
			t.Errorf("%s: columns with a comment %v, columns %v, %v", v.Name, columns, real, err)
		}
		for want := range strings.FieldsSeq(specViews[v.Name]) {
			if !slices.Contains(real, want) {
				t.Errorf("%s lacks %s", v.Name, want)
			}
		}
		if specViews[v.Name] == "" {
			t.Errorf("%s is not in the spec", v.Name)
		}
	}
	if !slices.Equal(names, parsed) || len(names) != len(specViews) {
		t.Errorf("views %v, with a comment %v, in the spec %d", names, parsed, len(specViews))
	}
}

// The manual is the view's own text.
func TestStockShell(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the sqlite3 shell")
	}
	s := sample(t)
	path := s.Info().Path
	stock(t, path)
	for _, v := range FileViews() {
		out, err := exec.Command(shell, path, ".schema "+v.Name).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range v.Columns {
			if !strings.Contains(string(out), "-- "+c.Comment) {
				t.Errorf(".schema %s does not show the comment of %s", v.Name, c.Name)
			}
		}
	}
	for _, check := range []string{"PRAGMA integrity_check", "PRAGMA foreign_key_check", "PRAGMA journal_mode", "PRAGMA user_version"} {
		want := map[string]string{"PRAGMA integrity_check": "ok\n", "PRAGMA foreign_key_check": "", "PRAGMA journal_mode": "delete\n", "PRAGMA user_version": "1\n"}[check]
		if out, err := exec.Command(shell, path, check).CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", check, out, err)
		}
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	s, err := Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ statement, want string }{
		{"SELECT last_used_at FROM tokens", "tokens"},
		{"SELECT grant_id FROM tokens WHERE last_used_at IS NULL AND is_expired = 0 ORDER BY access_granted_at", "tokens"},
		{"SELECT count(*) FROM tokens", "tokens"},
		{"WITH t AS (SELECT * FROM tokens) SELECT a.grant_id FROM t AS a JOIN t AS b ON a.owner_id = b.owner_id", "tokens"},
		{"SELECT highest_tier, html_url, raw FROM tokens", "tokens"},
		{"SELECT owner_role FROM tokens", "members outside_collaborators tokens"},
		{"SELECT grant_id FROM tokens WHERE owner_role = 'gone'", "members outside_collaborators tokens"},
		{"SELECT repository_count FROM tokens", "repositories token_repositories tokens"},
		{"SELECT is_reach_effective FROM tokens", "members org outside_collaborators tokens"},
		{"SELECT is_reach_effective FROM token_requests", "members org outside_collaborators token_requests"},
		{"SELECT * FROM tokens", "members org outside_collaborators repositories token_repositories tokens"},
		{"SELECT grant_id FROM token_permissions WHERE tier = 'critical'", "tokens"},
		{"SELECT t.grant_id FROM tokens AS t WHERE EXISTS (SELECT 1 FROM token_permissions AS p WHERE p.org = t.org AND p.grant_id = t.grant_id AND p.level = 'write')", "tokens"},
		{"SELECT grant_id, full_name FROM token_repositories", "token_repositories"},
		{"SELECT * FROM token_reach", "repositories token_repositories tokens"},
		{"SELECT t.token_name FROM tokens AS t LEFT JOIN token_requests AS q ON q.org = t.org AND q.request_id = t.token_id", "tokens"},
		{"SELECT reason FROM token_requests", "token_requests"},
		{"SELECT secret_scanning, visibility, is_archived, is_sensitive, html_url, raw FROM repositories", "repositories"},
		{"SELECT full_name FROM repositories WHERE dependabot_alerts = 'disabled'", "repositories repository_settings"},
		{"SELECT is_empty FROM repositories", "repositories repository_settings"},
		{"SELECT has_codeowners, codeowners_error_count FROM repositories", "codeowners repositories"},
		{"SELECT open_dependabot_alert_count FROM repositories", "dependabot_alerts repositories"},
		{"SELECT private_vulnerability_reporting FROM repositories", "private_vulnerability_reporting repositories"},
		{"SELECT deploy_key_count FROM repositories", "deploy_keys repositories"},
		{"SELECT * FROM repositories", "codeowners dependabot_alerts deploy_keys private_vulnerability_reporting repositories repository_settings rulesets"},
		{"SELECT repository_id, is_protected FROM default_branch_protection", "branch_protection repositories"},
		{"SELECT r.full_name FROM repositories AS r JOIN default_branch_protection AS p ON p.org = r.org AND p.repository_id = r.repository_id WHERE p.is_protected = 0", "branch_protection repositories"},
		{"SELECT * FROM branch_protection", "branch_protection"},
		{"SELECT * FROM codeowners_errors", "codeowners"},
		{"SELECT * FROM deploy_keys", "deploy_keys"},
		{"SELECT ruleset_count FROM repositories", "repositories rulesets"},
		{"SELECT * FROM rulesets", "rulesets"},
		{"SELECT grant_id, unused_days, use_text, grant_text, expiry_text, doubt, highest_tier FROM live_tokens", "tokens"},
		{"SELECT doubt, pushed_days, secret_scanning FROM live_repositories", "repositories"},
		{"SELECT plan FROM live_repositories", "org repositories"},
		{"SELECT is_protected FROM live_default_branches", "branch_protection repositories repository_settings"},
		{"SELECT doubt FROM live_default_branches", "org repositories repository_settings"},
		{"SELECT role FROM members", "members outside_collaborators"},
		{"SELECT * FROM repository_topics", "repositories"},
		{"SELECT * FROM repository_properties", "repositories"},
		{"SELECT * FROM repository_teams", "teams"},
		{"SELECT org FROM orgs", ""},
		{"SELECT plan FROM orgs", "org"},
		{"SELECT * FROM coverage", ""},
		{"SELECT * FROM snapshot", ""},
		{"SELECT * FROM permission_catalog", ""},
		{"SELECT * FROM subjects", "repositories token_requests tokens"},
		{"SELECT 1 WHERE :days > 3", ""},
	} {
		got, err := s.Reads(t.Context(), c.statement)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %v, %v\nwant %s", c.statement, got, err, c.want)
		}
	}
}

// plan returns SQLite's plan of a statement.
func plan(t *testing.T, s *Snapshot, statement string) string {
	t.Helper()
	rows, err := s.DB().Query("EXPLAIN QUERY PLAN " + statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	return strings.Join(lines, "\n")
}

// Joins of public views over their keys search, they never scan inside a scan
// (of _snapshot, s, which has one row, and _sensitive, v, apart).
// Both without statistics (the empty snapshot) and with those of a large one.
func TestJoinsUseIndexes(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	empty, err := Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	filled, err := Open(t.Context(), storetest.Published(t, storetest.Small()))
	if err != nil {
		t.Fatal(err)
	}
	defer filled.Close()
	checkSize(t, filled)
	const grant, repository = " ON b.org = a.org AND b.grant_id = a.grant_id", " ON b.org = a.org AND b.repository_id = a.repository_id"
	for _, statement := range []string{
		"SELECT a.token_name, b.permission, b.tier FROM tokens AS a JOIN token_permissions AS b" + grant,
		"SELECT a.token_name, b.full_name FROM tokens AS a JOIN token_repositories AS b" + grant,
		"SELECT a.token_name, b.full_name FROM tokens AS a JOIN token_reach AS b" + grant,
		"SELECT a.token_name FROM tokens AS a WHERE EXISTS (SELECT 1 FROM token_reach AS b WHERE b.org = a.org AND b.grant_id = a.grant_id)",
		"SELECT a.token_name, (SELECT count(*) FROM token_reach AS b WHERE b.org = a.org AND b.grant_id = a.grant_id) FROM tokens AS a",
		"SELECT a.full_name, b.grant_id FROM repositories AS a JOIN token_repositories AS b" + repository,
		"SELECT a.full_name, b.grant_id FROM repositories AS a JOIN token_reach AS b" + repository,
		"SELECT a.full_name, (SELECT count(*) FROM token_reach AS b WHERE b.org = a.org AND b.repository_id = a.repository_id) FROM repositories AS a",
		"SELECT a.full_name, b.topic FROM repositories AS a JOIN repository_topics AS b" + repository,
		"SELECT a.full_name, b.source FROM repositories AS a JOIN branch_protection AS b" + repository,
		"SELECT a.full_name, b.is_protected, b.is_admin_bound FROM repositories AS a JOIN default_branch_protection AS b" + repository,
		"SELECT a.full_name, b.title FROM repositories AS a LEFT JOIN deploy_keys AS b" + repository,
		"SELECT a.full_name, b.visibility FROM token_repositories AS a JOIN repositories AS b" + repository,
		"SELECT a.reason, b.tier FROM token_requests AS a JOIN token_request_permissions AS b ON b.org = a.org AND b.request_id = a.request_id",
		"SELECT a.token_name, b.reason FROM tokens AS a JOIN token_requests AS b ON b.org = a.org AND b.owner_login = a.owner_login WHERE a.grant_id = 400001",
		"SELECT * FROM tokens", "SELECT * FROM repositories", "SELECT * FROM default_branch_protection", "SELECT * FROM token_requests",
	} {
		for name, s := range map[string]*Snapshot{"empty": empty, "filled": filled} {
			scans := 0
			p := plan(t, s, statement)
			for line := range strings.SplitSeq(p, "\n") {
				if strings.HasPrefix(line, "SCAN ") && !slices.Contains([]string{"SCAN s", "SCAN v"}, line) {
					scans++
				}
			}
			// A compound view scans once in each of its parts.
			if scans > 1+strings.Count(p, "UNION ALL")+strings.Count(p, "COMPOUND QUERY") || strings.Contains(p, "AUTOMATIC") {
				t.Errorf("%s: %s\n%s", name, statement, p)
			}
		}
	}
}

// checkSize holds every row of a small organization to its share of the 60 MB
// that the large one may take; BenchmarkFill measures the whole.
func checkSize(t *testing.T, s *Snapshot) {
	t.Helper()
	image, err := SchemaImage()
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(s.Info().Path)
	if err != nil {
		t.Fatal(err)
	}
	const perToken, perRepository, perPair = 1_900, 6_000, 60 // bytes: 19 + 30 + 12 MB of the large one
	limit := int64(storetest.Small().Tokens*perToken + storetest.Small().Repositories*perRepository + storetest.Small().Pairs*perPair)
	if got := stat.Size() - int64(len(image)); got > limit {
		t.Errorf("the rows take %d bytes, more than %d", got, limit)
	}
}
