package report

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// Table is a result for people: an inventory of a report. Its rows may be
// millions, so they are not held: Rows runs the query each time, and yields rows
// as wide as Columns, of int64, float64, string and nil. A row is valid until the
// next one; an error is the last thing yielded.
type Table struct {
	Name        string // of its query: inventory, inventory-access
	Title       string
	Description string
	Columns     []Column
	Rows        iter.Seq2[[]any, error]
}

// Column is one column of a table.
type Column struct {
	Name    string             // as in SQL: last_used_at
	Kind    finding.ColumnKind // one of its constants, or Setting; "": by name
	Comment string             // what it means; "" if the snapshot's manual does not say
}

// Classify returns the column with its kind. A text column is classified by its
// words in the sample, at the given index of each row: words are those that it
// may have, nil if they are no vocabulary.
func (c Column) Classify(sample [][]any, index int) (classified Column, words []string) {
	if c.Kind == "" {
		c.Kind = finding.KindOf(c.Name)
	}
	if c.Kind == finding.Text {
		c.Kind, words = vocabularyOf(sample, index)
	}
	return c, words
}

// Note explains the column to a reader who knows no SQL: its name, what it means,
// and what unknown means. The column must have its kind.
func (c Column) Note() string {
	note, comment := c.Name, c.Comment
	if c.Kind == finding.YesNo {
		comment = sqlWords.Replace(comment)
	}
	word := Column{Comment: comment}.WordForNull()
	comment = strings.ReplaceAll(nullMeaning.ReplaceAllString(comment, ""), "NULL", "empty")
	if comment != "" {
		note += ": " + comment
	}
	if c.Kind == Setting || c.Kind == finding.YesNo || word == UnknownWord {
		note += " (unknown: GitHub did not say, or it does not apply)"
	}
	return note
}

// sqlWords turns the manual's 1, 0 and NULL of a yes/no column into the words
// that its cells show.
var sqlWords = strings.NewReplacer("; NULL unknown", "", "NULL unknown", "", "1: ", "yes: ", "0: ", "no: ")

// WordForNull is the word to show where the column is NULL. "" where that may
// mean several things, or where the manual does not say.
func (c Column) WordForNull() string {
	if m := nullMeaning.FindStringSubmatch(c.Comment); m != nil {
		return m[1]
	}
	return ""
}

// nullMeaning is how the snapshot's manual says what NULL means: one thing only.
var nullMeaning = regexp.MustCompile(`[;,:]? ?NULL:? (never used|never|unknown)$`)

// Good is the better one of yes and no in a column of settings; "" if neither is,
// as of is_fork, or if the column is no yes/no column.
func (c Column) Good() string {
	if c.Kind != finding.YesNo {
		return ""
	}
	for _, g := range goodByName {
		if strings.HasPrefix(c.Name, g.prefix) && strings.HasSuffix(c.Name, g.suffix) {
			return g.good
		}
	}
	return ""
}

// goodByName says by the name of a column which of yes and no is good.
var goodByName = []struct{ prefix, suffix, good string }{
	{"is_", "_required", "yes"},
	{"is_", "_dismissed", "yes"},
	{"is_", "_bound", "yes"},
	{"is_", "is_protected", "yes"},
	{"is_", "_allowed", "no"},
	{"has_", "_policy", "yes"},
	{"has_", "_codeowners", "yes"},
}

// columnsOf looks columns up in the snapshot's manual: first in the view that has
// most of them, then in the others.
func columnsOf(names []string) []Column {
	comments := columnComments(names)
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, Kind: finding.KindOf(name), Comment: comments[name]}
	}
	return columns
}

func columnComments(columns []string) map[string]string {
	views := store.Views()
	shared := func(v store.View) int {
		n := 0
		for _, c := range v.Columns {
			if slices.Contains(columns, c.Name) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(views, func(a, b store.View) int { return shared(b) - shared(a) })
	comments := map[string]string{}
	for _, v := range views {
		for _, c := range v.Columns {
			if comments[c.Name] == "" {
				comments[c.Name] = c.Comment
			}
		}
	}
	return comments
}
