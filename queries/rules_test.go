package queries_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/queries"
)

var source = rules.Source{Name: "queries", FS: queries.FS}

func builtIn(t *testing.T) *rules.Set {
	t.Helper()
	set, problems := rules.Load(source)
	for _, p := range problems {
		t.Error(p)
	}
	yes := true // those that are off by default are held to the same
	for _, r := range set.Disabled() {
		for _, p := range set.Configure(map[string]rules.Setting{r.ID: {Enabled: &yes}}) {
			t.Error(p)
		}
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

// TestFixtures judges every fixture, each an organization of one snapshot (the
// race detector makes a snapshot of its own for each too dear; and a rule that
// mixes up organizations shows), then asks the sqlite3 program the same.
func TestFixtures(t *testing.T) {
	t.Parallel()
	all := readFixtures(t)
	snapshots := map[string]*store.Snapshot{} // by API: that is one a snapshot
	for _, f := range all {
		if snapshots[f.settings.APIURL] == nil {
			snapshots[f.settings.APIURL] = snapshotOf(t, all, f.settings.APIURL)
		}
	}
	for _, f := range all {
		t.Run(f.org(), func(t *testing.T) {
			t.Parallel()
			f.judge(t, snapshots[f.settings.APIURL])
		})
	}
	if raced.Detector {
		return // another program
	}
	for _, rule := range slices.Concat(builtIn(t).Rules(), builtIn(t).Queries()) {
		t.Run("shell/"+rule.ID, func(t *testing.T) {
			t.Parallel()
			compareWithShell(t, snapshots[usualAPI], rule)
		})
	}
}

// snapshotOf holds the fixtures that were got from one API.
func snapshotOf(t *testing.T, all []*fixture, apiURL string) *store.Snapshot {
	t.Helper()
	w := create(t, apiURL)
	for _, f := range all {
		if f.settings.APIURL != apiURL {
			continue
		}
		if err := f.insert(t.Context(), w, f.org(), f.data, slices.Concat(resources, derived)); err != nil {
			t.Fatal(err)
		}
	}
	return publish(t, w)
}

// judge holds what the rule says of the fixture against the golden.
func (f *fixture) judge(t *testing.T, snapshot *store.Snapshot) {
	t.Helper()
	rule := f.configured(t)
	result, err := rules.Run(t.Context(), snapshot, 10*time.Second, rule)
	if err != nil {
		t.Fatal(err)
	}
	population := f.checkPopulation(t, snapshot, &result)
	got := render(t, result, len(population))
	if *update {
		f.writeWant(t, got)
	}
	want, _ := f.file("want")
	if diff := cmp.Diff(want, got); diff != "" && !*update {
		t.Errorf("findings differ from the golden (-update writes it):\n%s", diff)
	}
	if f.path == fixturePath(rule) {
		f.checkVariety(t, result, len(population))
	}
}

// checkVariety holds the fixture to one failing, one clean and, where there can
// be, one unknown subject.
func (f *fixture) checkVariety(t *testing.T, result rules.Result, population int) {
	t.Helper()
	count := map[finding.Status]int{}
	for _, f := range result.Findings {
		count[f.Status]++
	}
	if count["fail"] == 0 {
		t.Error("no subject fails")
	}
	_, cannot := f.file("no-unknown")
	if (count["unknown"] == 0) != cannot {
		t.Errorf("%d subjects are unknown, and a file no-unknown is there: %v", count["unknown"], cannot)
	}
	// An organization is the only subject of its fixture: the clean one is a case.
	if !strings.HasPrefix(result.Rule.Population, "orgs") && population <= count["fail"]+count["unknown"] {
		t.Error("no subject of the population is clean")
	}
}

// columnOf is the id in the view that a population begins with.
var columnOf = map[string]string{
	"tokens": "grant_id", "live_tokens": "grant_id", "token_requests": "request_id",
	"repositories": "repository_id", "live_repositories": "repository_id", "live_default_branches": "repository_id", "orgs": "org",
}

// checkPopulation finds every reported subject in the population: "n of m, k
// unknown" must never have n + k > m. It cuts the result down to the fixture's
// organization and returns the ids of its part of the population.
func (f *fixture) checkPopulation(t *testing.T, snapshot *store.Snapshot, result *rules.Result) []string {
	t.Helper()
	words := strings.Fields(result.Rule.Population)
	view, alias := words[0], words[0]
	if len(words) > 1 && words[1] == "AS" {
		alias = words[2]
	}
	sql := fmt.Sprintf("SELECT %s.org AS org, CAST(%s.%s AS TEXT) AS id FROM %s", alias, alias, columnOf[view], result.Rule.Population)
	rows, err := snapshot.Select(t.Context(), sql, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	total, ids := int64(0), []string{}
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		if total++; row[0] == f.org() {
			ids = append(ids, row[1].(string))
		}
	}
	if result.Population == nil || *result.Population != total {
		t.Errorf("the population is %v, and has %d subjects", result.Population, total)
	}
	result.Missing = slices.DeleteFunc(result.Missing, func(m rules.Missing) bool { return m.Org != f.org() })
	result.Findings = slices.DeleteFunc(result.Findings, func(f2 finding.Finding) bool { return f2.Org != f.org() })
	for _, finding := range result.Findings {
		if !slices.Contains(ids, finding.Subject.ID) {
			t.Errorf("%s is reported and not of the population", subjectText(finding))
		}
	}
	return ids
}

// render writes a result as text for the goldens.
func render(t *testing.T, result rules.Result, population int) string {
	t.Helper()
	var b strings.Builder
	for _, m := range result.Missing {
		fmt.Fprintf(&b, "missing: %s/%s %s\n", m.Org, m.Resource, m.Status)
	}
	fmt.Fprintf(&b, "population: %d\n", population)
	for _, f := range result.Findings {
		fmt.Fprintf(&b, "\n%s %s %s/%s of %s: %s\n", f.Severity, f.Status, f.Subject.Kind, f.Subject.ID, f.Org, f.Reason)
		fmt.Fprintf(&b, "  subject: %s %q owner %q %s\n", f.Key.Subject(), f.Subject.Name, f.Subject.Owner, f.Subject.URL)
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
