package report_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"auditor/internal/finding"
	"auditor/internal/history"
	"auditor/internal/raced"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// remembered is a history that has the snapshots, evaluated by the set.
func remembered(t *testing.T, set *rules.Set, snapshots ...*store.Snapshot) *history.History {
	t.Helper()
	h, err := history.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	for _, s := range snapshots {
		e, err := rules.Evaluate(t.Context(), s, set, rules.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Import(t.Context(), s, e.Findings(), e.Runs()); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// stricter is the test's set with another limit for old/unused.
func stricter(t *testing.T, days int64) *rules.Set {
	t.Helper()
	set := testSet(t)
	if problems := set.Configure(map[string]rules.Setting{"old/unused": {Params: map[string]any{"days": days}}}); len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func threeDays(t *testing.T) [3]*store.Snapshot {
	return [3]*store.Snapshot{
		snapshot(t, 19, "", "complete", map[string][]token{"acme": {{1, "mona", longAgo}, {2, "mona", longAgo}}}),
		snapshot(t, 20, "", "complete", map[string][]token{
			"acme": {{1, "mona", longAgo}, {2, "mona", longAgo}, {3, "mona", ""}, {4, "mona", longAgo}, {5, "mona", longAgo}},
			"gone": {{9, "mona", longAgo}},
		}),
		snapshot(t, 21, "", "complete", map[string][]token{
			// 2 was used, 3 was unknown, 4 is unknown, 5 is revoked, 6 is new
			"acme": {{1, "mona", longAgo}, {2, "mona", lately}, {3, "mona", longAgo}, {4, "mona", ""}, {6, "mona", longAgo}},
			"late": {{8, "mona", longAgo}},
		}),
	}
}

// Merging takes long under the race detector: these share a history.
func TestHistory(t *testing.T) {
	t.Parallel()
	days := threeDays(t)
	h := remembered(t, testSet(t), days[:]...)
	t.Run("agrees with the files", func(t *testing.T) { testHistoryAgrees(t, days, h) })
	t.Run("looks back only", func(t *testing.T) { testHistoryLooksBack(t, days, h) })
	t.Run("silence", func(t *testing.T) { testSilence(t, h) })
}

// The history says of a snapshot what the file of the previous one would, and
// beside it since when, how bad it was, and what changed.
func testHistoryAgrees(t *testing.T, days [3]*store.Snapshot, h *history.History) {
	byFile := build(t, days[2], days[1], options{})
	for name, previous := range map[string]*store.Snapshot{"file is there": days[1], "file was pruned": nil} {
		r := build(t, days[2], previous, options{history: h})
		if diff := cmp.Diff(brief(byFile), brief(r)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		ignored := cmpopts.IgnoreFields(finding.Finding{}, "FirstSeenAt")
		if diff := cmp.Diff(byFile.Findings, r.Findings, ignored); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(byFile.Resolved, r.Resolved); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(byFile.PreviousSnapshot, r.PreviousSnapshot); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var seen, points, changes []string
		for _, f := range r.Findings {
			seen = append(seen, string(f.Key)+" "+At(f.FirstSeenAt).String())
		}
		for _, p := range r.Trend {
			points = append(points, fmt.Sprint(p.At, " ", p.BySeverity.Medium))
		}
		for _, c := range r.Changes.List {
			changes = append(changes, c.Kind+" "+c.Change+" "+c.Org+" "+c.Subject.Name)
		}
		if diff := cmp.Diff([]string{
			"old/unused:acme:token/9001 2026-11-19T02:10:00Z", "old/unused:acme:token/9003 ", "old/unused:acme:token/9004 ",
			"old/unused:acme:token/9006 2026-11-21T02:10:00Z", "old/unused:late:token/9008 ",
		}, seen); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]string{"2026-11-19T02:10:00Z 2", "2026-11-20T02:10:00Z 5", "2026-11-21T02:10:00Z 4"}, points); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]string{"token awake acme token 2", "token gone acme token 5", "token new acme token 6"}, changes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A report is about its snapshot, not about the newest one.
func testHistoryLooksBack(t *testing.T, days [3]*store.Snapshot, h *history.History) {
	r := build(t, days[1], nil, options{history: h})
	if r.PreviousSnapshot == nil || r.PreviousSnapshot.File != days[0].Info().File || len(r.Trend) != 2 || r.Changes.Since != r.PreviousSnapshot.FinishedAt {
		t.Errorf("previous %+v, trend %v, changes %+v", r.PreviousSnapshot, r.Trend, r.Changes)
	}
	r = build(t, days[0], nil, options{history: h})
	if r.PreviousSnapshot != nil || r.Changes != nil || len(r.Trend) != 1 || r.Findings[0].IsNew != nil {
		t.Errorf("the first one has a past: %+v", r)
	}
}

// One that the history lacks is compared with the newest before it: that of the
// history, or a file that it lacks too.
func TestHistoryLacksTheSnapshot(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	days := threeDays(t)
	r := build(t, days[2], nil, options{history: remembered(t, testSet(t), days[0], days[1])})
	if r.PreviousSnapshot == nil || r.PreviousSnapshot.File != days[1].Info().File || r.Changes != nil {
		t.Errorf("previous %+v, changes %+v", r.PreviousSnapshot, r.Changes)
	}
	r = build(t, days[2], days[1], options{history: remembered(t, testSet(t), days[0])})
	if r.PreviousSnapshot == nil || r.PreviousSnapshot.File != days[1].Info().File || len(r.Trend) != 3 {
		t.Errorf("previous %+v, trend %v", r.PreviousSnapshot, r.Trend)
	}
	if got := At(r.Findings[0].FirstSeenAt).String(); got != "2026-11-19T02:10:00Z" {
		t.Errorf("first seen %s", got)
	}
}

// A changed rule is not taken for a changed organization: the file is evaluated
// again, and without it nothing is said to be new or resolved.
func TestHistoryOfOtherRules(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	days := threeDays(t)
	h := remembered(t, stricter(t, 100_000), days[1]) // found nothing
	r := build(t, days[2], days[1], options{history: h})
	if diff := cmp.Diff(brief(build(t, days[2], days[1], options{})), brief(r)); diff != "" {
		t.Error(diff)
	}
	r = build(t, days[2], nil, options{history: h})
	if r.Summary.New != 0 || r.Summary.Resolved != 0 || r.Findings[0].IsNew != nil {
		t.Errorf("without the file: %v", brief(r))
	}
	h = remembered(t, stricter(t, 1), days[1]) // found more
	if r = build(t, days[2], nil, options{history: h}); r.Summary.New != 0 || r.Summary.Resolved != 0 {
		t.Errorf("without the file: %v", brief(r))
	}
	if isNew := r.Findings[0].IsNew; isNew == nil || *isNew {
		t.Errorf("what was found then too is not new: %v", brief(r))
	}
}

// Snapshots of other organizations in between are passed over.
func TestHistoryOfOtherOrganizations(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	acme := map[string][]token{"acme": {{1, "mona", longAgo}}}
	first, second := snapshot(t, 19, "", "complete", acme), snapshot(t, 21, "", "complete", acme)
	other := snapshot(t, 20, "", "complete", map[string][]token{"beta": {{7, "mona", longAgo}}})
	r := build(t, second, other, options{history: remembered(t, testSet(t), first, other, second)})
	if r.PreviousSnapshot == nil || r.PreviousSnapshot.File != first.Info().File || len(r.Trend) != 2 || len(r.Changes.List) > 0 {
		t.Errorf("previous %+v, trend %v, changes %+v", r.PreviousSnapshot, r.Trend, r.Changes)
	}
	if diff := cmp.Diff([]string{"medium fail old/unused:acme:token/9001 new no"}, brief(r)); diff != "" {
		t.Error(diff)
	}
}

// The history gets what the reports say, exceptions included.
func TestTheHistoryGetsWhatTheReportsSay(t *testing.T) {
	t.Parallel()
	s := threeDays(t)[1]
	o := rules.Options{Exceptions: []finding.Exception{{Rule: "old/unused", TokenID: "9001", Reason: "kept"}}}
	e, err := rules.Evaluate(t.Context(), s, testSet(t), o)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for f := range e.Findings() {
		if f.Rule == "old/unused" {
			got = append(got, fmt.Sprint(f.Key, f.Status, f.Severity, f.Reason, f.IsExcepted(), f.Subject))
		}
	}
	for _, f := range build(t, s, nil, options{Options: o}).Findings {
		want = append(want, fmt.Sprint(f.Key, f.Status, f.Severity, f.Reason, f.Exception != nil, f.Subject))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 6 {
		t.Error(len(got), diff)
	}
	if finding.Fingerprint(e.Runs()) != testSet(t).Fingerprint() || testSet(t).Fingerprint() == stricter(t, 1).Fingerprint() {
		t.Error("the fingerprint is not that of the rules")
	}
}

func TestTrendIsAbridged(t *testing.T) {
	t.Parallel()
	var points []TrendPoint
	for day := range 365 {
		points = append(points, TrendPoint{At: At(sample.FinishedAt().AddDate(0, 0, day-364))})
	}
	got := Abridge(points)
	if len(got) < 14+12+5 || len(got) > 14+12+14 || !got[len(got)-1].At.Equal(sample.FinishedAt()) {
		t.Errorf("%d points up to %v", len(got), got[len(got)-1].At)
	}
	if !slices.IsSortedFunc(got, func(a, b TrendPoint) int { return a.At.Compare(b.At.Time) }) {
		t.Error("not in order")
	}
	for i := 1; i < len(got); i++ {
		if gap := got[i].At.Sub(got[i-1].At.Time); gap > 32*24*time.Hour || i > len(got)-14 && gap != 24*time.Hour {
			t.Errorf("%v between point %d and the next", gap, i-1)
		}
	}
	if Short := Abridge(points[:10]); len(Short) != 10 {
		t.Errorf("%d of 10 points", len(Short))
	}
}

// Whoever asks says how long a silence is worth a word.
func testSilence(t *testing.T, h *history.History) {
	all, err := h.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	for _, test := range []struct {
		silence time.Duration
		want    []string
	}{
		{history.LeastSilence, []string{"token 2", "token 3"}}, // 3 was first used 59 days after it was granted
		{59 * day, []string{"token 2", "token 3"}},
		{Silence, []string{"token 2"}},
		{254 * day, []string{"token 2"}},
		{255 * day, nil},
	} {
		changes, err := h.Diff(t.Context(), all[1].ID, all[2].ID)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDiff(all[1], all[2], changes, nil, test.silence)
		var got []string
		for _, c := range d.Changes {
			if c.Change == "awake" {
				got = append(got, c.Subject.Name)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v: %s", test.silence, diff)
		}
	}
}
