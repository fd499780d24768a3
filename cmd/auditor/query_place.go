package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"auditor/internal/rules"
	"auditor/internal/sanitize"
	"auditor/internal/sqlite"
)

// sqlError is a mistake in SQL that was to be run: it shows the place.
type sqlError struct {
	err  error // a *sqlite.QueryError
	text string
}

func (e *sqlError) Error() string { return e.text }
func (e *sqlError) Unwrap() error { return e.err }

// pointed makes the error of a statement show the line that it is about, with a
// caret below the place; other errors stay as they are.
func pointed(ctx context.Context, database *sqlite.Database, err error, sql string) error {
	var q *sqlite.QueryError
	if !errors.As(err, &q) {
		return err
	}
	line, column := rules.Place(ctx, database, sql, q)
	what := q.Message
	if q.Near != "" {
		what = fmt.Sprintf("near %q: %s", q.Near, q.Message)
	}
	if meant := rules.Spelling(q); meant != "" {
		what += " (" + meant + ")"
	}
	if line == 0 {
		return &usageError{&sqlError{err, "query: " + what}}
	}
	return &usageError{&sqlError{err, fmt.Sprintf("query: line %d, column %d: %s\n%s", line, column, what, excerpt(sql, line, column))}}
}

// around is how many characters of a long line are shown on each side.
const around = 50

// excerpt is the line of the SQL and a caret under the column, both from 1.
// Everything in front of the caret is one column wide or a tab, which the line
// below repeats; what a terminal would obey is made inert first.
func excerpt(sql string, line, column int) string {
	lines := strings.Split(sql, "\n")
	if line > len(lines) {
		return ""
	}
	raw := []rune(strings.TrimRight(lines[line-1], "\r"))
	place := min(column-1, len(raw))
	text := []rune(sanitize.Lines(string(raw[:place])))
	at := len(text) // an escape is longer than what it replaces
	text = append(text, []rune(sanitize.Lines(string(raw[place:])))...)
	before, after := "", ""
	from, to := max(0, at-around), min(len(text), at+around)
	if from > 0 {
		before = "…"
	}
	if to < len(text) {
		after = "…"
	}
	gutter := fmt.Sprintf("%5d | ", line)
	caret := strings.Repeat(" ", len(gutter)-2) + "| " + strings.Repeat(" ", len([]rune(before)))
	for _, r := range text[from:at] {
		caret += blank(r)
	}
	return gutter + before + string(text[from:to]) + after + "\n" + caret + "^"
}

// blank is what takes the room of a character on a terminal.
func blank(r rune) string {
	switch {
	case r == '\t':
		return "\t"
	case isWide(r):
		return "  "
	}
	return " "
}

// isWide recognises the characters that a terminal prints in two columns: East Asian
// scripts and pictures, as far as SQL has them.
func isWide(r rune) bool {
	return r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 ||
		r >= 0xFFE0 && r <= 0xFFE6 || r >= 0x1F300 && r <= 0x1FAFF || r >= 0x20000 && r <= 0x3FFFD
}
