package history

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// kept lists the starts that anything keeps, with what does.
func kept(keep Keep, starts ...string) []string {
	var times []time.Time
	for _, s := range starts {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		times = append(times, at)
	}
	var out []string
	for i, why := range keep.reasons(times) {
		if len(why) > 0 {
			out = append(out, starts[i]+" "+strings.Join(why, ", "))
		}
	}
	return out
}

func TestKeepReasons(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		keep   Keep
		starts []string // newest first
		want   []string
	}{
		{"nothing", Keep{}, []string{"2026-11-21T02:00:00Z"}, nil},
		{"none there", Keep{Last: 3, Daily: 3}, nil, nil},
		{"the last ones", Keep{Last: 2}, []string{"2026-11-21T03:00:00Z", "2026-11-21T02:00:00Z", "2026-11-21T01:00:00Z"},
			[]string{"2026-11-21T03:00:00Z one of the last 2", "2026-11-21T02:00:00Z one of the last 2"}},
		{"the newest of a day, days without any do not count", Keep{Daily: 2},
			[]string{"2026-11-21T03:00:00Z", "2026-11-21T02:00:00Z", "2026-11-10T23:00:00Z", "2026-11-10T22:00:00Z", "2026-11-09T02:00:00Z"},
			[]string{"2026-11-21T03:00:00Z the newest of day 2026-11-21", "2026-11-10T23:00:00Z the newest of day 2026-11-10"}},
		{"days are those of UTC", Keep{Daily: 9}, []string{"2026-11-21T00:30:00+01:00", "2026-11-20T22:00:00Z", "2026-11-20T23:30:00-01:00"},
			[]string{"2026-11-21T00:30:00+01:00 the newest of day 2026-11-20", "2026-11-20T23:30:00-01:00 the newest of day 2026-11-21"}},
		{"weeks begin on Monday, also across the new year", Keep{Weekly: 2},
			[]string{"2027-01-04T00:00:00Z", "2027-01-03T23:59:59Z", "2026-12-31T00:00:00Z", "2026-12-28T00:00:00Z", "2026-12-27T00:00:00Z"},
			[]string{"2027-01-04T00:00:00Z the newest of week 2027-W01", "2027-01-03T23:59:59Z the newest of week 2026-W53"}},
		{"months", Keep{Monthly: 2}, []string{"2026-11-01T00:00:00Z", "2026-10-31T23:59:59Z", "2026-10-01T00:00:00Z", "2025-10-01T00:00:00Z"},
			[]string{"2026-11-01T00:00:00Z the newest of month 2026-11", "2026-10-31T23:59:59Z the newest of month 2026-10"}},
		{"together", Keep{Last: 1, Daily: 1, Monthly: 2}, []string{"2026-11-21T02:00:00Z", "2026-11-20T02:00:00Z", "2026-10-20T02:00:00Z"},
			[]string{"2026-11-21T02:00:00Z one of the last 1, the newest of day 2026-11-21, the newest of month 2026-11", "2026-10-20T02:00:00Z the newest of month 2026-10"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, kept(test.keep, test.starts...)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// However often a year of days is pruned, the same snapshots are left as if it
// were pruned once: pruning today takes nothing that tomorrow would keep.
func TestKeepIsStable(t *testing.T) {
	t.Parallel()
	keep := Keep{Last: 7, Daily: 30, Weekly: 26, Monthly: 24}
	var daily, once []string
	for day := range 900 {
		at := storetest.Start().AddDate(0, 0, day).Format(time.RFC3339)
		once = append([]string{at}, once...)
		var left []string
		for _, line := range kept(keep, append([]string{at}, daily...)...) {
			left = append(left, strings.Fields(line)[0])
		}
		daily = left
	}
	var want []string
	for _, line := range kept(keep, once...) {
		want = append(want, strings.Fields(line)[0])
	}
	if diff := cmp.Diff(want, daily); diff != "" {
		t.Error(diff)
	}
	if len(want) < 60 || len(want) > 7+30+26+24 {
		t.Errorf("%d are kept", len(want))
	}
}

// onDay publishes a snapshot in dir; status is that of the required tokens.
func onDay(t *testing.T, dir string, day int, status string) *store.Snapshot {
	t.Helper()
	run := storetest.Run()
	run.StartedAt = storetest.Start().AddDate(0, 0, day)
	w, err := store.Create(t.Context(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.AddOrg(t.Context(), store.Org{Login: "acme", RepositorySelection: "all"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Cover(t.Context(), store.Coverage{Org: "acme", Resource: "tokens", Status: store.CoverageStatus(status), IsRequired: true}); err != nil {
		t.Fatal(err)
	}
	return storetest.PublishAt(t, w, run.StartedAt.Add(time.Minute))
}

// outcomes lists what pruning does with each file, a line each.
func outcomes(list []Pruned) []string {
	var out []string
	for _, p := range list {
		outcome := "stays"
		if p.IsToGo {
			outcome = "goes"
		}
		out = append(out, fmt.Sprintf("%s %s: %s", p.File, outcome, strings.Join(p.Why, ", ")))
	}
	return out
}

// The newest complete one stays although later ones are kept instead, and what
// the history lacks stays whatever its age.
func TestPruneKeepsTheNewestCompleteOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "snapshots")
	var all []*store.Snapshot
	for day, status := range []string{"complete", "complete", "complete", "partial", "partial"} {
		all = append(all, onDay(t, dir, day, status))
	}
	now := storetest.Start().AddDate(0, 0, 5)
	h, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for i, s := range all {
		if i == 0 {
			continue // came late
		}
		if err := h.Import(t.Context(), s, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"20261125T020000Z.db stays: one of the last 1, the newest one",
		"20261124T020000Z.db goes: no period keeps it, and the history has it",
		"20261123T020000Z.db stays: the newest complete one",
		"20261122T020000Z.db goes: no period keeps it, and the history has it",
		"20261121T020000Z.db stays: not in the history yet: the next run merges it",
	}
	before := storetest.Files(t, dir)
	plan, err := PlanPruning(t.Context(), dir, Keep{Last: 1}, now)
	if diff := cmp.Diff(want, outcomes(plan)); diff != "" || err != nil {
		t.Fatal(err, diff)
	}
	if diff := cmp.Diff(before, storetest.Files(t, dir)); diff != "" {
		t.Errorf("the plan touched the folder: %s", diff)
	}
	w, err := store.Create(t.Context(), dir, storetest.Run())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), dir, Keep{Last: 1}, now); !errors.Is(err, store.ErrInUse) {
		t.Errorf("while a run is at work: %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	done, err := Prune(t.Context(), dir, Keep{Last: 1}, now)
	if diff := cmp.Diff(want, outcomes(done)); diff != "" || err != nil {
		t.Fatal(err, diff)
	}
	if diff := cmp.Diff([]string{
		"20261121T020000Z.db", "20261121T020000Z.db.sha256", "20261123T020000Z.db", "20261123T020000Z.db.sha256",
		"20261125T020000Z.db", "20261125T020000Z.db.sha256",
	}, onlySnapshots(storetest.Files(t, dir))); diff != "" {
		t.Error(diff)
	}
	if again, err := PlanPruning(t.Context(), dir, Keep{Last: 1}, now); err != nil || strings.Contains(strings.Join(outcomes(again), "\n"), "goes") {
		t.Errorf("pruned once more: %v %v", err, outcomes(again))
	}
}

func onlySnapshots(names []string) []string {
	var out []string
	for _, name := range names {
		if strings.HasPrefix(name, "2") {
			out = append(out, name)
		}
	}
	return out
}
