package xlsx

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"auditor/internal/report"
	"auditor/internal/report/sample"
)

func TestWorkbookHasItsSheets(t *testing.T) {
	t.Parallel()
	got := bookOf(t, sample.Report(20, 5), maxRows).GetSheetList()
	want := []string{"Summary", "Findings", "Resolved", "Tokens", "Coverage", "Rules"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryListIsATable(t *testing.T) {
	t.Parallel()
	r := sample.Report(20, 5)
	b := bookOf(t, r, maxRows)
	for sheet, want := range map[string]string{"Findings": "A1:T21", "Tokens": "A1:O6", "Coverage": "A1:I18", "Rules": "A1:O6"} {
		tables, err := b.GetTables(sheet)
		if err != nil || len(tables) != 1 {
			t.Errorf("%s has tables %v (%v)", sheet, tables, err)
			continue
		}
		if tables[0].Range != want {
			t.Errorf("the table of %s is %s, want %s", sheet, tables[0].Range, want)
		}
		panes, err := b.GetPanes(sheet)
		if err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("the header of %s is not frozen: %+v (%v)", sheet, panes, err)
		}
		if width, err := b.GetColWidth(sheet, "A"); err != nil || width == 9.140625 {
			t.Errorf("%s has no widths: %v (%v)", sheet, width, err)
		}
		formats, err := b.GetConditionalFormats(sheet)
		if err != nil || len(formats) == 0 {
			t.Errorf("%s has no colours (%v)", sheet, err)
		}
	}
	for _, part := range []string{"xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"} {
		text := b.part(part)
		if strings.Contains(text, "<dimension") {
			t.Errorf("%s claims a dimension", part)
		}
		if !strings.Contains(text, "fitToPage") {
			t.Errorf("%s is not scaled to the page", part)
		}
	}
}

// Exceptions that do not hold are named below the rules and below the gaps; the
// table ends above them.
func TestRemarksAreBelowTheTables(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 3)
	r.Warnings, r.Notes = report.Strings{"exception 2 expired"}, []string{"exception 3 covers nothing in this report"}
	r.Rules[1].Warnings = []string{"exception 2 expired: 1 finding is counted again"}
	b := bookOf(t, r, maxRows)
	for _, sheet := range []string{"Coverage", "Rules"} {
		rows := b.rows(sheet)
		end := len(rows) - 3
		if got := []string{strings.Join(rows[end], ""), rows[end+1][0], rows[end+2][0]}; !slices.Equal(got, []string{"", "Warning: exception 2 expired", "Note: exception 3 covers nothing in this report"}) {
			t.Errorf("%s ends with %q", sheet, got)
		}
		tables, err := b.GetTables(sheet)
		if err != nil || len(tables) != 1 || !strings.HasSuffix(tables[0].Range, fmt.Sprint(end)) {
			t.Errorf("%s: tables %+v above row %d (%v)", sheet, tables, end, err)
		}
	}
	if got := b.value("Rules", "Warnings", 3); got != r.Rules[1].Warnings[0] {
		t.Errorf("the rule warns %q", got)
	}
}

// The order of a table's columns in its own part must be that of the header
// cells, word by word, or Excel offers to repair the file.
func TestTableColumnsEqualHeaders(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 3)
	for i, name := range []string{"owner", "OWNER", "", "_x0041_", "line\nbreak", "=1+1", strings.Repeat("w", 300)} {
		r.Inventories[0].Columns[i].Name = name
	}
	b := bookOf(t, r, maxRows)
	for i, sheet := range b.GetSheetList()[1:] {
		var table struct {
			Columns []struct {
				Name string `xml:"name,attr"`
			} `xml:"tableColumns>tableColumn"`
		}
		if err := xml.Unmarshal([]byte(b.part(fmt.Sprintf("xl/tables/table%d.xml", i+1))), &table); err != nil {
			t.Fatal(err)
		}
		header, seen := b.rows(sheet)[0], map[string]bool{}
		for j, c := range table.Columns {
			if c.Name != header[j] || c.Name == "" || seen[strings.ToLower(c.Name)] {
				t.Errorf("%s column %d: %q in the table, %q in the cell", sheet, j+1, c.Name, header[j])
			}
			seen[strings.ToLower(c.Name)] = true
		}
	}
}

func TestInventoryIsTyped(t *testing.T) {
	t.Parallel()
	b := bookOf(t, sample.Report(0, 4), maxRows)
	for title, want := range map[string][]string{
		"Expired":          {"no", "yes", "no", "yes"},
		"Secret scanning":  {"enabled", "disabled", "paused", "unknown"},
		"Owner role":       {"member", "owner", "outside", ""},
		"Expires":          {"", "", "", ""},
		"Repository count": {"0", "1", "2", "3"},
		"Grant ID":         {"98000", "98001", "98002", "98003"},
	} {
		for i, w := range want {
			if got := b.value("Tokens", title, i+2); got != w {
				t.Errorf("%s in row %d is %q, want %q", title, i+2, got, w)
			}
		}
	}
	if got, _ := b.GetCellFormula("Tokens", "O2"); !strings.HasPrefix(got, `HYPERLINK("https://github.com/`) {
		t.Errorf("link is %q", got)
	}
	notes, err := b.GetComments("Tokens")
	if err != nil || !slices.ContainsFunc(notes, func(c excelize.Comment) bool { return strings.Contains(c.Text, "upper bound") }) {
		t.Errorf("no header explains itself: %v (%v)", notes, err)
	}
}

