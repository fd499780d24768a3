package collect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/raced"
	"auditor/internal/store"
)

// wide makes lists of several pages and few requests for each of their items.
func wide(w *world.World) {
	subsets := 0
	w.Grants = slices.DeleteFunc(w.Grants, func(t *world.Token) bool {
		if t.Selection == "subset" {
			subsets++
		}
		return t.Selection == "subset" && subsets > 8
	})
	w.Grants = w.Grants[:min(len(w.Grants), 340)]
	w.Requests = w.Requests[:6]
	private := 0
	w.Repositories = slices.DeleteFunc(w.Repositories, func(r *world.Repository) bool {
		if r.Visibility == world.Public {
			return private%7 != 0
		}
		private++
		return private > 230
	})
}

// newWideSite serves an organization with such lists.
func newWideSite(t *testing.T, o fakegithub.Options) *site {
	t.Helper()
	w := world.Generate(1, "medium", "acme", testNow())
	w.Update(func() { wide(w) })
	return newSiteOf(t, w, o)
}

// everything is all that a snapshot says of the organization, less what it
// says of the run.
func everything(t *testing.T, snapshot *store.Snapshot) string {
	t.Helper()
	var b strings.Builder
	for _, view := range store.Views() {
		columns := "*"
		switch view.Name {
		case "snapshot", "token_reach": // of the run; made of tokens and lists
			continue
		case "coverage":
			columns = "org, resource, status, is_required, http_status, permission, row_count"
		case "orgs": // raw counts the repositories at the beginning
			columns = "org, org_id, name, plan"
		}
		fmt.Fprintf(&b, "== %s\n%s\n", view.Name, answers(t, snapshot, "SELECT "+columns+" FROM "+view.Name+" ORDER BY 1, 2, 3, 4"))
	}
	return b.String()
}

// A list that changes while it is read ends up as it is in the end: what has
// gone is not in the snapshot, and what was there all the time is not missed.
func TestListsThatChange(t *testing.T) {
	scripts := []string{
		"revoke:after=tokens,page=1,item=0 withdraw:before=request-repos delete:after=repos,page=2,item=3",
		"revoke:after=tokens,page=3,item=5 revoke:before=token-repos,page=2 create:after=graphql,page=1",
		"revoke:after=tokens,page=2,item=20 delete:after=repos,page=3,item=150 rename:after=graphql,page=2,item=-1",
		"revoke:after=tokens,page=4,item=50 delete:after=graphql,page=1,item=-1",
		"grant:after=tokens,page=1 create:after=repos,page=2",
		"rename:after=repos,page=1,item=10,to=zzz-last revoke:after=tokens,page=3,item=-150",
		"transfer:after=repos,page=3,item=100 create:before=private-reporting,page=3",
		"transfer:after=graphql,page=1,item=-2",
	}
	if raced.Detector {
		scripts = scripts[1:2]
	}
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			var changes []fakegithub.Change
			for text := range strings.FieldsSeq(script) {
				change, err := fakegithub.ParseChange(text)
				if err != nil {
					t.Fatal(err)
				}
				changes = append(changes, change)
			}
			s := newWideSite(t, fakegithub.Options{Drift: changes})
			result, got := s.mustRun(quick)
			happened := 0
			for _, n := range s.server.Counters().Changes {
				happened += n
			}
			if happened != len(changes) {
				t.Fatalf("%d changes happened", happened)
			}
			if !result.IsComplete {
				t.Errorf("not complete: %v", result.Coverage)
			}
			s.dir = t.TempDir()
			_, want := s.mustRun(quick)
			wantSame(t, everything(t, want), everything(t, got))
		})
	}
}

// quick leaves out what is requested for each repository, public ones aside.
func quick(p *Plan) {
	p.Optional = slices.DeleteFunc(Options(), func(o string) bool { return o == "teams" || o == "automated_security_fixes" })
}

// wantSame compares two snapshots of one organization.
func wantSame(t *testing.T, want, got string) {
	t.Helper()
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("undisturbed and disturbed (-want +got):\n%.3000s", d)
	}
}

// A listed repository that cannot be requested by id has no settings, and the
// coverage says so.
func TestListedWithoutSettingsIsPartial(t *testing.T) {
	t.Parallel()
	id := world.Generate(1, "small", "acme", testNow()).Repositories[0].ID
	s := newSite(t, fakegithub.Options{}, rewrite("/orgs/acme/repos", fmt.Sprintf(`"id":%d,"node_id":`, id), `"id":999999,"former_node_id":`))
	result, snapshot := s.mustRun(quick)
	row := coverageOf(t, result, "repository_settings")
	if row.Status != store.StatusPartial || !strings.Contains(row.Message, "1 listed repositories have no settings") {
		t.Errorf("%s: %s", row.Status, row.Message)
	}
	wantAnswer(t, snapshot, "SELECT has_security_policy FROM repositories WHERE repository_id = 999999", "NULL")
}
