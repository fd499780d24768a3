package xlsx

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/report"
	"auditor/internal/report/sample"
)

// Excel opens a workbook that breaks one of these rules only after it has
// "repaired" it, which throws parts away. Neither excelize nor LibreOffice
// minds, so the written XML is checked here.

// TestWorkbookKeepsExcelsRules writes the workbooks that are most likely to
// break them.
func TestWorkbookKeepsExcelsRules(t *testing.T) {
	t.Parallel()
	hostile := sample.Hostile("=cmd|'/c calc'!A0\x00\u202e")
	for i, title := range []string{"Findings", "findings", "a/b:c*[d]", "'", strings.Repeat("long ", 20), "Tokens (2)"} {
		other := sample.Inventory(3)
		other.Name, other.Title = fmt.Sprint("inventory-", i), title
		hostile.Inventories = append(hostile.Inventories, other)
	}
	wide := sample.Report(30, 0)
	for i := range wide.Findings {
		for c := range 30 {
			wide.Findings[i].Evidence = append(wide.Findings[i].Evidence, finding.Value{Column: fmt.Sprintf("f%d_%d", i%12, c), Value: int64(c)})
		}
		wide.Findings[i].Subject.Kind = []string{"token", "request", "repository", "org"}[i%4]
	}
	long := sample.Report(3, 3)
	long.Findings[0].Reason = strings.Repeat("\U0001f600", 20_000)
	for name, c := range map[string]struct {
		r     *report.Report
		limit int
	}{
		"usual": {sample.Report(40, 20), maxRows}, "empty": {sample.Report(0, 0), maxRows}, "continued": {sample.Report(25, 12), 11},
		"hostile": {hostile, maxRows}, "wide": {wide, maxRows}, "long": {long, maxRows},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, broken := range brokenRules(bookOf(t, c.r, c.limit).bytes) {
				t.Error(broken)
			}
		})
	}
}

// The checks would find something.
func TestBrokenRulesAreFound(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	b := bookOf(t, sample.Report(8, 5), maxRows)
	for _, c := range []struct{ part, old, new, want string }{
		{"xl/workbook.xml", `name="Coverage"`, `name="a/b"`, "forbidden character"},
		{"xl/workbook.xml", `name="Coverage"`, `name="rules"`, "twice"},
		{"xl/workbook.xml", `name="Findings_range"`, `name="AB12"`, "is a cell"},
		{"xl/workbook.xml", `name="Findings_range"`, `name="Inventory"`, "name of a table"},
		{"xl/tables/table2.xml", `name="Kind"`, `name="Sort"`, "header"},
		{"xl/tables/table2.xml", `displayName="Resolved"`, `displayName="Findings"`, "twice"},
		{"xl/tables/table2.xml", ` id="2" name="Resolved"`, ` id="1" name="Resolved"`, "twice"},
		{"xl/worksheets/sheet1.xml", `<mergeCells`, `<mergeCells x=""><mergeCell ref="A1:XFD1048576"/></mergeCells><mergeCells`, "overlap"},
		{"xl/worksheets/sheet2.xml", `"keep,`, `"` + strings.Repeat("keep,", 60), "255"},
		{"xl/worksheets/sheet2.xml", `<t>acme`, "<t>\ufffe", "XML"},
		{"xl/worksheets/sheet2.xml", `<t>acme`, "<t>" + strings.Repeat("x", 40_000), "32767"},
		{"xl/worksheets/sheet2.xml", ` s="1"`, ` s="999"`, "style"},
		{"xl/worksheets/sheet2.xml", `<row r="2"`, `<row r="1"`, "row"},
		{"xl/worksheets/sheet2.xml", `dxfId="0"`, `dxfId="99"`, "format"},
		{"xl/worksheets/sheet2.xml", ` s="6"><v>4`, ` s="6"><v>94444`, "calendar"},
	} {
		found := brokenRules(b.with(c.part, c.old, c.new))
		if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%s, %.30s for %s: found only %q", c.part, c.new, c.old, found)
		}
	}
}

// with is the workbook with a part of it changed.
func (b book) with(part, old, changed string) []byte {
	b.t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range partsOf(b.bytes) {
		if name == part {
			if !strings.Contains(text, old) {
				b.t.Fatalf("%s does not contain %s", part, old)
			}
			text = strings.Replace(text, old, changed, 1)
		}
		w, err := z.Create(name)
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes()
}

func partsOf(book []byte) map[string]string {
	parts := map[string]string{}
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		panic(err) // written by this test
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			panic(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			panic(err)
		}
		parts[f.Name] = string(text)
	}
	return parts
}
