package rules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaceholders(t *testing.T) {
	for sql, want := range map[string][]placeholder{
		"SELECT 1":                             nil,
		"SELECT :a,\n  :b_2 * :a":              {{":a", 1}, {":b_2", 2}, {":a", 2}},
		"-- :no\nSELECT :a -- :b":              {{":a", 2}},
		"/* :no\n :no */ SELECT :a":            {{":a", 2}},
		"SELECT ':no', 'it''s :no', :a":        {{":a", 1}},
		"SELECT \":no\", `:no`, [:no], :a":     {{":a", 1}},
		"SELECT raw ->> '$.x', a$b, x::y":      {{":y", 1}},
		"SELECT ?, ?1, @a, $b":                 {{"?", 1}, {"?1", 1}, {"@a", 1}, {"$b", 1}},
		"SELECT 'open string :no":              nil,
		"SELECT /* open comment :no":           nil,
		"SELECT x - -1, y / 2, [open bracket ": nil,
		"SELECT ünï:a, 'ü' || :b":              {{":a", 1}, {":b", 1}},
	} {
		got := placeholders(sql)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(placeholder{})); diff != "" {
			t.Errorf("%s:\n%s", sql, diff)
		}
	}
}

func FuzzPlaceholders(f *testing.F) {
	f.Add("SELECT :a -- x\n/* y */ 'z' [w]")
	f.Fuzz(func(t *testing.T, sql string) {
		for _, p := range placeholders(sql) {
			if p.text == "" || p.line < 1 {
				t.Errorf("%q: %+v", sql, p)
			}
		}
	})
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{
		"severty":    `did you mean "severity"?`,
		"params":     `did you mean "param"?`,
		"remedation": `did you mean "remediation"?`,
		"owner":      "known: severity, enabled, param, population, remediation, see, formerly",
	} {
		if got := didYouMean(word, keys); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
}
