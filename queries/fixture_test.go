package queries_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/queries"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the goldens of the fixtures anew")

// resources that the tables of the fixtures' files are made of, in the order of
// insertion: parents first.
var resources = []string{
	"org", "members", "outside_collaborators",
	"repositories", "repository_settings", "private_vulnerability_reporting",
	"tokens", "token_repositories", "token_requests", "token_request_repositories",
}

// derived resources have coverage of their own, but no file: they come out of
// the objects of repository_settings.
var derived = []string{"branch_protection", "codeowners", "deploy_keys", "dependabot_alerts"}

// A fixture is testdata/REPORT/RULE.txtar, or RULE.CASE.txtar for a further
// case of the same rule: files RESOURCE.json with objects as
// GitHub sends them (a list, or an object of lists by parent), and
//
//	run.json       what differs from the usual run, see settings
//	coverage.json  {"members": "denied"}: status of resources, else complete
//	absent         "RESOURCE.json/*/field: reason": leaves whose absence has a
//	               meaning, so that a finding may vanish without them
//	no-unknown     why no subject can be unknown, for fixtures without one
//	want           the golden; go test ./queries -update writes it
type fixture struct {
	archive  *txtar.Archive
	path     string
	rule     string
	settings settings
	data     map[string]any // by resource: the decoded file
	coverage map[string]string
	absent   map[string]string // reason by pattern
}

type settings struct {
	APIURL      string            `json:"api_url"`
	Permissions map[string]string `json:"permissions"`
	Params      map[string]any    `json:"params"`
}

var now = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// fixturePath is where the main fixture of a rule lies.
func fixturePath(r rules.Rule) string {
	return filepath.Join("testdata", filepath.FromSlash(r.ID)+".txtar")
}

// ruleOf is the id of the rule that a fixture belongs to.
func ruleOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return filepath.Base(filepath.Dir(path)) + "/" + name
}

// fixturePaths lists all fixtures; every rule has its main one among them.
func fixturePaths(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set := builtIn(t)
	for _, path := range paths {
		// A renamed rule takes its fixtures along.
		if _, ok := set.Find(ruleOf(path)); !ok {
			t.Errorf("%s belongs to no rule", path)
		}
	}
	for _, rule := range set.Rules() {
		if !slices.Contains(paths, fixturePath(rule)) {
			t.Errorf("rule %s has no fixture %s", rule.ID, fixturePath(rule))
		}
	}
	return paths
}

func readFixture(t *testing.T, path string) *fixture {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{
		archive: archive, path: path, data: map[string]any{}, coverage: map[string]string{}, absent: map[string]string{},
		rule:     ruleOf(path),
		settings: settings{APIURL: "https://api.github.com"},
	}
	for _, file := range archive.Files {
		resource, isJSON := strings.CutSuffix(file.Name, ".json")
		switch {
		case file.Name == "run.json":
			decode(t, path, file, &f.settings)
		case file.Name == "coverage.json":
			decode(t, path, file, &f.coverage)
		case isJSON && slices.Contains(resources, resource):
			var data any
			decode(t, path, file, &data)
			f.data[resource] = data
		case file.Name == "absent":
			for line := range strings.Lines(string(file.Data)) {
				pattern, reason, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if reason == "" {
					t.Fatalf("%s: absent: %q gives no reason", path, line)
				}
				f.absent[pattern] = reason
			}
		case file.Name != "want" && file.Name != "no-unknown":
			t.Fatalf("%s: a fixture has no file %s", path, file.Name)
		}
	}
	if f.settings.Permissions == nil {
		f.settings.Permissions = map[string]string{"administration": "read", "members": "read"}
	}
	return f
}

func decode(t *testing.T, path string, file txtar.File, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(file.Data)))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %s: %v", path, file.Name, err)
	}
}

func (f *fixture) file(name string) (string, bool) {
	for _, file := range f.archive.Files {
		if file.Name == name {
			return string(file.Data), true
		}
	}
	return "", false
}

// writeWant puts the golden at the end of the file.
func (f *fixture) writeWant(t *testing.T, want string) {
	t.Helper()
	f.archive.Files = slices.DeleteFunc(f.archive.Files, func(file txtar.File) bool { return file.Name == "want" })
	f.archive.Files = append(f.archive.Files, txtar.File{Name: "want", Data: []byte(want)})
	if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// create begins a snapshot that the fixture's organizations go into.
func (f *fixture) create(t *testing.T) *store.Writer {
	t.Helper()
	permissions, err := queries.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	run := store.Run{StartedAt: now.Add(-time.Minute), AuditorVersion: "test", APIURL: f.settings.APIURL, WebURL: "https://github.com"}
	for _, p := range permissions {
		run.Catalogue = append(run.Catalogue, store.Permission(p))
	}
	w, err := store.Create(t.Context(), t.TempDir(), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Discard() })
	return w
}

// insert stores the data as one organization, by the way that real data takes,
// and covers the named resources.
func (f *fixture) insert(ctx context.Context, w *store.Writer, org string, data map[string]any, covered []string) error {
	if err := w.AddOrg(ctx, store.Org{Login: org, Permissions: f.settings.Permissions, RepositorySelection: "all"}); err != nil {
		return err
	}
	for _, resource := range resources {
		for parent, items := range byParent(data[resource]) {
			walk := store.Walk{Org: org, Resource: resource, Parent: parent}
			if err := w.Add(ctx, walk, items, "", 1); err != nil {
				return err
			}
		}
	}
	for _, resource := range covered {
		status := f.coverage[resource]
		if status == "" {
			status = "complete"
		}
		if err := w.Cover(ctx, store.Coverage{Org: org, Resource: resource, Status: status}); err != nil {
			return err
		}
	}
	return nil
}

