package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// sheet describes a streamed sheet that is one Excel table.
type sheet struct {
	name    string // of the sheet
	table   string // of the table, for formulas: Findings[Severity]
	columns []sheetColumn
	freeze  int               // columns that stay when scrolling to the right
	count   int               // rows
	row     func(i int) []any // cells of row i
	print   int               // columns to print; 0: all
	below   []string          // lines of text under the table
	// finish adds what belongs to the whole sheet: the items from first to
	// last (exclusive) are in it, the first of them in row 2.
	finish func(name string, first, last int) error
}

type sheetColumn struct {
	title string
	width float64  // in characters
	note  string   // shown when the pointer is on the header
	words []string // to be coloured

	isNumber bool // the header stands at the right, as the numbers do
}

// stream writes the sheet, and further ones when one is not long enough. It
// owns the order of calls that excelize's stream writer asks for, which it
// does not check: properties and dimension before the stream, panes and widths
// before the first row, all else
// between the last row and Flush. In any other order they vanish silently.
func (b *workbook) stream(s sheet) error {
	s.columns = uniqueTitles(s.columns)
	for i, c := range s.columns { // no word of a header is broken
		s.columns[i].width = max(c.width, min(longestWord(c.title), 20)+3)
	}
	perSheet := b.rowLimit - 1 // less the header
	for part, first := 1, 0; part == 1 || first < s.count; part, first = part+1, first+perSheet {
		name, table := s.name, s.table
		if part > 1 {
			name += " (" + strconv.Itoa(part) + ")"
			table += "_" + strconv.Itoa(part)
		}
		if err := b.streamPart(s, name, table, first, min(first+perSheet, s.count)); err != nil {
			return fmt.Errorf("sheet %s: %w", name, err)
		}
	}
	return nil
}

func (b *workbook) streamPart(s sheet, name, table string, first, last int) error {
	w, err := b.open(s, name)
	if err != nil {
		return err
	}
	header := make([]any, len(s.columns))
	for i, c := range s.columns {
		header[i] = excelize.Cell{StyleID: b.style[lookHeader], Value: c.title}
		if c.isNumber {
			header[i] = excelize.Cell{StyleID: b.style[lookHeaderRight], Value: c.title}
		}
	}
	if err := w.SetRow("A1", header, excelize.RowOpts{Height: headerHeight(s.columns)}); err != nil {
		return err
	}
	for i := first; i < last; i++ {
		cells := s.row(i)
		if err := w.SetRow("A"+strconv.Itoa(i-first+2), cells, excelize.RowOpts{Height: b.lineHeight(cells, s.columns)}); err != nil {
			return err
		}
	}
	// A table has at least one row below its header, be it an empty one.
	bottom := max(last-first, 1) + 1
	if last == s.count {
		if err := b.lines(w, bottom+2, s.below); err != nil {
			return err
		}
	}
	if err := w.AddTable(&excelize.Table{
		Range: area(1, 1, len(s.columns), bottom), Name: table, StyleName: "TableStyleLight1",
	}); err != nil {
		return err
	}
	if err := b.finishPart(s, name, bottom); err != nil {
		return err
	}
	if s.finish != nil && last > first {
		if err := s.finish(name, first, last); err != nil {
			return err
		}
	}
	return w.Flush()
}

// lines writes one text a row, below the table and apart from it.
func (b *workbook) lines(w *excelize.StreamWriter, row int, texts []string) error {
	for i, text := range texts {
		cells := []any{excelize.Cell{StyleID: b.style[lookText], Value: inertCell(text)}}
		if err := w.SetRow(at(1, row+i), cells); err != nil {
			return err
		}
	}
	return nil
}

func longestWord(title string) float64 {
	longest := 0
	for word := range strings.FieldsSeq(title) {
		longest = max(longest, utf8.RuneCountInString(word))
	}
	return float64(longest)
}

// headerHeight is the height in points in which all headers can be read.
func headerHeight(columns []sheetColumn) float64 {
	most := 1
	for _, c := range columns {
		lines, used := 1, 0.0
		for word := range strings.FieldsSeq(c.title) {
			n := float64(utf8.RuneCountInString(word)) + 1
			if used > 0 && used+n > c.width-2 { // less the indent
				lines, used = lines+1, 0
			}
			used += n
		}
		most = max(most, lines)
	}
	return float64(15*min(most, 6) + 6)
}

