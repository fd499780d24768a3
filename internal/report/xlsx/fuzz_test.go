package xlsx

import (
	"archive/zip"
	"bytes"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/report"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

// cellKinds are all that decides on a cell beside its text.
var cellKinds = []finding.ColumnKind{finding.Text, finding.Time, finding.Link, finding.YesNo, finding.Number, report.Setting}

func TestCellsAreInert(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, text := range append(hostile.Texts(), cellTexts...) {
		checkCells(t, text)
	}
}

// excelsEscape is an escape of Excel, or what the library takes for one.
var excelsEscape = regexp.MustCompile(`(?i)_x[0-9a-z]{4}_`)

// cellTexts are those that only a spreadsheet takes for something.
var cellTexts = []string{
	"https://github.com/=1+1", `https://evil.example/"&WEBSERVICE("x")`, "https://evil.example/_x0022_", "HTTPS://E.example/\"", "https://e.example/" + strings.Repeat("\"", 254),
	"2026-11-21T02:00:00Z", "1899-12-31T00:00:00Z", "9999-12-31T23:59:59-14:00", "TRUE", "#REF!", "1e308", "00123", "_x0000_", "_x005F_x0000_", "_xD800_", "my_xtest_name", "_x0041_x202E_", "_x0041_x0042_x0043_", "_X0022_", "]]>", "<![CDATA[", "&#0;", "&#xB;",
	strings.Repeat("😀", 20000), strings.Repeat("_x000A_", 6000), strings.Repeat("\n", 300), "\ufeff=1", "−1", "﹦1+1", "\u00a0=1",
}

func FuzzCell(f *testing.F) {
	for _, s := range append(hostile.Texts(), cellTexts...) {
		f.Add(s[:min(len(s), 200)])
	}
	f.Fuzz(func(t *testing.T, text string) { checkCells(t, text) })
}

// checkCells writes the text as a cell of each kind, plain and in a link, and
// looks at each before and after it was in a file.
func checkCells(t *testing.T, text string) {
	t.Helper()
	b := &workbook{style: map[look]int{}}
	for l := range lookInertWrap + 1 {
		b.style[l] = int(l) + 1
	}
	var cells []any
	for _, kind := range cellKinds {
		cells = append(cells, b.cell(kind, text))
	}
	cells = append(cells, b.paragraph(text), b.link("https://github.com/acme", text), b.link("https://github.com/"+text, text), b.link(text, "acme"))
	for i, cell := range cells {
		if c, ok := cell.(excelize.Cell); ok {
			checkCell(t, b, c, text)
			cells[i] = excelize.Cell{Formula: c.Formula, Value: c.Value} // the styles are not those of the file
		}
	}
	checkCellsInFile(t, cells, text)
}

func checkCell(t *testing.T, b *workbook, c excelize.Cell, text string) {
	t.Helper()
	if c.Formula != "" && (!ownFormula(c.Formula) || len(utf16.Encode([]rune(c.Formula))) > 2*255*2+20) {
		t.Errorf("%.60q is the formula %q", text, c.Formula)
	}
	s, ok := c.Value.(string)
	if !ok {
		if _, isDate := c.Value.(float64); !isDate {
			t.Errorf("%.60q is a cell of %T", text, c.Value)
		}
		return
	}
	if !hostile.IsHarmless(s) || len(utf16.Encode([]rune(s))) > sanitize.MaxCell {
		t.Errorf("%.60q is in the cell as %.60q", text, s)
	}
	isInert := c.StyleID == b.style[lookInertText] || c.StyleID == b.style[lookInertWrap]
	if c.Formula == "" && sanitize.StartsFormula(s) && !isInert {
		t.Errorf("%.60q has the format %d", text, c.StyleID)
	}
	if hostile.IsHarmless(text) && !excelsEscape.MatchString(text) && len(text) < sanitize.MaxCell && s != text && s != "acme" && !strings.HasSuffix(s, text) {
		t.Errorf("the harmless %.60q is in the cell as %.60q", text, s)
	}
}

// checkCellsInFile reads the cells as Excel would: values are what they were,
// and a formula is where one was meant to be.
func checkCellsInFile(t *testing.T, cells []any, text string) {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	stream, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := stream.SetRow("A1", cells); err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	if err := stream.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(&file); err != nil {
		t.Fatal(err)
	}
	checkNoEscapes(t, file.Bytes(), text)
	read, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	defer read.Close()
	for i, cell := range cells {
		c, ok := cell.(excelize.Cell)
		if !ok {
			continue
		}
		name, _ := excelize.CoordinatesToCellName(i+1, 1)
		value, err := read.GetCellValue("Sheet1", name, excelize.Options{RawCellValue: true})
		formula, err2 := read.GetCellFormula("Sheet1", name)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if s, isText := c.Value.(string); isText && value != s {
			t.Errorf("%.60q: %.60q was written, %.60q read", text, s, value)
		}
		if html.UnescapeString(formula) != html.UnescapeString(c.Formula) {
			t.Errorf("%.60q: formula %q was written, %q read", text, c.Formula, formula)
		}
	}
}

// checkNoEscapes looks into the file: the library that wrote it would read its
// own mistakes rightly, Excel would not.
func checkNoEscapes(t *testing.T, file []byte, text string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	sheet, err := io.ReadAll(part)
	if err != nil {
		t.Fatal(err)
	}
	if escape := excelsEscape.Find(sheet); escape != nil {
		t.Errorf("%.60q: Excel decodes %q", text, escape)
	}
}