// byParent yields the pages of a resource: a list has no parent, an object has
// one list for each.
func byParent(data any) func(yield func(string, []json.RawMessage) bool) {
	return func(yield func(string, []json.RawMessage) bool) {
		lists, isObject := data.(map[string]any)
		if list, isList := data.([]any); isList {
			lists, isObject = map[string]any{"": list}, true
		}
		if !isObject {
			return
		}
		for _, parent := range slices.Sorted(maps.Keys(lists)) {
			var items []json.RawMessage
			for _, item := range lists[parent].([]any) {
				raw, err := json.Marshal(item)
				if err != nil {
					panic(err) // it was decoded from JSON
				}
				items = append(items, raw)
			}
			if !yield(parent, items) {
				return
			}
		}
	}
}

func publish(t *testing.T, w *store.Writer) *store.Snapshot {
	t.Helper()
	path, err := w.Publish(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { snapshot.Close() })
	return snapshot
}

func builtIn(t *testing.T) *rules.Set {
	t.Helper()
	set, problems := rules.Load(rules.Source{Name: "queries", FS: queries.FS})
	for _, p := range problems {
		t.Error(p)
	}
	return set
}

// configured returns the fixture's rule with the fixture's parameters.
func (f *fixture) configured(t *testing.T) rules.Rule {
	t.Helper()
	set := builtIn(t)
	for _, p := range set.Configure(map[string]rules.Setting{f.rule: {Params: numbers(f.settings.Params)}}) {
		t.Fatal(p)
	}
	rule, ok := set.Find(f.rule)
	if !ok {
		t.Fatalf("there is no rule %s", f.rule)
	}
	return rule
}

// numbers turns json.Number into what a configuration decoder gives.
func numbers(params map[string]any) map[string]any {
	for name, value := range params {
		if n, ok := value.(json.Number); ok {
			if i, err := n.Int64(); err == nil {
				params[name] = i
			}
		}
	}
	return params
}

func TestRules(t *testing.T) {
	for _, path := range fixturePaths(t) {
		t.Run(strings.TrimSuffix(filepath.ToSlash(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			f := readFixture(t, path)
			w := f.create(t)
			if err := f.insert(t.Context(), w, "acme", f.data, slices.Concat(resources, derived)); err != nil {
				t.Fatal(err)
			}
			snapshot := publish(t, w)
			rule := f.configured(t)
			result, err := rules.Run(t.Context(), snapshot, rule, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			got := render(t, result)
			if *update {
				f.writeWant(t, got)
			}
			want, _ := f.file("want")
			if diff := cmp.Diff(want, got); diff != "" && !*update {
				t.Errorf("findings differ from the golden (-update writes it):\n%s", diff)
			}
			if path == fixturePath(rule) {
				f.checkVariety(t, result)
			}
			checkPopulation(t, snapshot, result)
		})
	}
}

// checkVariety holds the fixture to one failing, one clean and, where there can
// be, one unknown subject.
func (f *fixture) checkVariety(t *testing.T, result rules.Result) {
	t.Helper()
	count := map[string]int64{}
	for _, finding := range result.Findings {
		count[finding.Status]++
	}
	if count["fail"] == 0 {
		t.Error("no subject fails")
	}
	_, cannot := f.file("no-unknown")
	if (count["unknown"] == 0) != cannot {
		t.Errorf("%d subjects are unknown, and a file no-unknown is there: %v", count["unknown"], cannot)
	}
	if result.Population == nil || *result.Population <= count["fail"]+count["unknown"] {
		t.Error("no subject of the population is clean")
	}
}

// columnOf is how the view of a population names the id of each kind.
var columnOf = map[string]string{"token": "grant_id", "request": "request_id", "repository": "repository_id"}

// checkPopulation counts every reported subject in the population: "n of m, k
// unknown" must never have n + k > m.
func checkPopulation(t *testing.T, snapshot *store.Snapshot, result rules.Result) {
	t.Helper()
	for _, finding := range result.Findings {
		column := columnOf[finding.Subject.Kind]
		population := "SELECT " + column + " AS id FROM " + result.Rule.Population
		if strings.HasPrefix(result.Rule.Population, "repositories AS r") {
			population = "SELECT r." + column + " AS id FROM " + result.Rule.Population
		}
		params := map[string]any{"id": finding.Subject.ID}
		rows, err := snapshot.Select(t.Context(), "SELECT count(*) AS n FROM ("+population+") AS p WHERE p.id = CAST(:id AS INTEGER)", params)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range rows.All() {
			if err != nil || row[0] != int64(1) {
				t.Errorf("%s/%s is reported, but stands %v times in the population (%v)", finding.Subject.Kind, finding.Subject.ID, row, err)
			}
		}
	}
}

// render writes a result as text for the goldens.
func render(t *testing.T, result rules.Result) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "outcome: %s\n", result.Outcome)
	for _, m := range result.Missing {
		fmt.Fprintf(&b, "missing: %s/%s %s\n", m.Org, m.Resource, m.Status)
	}
	if result.Population != nil {
		fmt.Fprintf(&b, "population: %d\n", *result.Population)
	}
	for _, f := range result.Findings {
		fmt.Fprintf(&b, "\n%s %s %s/%s of %s: %s\n", f.Severity, f.Status, f.Subject.Kind, f.Subject.ID, f.Org, f.Reason)
		fmt.Fprintf(&b, "  subject: %s %q owner %q %s\n", f.Subject.Key, f.Subject.Name, f.Subject.Owner, f.Subject.URL)
		for _, v := range f.Evidence {
			value, err := json.Marshal(v.Value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %s: %s\n", v.Column, value)
		}
	}
	return b.String()
}
