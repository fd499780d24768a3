package rows

import (
	"bufio"
	"encoding/csv"

	"auditor/internal/sanitize"
)

// csvRows writes CSV as RFC 4180 has it.
type csvRows struct {
	w    *csv.Writer
	line []string
}

func newCSV(w *bufio.Writer, _ int) writer { return &csvRows{w: csv.NewWriter(w)} }

func (c *csvRows) header(columns []string) error {
	c.line = make([]string, len(columns))
	for i, name := range columns {
		c.line[i] = sanitize.CSV(name)
	}
	return c.w.Write(c.line)
}

func (c *csvRows) row(values []any) error {
	c.line = c.line[:0]
	for _, v := range values {
		s, isText := plainValue(v)
		if isText {
			s = sanitize.CSV(s)
		}
		c.line = append(c.line, s)
	}
	return c.w.Write(c.line)
}

func (c *csvRows) close() error {
	c.w.Flush()
	return c.w.Error()
}
