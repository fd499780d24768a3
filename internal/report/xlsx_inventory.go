package report

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// kindSetting is a text column of which all words are settings: enabled,
// disabled, paused. Where GitHub did not say, the cell says "unknown".
const kindSetting = "setting"

var widthOfKind = map[string]float64{KindTime: 17, KindLink: 44, KindYesNo: 11, KindNumber: 11, kindSetting: 12}

// inventory writes the whole population of the report, one row each.
func (b *workbook) inventory() error {
	t := b.report.Inventory
	if len(t.Columns) == 0 {
		return nil
	}
	columns, kinds := make([]sheetColumn, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		kinds[i] = c.Kind
		if c.Kind == "" {
			kinds[i] = kindOf(c.Name)
		}
		var words []string
		if kinds[i] == KindText {
			kinds[i], words = vocabulary(t.Rows, i)
		}
		columns[i] = sheetColumn{title: heading(c.Name), width: columnWidth(c.Name, kinds[i], t.Rows, i), words: words, note: explain(c.Name, kinds[i], c.Comment), isNumber: kinds[i] == KindNumber}
	}
	return b.stream(sheet{
		name: sheetName(t.Title, "Inventory"), table: "Inventory", columns: columns, count: len(t.Rows), freeze: frozen(t.Columns),
		row: func(i int) []any {
			cells := make([]any, len(kinds))
			for j := range kinds {
				cells[j] = b.cell(kinds[j], t.Rows[i][j])
			}
			return cells
		},
	})
}

// vocabulary tells a column of settings or of tiers by its words.
func vocabulary(rows [][]any, column int) (kind string, words []string) {
	for _, v := range []struct {
		kind  string
		words []string
	}{{kindSetting, settingWords}, {KindText, tierWords}} {
		if only(rows, column, v.words) {
			return v.kind, append(slices.Clone(v.words), unknownWord)
		}
	}
	return KindText, nil
}

// only says whether the column has words of the list and no others.
func only(rows [][]any, column int, words []string) bool {
	found := false
	for _, row := range rows {
		if row[column] == nil {
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
func columnWidth(name, kind string, rows [][]any, column int) float64 {
	if w := widthOfKind[kind]; w > 0 {
		return w
	}
	widest := min(utf8.RuneCountInString(heading(name)), 16)
	for _, row := range rows[:min(len(rows), 200)] {
		if s, ok := row[column].(string); ok {
			widest = max(widest, utf8.RuneCountInString(s))
		}
	}
	return float64(min(max(widest+2, 9), 46))
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
