package xlsx

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/xuri/excelize/v2"

	"auditor/internal/sanitize"
)

// sheet describes a streamed sheet that is one Excel table.
type sheet struct {
	name    string // of the sheet
	about   string // what is on it, for the list of sheets on the Summary
	table   string // of the table, for formulas: Findings[Severity]
	columns []sheetColumn
	freeze  int                     // columns that stay when scrolling to the right
	rows    iter.Seq2[[]any, error] // cells, a row at a time
	print   int                     // columns to print; 0: all
	below   []string                // lines of text under the table
	// finish adds what belongs to the whole sheet: the items from first to
	// last (exclusive) are in it, the first of them in row 2.
	finish func(name string, first, last int) error
}

type sheetColumn struct {
	title string
	width float64  // in characters
	note  string   // shown when the pointer is on the header
	words []string // to be coloured
	empty string   // the word for NULL; "": an empty cell
	good  string   // of yes and no, the one to be coloured as good; "": neither

	lines    int  // of a paragraph that are shown, 0: usualLines. Excel's rows end at 27
	isNumber bool // the header is at the right, as the numbers are
}

// each makes rows of a list that is at hand.
func each(n int, row func(i int) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := range n {
			if !yield(row(i), nil) {
				return
			}
		}
	}
}

// feed hands the rows of a sheet to its parts. It is one row ahead, since a part
// is begun only if there is a row for it.
type feed struct {
	next func() ([]any, error, bool)
	row  []any
	err  error
	ok   bool // there is a row
	done int  // rows taken
}

func (f *feed) advance() {
	if f.row, f.err, f.ok = f.next(); f.err != nil {
		f.ok = false
	}
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
	next, stop := iter.Pull2(s.rows)
	defer stop()
	f := &feed{next: next}
	f.advance()
	for part := 1; part == 1 || f.ok; part++ {
		name, table := s.name, s.table
		if part > 1 {
			name += " (" + strconv.Itoa(part) + ")"
			table += "_" + strconv.Itoa(part)
		}
		if err := b.streamPart(s, name, table, f); err != nil {
			return fmt.Errorf("sheet %s: %w", name, err)
		}
	}
	if f.err != nil {
		return fmt.Errorf("sheet %s: %w", s.name, f.err)
	}
	return nil
}

func (b *workbook) streamPart(s sheet, name, table string, f *feed) error {
	w, err := b.open(s, name)
	if err != nil {
		return err
	}
	if err := w.SetRow("A1", b.header(s.columns), excelize.RowOpts{Height: headerHeight(s.columns)}); err != nil {
		return err
	}
	first, row := f.done, 1
	for ; f.ok && row < b.rowLimit; f.advance() {
		row, f.done = row+1, f.done+1
		if err := w.SetRow("A"+strconv.Itoa(row), f.row, excelize.RowOpts{Height: b.lineHeight(f.row, s.columns)}); err != nil {
			return err
		}
	}
	if f.err != nil {
		return f.err
	}
	b.contents = append(b.contents, contents{sheet: name, about: s.about, first: first, last: f.done, isPart: f.ok || first > 0})
	// A table has at least one row below its header, be it an empty one.
	bottom := max(row, 2)
	if !f.ok {
		if err := b.lines(w, bottom+2, s.below); err != nil {
			return err
		}
	}
	if err := b.finishPart(w, s, name, table, bottom); err != nil {
		return err
	}
	if s.finish != nil && f.done > first {
		if err := s.finish(name, first, f.done); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (b *workbook) header(columns []sheetColumn) []any {
	header := make([]any, len(columns))
	for i, c := range columns {
		header[i] = excelize.Cell{StyleID: b.style[lookHeader], Value: c.title}
		if c.isNumber {
			header[i] = excelize.Cell{StyleID: b.style[lookHeaderRight], Value: c.title}
		}
	}
	return header
}

// lines writes one text a row, below the table and apart from it.
func (b *workbook) lines(w *excelize.StreamWriter, row int, texts []string) error {
	for i, text := range texts {
		cells := []any{excelize.Cell{StyleID: b.style[lookText], Value: sanitize.Cell(text)}}
		if err := w.SetRow(at(1, row+i), cells); err != nil {
			return err
		}
	}
	return nil
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

// finishPart sets what belongs to the whole sheet: the table and its name,
// colours, notes, print set-up.
func (b *workbook) finishPart(w *excelize.StreamWriter, s sheet, name, table string, bottom int) error {
	all := area(1, 1, len(s.columns), bottom)
	if err := w.AddTable(&excelize.Table{Range: all, Name: table, StyleName: "TableStyleLight1"}); err != nil {
		return err
	}
	// Programs that do not know tables know names.
	if err := b.name(table+"_range", "", name, "$A$1:"+absolute(len(s.columns), bottom)); err != nil {
		return err
	}
	for i, c := range s.columns {
		if err := b.decorate(c, name, i+1, bottom); err != nil {
			return err
		}
	}
	if s.print > 0 {
		if err := b.name("_xlnm.Print_Area", name, name, "$A$1:"+absolute(s.print, bottom)); err != nil {
			return err
		}
	}
	if err := b.name("_xlnm.Print_Titles", name, name, fmt.Sprintf("$A:$%s", letter(max(s.freeze, 1))), "$1:$1"); err != nil {
		return err
	}
	return b.printSetup(name, s.pagesWide())
}

// decorate gives a column its colours and its header the note.
func (b *workbook) decorate(c sheetColumn, sheet string, column, bottom int) error {
	if tints := c.tints(); len(tints) > 0 {
		if err := b.colour(sheet, area(column, 2, column, bottom), tints); err != nil {
			return err
		}
	}
	if c.note == "" {
		return nil
	}
	return b.file.AddComment(sheet, excelize.Comment{
		Cell: at(column, 1), Author: "auditor", Text: sanitize.Cut(sanitize.Cell(c.note), 500), Width: 320, Height: 90,
	})
}
