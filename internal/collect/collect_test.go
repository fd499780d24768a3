package collect

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/store"
)

// The snapshot holds what the server has, token by token, repository by
// repository.
func TestSnapshotHoldsTheOrganization(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	result, snapshot := s.mustRun()
	if !result.IsComplete || result.IsResumed {
		t.Errorf("complete %v, resumed %v", result.IsComplete, result.IsResumed)
	}
	var tokens, permissions, repositories []string
	for _, g := range s.world.Grants {
		count := "0"
		if g.Selection == "subset" {
			count = fmt.Sprint(len(g.Repositories))
		} else if g.Selection == "all" {
			count = fmt.Sprint(len(s.world.Repositories))
		}
		role := g.Owner.Role
		tokens = append(tokens, strings.Join([]string{fmt.Sprint(g.ID), fmt.Sprint(g.TokenID), g.Name, g.Owner.Login, role, g.Selection, count}, "|"))
		permissions = append(permissions, fmt.Sprintf("%d|%d", g.ID, len(g.Permissions.Organization)+len(g.Permissions.Repository)+len(g.Permissions.Other)))
	}
	for _, r := range s.world.Repositories {
		alerts, secrets := "disabled", "NULL"
		if r.HasVulnerabilityAlerts {
			alerts = "enabled"
		}
		if r.SecurityBlock == "" && r.Security.SecretScanning != "" {
			secrets = r.Security.SecretScanning
		}
		repositories = append(repositories, fmt.Sprintf("%d|%s|%s|%s|%s", r.ID, r.Name, r.Visibility, alerts, secrets))
	}
	wantAnswer(t, snapshot, `SELECT grant_id, token_id, token_name, owner_login, owner_role, repository_selection, repository_count FROM tokens ORDER BY 1`, strings.Join(tokens, "\n"))
	wantAnswer(t, snapshot, `SELECT grant_id, count(*) FROM token_permissions GROUP BY 1 ORDER BY 1`, strings.Join(permissions, "\n"))
	wantAnswer(t, snapshot, `SELECT repository_id, name, visibility, dependabot_alerts, secret_scanning FROM repositories ORDER BY 1`, strings.Join(repositories, "\n"))
	wantAnswer(t, snapshot, `SELECT count(*) FROM token_requests`, fmt.Sprint(len(s.world.Requests)))
	wantAnswer(t, snapshot, `SELECT DISTINCT status FROM coverage WHERE resource <> 'teams' OR is_required`, "complete")
}

// A cold run sends no more requests than it has to.
func TestRequestsOfAColdRun(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	s.mustRun(func(p *Plan) {
		p.Optional = slices.DeleteFunc(p.Optional, func(o string) bool { return o == "teams" || o == "automated_security_fixes" })
	})
	floor := 1 + 1 + 1 + 1 + 12 // lists of tokens, requests and repositories, one GraphQL page, the organization
	for _, g := range slices.Concat(s.world.Grants, s.world.Requests) {
		if g.Selection == "subset" {
			floor += max(1, (len(g.Repositories)+99)/100)
		}
	}
	for _, r := range s.world.Repositories {
		if r.Visibility == "public" && !r.IsArchived {
			floor++
		}
	}
	seen := map[string]int{}
	for _, request := range s.server.Requests() {
		seen[request.Method+" "+request.Path+"?"+request.Query]++
	}
	if got := len(s.server.Requests()); got > floor {
		t.Errorf("%d requests, the floor is %d", got, floor)
	}
	for request, n := range seen {
		if n > 1 {
			t.Errorf("%d times %s", n, request)
		}
	}
}

func TestRefusals(t *testing.T) {
	type row struct {
		resource   string
		status     store.CoverageStatus
		permission string
	}
	const (
		tokens         = "Organization permissions > Personal access tokens: Read-only"
		requests       = "Organization permissions > Personal access token requests: Read-only"
		members        = "Organization permissions > Members: Read-only"
		administration = "Repository permissions > Administration: Read-only"
		alerts         = "Repository permissions > Dependabot alerts: Read-only"
	)
	for _, test := range []struct {
		missing    string
		isComplete bool
		want       []row
	}{
		{"organization_personal_access_tokens", false, []row{{"tokens", store.StatusDenied, tokens}, {"token_repositories", store.StatusSkipped, ""}}},
		{"organization_personal_access_token_requests", false, []row{{"token_requests", store.StatusDenied, requests}, {"token_request_repositories", store.StatusSkipped, ""}}},
		{"members", true, []row{{"members", store.StatusDenied, members}, {"outside_collaborators", store.StatusDenied, members}}},
		{"administration", false, []row{{"repositories", store.StatusPartial, administration}, {"branch_protection", store.StatusPartial, administration}, {"deploy_keys", store.StatusDenied, administration}, {"automated_security_fixes", store.StatusDenied, administration}, {"teams", store.StatusDenied, administration}}},
		{"vulnerability_alerts", true, []row{{"dependabot_alerts", store.StatusDenied, alerts}}},
	} {
		t.Run(test.missing, func(t *testing.T) {
			result, _ := newSite(t, fakegithub.Options{MissingPermissions: []string{test.missing}}).mustRun()
			for _, want := range test.want {
				got := coverageOf(t, result, want.resource)
				if got.Status != want.status || got.Permission != want.permission || got.Message == "" {
					t.Errorf("%s is %s, permission %q, message %q", got.Resource, got.Status, got.Permission, got.Message)
				}
			}
			if result.IsComplete != test.isComplete {
				t.Errorf("complete: %v", result.IsComplete)
			}
		})
	}
}

