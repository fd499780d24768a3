package xlsx

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf16"

	"auditor/internal/sanitize"
)

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