func TestDatesAreRight(t *testing.T) {
	t.Parallel()
	for _, want := range []time.Time{sample.FinishedAt(), time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		got, err := excelize.ExcelDateToTime(serial(want), false)
		if err != nil || !got.Equal(want) {
			t.Errorf("%v came back as %v (%v)", want, got, err)
		}
	}
}

func TestWorkbookWithoutFindings(t *testing.T) {
	t.Parallel()
	b := bookOf(t, sample.Report(0, 0), maxRows)
	tables, err := b.GetTables("Findings")
	if err != nil || len(tables) != 1 || tables[0].Range != "A1:O2" {
		t.Errorf("an empty table is %+v (%v)", tables, err)
	}
	if s := fmt.Sprint(b.rows("Summary")); !strings.Contains(s, "No findings") {
		t.Error("the Summary does not say that there are no findings")
	}
}

func TestLongListsContinueOnTheNextSheet(t *testing.T) {
	t.Parallel()
	r := sample.Report(25, 12)
	b := bookOf(t, r, 11)
	want := []string{"Summary", "Findings", "Findings (2)", "Findings (3)", "Resolved", "Tokens", "Tokens (2)", "Coverage", "Coverage (2)", "Rules"}
	if diff := cmp.Diff(want, b.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	var keys []string
	for i, sheet := range []string{"Findings", "Findings (2)", "Findings (3)"} {
		rows := b.rows(sheet)
		if rows[0][0] != "Severity" {
			t.Errorf("%s has no header", sheet)
		}
		for _, row := range rows[1:] {
			keys = append(keys, row[len(row)-1])
		}
		tables, err := b.GetTables(sheet)
		if err != nil || len(tables) != 1 || tables[0].Name != []string{"Findings", "Findings_2", "Findings_3"}[i] {
			t.Errorf("%s has tables %v (%v)", sheet, tables, err)
		}
		if v, err := b.GetDataValidations(sheet); err != nil || len(v) == 0 {
			t.Errorf("%s has no drop-down (%v)", sheet, err)
		}
	}
	for i, f := range r.Findings {
		if keys[i] != string(f.Key) {
			t.Fatalf("row %d is %s, want %s", i, keys[i], f.Key)
		}
	}
}

func TestWorkbookHasTheSameCellsForTheSameInput(t *testing.T) {
	t.Parallel()
	a, b := bookOf(t, sample.Report(30, 10), maxRows), bookOf(t, sample.Report(30, 10), maxRows)
	for _, sheet := range a.GetSheetList() {
		if diff := cmp.Diff(a.rows(sheet), b.rows(sheet)); diff != "" {
			t.Errorf("%s: %s", sheet, diff)
		}
	}
	if a.part("docProps/core.xml") != b.part("docProps/core.xml") {
		t.Error("the properties differ")
	}
}

func TestLinksThatDoNotFitAFormulaAreText(t *testing.T) {
	t.Parallel()
	w := &workbook{style: map[look]int{}}
	for _, c := range []struct{ address, text string }{
		{"https://github.com/" + strings.Repeat("a", 250), "x"}, {"https://github.com/a", strings.Repeat("x", 256)}, {"javascript:alert(1)", "x"},
		{"https://github.com/a", "_x0022_),1+1"}, {"https://github.com/_x0022_", "x"}, {"https://github.com/a", " x"}, {"https://github.com/a\x00", "x"}, {"", "x"}, {"file:///etc/passwd", "x"},
	} {
		if cell, ok := w.link(c.address, c.text).(excelize.Cell); !ok || cell.Formula != "" || cell.Value == nil {
			t.Errorf("%q, %q became %+v", c.address, c.text, cell)
		}
	}
	cell := w.link("https://github.com/a?b=\"", `say "x"`).(excelize.Cell)
	if cell.Formula != `HYPERLINK("https://github.com/a?b=""","say ""x""")` || cell.Value != `say "x"` {
		t.Errorf("quotes: %+v", cell)
	}
}

func TestSheetName(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Tokens": "Tokens", "All tokens, those longest without use first": "All tokens", "All repositories with every setting": "All repositories",
		"a/b:c": "a b", "'quoted'": "quoted", "Summary": "Inventory", "": "Inventory", strings.Repeat("x", 40): "Inventory",
	} {
		if got := sheetName(title, "Inventory"); got != want {
			t.Errorf("sheetName(%q) = %q, want %q", title, got, want)
		}
	}
}
