package rows

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"auditor/internal/sanitize"
)

// readable is the least width of prose beside other columns; narrower than that
// it is printed below them.
const readable = 28

// WriteManual writes a table of names and what they mean, of which nothing may
// be cut: on a terminal that is too narrow, the prose column is wrapped between
// words, beside the others or below them.
func WriteManual(w io.Writer, columns []string, rows [][]string, prose, width int) error {
	m := manual{w: bufio.NewWriter(w), prose: prose, widths: make([]int, len(columns))}
	rows = append([][]string{columns}, rows...)
	for r, row := range rows {
		rows[r] = slices.Clone(row)
		for i, cell := range row {
			rows[r][i] = sanitize.Line(cell)
			m.widths[i] = max(m.widths[i], text.StringWidthWithoutEscSequences(rows[r][i]))
		}
	}
	m.fit(width)
	for r, row := range rows {
		m.row(row)
		if r == 0 {
			m.rule()
		}
	}
	if err := m.w.Flush(); err != nil {
		return fmt.Errorf("write manual: %w", err)
	}
	return nil
}

type manual struct {
	w       *bufio.Writer
	prose   int // the column that is wrapped
	widths  []int
	isBelow bool // prose is below its row
}

// fit leaves to prose what the other columns do not need, or a line of its own.
func (m *manual) fit(width int) {
	others := len(gutter) * (len(m.widths) - 1)
	for i, n := range m.widths {
		if i != m.prose {
			others += n
		}
	}
	if width <= 0 || others+m.widths[m.prose] <= width {
		return
	}
	if m.isBelow = width-others < readable; m.isBelow {
		m.widths[m.prose] = max(width-2*len(gutter), readable)
	} else {
		m.widths[m.prose] = width - others
	}
}

func (m *manual) row(cells []string) {
	lines := wrapped(cells[m.prose], m.widths[m.prose])
	cells = slices.Clone(cells)
	cells[m.prose] = lines[0]
	if m.isBelow {
		m.line(slices.Delete(slices.Clone(cells), m.prose, m.prose+1), slices.Delete(slices.Clone(m.widths), m.prose, m.prose+1))
		for _, line := range lines {
			m.line([]string{"", line}, []int{len(gutter), 0})
		}
		return
	}
	m.line(cells, m.widths)
	for _, line := range lines[1:] {
		below := make([]string, m.prose+1)
		below[m.prose] = line
		m.line(below, m.widths)
	}
}

func (m *manual) rule() {
	var cells []string
	for _, n := range m.widths {
		cells = append(cells, strings.Repeat("─", n))
	}
	if m.isBelow {
		cells = slices.Delete(cells, m.prose, m.prose+1)
		m.line(cells, make([]int, len(cells)))
		return
	}
	m.line(cells, m.widths)
}

func (m *manual) line(cells []string, widths []int) {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteString(gutter)
		}
		b.WriteString(cell + strings.Repeat(" ", max(0, widths[i]-text.StringWidthWithoutEscSequences(cell))))
	}
	m.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
}

// wrapped breaks a text between words; a word that is longer than a line has
// one of its own. There is at least one line.
func wrapped(s string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(s) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case text.StringWidthWithoutEscSequences(*last)+1+text.StringWidthWithoutEscSequences(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
