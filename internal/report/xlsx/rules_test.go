package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/sanitize"
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

// inspector collects what is broken in a workbook.
type inspector struct {
	parts  map[string]string
	found  []string
	styles struct {
		Cells   []struct{} `xml:"cellXfs>xf"`
		Formats []struct{} `xml:"dxfs>dxf"`
		Fonts   []struct{} `xml:"fonts>font"`
		Fills   []struct{} `xml:"fills>fill"`
	}
	dates  map[int]bool      // styles that show dates
	tables map[string]string // names of tables in lower case, and where
	ids    map[string]string // ids of tables
}

func brokenRules(book []byte) []string {
	i := &inspector{parts: partsOf(book), dates: map[int]bool{}, tables: map[string]string{}, ids: map[string]string{}}
	i.wellFormed()
	if len(i.found) > 0 {
		return i.found
	}
	i.readStyles()
	for _, name := range i.named("xl/worksheets/sheet") {
		i.sheet(name)
	}
	i.names()
	return i.found
}

func (i *inspector) broken(format string, args ...any) {
	i.found = append(i.found, fmt.Sprintf(format, args...))
}

func (i *inspector) named(prefix string) []string {
	var names []string
	for name := range i.parts {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (i *inspector) read(name string, v any) {
	if err := xml.Unmarshal([]byte(i.parts[name]), v); err != nil {
		i.broken("%s: %v", name, err)
	}
}

// wellFormed: every part is XML of characters that XML allows. Go's reader
// refuses the others but for two.
func (i *inspector) wellFormed() {
	for _, name := range i.named("") {
		if strings.ContainsAny(i.parts[name], "\ufffe\uffff") {
			i.broken("%s: a character that XML forbids", name)
		}
		d := xml.NewDecoder(strings.NewReader(i.parts[name]))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				i.broken("%s: XML: %v", name, err)
				break
			}
		}
	}
}

