package rules

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"auditor/internal/sqlite"
)

// Place finds where in a statement its error is, both from 1; 0, 0 when nobody
// can tell. SQLite names the word that it stumbled over and not its place, and
// a QueryError knows the place of a word that stands once. Of several, Place asks
// the database again, or goes by the message.
func Place(ctx context.Context, s *sqlite.Database, sql string, q *sqlite.QueryError) (line, column int) {
	if q.Line > 0 || q.Near == "" {
		return q.Line, q.Column
	}
	var at int
	if strings.HasPrefix(q.Message, "syntax error") {
		at = stumble(ctx, s, sql, q)
	} else {
		at = misnomer(sql, q.Message)
	}
	if at < 0 {
		return 0, 0
	}
	start := strings.LastIndexByte(sql[:at], '\n') + 1
	return 1 + strings.Count(sql[:at], "\n"), 1 + utf8.RuneCountInString(sql[start:at])
}

// stumble finds the first place of the word at which the statement, cut off
// there, has the same error: SQLite reads from the left and knows no more then.
// Cut off elsewhere, it is merely incomplete.
func stumble(ctx context.Context, s *sqlite.Database, sql string, q *sqlite.QueryError) int {
	for _, at := range places(sql, q.Near) {
		var cut *sqlite.QueryError
		cutOff := sql[:at+len(q.Near)]
		_, err := s.Check(ctx, cutOff, declaredBy(cutOff))
		if errors.As(err, &cut) && cut.Message == q.Message && strings.EqualFold(cut.Near, q.Near) {
			return at
		}
	}
	return -1
}

// misnomer finds a name: one that nobody knows is wrong wherever it stands, so
// the first is told; an ambiguous one is wrong where no table stands before it.
func misnomer(sql, message string) int {
	kind, name, ok := strings.Cut(message, ": ")
	switch kind {
	case "ambiguous column name", "no such column", "no such table", "no such function":
	default:
		ok = false
	}
	if !ok {
		return -1
	}
	name, _, _ = strings.Cut(name, " - ") // some messages go on with advice
	for _, at := range places(sql, name) {
		if at == 0 || sql[at-1] != '.' {
			return at + strings.LastIndexByte(name, '.') + 1 // t.owner: not t is wrong
		}
	}
	return -1
}

// places finds a word or sign outside of strings, comments and quoted names. A
// word behind AS gives a name and asks for none.
func places(sql, text string) []int {
	var found []int
	last := sqlite.Tokens(text)
	if len(last) == 0 {
		return nil
	}
	end := last[len(last)-1]
	isAlias := false
	for _, token := range sqlite.Tokens(sql) {
		if token.Kind != sqlite.Word && token.Kind != sqlite.Punctuation {
			continue
		}
		if !isAlias && hasFold(sql[token.Offset:], text) && endsToken(sql, token.Offset+end.Offset, end.Value) {
			found = append(found, token.Offset)
		}
		isAlias = token.Kind == sqlite.Word && strings.EqualFold(token.Value, "AS")
	}
	return found
}

// endsToken says whether the token at an offset is just this one.
func endsToken(sql string, offset int, value string) bool {
	tokens := sqlite.Tokens(sql[offset:])
	return len(tokens) > 0 && strings.EqualFold(tokens[0].Value, value)
}

func hasFold(text, start string) bool {
	return len(text) >= len(start) && strings.EqualFold(text[:len(start)], start)
}
