package rows

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"auditor/internal/finding"
)

// writer writes the rows of a query in one format.
type writer interface {
	header(columns []string) error
	row(values []any) error
	close() error
}

// formats is the list of all formats. A new one is a file and a line here.
var formats = []struct {
	name string
	make func(w *bufio.Writer, width int) writer
}{
	{"table", newTable},
	{"csv", newCSV},
	{"json", newJSON},
	{"markdown", newMarkdown},
}

// Formats returns the names of the formats that [Write] knows.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Write writes the answer of a query as it comes, and returns the number of
// rows. The values are int64, float64, string, bool or nil. Width is the width
// of the terminal in characters, for the table; 0 lets it be as wide as it is.
//
// Errors are those of w, of rows, which are returned as they are, and an unknown
// format. Columns named is_ and has_ are true and false in JSON, yes and no in a table
// and in Markdown, 1 and 0 in CSV.
func Write(w io.Writer, format string, columns []string, rows iter.Seq2[[]any, error], width int) (int, error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	out, err := newWriter(buffered, format, width)
	if err != nil {
		return 0, err
	}
	n, err := copyRows(out, columns, rows)
	if flushed := buffered.Flush(); err == nil && flushed != nil {
		err = fmt.Errorf("write rows as %s: %w", format, flushed)
	}
	return n, err
}

func newWriter(w *bufio.Writer, format string, width int) (writer, error) {
	for _, f := range formats {
		if f.name == format {
			return f.make(w, width), nil
		}
	}
	return nil, fmt.Errorf("row format %q: there are %s", format, strings.Join(Formats(), ", "))
}

func copyRows(out writer, columns []string, rows iter.Seq2[[]any, error]) (int, error) {
	n := 0
	if err := out.header(columns); err != nil {
		return 0, fmt.Errorf("write rows: %w", err)
	}
	for values, err := range rows {
		if err != nil {
			return n, err
		}
		if err := out.row(values); err != nil {
			return n, fmt.Errorf("write row %d: %w", n+1, err)
		}
		n++
	}
	if err := out.close(); err != nil {
		return n, fmt.Errorf("write rows: %w", err)
	}
	return n, nil
}

// plainValue is a value as people read it, not yet inert. isText says that it
// came as text, and not as a number of ours.
func plainValue(v any) (s string, isText bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case bool:
		return finding.YesOrNo(v), false
	case int64:
		return strconv.FormatInt(v, 10), false
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), false
	case []byte:
		return string(v), true
	case string:
		return v, true
	}
	return fmt.Sprint(v), true
}