func (i *inspector) readStyles() {
	i.read("xl/styles.xml", &i.styles)
	if n := len(i.styles.Cells); n > 64_000 {
		i.broken("%d cell styles, 64,000 can be", n)
	}
	if len(i.styles.Fonts) > 1024 || len(i.styles.Fills) > 64_000 {
		i.broken("%d fonts, %d fills", len(i.styles.Fonts), len(i.styles.Fills))
	}
	var formats struct {
		Numbers []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Number int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	i.read("xl/styles.xml", &formats)
	for style, c := range formats.Cells {
		for _, n := range formats.Numbers {
			if n.ID == c.Number && strings.Contains(n.Code, "yyyy") {
				i.dates[style] = true
			}
		}
	}
}

type sheetXML struct {
	Rows []struct {
		Number int     `xml:"r,attr"`
		Height float64 `xml:"ht,attr"`
		Cells  []struct {
			Ref     string `xml:"r,attr"`
			Style   int    `xml:"s,attr"`
			Type    string `xml:"t,attr"`
			Formula string `xml:"f"`
			Value   string `xml:"v"`
			Text    string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
	Merged []struct {
		Ref string `xml:"ref,attr"`
	} `xml:"mergeCells>mergeCell"`
	Formats []struct {
		Areas string `xml:"sqref,attr"`
		Rules []struct {
			Format   int `xml:"dxfId,attr"`
			Priority int `xml:"priority,attr"`
		} `xml:"cfRule"`
	} `xml:"conditionalFormatting"`
	Validations []struct {
		Areas  string `xml:"sqref,attr"`
		Type   string `xml:"type,attr"`
		List   string `xml:"formula1"`
		Title  string `xml:"errorTitle,attr"`
		Prompt string `xml:"error,attr"`
	} `xml:"dataValidations>dataValidation"`
	Links []struct {
		Ref string `xml:"ref,attr"`
	} `xml:"hyperlinks>hyperlink"`
	Footer string `xml:"headerFooter>oddFooter"`
}

func (i *inspector) sheet(name string) {
	var s sheetXML
	i.read(name, &s)
	header := i.cells(name, &s)
	taken := newAreas(i, name)
	for _, m := range s.Merged {
		taken.add(m.Ref)
	}
	for _, table := range i.related(name, "/table") {
		taken.add(i.table(table, header))
	}
	i.extras(name, &s)
}

// cells checks rows, cells and their values, and returns the first row.
func (i *inspector) cells(name string, s *sheetXML) map[string]string {
	header, before := map[string]string{}, 0
	for _, row := range s.Rows {
		if row.Number <= before || row.Number > maxRows || row.Height > 409 {
			i.broken("%s: row %d after row %d, %g points high", name, row.Number, before, row.Height)
		}
		before = row.Number
		for _, c := range row.Cells {
			text := c.Text
			if c.Type == "s" {
				text = i.shared(c.Value)
			}
			if row.Number == 1 {
				header[strings.TrimRight(c.Ref, "0123456789")] = text
			}
			if len(utf16.Encode([]rune(text))) > sanitize.MaxCell || len(c.Formula) > 8192 {
				i.broken("%s: %s has more than 32767 characters, or 8192 of a formula", name, c.Ref)
			}
			if c.Style >= len(i.styles.Cells) {
				i.broken("%s: %s has style %d of %d", name, c.Ref, c.Style, len(i.styles.Cells))
			}
			if value, err := strconv.ParseFloat(c.Value, 64); c.Type == "" && c.Value != "" && (err != nil || i.dates[c.Style] && (value < 1 || value >= 2_958_466)) {
				i.broken("%s: %s is %s: no number, or beyond the calendar", name, c.Ref, c.Value)
			}
		}
	}
	return header
}

// shared is a text of the shared strings, which only the Summary uses.
func (i *inspector) shared(index string) string {
	var list struct {
		Texts []struct {
			Text string `xml:"t"`
		} `xml:"si"`
	}
	i.read("xl/sharedStrings.xml", &list)
	n, err := strconv.Atoi(index)
	if err != nil || n >= len(list.Texts) {
		i.broken("shared string %s of %d", index, len(list.Texts))
		return ""
	}
	return list.Texts[n].Text
}

// extras are formats, drop-downs, links and the footer.
func (i *inspector) extras(name string, s *sheetXML) {
	priorities := map[int]bool{}
	for _, f := range s.Formats {
		for _, rule := range f.Rules {
			if rule.Format >= len(i.styles.Formats) || priorities[rule.Priority] {
				i.broken("%s: conditional format %d of %d, priority %d", name, rule.Format, len(i.styles.Formats), rule.Priority)
			}
			priorities[rule.Priority] = true
		}
	}
	taken := newAreas(i, name)
	for _, v := range s.Validations {
		if len(utf16.Encode([]rune(strings.Trim(v.List, `"`)))) > 255 || len(v.Title) > 32 || len(v.Prompt) > 255 || len(v.Areas) > 8192 {
			i.broken("%s: a drop-down of more than 255 characters: %.40s", name, v.List)
		}
		for _, a := range strings.Fields(v.Areas) {
			taken.add(a)
		}
	}
	if len(s.Links) > 65_530 || len(s.Validations) > 65_534 {
		i.broken("%s: %d links, %d drop-downs", name, len(s.Links), len(s.Validations))
	}
	if len(utf16.Encode([]rune(s.Footer))) > 255 {
		i.broken("%s: a footer of more than 255 characters", name)
	}
}

// related are the parts of a kind that a sheet points to.
func (i *inspector) related(sheet, kind string) []string {
	var list struct {
		Relations []struct {
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	rels := path.Join(path.Dir(sheet), "_rels", path.Base(sheet)+".rels")
	if i.parts[rels] == "" {
		return nil
	}
	i.read(rels, &list)
	var parts []string
	for _, r := range list.Relations {
		if strings.HasSuffix(r.Type, kind) {
			part := path.Join(path.Dir(sheet), r.Target)
			if i.parts[part] == "" {
				i.broken("%s points to %s, which is not there", sheet, part)
			}
			parts = append(parts, part)
		}
	}
	return parts
}

// table checks a table against the header cells and returns its area.
func (i *inspector) table(name string, header map[string]string) string {
	var t struct {
		ID     string `xml:"id,attr"`
		Name   string `xml:"displayName,attr"`
		Ref    string `xml:"ref,attr"`
		Filter struct {
			Ref string `xml:"ref,attr"`
		} `xml:"autoFilter"`
		Columns []struct {
			ID   string `xml:"id,attr"`
			Name string `xml:"name,attr"`
		} `xml:"tableColumns>tableColumn"`
	}
	i.read(name, &t)
	i.legalName(t.Name)
	if i.ids[t.ID] != "" || i.tables[strings.ToLower(t.Name)] != "" {
		i.broken("table %s with id %s is there twice", t.Name, t.ID)
	}
	i.ids[t.ID], i.tables[strings.ToLower(t.Name)] = name, name
	left, top, right, bottom := corners(t.Ref)
	if right-left+1 != len(t.Columns) || top != 1 || bottom < 2 || t.Filter.Ref != t.Ref {
		i.broken("table %s is %s with filter %s and %d columns", t.Name, t.Ref, t.Filter.Ref, len(t.Columns))
	}
	seen := map[string]bool{}
	for n, c := range t.Columns {
		if cell := header[letter(left+n)]; cell != c.Name || c.Name == "" || seen[strings.ToLower(c.Name)] || len(utf16.Encode([]rune(c.Name))) > 255 {
			i.broken("table %s: column %q under the header %q", t.Name, c.Name, cell)
		}
		seen[strings.ToLower(c.Name)] = true
	}
	return t.Ref
}

// names checks those of sheets and those that are defined.
func (i *inspector) names() {
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"sheetId,attr"`
		} `xml:"sheets>sheet"`
		Defined []struct {
			Name  string `xml:"name,attr"`
			Scope string `xml:"localSheetId,attr"`
			Text  string `xml:",chardata"`
		} `xml:"definedNames>definedName"`
	}
	i.read("xl/workbook.xml", &book)
	seen := map[string]bool{}
	for _, s := range book.Sheets {
		if n := len(utf16.Encode([]rune(s.Name))); n == 0 || n > 31 || strings.ContainsAny(s.Name, `[]:*?/\`) || strings.HasPrefix(s.Name, "'") || strings.HasSuffix(s.Name, "'") || strings.EqualFold(s.Name, "History") {
			i.broken("sheet %q has a forbidden character, name or length", s.Name)
		}
		if seen[strings.ToLower(s.Name)] || seen["id "+s.ID] {
			i.broken("sheet %q is there twice", s.Name)
		}
		seen[strings.ToLower(s.Name)], seen["id "+s.ID] = true, true
	}
	seen = map[string]bool{}
	for _, d := range book.Defined {
		key := strings.ToLower(d.Name) + " in " + d.Scope
		if seen[key] || i.tables[strings.ToLower(d.Name)] != "" {
			i.broken("%s is defined twice, or the name of a table", d.Name)
		}
		seen[key] = true
		i.legalName(strings.TrimPrefix(d.Name, "_xlnm."))
		for _, area := range strings.Split(d.Text, ",") {
			sheet, _, _ := strings.Cut(strings.TrimPrefix(area, "'"), "'!")
			if !slices.ContainsFunc(book.Sheets, func(s struct {
				Name string `xml:"name,attr"`
				ID   string `xml:"sheetId,attr"`
			}) bool {
				return s.Name == strings.ReplaceAll(sheet, "''", "'")
			}) {
				i.broken("%s is %s, on no sheet", d.Name, d.Text)
			}
		}
	}
}

var (
	legalName = regexp.MustCompile(`^[\pL_\\][\pL\pN_.\\]{0,254}$`)
	cellName  = regexp.MustCompile(`(?i)^([a-z]{1,3}[0-9]+|r[0-9]*c[0-9]*|r|c)$`)
)

func (i *inspector) legalName(name string) {
	if !legalName.MatchString(name) || cellName.MatchString(name) {
		i.broken("%q is a cell, or no name", name)
	}
}

// areas are those that may not overlap.
type areas struct {
	*inspector
	where string
	list  []string
}

func newAreas(i *inspector, where string) *areas { return &areas{inspector: i, where: where} }

func (a *areas) add(ref string) {
	left, top, right, bottom := corners(ref)
	for _, other := range a.list {
		l, t, r, b := corners(other)
		if left <= r && l <= right && top <= b && t <= bottom {
			a.broken("%s: %s and %s overlap", a.where, ref, other)
		}
	}
	a.list = append(a.list, ref)
}

var refPattern = regexp.MustCompile(`^([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?$`)

// corners are the columns and rows of an area; zero for what is none.
func corners(ref string) (left, top, right, bottom int) {
	m := refPattern.FindStringSubmatch(ref)
	if m == nil {
		return 0, 0, 0, 0
	}
	if m[3] == "" {
		m[3], m[4] = m[1], m[2]
	}
	number := func(letters string) (n int) {
		for _, r := range letters {
			n = n*26 + int(r-'A') + 1
		}
		return n
	}
	top, _ = strconv.Atoi(m[2])
	bottom, _ = strconv.Atoi(m[4])
	return number(m[1]), top, number(m[3]), bottom
}
