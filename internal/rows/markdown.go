package rows

import (
	"bufio"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

// markdownRows writes a table of GitHub's Markdown.
type markdownRows struct {
	w       *bufio.Writer
	columns []string
}

func newMarkdown(w *bufio.Writer, _ int) writer { return &markdownRows{w: w} }

func (m *markdownRows) header(columns []string) error {
	m.columns = columns
	var names, rule strings.Builder
	names.WriteByte('|')
	rule.WriteByte('|')
	for _, name := range columns {
		names.WriteString(" " + sanitize.Markdown(sanitize.Line(name)) + " |")
		if finding.KindOf(name) == finding.Number {
			rule.WriteString(" ---: |")
		} else {
			rule.WriteString(" --- |")
		}
	}
	_, err := m.w.WriteString(names.String() + "\n" + rule.String() + "\n")
	return err
}

func (m *markdownRows) row(values []any) error {
	m.w.WriteByte('|')
	for i, v := range values {
		typed, _ := finding.KindOf(m.columns[i]).Typed(v)
		s, isText := plainValue(typed)
		if isText {
			s = sanitize.Markdown(sanitize.Line(s))
		}
		m.w.WriteString(" " + s + " |")
	}
	return m.w.WriteByte('\n')
}

func (m *markdownRows) close() error { return nil }
