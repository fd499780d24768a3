package collect

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub"
	"auditor/internal/store"
)

// Without the permission GitHub answers "off" instead of refusing: that is
// unknown, not off.
func TestAnswersWithoutPermissionAreUnknown(t *testing.T) {
	for _, stays := range []bool{false, true} { // whether a refused non-null field takes its repository with it
		t.Run(fmt.Sprintf("nulls stay %v", stays), func(t *testing.T) {
			s := newSite(t, fakegithub.Options{MissingPermissions: []string{"administration"}, NullsStay: stays})
			_, snapshot := s.mustRun()
			wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE dependabot_alerts IS NOT NULL OR secret_scanning IS NOT NULL`, "0")
			wantAnswer(t, snapshot, `SELECT count(*) FROM default_branch_protection WHERE is_protected = 0`, "0")
			wantAnswer(t, snapshot, `SELECT count(*) > 0 FROM repositories WHERE has_codeowners`, "1")
			wantAnswer(t, snapshot, `SELECT count(*) FROM deploy_keys`, "0")
		})
	}
}

// GitHub gives up on heavy GraphQL queries: smaller pages get through.
func TestSettingsPagesAreHalved(t *testing.T) {
	heavy := 0
	s := newSite(t, fakegithub.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/graphql" && idsOf(t, r) > 12 {
				heavy++
				http.Error(w, "<html>", http.StatusBadGateway)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	result, snapshot := s.mustRun()
	if row := coverageOf(t, result, "repository_settings"); row.Status != store.StatusComplete {
		t.Errorf("repository_settings is %s: %s", row.Status, row.Message)
	}
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE dependabot_alerts IS NULL`, "0")
	if heavy == 0 {
		t.Error("no page was refused")
	}
}

// Rulesets come with the settings: those of the repository and of its
// organization, also the ones that protect nothing yet.
func TestRulesets(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	result, snapshot := s.mustRun()
	if row := coverageOf(t, result, "rulesets"); row.Status != store.StatusComplete || row.RowCount == 0 || row.RequestCount != 0 {
		t.Errorf("rulesets are %s, %d rows, %d requests: %s", row.Status, row.RowCount, row.RequestCount, row.Message)
	}
	var want []string
	for _, r := range s.world.Repositories {
		for _, set := range r.Rulesets {
			want = append(want, fmt.Sprintf("%s|%s|%s|acme/%s|1", r.Name, set.Name, set.Enforcement, r.Name))
		}
	}
	slices.Sort(want)
	wantAnswer(t, snapshot, `SELECT substr(full_name, 6), name, enforcement, source, is_on_default_branch FROM rulesets WHERE source <> 'acme' ORDER BY 1`, strings.Join(want, "\n"))
	wantAnswer(t, snapshot, `SELECT DISTINCT name, enforcement FROM rulesets WHERE source = 'acme' AND enforcement <> 'active' ORDER BY name`, "release freeze|disabled\nsigned commits (trial)|evaluate")
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories AS r WHERE r.ruleset_count IS NOT (SELECT count(*) FROM rulesets AS s WHERE s.repository_id = r.repository_id)`, "0")
	wantAnswer(t, snapshot, `SELECT count(*) FROM branch_protection AS b JOIN rulesets AS s ON s.repository_id = b.repository_id AND s.name = b.source_name WHERE b.source = 'ruleset' AND b.source_url IS NOT s.source_url`, "0")
	// What protects a branch is one of them, and active.
	wantAnswer(t, snapshot, `SELECT count(*) FROM branch_protection AS b WHERE b.source = 'ruleset' AND NOT EXISTS (SELECT 1 FROM rulesets AS s WHERE s.repository_id = b.repository_id AND s.name = b.source_name AND s.enforcement = 'active' AND s.is_on_default_branch)`, "0")
}

// More rulesets than were requested: one that is not there may exist.
func TestTooManyRulesets(t *testing.T) {
	s := newSite(t, fakegithub.Options{}, rewrite("/graphql", `"rulesets":{"totalCount":2,`, `"rulesets":{"totalCount":21,`))
	result, snapshot := s.mustRun()
	if row := coverageOf(t, result, "rulesets"); row.Status != store.StatusPartial || !strings.Contains(row.Message, "21 rulesets, of which 2 were requested") {
		t.Errorf("rulesets are %s: %s", row.Status, row.Message)
	}
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE ruleset_count IS NULL`, "1")
}

// Where the list of repositories does not have Dependabot security updates, each
// repository is requested; where they are on, so is whether they are paused.
func TestAutomatedSecurityFixes(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	result, snapshot := s.mustRun()
	var want []string
	asked := int64(0)
	for _, r := range s.world.Repositories {
		state := r.Security.DependabotSecurityUpdates
		isTold := r.SecurityBlock == "" && state != ""
		switch {
		case r.IsArchived || r.IsDisabled:
			if !isTold {
				state = "NULL"
			}
		case !isTold || state == "enabled":
			asked++
			if state == "enabled" && r.IsSecurityFixesPaused {
				state = "paused"
			}
		}
		want = append(want, r.Name+"|"+state)
	}
	wantAnswer(t, snapshot, `SELECT name, dependabot_security_updates FROM repositories ORDER BY repository_id`, strings.Join(want, "\n"))
	if row := coverageOf(t, result, "automated_security_fixes"); row.Status != store.StatusComplete || row.RequestCount != asked || row.RowCount != asked {
		t.Errorf("%s with %d requests, %d rows, want %d: %s", row.Status, row.RequestCount, row.RowCount, asked, row.Message)
	}
	for _, state := range []string{"paused", "disabled", "enabled", "NULL"} {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.HasSuffix(line, "|"+state) }) {
			t.Errorf("the small organization has none that is %s", state)
		}
	}
}

// Without the permission 404 has no meaning, and nothing is requested.
func TestAutomatedSecurityFixesUnseen(t *testing.T) {
	s := newSite(t, fakegithub.Options{MissingPermissions: []string{"administration"}})
	_, snapshot := s.mustRun()
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE dependabot_security_updates IS NOT NULL`, "0")
	for _, r := range s.server.Requests() {
		if strings.HasSuffix(r.Path, "/automated-security-fixes") {
			t.Errorf("requested %s", r.Path)
		}
	}
}
