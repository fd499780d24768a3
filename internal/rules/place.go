package rules

import (
	"strings"
	"unicode/utf8"

	"auditor/internal/store"
)

// Place finds where in a statement its error is, both from 1; 0, 0 when nobody
// can tell. SQLite names the word that it stumbled over and not its place. The
// store knows the place of a word that stands once. Of several, a name that
// nobody knows is wrong wherever it stands, so the first is told; an ambiguous
// one is wrong where no table stands before it.
func Place(sql string, q *store.QueryError) (line, column int) {
	if q.Line > 0 || q.Near == "" {
		return q.Line, q.Column
	}
	name, isKnown := strings.CutPrefix(q.Message, "ambiguous column name: ")
	for _, start := range []string{"no such column: ", "no such table: ", "no such function: "} {
		if name == q.Message {
			name, isKnown = strings.CutPrefix(q.Message, start)
		}
	}
	if !isKnown {
		return 0, 0
	}
	name, _, _ = strings.Cut(name, " - ") // some messages go on with advice
	afterAs := false
	for _, at := range words(sql) {
		isAlias := afterAs // AS org gives a name and asks for none
		afterAs = hasFold(sql[at:], "AS") && wordLength(sql[at:]) == len("AS")
		if !isAlias && hasFold(sql[at:], name) && wordLength(sql[at+len(name):]) == 0 && (at == 0 || sql[at-1] != '.') {
			at += strings.LastIndexByte(name, '.') + 1 // t.owner: not t is wrong
			start := strings.LastIndexByte(sql[:at], '\n') + 1
			return 1 + strings.Count(sql[:at], "\n"), 1 + utf8.RuneCountInString(sql[start:at])
		}
	}
	return 0, 0
}

func hasFold(text, start string) bool {
	return len(text) >= len(start) && strings.EqualFold(text[:len(start)], start)
}
