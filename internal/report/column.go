package report

import (
	"iter"
	"strings"
)

// The kinds of columns. A column's kind follows its name, so that no rule and
// no inventory needs code for its looks.
const (
	KindText   = "text"
	KindTime   = "time"   // _at: RFC 3339 text
	KindLink   = "link"   // _url
	KindYesNo  = "yes/no" // is_, has_: 0 and 1
	KindNumber = "number" // _count, _days, _id
)

// kindByName is the one list of what names mean.
var kindByName = []struct {
	prefix, suffix, kind string
}{
	{prefix: "is_", kind: KindYesNo},
	{prefix: "has_", kind: KindYesNo},
	{suffix: "_at", kind: KindTime},
	{suffix: "_url", kind: KindLink},
	{suffix: "_count", kind: KindNumber},
	{suffix: "_days", kind: KindNumber},
}

// kindOf tells what a column holds from its name.
func kindOf(column string) string {
	for _, k := range kindByName {
		if strings.HasPrefix(column, k.prefix) && strings.HasSuffix(column, k.suffix) {
			return k.kind
		}
	}
	switch column { // the bare words, as in SELECT count(*) AS count
	case "url":
		return KindLink
	case "count", "days":
		return KindNumber
	}
	return KindText
}

// sqlWords turns the manual's 1, 0 and NULL of a yes/no column into the words
// that its cells show.
var sqlWords = strings.NewReplacer("; NULL unknown", "", "NULL unknown", "", "1: ", "yes: ", "0: ", "no: ")

// explain is the note on a column's header.
func explain(column, kind, comment string) string {
	note := column
	if kind == KindYesNo {
		comment = sqlWords.Replace(comment)
	}
	word := wordForNull(comment)
	comment = strings.ReplaceAll(nullMeaning.ReplaceAllString(comment, ""), "NULL", "empty")
	if comment != "" {
		note += ": " + comment
	}
	if kind == kindSetting || kind == KindYesNo || word == unknownWord {
		note += " (unknown: GitHub did not say, or it does not apply)"
	}
	return note
}

// Column is one column of a table.
type Column struct {
	Name    string // as in SQL: last_used_at
	Kind    string // one of the Kind constants; "": by name
	Comment string // what it means; "" if the snapshot's manual has no word on it
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
