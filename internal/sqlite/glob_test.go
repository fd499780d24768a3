package sqlite

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// asker answers lower(text) GLOB lower(pattern) with SQLite itself.
type asker struct{ statement *sql.Stmt }

func newAsker(tb testing.TB) asker {
	tb.Helper()
	db := Writable(filepath.Join(tb.TempDir(), "glob.db"), url.Values{"mode": {"rwc"}})
	statement, err := db.PrepareContext(tb.Context(), "SELECT lower(?) GLOB lower(?)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		statement.Close()
		db.Close()
	})
	return asker{statement}
}

// compare asks SQLite and Glob. A pattern that is refused matches nothing but
// the empty text, unless it is refused for its backslash.
func (a asker) compare(tb rapid.TB, pattern, text string) {
	tb.Helper()
	var want bool
	if err := a.statement.QueryRow(text, pattern).Scan(&want); err != nil {
		tb.Fatal(err)
	}
	if got := (Glob{pattern: []rune(lower(pattern))}).Match(text); got != want {
		tb.Errorf("%q on %q: %t, SQLite says %t", pattern, text, got, want)
	}
	glob, err := ParseGlob(pattern)
	switch {
	case err == nil && glob.Match(text) != want:
		tb.Errorf("%q on %q: %t, SQLite says %t", pattern, text, !want, want)
	case err != nil && want && text != "" && !strings.Contains(pattern, `\`):
		tb.Errorf("%q on %q: refused (%v), SQLite matches", pattern, text, err)
	}
}

// globPieces make patterns that are close to the texts of globTexts.
var (
	globPieces = []string{
		"*", "?", "[", "]", "^", "-", "[^", "[]", "[^]", "[a-c]", "[^a-c]", "[c-a]", "[^c-a]", "[]a]", "[^]a]", "[a-]", "[-a]", "[]-a]", "[a-c-e]", "[[]", "[*]", "[?]",
		"a", "b", "C", "/", "é", "É", "日", "[日-本]", "[é]", "[A-z]", "[!-/]", "**", "*?", `\`, "😀", "K",
	}
	globTexts = []string{"a", "b", "c", "d", "A", "C", "/", "-", "]", "[", "^", "*", "?", "é", "É", "日", "本", "😀", "_", `\`, "K", "k"}
)

func TestGlobIsSQLites(t *testing.T) {
	a := newAsker(t)
	rapid.Check(t, func(r *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(rapid.SampledFrom(globPieces), 0, 8).Draw(r, "pattern"), "")
		for _, text := range rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(globTexts), 0, 8), 20, 20).Draw(r, "texts") {
			a.compare(r, pattern, strings.Join(text, ""))
		}
	})
}

func FuzzGlob(f *testing.F) {
	for _, pattern := range globPieces {
		f.Add(pattern+"*"+pattern, "acme/a-"+pattern)
	}
	a := newAsker(f)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if utf8.ValidString(pattern) && utf8.ValidString(text) && !strings.Contains(pattern+text, "\x00") {
			a.compare(t, pattern, text)
		}
	})
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a*c", "a/b/c", true}, {"a?c", "abc", true}, {"a?c", "ac", false}, {"[^a]b", "cb", true}, {"[^a]b", "ab", false}, {"a.c", "abc", false},
		{"a]", "a]", true}, {"(x|y)", "x", false}, {"[z-a]", "z", true}, {"[z-a]", "a", false}, {"[z-a]", "[z-a]", false}, {"[]]", "]", true}, {"[^]]", "]", false},
		{"ACME/pay*", "acme/Payments", true}, {"[A-C]", "b", true}, {"[[]", "[", true}, {"*", "", true}, {"a\nb", "a\nb", true},
	} {
		glob, err := ParseGlob(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
		} else if got := glob.Match(c.text); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

func TestParseGlobRefuses(t *testing.T) {
	for _, pattern := range []string{"", "[", "a[b", "[]", "[^]", "[a][", `a\*`, "a\x00"} {
		if _, err := ParseGlob(pattern); err == nil {
			t.Errorf("%q is accepted", pattern)
		}
	}
	for _, pattern := range []string{"payments-*", "*", "acme/*", "a?c", "[a-z]*", "[^a]x", "[]]", "[^]]", "a]"} {
		if _, err := ParseGlob(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}
