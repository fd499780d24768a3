package queries_test

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
	"auditor/queries"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the goldens of the fixtures again")

// resources that the tables of the fixtures' files are made of, in the order of
// insertion: parents first.
var resources = []string{
	"org", "members", "outside_collaborators",
	"repositories", "repository_settings", "private_vulnerability_reporting", "automated_security_fixes",
	"tokens", "token_repositories", "token_requests", "token_request_repositories",
}

// derived resources have coverage of their own, but no file: they come out of
// the objects of repository_settings.
var derived = []string{"branch_protection", "codeowners", "deploy_keys", "dependabot_alerts", "rulesets"}

// A fixture is testdata/REPORT/RULE.txtar, or RULE.CASE.txtar for a further
// case of the same rule: files RESOURCE.json with objects as
// GitHub sends them (a list, or an object of lists by parent), and
//
//	run.json       what differs from the usual run, see settings
//	coverage.json  {"members": "denied"}: status of resources, else complete
//	absent         "RESOURCE.json/*/field: reason": leaves whose absence has a
//	               meaning, so that a finding may vanish without them
//	whole          why a leaf of one subject bears on others, see without
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

const usualAPI = "https://api.github.com"

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

// org is the organization that the fixture becomes.
func (f *fixture) org() string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(f.path), ".txtar"), ".", "-")
}

// readFixtures reads all fixtures; every rule has its main one among them.
func readFixtures(t *testing.T) []*fixture {
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
	var all []*fixture
	for _, path := range paths {
		all = append(all, readFixture(t, path))
	}
	return all
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
		settings: settings{APIURL: usualAPI},
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
		case file.Name != "want" && file.Name != "no-unknown" && file.Name != "whole":
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

// create begins a snapshot that the fixtures go into.
func create(t testing.TB, apiURL string) *store.Writer {
	t.Helper()
	permissions, err := queries.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	run := store.Run{StartedAt: now.Add(-time.Minute), AuditorVersion: "test", APIURL: apiURL, WebURL: "https://github.com"}
	// The fixtures' crown jewels: by name, topic or custom property.
	run.Sensitive = store.Sensitive{
		Names: []string{"payroll*"}, Topics: []string{"crown-jewel"}, Properties: map[string][]string{"data-class": {"secret"}},
	}
	for _, p := range permissions {
		run.Catalog = append(run.Catalog, store.Permission(p))
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
			walk, next := store.Walk{Org: org, Resource: resource, Parent: parent}, ""
			if n := len(items); n > 0 && string(items[n-1]) == "null" {
				items, next = items[:n-1], "more"
			}
			if err := w.Add(ctx, walk, items, next, store.Cost{Requests: 1}); err != nil {
				return err
			}
		}
	}
	for _, resource := range covered {
		status := f.coverage[resource]
		if status == "" {
			status = "complete"
		}
		if _, err := w.Cover(ctx, store.Coverage{Org: org, Resource: resource, Status: store.CoverageStatus(status)}); err != nil {
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

func publish(t testing.TB, w *store.Writer) *store.Snapshot {
	t.Helper()
	return storetest.PublishAt(t, w, now)
}
