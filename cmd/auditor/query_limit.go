package main

import (
	"fmt"
	"iter"
)

// shownRows is how many rows people are shown unless --limit says otherwise.
// Files for programs (csv, json) are whole unless it says so: a cut would go
// unseen there.
const shownRows = 1000

// defaultLimit is the row limit of a format, 0 for none.
func defaultLimit(format string) int {
	if format == "table" || format == "markdown" {
		return shownRows
	}
	return 0
}

// limited yields the first n rows, all when n is 0; isCut says afterwards
// whether there were more.
func limited(rows iter.Seq2[[]any, error], n int, isCut *bool) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		count := 0
		for row, err := range rows {
			if err == nil && n > 0 && count == n {
				*isCut = true
				return
			}
			count++
			if !yield(row, err) {
				return
			}
		}
	}
}

// printCut says that rows are missing: below the table for people, on stderr
// beside a file for programs.
func (a *app) printCut(format string, n int) error {
	rows := "rows"
	if n == 1 {
		rows = "row"
	}
	text := fmt.Sprintf("only the first %d %s: there are more; --limit 0 gives all", n, rows)
	var err error
	switch format {
	case "table":
		_, err = fmt.Fprintf(a.env.stdout, "… %s\n", text)
	case "markdown":
		_, err = fmt.Fprintf(a.env.stdout, "\n… %s\n", text)
	default:
		_, err = fmt.Fprintf(a.env.stderr, "auditor: %s\n", text)
	}
	return err
}