func TestWhatIsSwitchedOffIsSkipped(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	result, snapshot := s.mustRun(func(p *Plan) { p.Optional = nil })
	for _, resource := range []string{"members", "outside_collaborators", "codeowners", "branch_protection", "dependabot_alerts", "private_vulnerability_reporting", "automated_security_fixes", "rulesets", "properties", "teams"} {
		if row := coverageOf(t, result, resource); row.Status != store.StatusSkipped || !strings.Contains(row.Message, "switched off") {
			t.Errorf("%s is %s: %s", resource, row.Status, row.Message)
		}
	}
	if !result.IsComplete {
		t.Error("not complete")
	}
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE has_codeowners IS NOT NULL OR open_dependabot_alert_count IS NOT NULL OR private_vulnerability_reporting IS NOT NULL`, "0")
	wantAnswer(t, snapshot, `SELECT count(*) FROM tokens WHERE owner_role IS NOT NULL`, "0")
	for _, r := range s.server.Requests() {
		if strings.Contains(r.Path, "members") || strings.HasSuffix(r.Path, "reporting") {
			t.Errorf("requested %s", r.Path)
		}
	}
}

func TestEnterpriseServer(t *testing.T) {
	s := newSite(t, fakegithub.Options{GHES: true})
	result, _ := s.mustRun()
	if row := coverageOf(t, result, "private_vulnerability_reporting"); row.Status != store.StatusSkipped {
		t.Errorf("private vulnerability reporting is %s", row.Status)
	}
	if !result.IsComplete {
		t.Errorf("not complete: %+v", result.Coverage)
	}
}

func TestSelectedRepositoriesArePartial(t *testing.T) {
	s := newSite(t, fakegithub.Options{Selected: true})
	result, _ := s.mustRun()
	if row := coverageOf(t, result, "repositories"); row.Status != store.StatusPartial || !strings.Contains(row.Message, "selected repositories") {
		t.Errorf("repositories are %s: %s", row.Status, row.Message)
	}
}

func TestOrganizations(t *testing.T) {
	others := func() []*world.World {
		return []*world.World{
			world.Generate(2, "small", "bare", testNow()),
			world.Generate(3, "small", "asleep", testNow()),
		}
	}
	options := func() fakegithub.Options {
		return fakegithub.Options{Others: others(), NotInstalled: []string{"bare"}, Suspended: []string{"asleep"}, UserAccounts: []string{"alice"}}
	}
	t.Run("one does not exist", func(t *testing.T) {
		_, err := newSite(t, options()).run(func(p *Plan) { p.Orgs = []string{"nowhere"} })
		if !github.IsNotFound(err) || !strings.Contains(err.Error(), "open organization nowhere") {
			t.Error(err)
		}
	})
	t.Run("one of two lacks the App", func(t *testing.T) {
		s := newSite(t, options())
		result, snapshot := s.mustRun(func(p *Plan) { p.Orgs = []string{"bare", "acme"} })
		if result.IsComplete {
			t.Error("complete")
		}
		wantAnswer(t, snapshot, `SELECT DISTINCT status FROM coverage WHERE org = 'bare'`, "failed")
		wantAnswer(t, snapshot, `SELECT count(*) > 0 FROM tokens WHERE org = 'acme'`, "1")
	})
	t.Run("all", func(t *testing.T) {
		s := newSite(t, options())
		_, snapshot := s.mustRun(func(p *Plan) { p.Orgs = []string{"*"} })
		wantAnswer(t, snapshot, `SELECT org, min(status), max(message) LIKE '%suspended%' FROM coverage WHERE is_required GROUP BY org ORDER BY org`, "acme|complete|NULL\nasleep|failed|1")
	})
	t.Run("none", func(t *testing.T) {
		s := newSite(t, fakegithub.Options{NotInstalled: []string{"acme"}})
		if _, err := s.run(func(p *Plan) { p.Orgs = []string{"*"} }); err != ErrNoInstallation {
			t.Error(err)
		}
	})
}

func TestReadyToken(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	token, err := s.server.InstallationToken("acme")
	if err != nil {
		t.Fatal(err)
	}
	client, err := github.New(github.Options{APIURL: s.url, Token: token, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), client, s.plan())
	if err != nil || !result.IsComplete {
		t.Errorf("%+v, %v", result, err)
	}
	plan := s.plan()
	plan.Orgs = []string{"nowhere"}
	if _, err := Run(t.Context(), client, plan); err == nil {
		t.Error("an organization that does not exist was collected")
	}
}

func TestFilters(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	owner := s.world.Grants[0].Owner.Login
	f := Filters{Owners: []string{owner}, LastUsedBefore: testNow()}
	_, snapshot := s.mustRun(func(p *Plan) { p.Filters = f })
	wantAnswer(t, snapshot, `SELECT DISTINCT owner_login FROM tokens`, owner)
	wantAnswer(t, snapshot, `SELECT filters FROM snapshot`, `{"owner":["`+owner+`"],"last_used_before":"2026-11-21T02:00:00Z"}`)
	if err := (Filters{Owners: make([]string, 11)}).Check(); err == nil {
		t.Error("11 owners pass")
	}
	if err := (Filters{TokenIDs: make([]string, 51)}).Check(); err == nil {
		t.Error("51 token ids pass")
	}
}

// A value that is not understood is named, with its object, and costs no more.
func TestOddValueIsReported(t *testing.T) {
	s := newSite(t, fakegithub.Options{}, rewrite("/personal-access-tokens", `"token_id":`, `"token_id":"x","was":`))
	result, snapshot := s.mustRun()
	row := coverageOf(t, result, "tokens")
	want := fmt.Sprintf(`not understood: 1 of %d objects: %s: token_id "x"`, len(s.world.Grants), s.world.Grants[0].Name)
	if row.Status != store.StatusPartial || row.Message != want || result.IsComplete {
		t.Errorf("tokens are %s: %s\nwant %s", row.Status, row.Message, want)
	}
	wantAnswer(t, snapshot, `SELECT count(*), count(token_id) FROM tokens`, fmt.Sprintf("%d|%d", len(s.world.Grants), len(s.world.Grants)-1))
	wantAnswer(t, snapshot, `SELECT object, field, value FROM oddities`, s.world.Grants[0].Name+`|token_id|"x"`)
}

// One failing list leaves the others alone, and its row says how much is missing.
func TestOneFailingWalkIsPartial(t *testing.T) {
	var path string
	s := newSite(t, fakegithub.Options{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if path != "" && strings.HasSuffix(r.URL.Path, path) {
				http.Error(w, "oops", http.StatusInternalServerError)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	for _, r := range s.world.Repositories {
		if r.Visibility == "public" && !r.IsArchived {
			path = "/" + r.Name + "/private-vulnerability-reporting"
		}
	}
	result, snapshot := s.mustRun()
	row := coverageOf(t, result, "private_vulnerability_reporting")
	if row.Status != store.StatusPartial || row.HTTPStatus != 500 || !strings.Contains(row.Message, "1 of ") {
		t.Errorf("%s, %d: %s", row.Status, row.HTTPStatus, row.Message)
	}
	wantAnswer(t, snapshot, `SELECT count(*) FROM repositories WHERE visibility = 'public' AND NOT is_archived AND private_vulnerability_reporting IS NULL`, "1")
}

// What an interrupted run has read is not requested again.
func TestResume(t *testing.T) {
	undisturbed := newSite(t, fakegithub.Options{})
	_, want := undisturbed.mustRun()
	ctx, cancel := context.WithCancel(t.Context())
	s := newSite(t, fakegithub.Options{}, after(40, cancel))
	if _, err := Run(ctx, s.client(), s.plan()); err == nil {
		t.Fatal("an interrupted run published")
	}
	if _, err := store.Newest(s.dir); err == nil {
		t.Fatal("something is published")
	}
	s.server.ForgetRequests()
	result, got := s.mustRun()
	if !result.IsResumed {
		t.Error("not resumed")
	}
	all := len(undisturbed.server.Requests())
	if again := len(s.server.Requests()); again >= all-20 {
		t.Errorf("%d requests after resuming, %d without an interruption", again, all)
	}
	for _, view := range store.Views() {
		if view.Name == "snapshot" || view.Name == "coverage" {
			continue // times, and the requests of two runs
		}
		sql := "SELECT * FROM " + view.Name + " ORDER BY 1, 2, 3"
		wantAnswer(t, got, sql, strings.ReplaceAll(answers(t, want, sql), undisturbed.url, s.url))
	}
	wantAnswer(t, got, `SELECT resource, status, row_count FROM coverage ORDER BY 1`, answers(t, want, `SELECT resource, status, row_count FROM coverage ORDER BY 1`))
	if left, _ := filepath.Glob(filepath.Join(s.dir, "*.partial")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// An unreachable server leaves nothing behind.
func TestUnreachableServer(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	s.url = "http://127.0.0.1:9"
	if _, err := s.run(); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	if left, _ := os.ReadDir(s.dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Events end with a coverage row for every resource.
func TestEvents(t *testing.T) {
	s := newSite(t, fakegithub.Options{})
	ended := make(chan string, 100)
	s.mustRun(func(p *Plan) {
		p.OnEvent = func(e Event) {
			if e.Coverage != nil {
				ended <- e.Resource
			}
		}
	})
	close(ended)
	var got, want []string
	for name := range ended {
		got = append(got, name)
	}
	for _, r := range Resources() {
		want = append(want, r.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("ended: %v\nwant %v", got, want)
	}
}