// lineHeight is the height in points that the row's paragraphs need; 0 leaves
// it to the reader's program. Excel would find out by itself, LibreOffice and
// Google Sheets do not.
func (b *workbook) lineHeight(cells []any, columns []sheetColumn) float64 {
	const line, most = 15, 27 // points; Excel shows at most 409 points
	lines := 1
	for i, v := range cells {
		c, ok := v.(excelize.Cell)
		if !ok || c.StyleID != b.style[lookWrap] && c.StyleID != b.style[lookInertWrap] {
			continue
		}
		text, _ := c.Value.(string)
		n := 0
		for part := range strings.SplitSeq(text, "\n") {
			n += 1 + int(float64(utf8.RuneCountInString(part))*0.95/columns[i].width)
		}
		lines = max(lines, n)
	}
	if lines == 1 {
		return 0
	}
	return float64(min(lines, most) * line)
}

// open makes the sheet and sets what must come before its first row.
func (b *workbook) open(s sheet, name string) (*excelize.StreamWriter, error) {
	if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	// Without this the file says that the sheet is A1 only, and readers that
	// trust it see one row.
	if err := b.file.SetSheetDimension(name, ""); err != nil {
		return nil, err
	}
	if err := b.fitToPage(name); err != nil {
		return nil, err
	}
	w, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	for i, c := range s.columns {
		if err := w.SetColWidth(i+1, i+1, c.width); err != nil {
			return nil, err
		}
	}
	corner, pane := at(s.freeze+1, 2), "bottomLeft"
	if s.freeze > 0 {
		pane = "bottomRight"
	}
	return w, w.SetPanes(&excelize.Panes{Freeze: true, XSplit: s.freeze, YSplit: 1, TopLeftCell: corner, ActivePane: pane})
}

// finishPart sets what belongs to the whole sheet: colours, notes, print
// set-up.
func (b *workbook) finishPart(s sheet, name string, bottom int) error {
	for i, c := range s.columns {
		if len(c.words) > 0 {
			if err := b.colour(name, area(i+1, 2, i+1, bottom), c.words); err != nil {
				return err
			}
		}
		if c.note != "" {
			note := excelize.Comment{Cell: at(i+1, 1), Author: "auditor", Text: cut(inertCell(c.note), 500), Width: 320, Height: 90}
			if err := b.file.AddComment(name, note); err != nil {
				return err
			}
		}
	}
	if s.print > 0 {
		if err := b.name("_xlnm.Print_Area", name, "$A$1:"+absolute(s.print, bottom)); err != nil {
			return err
		}
	}
	if err := b.name("_xlnm.Print_Titles", name, fmt.Sprintf("$A:$%s", letter(max(s.freeze, 1))), "$1:$1"); err != nil {
		return err
	}
	return b.printSetup(name, s.pagesWide())
}

// uniqueTitles makes headers that a table accepts: not empty, no line breaks,
// no two alike in any case of letters, at most 255 long.
func uniqueTitles(columns []sheetColumn) []sheetColumn {
	out, seen := make([]sheetColumn, len(columns)), map[string]bool{}
	for i, c := range columns {
		title := cut(escapedRune.ReplaceAllString(strings.TrimSpace(visible(c.title, "")), "?"), 200)
		if title == "" {
			title = "Column " + strconv.Itoa(i+1)
		}
		c.title = title
		for n := 2; seen[strings.ToLower(c.title)]; n++ {
			c.title = title + " (" + strconv.Itoa(n) + ")"
		}
		seen[strings.ToLower(c.title)] = true
		out[i] = c
	}
	return out
}

var forbiddenInSheetName = regexp.MustCompile(`[:\\/?*\[\]]`)

// titleEnd is where the subject of a title ends: "All tokens, the most powerful
// first" is about all tokens.
var titleEnd = regexp.MustCompile(`[,;:.(]| with | by | and their `)

// sheetName makes a name that Excel accepts out of a title: at most 31
// characters with room for " (12)", none of those it uses itself.
func sheetName(title, otherwise string) string {
	if end := titleEnd.FindStringIndex(title); end != nil {
		title = title[:end[0]]
	}
	name := strings.Join(strings.Fields(forbiddenInSheetName.ReplaceAllString(visible(title, ""), " ")), " ")
	name = strings.Trim(name, " '")
	if utf8.RuneCountInString(name) > 25 {
		return otherwise
	}
	for _, taken := range []string{"", sheetSummary, sheetFindings, sheetCoverage, sheetRules, "History"} {
		if strings.EqualFold(name, taken) {
			return otherwise
		}
	}
	return name
}
