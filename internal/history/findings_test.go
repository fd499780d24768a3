package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/store"
)

// found is a finding of a rule on a token of acme, on "TOKEN severity status",
// with a "!" where an exception covers it.
func found(rule, text string) finding.Finding {
	fields := strings.Fields(strings.TrimSuffix(text, "!"))
	f := finding.Finding{
		Key: finding.NewKey(rule, "acme", "token/"+fields[0]), Rule: rule, Org: "acme", Severity: finding.Severity(fields[1]), Status: finding.Status(fields[2]),
		Subject: finding.Subject{Kind: "token", ID: fields[0], Name: "token " + fields[0], URL: "https://github.com/x", Owner: "octo"},
		Reason:  "because of " + text,
	}
	if strings.HasSuffix(text, "!") {
		f.Exception = &finding.Exception{}
	}
	return f
}

// foundAll makes findings of one rule from comma separated texts.
func foundAll(rule, texts string) (all []finding.Finding) {
	for text := range strings.SplitSeq(texts, ", ") {
		if text != "" {
			all = append(all, found(rule, text))
		}
	}
	return all
}

// asText renders findings as foundAll takes them.
func asText(t *testing.T, h *History, id int64) string {
	t.Helper()
	all, err := h.Findings(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range all {
		text := fmt.Sprint(f.Subject.ID, " ", f.Severity, " ", f.Status)
		if f.IsExcepted() {
			text += "!"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

func TestHistoryFindings(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	dir := t.TempDir()
	h := openHistory(t, dir)
	const rule = "stale-tokens/unused"
	var snapshots []*store.Snapshot
	for i, day := range []struct {
		found, want string
		blind       []string
	}{
		{"1 high fail, 2 high unknown", "1 high fail, 2 high unknown", nil},
		{"1 high fail, 2 high fail", "1 high fail, 2 high fail", nil},
		{"3 low fail", "1 high fail, 2 high fail, 3 low fail", []string{"acme"}}, // blind: nothing ends
		{"1 critical fail!, 3 low fail", "1 critical fail!, 3 low fail", nil},
		{"2 high fail, 3 low fail", "2 high fail, 3 low fail", nil}, // 2 is back
	} {
		s := dayOf(t, dir, i, "", tokenDay(t))
		snapshots = append(snapshots, s)
		rules := []finding.Run{{Rule: rule, Fingerprint: "1", BlindOrgs: day.blind}, {Rule: "over-broad-access/none", Fingerprint: "2"}}
		if err := h.Import(t.Context(), s, finding.All(foundAll(rule, day.found)), rules); err != nil {
			t.Fatal(err)
		}
		if got := asText(t, h, int64(i+1)); got != day.want {
			t.Errorf("day %d: %s, want %s", i+1, got, day.want)
		}
	}
	at := func(id int) time.Time { return snapshots[id-1].Info().FinishedAt }
	for id, want := range map[int64]map[string]time.Time{
		1: {"1": at(1)},
		3: {"1": at(1), "2": at(2), "3": at(3)},
		4: {"1": at(1), "3": at(3)},
		5: {"2": at(5), "3": at(3)},
	} {
		seen, err := h.FirstSeen(t.Context(), id, "")
		got := map[string]time.Time{}
		for key, at := range seen {
			got[strings.TrimPrefix(string(key), rule+":acme:token/")] = at
		}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("first seen as of %d: %v, want %v, %v", id, got, want, err)
		}
	}
	trend, err := h.Trend(t.Context(), "stale-tokens", 4)
	var texts []string
	for _, p := range trend {
		texts = append(texts, fmt.Sprint(p.SnapshotID, p.Findings, p.Excepted, p.Unknown, p.FinishedAt.Equal(at(int(p.SnapshotID)))))
	}
	want := []string{"1 {0 1 0 0} 0 1 true", "2 {0 2 0 0} 0 0 true", "3 {0 0 0 1} 0 0 true", "4 {0 0 0 1} 1 0 true"}
	if err != nil || !slices.Equal(texts, want) {
		t.Errorf("trend %q, %v", texts, err)
	}
	if trend, err := h.Trend(t.Context(), "over-broad-access", 9); err != nil || len(trend) != 5 || trend[0].Findings != (finding.Counts{}) {
		t.Errorf("trend of a report without findings: %v, %v", trend, err)
	}
	if trend, err := h.Trend(t.Context(), "stale", 9); err != nil || trend != nil {
		t.Errorf("trend of a report that is none: %v, %v", trend, err)
	}
	if trend, err := h.Trend(t.Context(), "", 9); err != nil || len(trend) != 5 || trend[1].Findings.High != 2 {
		t.Errorf("trend of all: %v, %v", trend, err)
	}
	rules, err := h.Rules(t.Context(), 3)
	if err != nil || fmt.Sprint(rules) != "[{over-broad-access/none 2 []} {stale-tokens/unused 1 [acme]}]" {
		t.Errorf("rules: %v, %v", rules, err)
	}
	me, err := h.Find(t.Context(), snapshots[3])
	if err != nil || me.ID != 4 || me.Findings.Low != 1 || me.ExceptedCount != 1 || me.RulesFingerprint != finding.Fingerprint([]finding.Run{rules[1], rules[0]}) {
		t.Errorf("find: %+v, %v", me, err)
	}
	if first, err := h.Findings(t.Context(), 1, ""); err != nil || first[0].Reason != "because of 1 critical fail!" || first[0].Subject != (finding.Subject{Kind: "token", ID: "1", Name: "token 1", URL: "https://github.com/x", Owner: "octo"}) {
		t.Errorf("finding: %+v, %v", first, err)
	}
}

// Of two grants of one token the fail counts, and of two fails the one that no
// exception covers.
func TestHistoryFindingsOfOneKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	for i, texts := range []string{"1 high unknown, 1 low fail!, 1 high fail", "1 high fail, 1 low fail!, 1 high unknown"} {
		if err := h.Import(t.Context(), dayOf(t, dir, i, "", tokenDay(t)), finding.All(foundAll("a/b", texts)), []finding.Run{{Rule: "a/b"}}); err != nil {
			t.Fatal(err)
		}
		if got := asText(t, h, int64(i+1)); got != "1 high fail" {
			t.Errorf("%s: %s", texts, got)
		}
	}
}

// However often findings are replaced, the history is the one in which each
// snapshot was imported with the last of them: in any order, and where a rule was
// blind, in that of the snapshots.
func TestHistoryImportsAgain(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for name, blindOneIn := range map[string]int{"seeing": 0, "sometimes blind": 3} {
		t.Run(name, func(t *testing.T) { importByLot(t, blindOneIn) })
	}
}

func importByLot(t *testing.T, blindOneIn int) {
	const rule, days = "a/b", 7
	type evaluated struct {
		found []finding.Finding
		rules []finding.Run
	}
	r := rand.New(rand.NewPCG(5, 6))
	draw := func() (j evaluated) {
		for token := range 5 {
			if r.IntN(3) > 0 {
				j.found = append(j.found, found(rule, fmt.Sprintf("%d %s %s%s", token, pick(r, "high", "low"), pick(r, "fail", "fail", "unknown"), pick(r, "", "", "!"))))
			}
		}
		j.rules = []finding.Run{{Rule: rule, Fingerprint: fmt.Sprint(len(j.found))}}
		if blindOneIn > 0 && r.IntN(blindOneIn) == 0 {
			j.rules[0].BlindOrgs = []string{"acme"}
		}
		return j
	}
	dir := t.TempDir()
	var snapshots []*store.Snapshot
	for i := range days {
		snapshots = append(snapshots, dayOf(t, dir, i, "", tokenDay(t)))
	}
	take := func(h *History, i int, j evaluated) {
		t.Helper()
		if err := h.Import(t.Context(), snapshots[i], finding.All(j.found), j.rules); err != nil {
			t.Fatal(err)
		}
	}
	h := openHistory(t, t.TempDir())
	final := make([]evaluated, days)
	for i := range days {
		final[i] = draw()
		take(h, i, final[i])
	}
	for range 40 {
		i := r.IntN(days)
		final[i] = draw()
		take(h, i, final[i])
	}
	if blindOneIn > 0 {
		for i := range days {
			final[i] = draw()
			take(h, i, final[i])
		}
	}
	straight := openHistory(t, t.TempDir())
	for i := range days {
		take(straight, i, final[i])
	}
	for _, query := range []string{
		"SELECT snapshot_id, key, severity, status, is_excepted, since_snapshot_id FROM findings ORDER BY 1, 2",
		"SELECT * FROM finding_counts ORDER BY 1, 3, 4", "SELECT * FROM rules ORDER BY 1, 2", "SELECT * FROM snapshots",
	} {
		if got, want := testQuery(t, h.db, query), testQuery(t, straight.db, query); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", query, got, want)
		}
	}
}

// What is said of a finding and its subject are the words of the newest snapshot
// that has it, also if the findings of an older one are replaced.
func TestHistoryWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	rules := []finding.Run{{Rule: "a/b"}, {Rule: "c/d"}}
	say := func(rule, words string) []finding.Finding {
		f := found(rule, "1 high fail")
		f.Reason, f.Subject = words, finding.Subject{Kind: "token", ID: words, Name: words, URL: "https://github.com/" + words, Owner: words}
		return []finding.Finding{f}
	}
	var snapshots []*store.Snapshot
	for i, found := range [][]finding.Finding{say("a/b", "first"), say("a/b", "second"), say("c/d", "third")} {
		s := dayOf(t, dir, i, "", tokenDay(t))
		snapshots = append(snapshots, s)
		if err := h.Import(t.Context(), s, finding.All(found), rules); err != nil {
			t.Fatal(err)
		}
	}
	words := func() (all []string) {
		for _, line := range testQuery(t, h.db, "SELECT snapshot_id, rule, reason, subject_id, subject_name, subject_url, subject_owner FROM findings ORDER BY 1") {
			all = append(all, strings.NewReplacer(`"`, "", "https://github.com/", "", "[", "", "]", "").Replace(line))
		}
		return all
	}
	check := func(what string, want ...string) {
		t.Helper()
		if got := words(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("merged", "1,a/b,second,third,third,third,third", "2,a/b,second,third,third,third,third", "3,c/d,third,third,third,third,third")
	for _, again := range []struct {
		day   int
		found []finding.Finding
		want  []string
	}{
		{0, say("a/b", "late"), []string{"1,a/b,second,third,third,third,third", "2,a/b,second,third,third,third,third", "3,c/d,third,third,third,third,third"}},
		{1, say("a/b", "later"), []string{"1,a/b,later,third,third,third,third", "2,a/b,later,third,third,third,third", "3,c/d,third,third,third,third,third"}},
		{2, say("c/d", "latest"), []string{"1,a/b,later,latest,latest,latest,latest", "2,a/b,later,latest,latest,latest,latest", "3,c/d,latest,latest,latest,latest,latest"}},
		{2, nil, []string{"1,a/b,later,latest,latest,latest,latest", "2,a/b,later,latest,latest,latest,latest"}},
		{1, say("a/b", "again"), []string{"1,a/b,again,again,again,again,again", "2,a/b,again,again,again,again,again"}},
	} {
		if err := h.Import(t.Context(), snapshots[again.day], finding.All(again.found), rules); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("day %d imported again", again.day+1), again.want...)
	}
}

// Of two grants of a token the one that counts gives its words, else the later
// one, in whatever order they come.
func TestHistorySubjectOfTwoGrants(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	grant := func(rule, id, status string) finding.Finding {
		f := found(rule, "1 high "+status)
		f.Subject.ID, f.Subject.Name = id, "grant "+id
		return f
	}
	day := 0
	for _, test := range []struct {
		found []finding.Finding
		want  string
	}{
		{[]finding.Finding{grant("a/b", "9", "fail"), grant("a/b", "10", "unknown")}, "grant 9"},
		{[]finding.Finding{grant("a/b", "9", "fail"), grant("c/d", "10", "fail")}, "grant 10"},
		{[]finding.Finding{grant("a/b", "9", "fail!"), grant("c/d", "10", "unknown")}, "grant 9"},
	} {
		for range 2 {
			if err := h.Import(t.Context(), dayOf(t, dir, day, "", tokenDay(t)), finding.All(test.found), nil); err != nil {
				t.Fatal(err)
			}
			day++
			got := testQuery(t, h.db, "SELECT DISTINCT subject_name FROM findings WHERE snapshot_id = ?", day)
			if want := []string{fmt.Sprintf("[%q]", test.want)}; !slices.Equal(got, want) {
				t.Errorf("%v: %v, want %v", test.found, got, want)
			}
			slices.Reverse(test.found)
		}
	}
}

// A key that is not made of rule, organization and subject could not be told
// again: nothing is merged.
func TestHistoryRefusesFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	s := dayOf(t, dir, 0, "", tokenDay(t))
	for key, rules := range map[string][]finding.Run{
		"a/b:acme:":         nil,
		"a/b:acme":          nil,
		"token/1":           nil,
		"a/b:beta:token/1":  nil,
		"a/bc:acme:token/1": nil,
		"a/b:acme:token/1":  {{Rule: "a/b"}, {Rule: "c/d"}, {Rule: "a/b"}},
	} {
		f := found("a/b", "1 high fail")
		f.Key = finding.Key(key)
		want := "finding " + key + ": its key"
		if rules != nil {
			want = "rule a/b was run twice"
		}
		if err := h.Import(t.Context(), s, finding.All([]finding.Finding{f}), rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", key, err, want)
		}
	}
	if all, err := h.Snapshots(t.Context()); all != nil || err != nil {
		t.Errorf("%v, %v", all, err)
	}
	f := found("a/b", "1 high fail")
	f.Key = "a/b:acme:odd:key/1"
	if err := h.Import(t.Context(), s, finding.All([]finding.Finding{f}), nil); err != nil {
		t.Fatal(err)
	}
	if all, err := h.Findings(t.Context(), 1, ""); err != nil || len(all) != 1 || all[0].Key != f.Key {
		t.Errorf("%+v, %v", all, err)
	}
}
