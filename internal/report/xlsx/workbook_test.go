package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report"
	"auditor/internal/report/sample"
)

// book is a written workbook, opened again.
type book struct {
	*excelize.File
	bytes []byte
	t     testing.TB
	read  map[string][][]string // sheets read so far
}

func bookOf(t testing.TB, r *report.Report, rowLimit int) book {
	t.Helper()
	var b bytes.Buffer
	if err := writeWorkbook(&b, r, rowLimit); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return book{f, b.Bytes(), t, map[string][][]string{}}
}

func (b book) rows(sheet string) [][]string {
	b.t.Helper()
	if rows, ok := b.read[sheet]; ok {
		return rows
	}
	rows, err := b.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		b.t.Fatal(err)
	}
	b.read[sheet] = rows
	return rows
}

// part is a file inside the workbook.
func (b book) part(name string) string {
	b.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b.bytes), int64(len(b.bytes)))
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// column finds a column by its header, from 0.
func (b book) column(sheet, title string) int {
	b.t.Helper()
	i := slices.Index(b.rows(sheet)[0], title)
	if i < 0 {
		b.t.Fatalf("%s has no column %q: %q", sheet, title, b.rows(sheet)[0])
	}
	return i
}

func (b book) value(sheet, title string, row int) string {
	b.t.Helper()
	v, err := b.GetCellValue(sheet, at(b.column(sheet, title)+1, row), excelize.Options{RawCellValue: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func TestWorkbookHasItsSheets(t *testing.T) {
	t.Parallel()
	got := bookOf(t, sample.Report(20, 5), maxRows).GetSheetList()
	want := []string{"Summary", "Findings", "Resolved", "Tokens", "Coverage", "Rules"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindingsSheet(t *testing.T) {
	t.Parallel()
	r := sample.Report(20, 0)
	b := bookOf(t, r, maxRows)
	want := []string{"Severity", "Subject", "Finding", "Status", "Organization", "Kind", "Owner", "Reason", "New", "First seen", "Exception", "Decision", "Comment", "Last used", "Days unused", "Expires", "Repository selection", "Expired", "Rule", "Key"}
	if diff := cmp.Diff(want, b.rows("Findings")[0]); diff != "" {
		t.Error(diff)
	}
	f := r.Findings[0]
	for title, want := range map[string]string{
		"Severity": string(f.Severity), "Status": string(f.Status), "Organization": f.Org, "Kind": "token", "Subject": f.Subject.Name, "Owner": f.Subject.Owner,
		"Reason": f.Reason, "Rule": f.Rule, "Key": string(f.Key), "Decision": "", "Comment": "", "Days unused": fmt.Sprint(f.Evidence[1].Value),
	} {
		if got := b.value("Findings", title, 2); got != want {
			t.Errorf("%s is %q, want %q", title, got, want)
		}
	}
	formula, err := b.GetCellFormula("Findings", "B2")
	if want := `HYPERLINK("` + f.Subject.URL + `","` + f.Subject.Name + `")`; err != nil || formula != want {
		t.Errorf("link is %s, want %s (%v)", formula, want, err)
	}
	when, err := b.GetCellValue("Findings", at(b.column("Findings", "Last used")+1, 2))
	if want := f.Evidence[0].Value.(string); err != nil || when != strings.Replace(want[:16], "T", " ", 1) {
		t.Errorf("date shows as %q, want %q (%v)", when, want, err)
	}
	if kind, err := b.GetCellType("Findings", at(b.column("Findings", "Last used")+1, 2)); err != nil || kind != excelize.CellTypeUnset {
		t.Errorf("a date is a cell of type %v, not a number (%v)", kind, err)
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

// What the reader must know of a column of evidence is a note on its header,
// and unknown is a word.
func TestEvidenceSaysWhetherReachIsEffective(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 0)
	for i := range r.Findings {
		r.Findings[i].Evidence = []finding.Value{{Column: "is_reach_effective", Value: []any{int64(1), int64(0), nil}[i]}}
	}
	b := bookOf(t, r, maxRows)
	for i, want := range []string{"yes", "no", "unknown"} {
		if got := b.value("Findings", "Reach is effective", i+2); got != want {
			t.Errorf("row %d says %q, want %q", i+2, got, want)
		}
	}
	comments, err := b.GetComments("Findings")
	if err != nil || !slices.ContainsFunc(comments, func(c excelize.Comment) bool {
		return strings.Contains(c.Text, "Evidence: is_reach_effective: yes: its owner can do all that it grants") && strings.Contains(c.Text, "; no: ") &&
			strings.HasSuffix(c.Text, "(unknown: GitHub did not say, or it does not apply)")
	}) {
		t.Errorf("no note explains is_reach_effective (%v)", err)
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

func TestDecisionsFitTheSubject(t *testing.T) {
	t.Parallel()
	r := sample.Report(6, 0)
	for i, kind := range []string{"token", "token", "repository", "token", "request", "org"} {
		r.Findings[i].Subject.Kind = kind
	}
	validations, err := bookOf(t, r, maxRows).GetDataValidations("Findings")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range validations {
		got[v.Sqref] = v.Formula1
	}
	want := map[string]string{
		"L2:L3 L5:L5": `"keep,narrow,revoke,accept risk"`, "L4:L4": `"enable,restrict,archive,accept risk"`,
		"L6:L6": `"approve,deny,ask owner"`, "L7:L7": `"enable,restrict,accept risk"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInventoryIsTyped(t *testing.T) {
	t.Parallel()
	b := bookOf(t, sample.Report(0, 4), maxRows)
	for title, want := range map[string][]string{
		"Expired":       {"no", "yes", "no", "yes"},
		"Secret scanning":  {"enabled", "disabled", "paused", "unknown"},
		"Owner role":       {"member", "owner", "outside", ""},
		"Expires":       {"", "", "", ""},
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

func TestSummarySaysWhatMatters(t *testing.T) {
	t.Parallel()
	r := sample.Report(40, 0)
	b := bookOf(t, r, maxRows)
	all := fmt.Sprint(b.rows("Summary"))
	for _, want := range []string{
		"Stale tokens", "acme, beta-labs", "21 November 2026, 02:14 UTC", r.Snapshot.File, r.Snapshot.SHA256, r.PreviousSnapshot.File, r.Verdict(),
		"beta-labs: members denied, HTTP 403, Resource not accessible by integration. Grant the App: Organization permissions > Members: Read-only",
		"Warning: exception 2", "Findings by severity", "Findings by rule", "Trend", "Owners with most findings", "Never expires", "2026-11-20 02:14",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the Summary does not say %q", want)
		}
	}
	for i := 1; i <= 3; i++ {
		if !strings.Contains(b.part(fmt.Sprintf("xl/charts/chart%d.xml", i)), "<barChart>") {
			t.Errorf("chart %d is no bar chart", i)
		}
	}
}

func TestSummarySaysWhetherItIsComplete(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 0)
	r.Coverage, r.Warnings = r.Coverage[:3], nil
	if s := fmt.Sprint(bookOf(t, r, maxRows).rows("Summary")); !strings.Contains(s, "Complete: everything") {
		t.Error("a complete audit is not called so")
	}
	r.Coverage[1].Status, r.Coverage[1].IsRequired, r.Snapshot.IsComplete = "denied", true, false
	rows := bookOf(t, r, maxRows).rows("Summary")
	if s := fmt.Sprint(rows[:6]); !strings.Contains(s, "Not complete: required data could not be read") || !strings.Contains(s, "denied (required)") {
		t.Errorf("what could not be seen does not come first: %v", rows[:6])
	}
	r.PreviousSnapshot = nil
	if s := fmt.Sprint(bookOf(t, r, maxRows).rows("Summary")); !strings.Contains(s, "there is no earlier snapshot") || !strings.Contains(s, "–") {
		t.Error("a first audit claims to have compared")
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

// Evidence for which there is no column left is not lost.
func TestEvidenceBeyondTheColumns(t *testing.T) {
	t.Parallel()
	r := sample.Report(2, 0)
	r.Findings[1].Evidence = nil
	for i := range maxEvidenceColumn + 20 {
		r.Findings[1].Evidence = append(r.Findings[1].Evidence, finding.Value{Column: fmt.Sprintf("fact_%d", i), Value: int64(i)})
	}
	b := bookOf(t, r, maxRows)
	more := b.value("Findings", "More evidence", 3)
	if columns := len(b.rows("Findings")[0]); columns != commentColumn+maxEvidenceColumn+3 || strings.Count(more, "\n") < 19 || !strings.HasSuffix(more, "\nfact_319: 319") {
		t.Errorf("%d columns, and then %q", columns, more)
	}
	if got := b.value("Findings", "More evidence", 2); got != "" {
		t.Errorf("the other finding has more: %q", got)
	}
}

// A reason of many lines is shown in part, and does not lie over the next row.
func TestLongParagraphsHaveARowOfSomeLines(t *testing.T) {
	t.Parallel()
	r := sample.Report(4, 0)
	for i, reason := range []string{strings.Repeat("line\n", 300), strings.Repeat("word ", 2000), "two\nlines", "one line"} {
		r.Findings[i].Reason, r.Findings[i].Exception = reason, nil
	}
	r.Rules[0].Description = strings.Repeat("line\n", 300)
	b := bookOf(t, r, maxRows)
	for row, want := range []float64{usualLines * 15, usualLines * 15, 30, 15} {
		if got, err := b.GetRowHeight("Findings", row+2); err != nil || got != want {
			t.Errorf("row %d is %g points high, want %g (%v)", row+2, got, want, err)
		}
	}
	if got, err := b.GetRowHeight("Rules", 2); err != nil || got != 27*15 {
		t.Errorf("the rule is %g points high (%v)", got, err)
	}
}
