package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

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
