package xlsx

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"auditor/internal/finding"
	"auditor/internal/report"
)

var widthOfKind = map[finding.ColumnKind]float64{finding.Time: 17, finding.Link: 44, finding.YesNo: 11, finding.Number: 11, report.Setting: 12}

// sampleSize is the number of rows that decide on a column: its width and its
// vocabulary. All tokens and all repositories are fewer; of what is more,
// such as pairs of the two, not all is held in memory.
const sampleSize = 20_000

// inventories writes the report's inventories, a sheet each.
func (b *workbook) inventories() error {
	for i, t := range b.report.Inventories {
		if err := b.inventory(i, t); err != nil {
			return err
		}
	}
	return nil
}

func (b *workbook) inventory(i int, t report.Table) error {
	table := "Inventory"
	if i > 0 {
		table += "_" + letter(i+1) // unique, and not the name of a cell
	}
	next, stop := iter.Pull2(t.Rows)
	defer stop()
	sample, err := head(next)
	if err != nil {
		return err
	}
	columns, kinds := describe(t.Columns, sample)
	return b.stream(sheet{
		name: b.freeName(sheetName(t.Title, "Inventory")), about: about(t), table: table, columns: columns, freeze: frozen(t.Columns),
		rows: func(yield func([]any, error) bool) {
			cells := make([]any, len(kinds))
			for row, err := range whole(sample, next) {
				for j := range row {
					if cells[j] = b.cell(kinds[j], row[j]); cells[j] == nil && columns[j].empty != "" {
						cells[j] = b.muted(columns[j].empty)
					}
				}
				if !yield(cells, err) || err != nil {
					return
				}
			}
		},
	})
}

// head is the sample of the rows: the first of them.
func head(next func() ([]any, error, bool)) ([][]any, error) {
	var sample [][]any
	for len(sample) < sampleSize {
		row, err, ok := next()
		if err != nil || !ok {
			return sample, err
		}
		sample = append(sample, slices.Clone(row))
	}
	return sample, nil
}

// whole is the sample and then the rows behind it: the query runs once.
func whole(sample [][]any, next func() ([]any, error, bool)) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range sample {
			if !yield(row, nil) {
				return
			}
		}
		for row, err, ok := next(); ok; row, err, ok = next() {
			if !yield(row, err) {
				return
			}
		}
	}
}

// about says what is on a sheet: its title and the first paragraph of prose.
func about(t report.Table) string {
	text, _, _ := strings.Cut(t.Description, "\n\n")
	return strings.TrimSuffix(t.Title+". "+text, ". ")
}

// describe gives the columns their heads, widths, notes and colours.
func describe(columns []report.Column, sample [][]any) (heads []sheetColumn, kinds []finding.ColumnKind) {
	heads, kinds = make([]sheetColumn, len(columns)), make([]finding.ColumnKind, len(columns))
	for i, c := range columns {
		c, words := c.Classify(sample, i)
		kinds[i] = c.Kind
		heads[i] = sheetColumn{
			title: c.Title(), width: columnWidth(c, sample, i), note: c.Note(), words: words, good: c.Good(), empty: c.WordForNull(),
			isNumber: c.Kind == finding.Number,
		}
	}
	return heads, kinds
}

// frozen is the number of columns that stay in sight: up to the first name,
// so that a row can be recognized far to the right.
func frozen(columns []report.Column) int {
	for i, c := range columns[:min(len(columns), 4)] {
		if strings.HasSuffix(c.Name, "name") {
			return i + 1
		}
	}
	return 1
}

// columnWidth fits the first rows of the column, within reason.
func columnWidth(c report.Column, rows [][]any, column int) float64 {
	if w := widthOfKind[c.Kind]; w > 0 {
		return w
	}
	widest := min(utf8.RuneCountInString(c.Title()), 16)
	for _, row := range rows[:min(len(rows), 200)] {
		if s, ok := row[column].(string); ok {
			widest = max(widest, utf8.RuneCountInString(s))
		}
	}
	return float64(min(max(widest+2, 9), 60))
}
