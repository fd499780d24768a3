package finding

import (
	"math"
	"slices"
	"testing"
)

func TestKeyNamesItsSubject(t *testing.T) {
	t.Parallel()
	for key, want := range map[Key]string{
		NewKey("stale-tokens/unused", "acme", "token/98716"): "token/98716",
		NewKey("a/b", "acme", "org/x:y"):                     "org/x:y",
		"a/b:acme":                                           "",
		"":                                                   "",
	} {
		if got := key.Subject(); got != want {
			t.Errorf("%q: subject %q, want %q", key, got, want)
		}
	}
}

func TestParseSubject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"token/7": true, "request/7": true, "repository/7": true, "org/acme": true, "org/a/b": true,
		"member/7": false, "token/": false, "token": false, "Token/7": false, "/7": false, "": false,
	} {
		if _, _, ok := ParseSubject(text); ok != want {
			t.Errorf("%q: %v, want %v", text, ok, want)
		}
	}
}

func TestSubjectsAreOrderedByNumber(t *testing.T) {
	t.Parallel()
	list := []Subject{{Kind: "token", ID: "10"}, {Kind: "token", ID: "9"}, {Kind: "request", ID: "11"}, {Kind: "token", ID: "12"}}
	slices.SortFunc(list, Subject.Compare)
	var got []string
	for _, s := range list {
		got = append(got, s.Label())
	}
	if want := []string{"request 11", "token 9", "token 10", "token 12"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	var c Counts
	for i, s := range Severities() {
		if s.Rank() != i || !s.IsKnown() {
			t.Errorf("%s has rank %d, want %d", s, s.Rank(), i)
		}
		for range i + 1 {
			c.Add(s)
		}
	}
	c.Add("urgent")
	if want := (Counts{Critical: 1, High: 2, Medium: 3, Low: 4}); c != want || c.Total() != 10 {
		t.Errorf("counts %+v, want %+v", c, want)
	}
	if bad := Severity("urgent"); bad.IsKnown() || bad.Rank() != 4 || c.Of(bad) != 0 {
		t.Errorf("urgent is a severity of rank %d", bad.Rank())
	}
}

func TestKindFollowsTheName(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]ColumnKind{
		"is_new": YesNo, "has_push": YesNo, "last_used_at": Time, "html_url": Link, "repository_count": Number, "unused_days": Number,
		"url": Link, "count": Number, "days": Number, "island": Text, "token_id": Text, "at": Text, "": Text,
	} {
		if got := KindOf(column); got != want {
			t.Errorf("%s: %s, want %s", column, got, want)
		}
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		column      string
		value, want any
		isGood      bool
	}{
		{"is_new", int64(1), true, true},
		{"is_new", int64(0), false, true},
		{"is_new", true, true, true},
		{"is_new", int64(2), int64(2), false},
		{"is_new", "yes", "yes", false},
		{"a_days", int64(3), int64(3), true},
		{"a_days", 3.0, int64(3), true},
		{"a_days", 3.5, 3.5, false},
		{"a_days", math.Inf(1), math.Inf(1), false},
		{"a_days", "3", "3", false},
		{"used_at", "2026-11-21", "2026-11-21", true},
		{"used_at", int64(7), int64(7), false},
		{"level", 0.5, 0.5, true},
		{"level", int64(5), int64(5), true},
		{"level", nil, nil, true},
		{"is_new", nil, nil, true},
	} {
		got, ok := KindOf(c.column).Typed(c.value)
		if got != c.want || ok != c.isGood {
			t.Errorf("%s %v: %v, %v; want %v, %v", c.column, c.value, got, ok, c.want, c.isGood)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{Count(0, "finding"), "0 findings"}, {Count(1, "repository"), "1 repository"}, {Count(2, "repository"), "2 repositories"},
		{YesOrNo(true), "yes"}, {YesOrNo(false), "no"}, {NotCompared{Org: "acme", Resource: "members", Why: "denied"}.String(), "acme: members: denied"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

// Every kind that rules report has decisions to choose from, and no other.
func TestJudgedKindsHaveDecisions(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		if k.IsJudged != (len(k.Decisions) > 0) {
			t.Errorf("%s: judged %v, decisions %q", k.Name, k.IsJudged, k.Decisions)
		}
	}
}
