package report

import (
	"iter"
	"strings"

	"auditor/internal/finding"
)

// sqlWords turns the manual's 1, 0 and NULL of a yes/no column into the words
// that its cells show.
var sqlWords = strings.NewReplacer("; NULL unknown", "", "NULL unknown", "", "1: ", "yes: ", "0: ", "no: ")

// explain is the note on a column's header.
func explain(column string, kind finding.ColumnKind, comment string) string {
	note := column
	if kind == finding.YesNo {
		comment = sqlWords.Replace(comment)
	}
	word := wordForNull(comment)
	comment = strings.ReplaceAll(nullMeaning.ReplaceAllString(comment, ""), "NULL", "empty")
	if comment != "" {
		note += ": " + comment
	}
	if kind == kindSetting || kind == finding.YesNo || word == unknownWord {
		note += " (unknown: GitHub did not say, or it does not apply)"
	}
	return note
}

// Column is one column of a table.
type Column struct {
	Name    string             // as in SQL: last_used_at
	Kind    finding.ColumnKind // one of its constants; "": by name
	Comment string             // what it means; "" if the snapshot's manual has no word on it
}

// Table is a result for people: an inventory of a report. Its rows may be
// millions, so they are not held: Rows yields them anew each time, sorted, as
// wide as Columns, of int64, float64, string and nil. A row is valid until the
// next one; an error is the last thing yielded.
type Table struct {
	Name        string // of its query: inventory, inventory-access
	Title       string
	Description string
	Columns     []Column
	Rows        iter.Seq2[[]any, error]
}
