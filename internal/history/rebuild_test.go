package history

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// evaluateByCount finds one thing every second day, and another one in other words
// every day, on a subject whose name changes now and then.
func evaluateByCount(s *store.Snapshot) (iter.Seq[*finding.Finding], []finding.Run, error) {
	day := int(s.Info().StartedAt.Unix() / 86400)
	daily := found("c/d", "7 low unknown")
	daily.Reason, daily.Subject.Name = fmt.Sprintf("unused for %d days", day), fmt.Sprintf("token %d", day/3)
	all := append(foundAll("a/b", strings.Repeat("1 high fail, ", day%2)), daily)
	return finding.All(all), []finding.Run{{Rule: "a/b", Fingerprint: "1"}, {Rule: "c/d", Fingerprint: "2"}}, nil
}

// Rebuilt from all files, the history has the same rows in all its tables.
func TestHistoryRebuilt(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	dir := t.TempDir()
	w := newWorld(4, "acme", "beta")
	h := openHistory(t, dir)
	for range 12 {
		w.pass()
		s := w.publish(t, dir)
		findings, rules, err := evaluateByCount(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Import(t.Context(), s, findings, rules); err != nil {
			t.Fatal(err)
		}
	}
	want := dumpHistory(t, h.Path())

	// What a rebuild that was killed has left is no hindrance.
	for _, name := range []string{fileName + store.PartialSuffix, fileName + store.PartialSuffix + "-journal"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leftOut, err := Rebuild(t.Context(), dir, evaluateByCount)
	if err != nil || leftOut != nil {
		t.Fatal(leftOut, err)
	}
	if got := dumpHistory(t, h.Path()); got != want {
		t.Errorf("rebuilt:\n%s\nmerged:\n%s", got, want)
	}
	for _, name := range storetest.Files(t, dir) {
		if strings.Contains(name, store.PartialSuffix) || strings.Contains(name, "journal") {
			t.Errorf("%s stays", name)
		}
	}
	// A handle that was open before merges into the new file.
	w.pass()
	s := w.publish(t, dir)
	if err := h.Import(t.Context(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	if all, err := openHistory(t, dir).Snapshots(t.Context()); len(all) != 13 || err != nil {
		t.Errorf("%d snapshots, %v", len(all), err)
	}
}

// A rebuild puts in order what came out of order, and leaves out what it cannot
// read without losing the rest.
func TestHistoryRebuildMends(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	late, early := dayOf(t, dir, 3, "", tokenDay(t)), dayOf(t, dir, 1, "", tokenDay(t))
	mergeAll(t, h, late)
	dayOf(t, dir, 2, `{"owner":["octo"]}`, tokenDay(t))
	damaged := dayOf(t, dir, 5, "", tokenDay(t)).Info().Path
	text, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(damaged, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	leftOut, err := Rebuild(t.Context(), dir, nobody)
	if err != nil || len(leftOut) != 2 || !errors.Is(leftOut[0], ErrFiltered) || !strings.Contains(leftOut[1].Error(), filepath.Base(damaged)) {
		t.Errorf("left out %v, %v", leftOut, err)
	}
	all, err := openHistory(t, dir).Snapshots(t.Context())
	if err != nil || len(all) != 2 || all[0].File != early.Info().File || all[1].File != late.Info().File {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestHistoryInTheStockShell asks every view with Debian's sqlite3.
func TestHistoryInTheStockShell(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the sqlite3 shell")
	}
	dir := t.TempDir()
	h := openHistory(t, dir)
	live(t, newWorld(8, "acme"), h, dir, 4)
	for _, v := range Views() {
		out, err := exec.Command(shell, "-bail", h.Path(), "SELECT count(*) FROM "+v.Name, ".schema "+v.Name).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", v.Name, err, out)
		}
		for _, c := range v.Columns {
			if !strings.Contains(string(out), "-- "+c.Comment) {
				t.Errorf(".schema %s does not show the comment of %s", v.Name, c.Name)
			}
		}
	}
	for check, want := range map[string]string{"PRAGMA integrity_check": "ok\n", "PRAGMA foreign_key_check": "", "PRAGMA journal_mode": "delete\n"} {
		if out, err := exec.Command(shell, h.Path(), check).CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", check, out, err)
		}
	}
}

// specHistory is what the specification promises of the history's views.
var specHistory = map[string]string{
	"snapshots":                 "snapshot_id file sha256 started_at finished_at is_complete orgs token_count repository_count critical_count high_count medium_count low_count",
	"coverage":                  "snapshot_id org resource status is_required http_status message permission",
	"orgs":                      "snapshot_id org is_two_factor_required default_repository_permission",
	"members":                   "snapshot_id org login user_id role",
	"tokens":                    "snapshot_id org grant_id token_id token_name owner_login owner_id owner_role repository_selection repository_count has_upper_bound_reach is_reach_effective highest_tier reach_tier access_granted_at expires_at is_expired last_used_at html_url",
	"token_permissions":         "snapshot_id org grant_id scope permission level tier",
	"token_repositories":        "snapshot_id org grant_id repository_id full_name",
	"token_requests":            "snapshot_id org request_id token_id token_name owner_login repository_selection repository_count reason created_at expires_at",
	"token_request_permissions": "snapshot_id org request_id scope permission level tier",
	"repositories":              "snapshot_id org repository_id full_name visibility secret_scanning dependabot_alerts private_vulnerability_reporting has_codeowners open_dependabot_alert_count",
	"default_branch_protection": "snapshot_id org repository_id full_name branch is_protected required_approval_count is_force_push_allowed bypass_actor_count",
	"findings":                  "snapshot_id key rule severity status org subject_kind subject_id subject_name reason is_excepted",
	"finding_counts":            "snapshot_id rule severity finding_count excepted_count unknown_count is_complete",
	"rules":                     "snapshot_id rule is_complete fingerprint",
	"changes":                   "snapshot_id kind change org subject_kind subject_id subject_name subject_url subject_owner before after detail",
}

func TestHistoryViewsHaveComments(t *testing.T) {
	t.Parallel()
	h := openHistory(t, t.TempDir())
	r, err := Read(t.Context(), h.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, v := range Views() {
		names = append(names, v.Name)
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
		real, err := r.Database().Check(t.Context(), "SELECT * FROM "+v.Name, nil)
		if err != nil || !slices.Equal(real, columns) {
			t.Errorf("%s: columns with a comment %v, columns %v, %v", v.Name, columns, real, err)
		}
		for want := range strings.FieldsSeq(specHistory[v.Name]) {
			if !slices.Contains(real, want) {
				t.Errorf("%s lacks %s", v.Name, want)
			}
		}
		if specHistory[v.Name] == "" {
			t.Errorf("%s is not in the spec", v.Name)
		}
	}
	if got := testQuery(t, r.Database().DB(), "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT GLOB '_*' ORDER BY name"); len(got) != len(names) || len(names) != len(specHistory) {
		t.Errorf("views %v, with a comment %v", got, names)
	}
	if !r.FinishedAt().IsZero() || r.Database().Name() != fileName {
		t.Errorf("finished at %v, %s", r.FinishedAt(), r.Database().Name())
	}
	if _, err := r.Database().Select(t.Context(), "DELETE FROM _snapshots", nil); err == nil {
		t.Error("the history can be changed by who reads it")
	}
}

// What changed in one snapshot is found by it: nothing is made of all snapshots
// first. A grouping by anything else, or a text in the wrong place, would undo that.
func TestHistoryChangesAreFoundBySnapshot(t *testing.T) {
	t.Parallel()
	h := openHistory(t, t.TempDir())
	plan := testQuery(t, h.db, "EXPLAIN QUERY PLAN SELECT * FROM changes WHERE snapshot_id = 7")
	searches := 0
	for _, step := range plan {
		if strings.Contains(step, "(valid_from=?") || strings.Contains(step, "(valid_to=?") {
			searches++
		}
		for _, whole := range []string{"(valid_from>?)", "(valid_to<?)", `"SCAN s"`} {
			if strings.Contains(step, whole) {
				t.Errorf("%s", step)
			}
		}
	}
	if searches != 10 { // of four kinds and the lists, what began and what ended
		t.Errorf("%d searches by the snapshot in the plan:\n%s", searches, strings.Join(plan, "\n"))
	}
}
