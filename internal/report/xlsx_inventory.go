package report

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"auditor/internal/finding"
)

// kindSetting is a text column of which all words are settings: enabled,
// disabled, paused. Where GitHub did not say, the cell says "unknown".
const kindSetting finding.ColumnKind = "setting"

var widthOfKind = map[finding.ColumnKind]float64{finding.Time: 17, finding.Link: 44, finding.YesNo: 11, finding.Number: 11, kindSetting: 12}

// sampleSize is the number of rows that a column is judged by: its width and
// its vocabulary. All tokens and all repositories are fewer; of what is more,
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

func (b *workbook) inventory(i int, t Table) error {
	table := "Inventory"
	if i > 0 {
		table += "_" + letter(i+1) // no two alike, no cell's name
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
func about(t Table) string {
	text, _, _ := strings.Cut(t.Description, "\n\n")
	return strings.TrimSuffix(t.Title+". "+text, ". ")
}

// describe gives the columns their heads, widths, notes and colours.
func describe(columns []Column, sample [][]any) (heads []sheetColumn, kinds []finding.ColumnKind) {
	heads, kinds = make([]sheetColumn, len(columns)), make([]finding.ColumnKind, len(columns))
	for i, c := range columns {
		kind := c.Kind
		if kind == "" {
			kind = finding.KindOf(c.Name)
		}
		h := sheetColumn{title: heading(c.Name), isNumber: kind == finding.Number, empty: wordForNull(c.Comment)}
		switch kind {
		case finding.Text:
			kind, h.words = vocabulary(sample, i)
		case finding.YesNo:
			h.good = goodOf(c.Name)
		}
		h.width, h.note, kinds[i] = columnWidth(c.Name, kind, sample, i), explain(c.Name, kind, c.Comment), kind
		heads[i] = h
	}
	return heads, kinds
}

// nullMeaning is how the snapshot's manual says what NULL means: one thing only.
var nullMeaning = regexp.MustCompile(`[;,:]? ?NULL:? (never used|never|unknown)$`)

// wordForNull is the word to show where a column is NULL. "" where that may mean
// several things, or where the manual does not say.
func wordForNull(comment string) string {
	if m := nullMeaning.FindStringSubmatch(comment); m != nil {
		return m[1]
	}
	return ""
}

// goodByName tells by its name whether yes is good in a column of settings. Of
// is_fork, say, it is neither.
var goodByName = []struct{ prefix, suffix, good string }{
	{"is_", "_required", "yes"},
	{"is_", "_dismissed", "yes"},
	{"is_", "_bound", "yes"},
	{"is_", "is_protected", "yes"},
	{"is_", "_allowed", "no"},
	{"has_", "_policy", "yes"},
	{"has_", "_codeowners", "yes"},
}

func goodOf(column string) string {
	for _, g := range goodByName {
		if strings.HasPrefix(column, g.prefix) && strings.HasSuffix(column, g.suffix) {
			return g.good
		}
	}
	return ""
}

// vocabulary tells a column of settings, tiers, levels by its words. What is not
// known is a setting that is unknown; of the others it may as well not apply.
func vocabulary(rows [][]any, column int) (kind finding.ColumnKind, words []string) {
	for _, v := range []struct {
		kind  finding.ColumnKind
		words []string
	}{{kindSetting, settingWords}, {finding.Text, tierWords}, {finding.Text, levelWords}, {finding.Text, roleWords}, {finding.Text, reachWords}} {
		if only(rows, column, v.words) {
			return v.kind, append(slices.Clone(v.words), unknownWord)
		}
	}
	return finding.Text, nil
}

// only says whether the column has words of the list and no others.
func only(rows [][]any, column int, words []string) bool {
	found := false
	for _, row := range rows {
		if row[column] == nil || row[column] == unknownWord {
			continue
		}
		word, ok := row[column].(string)
		if !ok || !slices.Contains(words, word) {
			return false
		}
		found = true
	}
	return found
}

// frozen is the number of columns that stay in sight: up to the first name,
// so that a row can be told far to the right.
func frozen(columns []Column) int {
	for i, c := range columns[:min(len(columns), 4)] {
		if strings.HasSuffix(c.Name, "name") {
			return i + 1
		}
	}
	return 1
}

// columnWidth fits the first rows of the column, within reason.
func columnWidth(name string, kind finding.ColumnKind, rows [][]any, column int) float64 {
	if w := widthOfKind[kind]; w > 0 {
		return w
	}
	widest := min(utf8.RuneCountInString(heading(name)), 16)
	for _, row := range rows[:min(len(rows), 200)] {
		if s, ok := row[column].(string); ok {
			widest = max(widest, utf8.RuneCountInString(s))
		}
	}
	return float64(min(max(widest+2, 9), 60))
}

// heading makes a column's name a header: last_used_at is "Last used at".
func heading(column string) string {
	words := strings.Fields(strings.ReplaceAll(column, "_", " "))
	for i, w := range words {
		switch w {
		case "url", "id", "html", "api", "sso":
			words[i] = strings.ToUpper(w)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return capital(strings.Join(words, " "))
}
