package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"auditor/internal/finding"
)

// rowWriter writes the rows of a query in one format.
type rowWriter interface {
	header(columns []string) error
	row(values []any) error
	close() error
}

// RowFormats lists the formats of WriteRows.
var RowFormats = []string{"table", "csv", "json", "markdown"}

// WriteRows writes the answer of a query as it comes, and returns the number of
// rows. The values are int64, float64, string, bool or nil. Width is the width
// of the terminal in characters, for the table; 0 lets it be as wide as it is.
//
// Columns named is_ and has_ are true and false in JSON, yes and no in a table
// and in Markdown, 1 and 0 in CSV.
func WriteRows(w io.Writer, format string, columns []string, rows iter.Seq2[[]any, error], width int) (int, error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	out, err := newRowWriter(buffered, format, width)
	if err != nil {
		return 0, err
	}
	n, err := writeRows(out, columns, rows)
	if flushed := buffered.Flush(); err == nil && flushed != nil {
		err = fmt.Errorf("write rows as %s: %w", format, flushed)
	}
	return n, err
}

func newRowWriter(w *bufio.Writer, format string, width int) (rowWriter, error) {
	switch format {
	case "table":
		return &tableRows{w: w, width: width}, nil
	case "csv":
		return &csvRows{w: csv.NewWriter(w)}, nil
	case "json":
		return &jsonRows{w: w}, nil
	case "markdown":
		return &markdownRowWriter{w: w}, nil
	}
	return nil, fmt.Errorf("row format %q: there are %s", format, strings.Join(RowFormats, ", "))
}

func writeRows(out rowWriter, columns []string, rows iter.Seq2[[]any, error]) (int, error) {
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
		return yesNo(v), false
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

// csvRows writes CSV as RFC 4180 has it.
type csvRows struct {
	w    *csv.Writer
	line []string
}

func (c *csvRows) header(columns []string) error {
	c.line = make([]string, len(columns))
	for i, name := range columns {
		c.line[i] = inertCSV(name)
	}
	return c.w.Write(c.line)
}

func (c *csvRows) row(values []any) error {
	c.line = c.line[:0]
	for _, v := range values {
		s, isText := plainValue(v)
		if isText {
			s = inertCSV(s)
		}
		c.line = append(c.line, s)
	}
	return c.w.Write(c.line)
}

func (c *csvRows) close() error {
	c.w.Flush()
	return c.w.Error()
}

// jsonRows writes an array of objects, one a line, keys in the order of the
// columns.
type jsonRows struct {
	w      *bufio.Writer
	object []finding.Value // of the row that is being written
	line   []byte
	rows   int
}

func (j *jsonRows) header(columns []string) error {
	for _, name := range uniqueKeys(columns) {
		j.object = append(j.object, finding.Value{Column: name})
	}
	_, err := j.w.WriteString("[")
	return err
}

func (j *jsonRows) row(values []any) (err error) {
	for i, v := range values {
		j.object[i].Value = v
	}
	if j.line, err = appendObject(j.line[:0], j.object); err != nil {
		return err
	}
	separator := ",\n"
	if j.rows++; j.rows == 1 {
		separator = "\n"
	}
	j.w.WriteString(separator)
	_, err = j.w.Write(j.line) // a bufio.Writer remembers its first error
	return err
}

func (j *jsonRows) close() error {
	end := "]\n"
	if j.rows > 0 {
		end = "\n]\n"
	}
	_, err := j.w.WriteString(end)
	return err
}

// uniqueKeys renames columns of the same name, as in a join, so that no value
// is lost: id, id_2.
func uniqueKeys(columns []string) []string {
	out, seen := make([]string, len(columns)), map[string]bool{}
	for i, name := range columns {
		out[i] = name
		for n := 2; seen[out[i]]; n++ {
			out[i] = name + "_" + strconv.Itoa(n)
		}
		seen[out[i]] = true
	}
	return out
}

// markdownRowWriter writes a table of GitHub's Markdown.
type markdownRowWriter struct {
	w       *bufio.Writer
	columns []string
}

func (m *markdownRowWriter) header(columns []string) error {
	m.columns = columns
	var names, rule strings.Builder
	names.WriteByte('|')
	rule.WriteByte('|')
	for _, name := range columns {
		names.WriteString(" " + inertMarkdown(InertLine(name)) + " |")
		if finding.KindOf(name) == finding.Number {
			rule.WriteString(" ---: |")
		} else {
			rule.WriteString(" --- |")
		}
	}
	_, err := m.w.WriteString(names.String() + "\n" + rule.String() + "\n")
	return err
}

func (m *markdownRowWriter) row(values []any) error {
	m.w.WriteByte('|')
	for i, v := range values {
		s, isText := plainValue(typed(finding.KindOf(m.columns[i]), v))
		if isText {
			s = inertMarkdown(InertLine(s))
		}
		m.w.WriteString(" " + s + " |")
	}
	return m.w.WriteByte('\n')
}

func (m *markdownRowWriter) close() error { return nil }
