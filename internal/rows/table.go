package rows

import (
	"bufio"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

const (
	// tableSample is the number of rows that decide the widths. Further rows
	// are printed as they come.
	tableSample = 1000
	// narrowest is the least width of a column that had to be shortened, and
	// distinct that of one whose values are longer: cut to eight characters,
	// names of repositories and settings all look alike. A terminal too narrow
	// even for that gets one line a value.
	narrowest = 8
	distinct  = 16
	gutter    = "  "
)

// tableRows writes a table for a terminal: as wide as the terminal at most,
// texts shortened with an ellipsis, numbers at the right.
type tableRows struct {
	w       *bufio.Writer
	width   int // 0: no limit
	columns []string
	held    [][]string // cells of the first rows, until the widths are known
	raw     [][]bool   // which of them are numbers
	widths  []int      // nil: not known yet
	records bool       // one line a value
	rows    int
}

func newTable(w *bufio.Writer, width int) writer { return &tableRows{w: w, width: width} }

func (t *tableRows) header(columns []string) error {
	for _, name := range columns {
		t.columns = append(t.columns, sanitize.Line(name))
	}
	return nil
}

func (t *tableRows) row(values []any) error {
	cells, numbers := make([]string, len(values)), make([]bool, len(values))
	for i, v := range values {
		typed, _ := finding.KindOf(t.columns[i]).Typed(v)
		s, isText := plainValue(typed)
		cells[i] = sanitize.Line(s)
		if v == nil {
			cells[i] = "NULL"
		}
		_, isBool := typed.(bool)
		numbers[i] = !isText && v != nil && !isBool
	}
	if t.widths != nil {
		return t.print(cells, numbers)
	}
	t.held, t.raw = append(t.held, cells), append(t.raw, numbers)
	if len(t.held) == tableSample {
		return t.release()
	}
	return nil
}

func (t *tableRows) close() error {
	if t.widths == nil {
		return t.release()
	}
	return nil
}

// release fixes the widths and prints the header and what was held back.
func (t *tableRows) release() error {
	t.fit()
	if t.records && len(t.held) == 0 {
		_, err := t.w.WriteString("no rows\n") // nothing at all would look like a failure
		return err
	}
	if !t.records {
		if err := t.print(t.columns, t.numeric()); err != nil {
			return err
		}
		rule := make([]string, len(t.widths))
		for i, w := range t.widths {
			rule[i] = strings.Repeat("─", w)
		}
		if err := t.print(rule, nil); err != nil {
			return err
		}
	}
	for i, cells := range t.held {
		if err := t.print(cells, t.raw[i]); err != nil {
			return err
		}
	}
	t.held, t.raw = nil, nil
	return nil
}

// numeric finds the columns whose header is at the right: all values seen so far
// are numbers.
func (t *tableRows) numeric() []bool {
	out := make([]bool, len(t.columns))
	for i := range out {
		for r := range t.raw {
			out[i] = t.raw[r][i] || t.held[r][i] == "NULL"
			if !out[i] {
				break
			}
		}
	}
	return out
}

// fit gives each column the width it wants, and while that is too much takes
// from the widest that can spare some.
func (t *tableRows) fit() {
	t.widths = make([]int, len(t.columns))
	least := make([]int, len(t.columns))
	total := len(gutter) * max(len(t.columns)-1, 0)
	for i, name := range t.columns {
		values := 0
		for _, cells := range t.held {
			values = max(values, text.StringWidthWithoutEscSequences(cells[i]))
		}
		t.widths[i] = max(values, text.StringWidthWithoutEscSequences(name))
		least[i] = max(narrowest, min(values, distinct))
		total += t.widths[i]
	}
	for t.width > 0 && total > t.width {
		widest := -1
		for i, w := range t.widths {
			if w > least[i] && (widest < 0 || w > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			t.records = true
			return
		}
		// Down to the terminal at once if it is the only wide one; else a step.
		step := min(total-t.width, max(1, t.widths[widest]/8), t.widths[widest]-least[widest])
		t.widths[widest] -= step
		total -= step
	}
}

func (t *tableRows) print(cells []string, numbers []bool) error {
	if t.records {
		return t.record(cells)
	}
	var line strings.Builder
	for i, s := range cells {
		if i > 0 {
			line.WriteString(gutter)
		}
		s = shorten(s, t.widths[i])
		pad := strings.Repeat(" ", max(0, t.widths[i]-text.StringWidthWithoutEscSequences(s)))
		if numbers != nil && numbers[i] {
			line.WriteString(pad + s)
		} else {
			line.WriteString(s + pad)
		}
	}
	_, err := t.w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	return err
}

// record prints one row as lines of column and value, for rows that no
// terminal is wide enough for.
func (t *tableRows) record(cells []string) error {
	widest := 0
	for _, name := range t.columns {
		widest = max(widest, text.StringWidthWithoutEscSequences(name))
	}
	widest = min(widest, max(t.width/2, narrowest))
	if t.rows++; t.rows > 1 {
		t.w.WriteByte('\n')
	}
	for i, s := range cells {
		name := shorten(t.columns[i], widest)
		pad := strings.Repeat(" ", widest-text.StringWidthWithoutEscSequences(name))
		line := name + pad + gutter + shorten(s, max(t.width-widest-len(gutter), 1))
		if _, err := t.w.WriteString(strings.TrimRight(line, " ") + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// shorten cuts s to a width on the terminal, where some letters take two
// places and others none.
func shorten(s string, width int) string {
	if len(s) <= width || text.StringWidthWithoutEscSequences(s) <= width {
		return s
	}
	used := 0
	for i, r := range s {
		w := text.RuneWidth(r)
		if used+w > width-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}
