package xlsx

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"auditor/internal/report"
	"auditor/internal/sanitize"
)

// The columns of the Summary: labels, up to six numbers, a gap, charts.
const (
	colLabel, colFirst, colLast = 2, 3, 8
	colChart, colEnd            = 10, 17
	shownWarnings               = 15
	shownGroups                 = 10
)

// page is the Summary being written, from top to bottom.
type page struct {
	book *workbook
	row  int // the next free row
	err  error
}

// summary writes the first sheet: what was audited, what could not be seen,
// how bad it is, whether it gets better, and who has most of it.
func (b *workbook) summary() error {
	p := &page{book: b, row: 1}
	p.frame()
	p.heading()
	p.boxes()
	p.tiles()
	p.bySeverity()
	p.byRule()
	p.trend()
	p.top()
	p.facts()
	p.sheets()
	p.legend()
	p.do(b.fitToPage(sheetSummary))
	if p.err == nil {
		p.err = b.printSetup(sheetSummary, 1)
	}
	if p.err != nil {
		return fmt.Errorf("sheet %s: %w", sheetSummary, p.err)
	}
	return nil
}

// do keeps the first error, so that the page reads like a page.
func (p *page) do(err error) {
	if p.err == nil {
		p.err = err
	}
}

// put writes one cell of the current row.
func (p *page) put(column int, value any, l look) {
	if s, ok := value.(string); ok {
		value = sanitize.Cell(s)
	}
	cell := at(column, p.row)
	p.do(p.book.file.SetCellValue(sheetSummary, cell, value))
	p.do(p.book.file.SetCellStyle(sheetSummary, cell, cell, p.book.style[l]))
}

// band writes a text across the page, as high as its lines need.
func (p *page) band(text string, l look) {
	p.put(colLabel, text, l)
	left, right := at(colLabel, p.row), at(colEnd, p.row)
	p.do(p.book.file.SetCellStyle(sheetSummary, left, right, p.book.style[l]))
	p.do(p.book.file.MergeCell(sheetSummary, left, right))
	const perLine = 170 // characters, about
	p.height(float64(18 + 15*min(len(sanitize.Cell(text))/perLine, 8)))
	p.row++
}

func (p *page) height(points float64) { p.do(p.book.file.SetRowHeight(sheetSummary, p.row, points)) }

func (p *page) frame() {
	width := func(from, to int, w float64) {
		p.do(p.book.file.SetColWidth(sheetSummary, letter(from), letter(to), w))
	}
	width(1, 1, 2)
	width(colLabel, colLabel, 54)
	width(colFirst, colLast, 11)
	width(colLast+1, colLast+1, 3)
	width(colChart, colEnd, 10)
	hide := false
	p.do(p.book.file.SetSheetView(sheetSummary, 0, &excelize.ViewOptions{ShowGridLines: &hide}))
}

func (p *page) heading() {
	r := p.book.report
	p.put(colLabel, r.Title, lookTitle)
	p.height(36)
	p.row++
	p.put(colLabel, fmt.Sprintf("GitHub audit of %s, as of %s UTC, from snapshot %s", r.Snapshot.Orgs.Some(5), r.Snapshot.FinishedAt.UTC().Format("2 January 2006, 15:04"), r.Snapshot.File), lookSubtitle)
	p.row++
	p.put(colLabel, r.Verdict(), lookVerdict)
	p.height(22)
	p.row += 2
}

// boxes say first what could not be seen.
func (p *page) boxes() {
	line, bad := p.book.report.Completeness()
	l := lookGood
	if !p.book.report.Snapshot.IsComplete {
		l = lookBad
	} else if len(bad) > 0 {
		l = lookWarn
	}
	p.band(line, l)
	for _, s := range bad[:min(len(bad), shownWarnings)] {
		p.band("•  "+s, l)
	}
	if more := len(bad) - shownWarnings; more > 0 {
		p.band(fmt.Sprintf("•  and %d more on the sheet Coverage", more), l)
	}
	warnings := p.book.report.Warnings
	for _, s := range warnings[:min(len(warnings), shownWarnings)] {
		p.band("Warning: "+s, lookWarn)
	}
	if more := len(warnings) - shownWarnings; more > 0 {
		p.band(fmt.Sprintf("Warning: and %d more in the JSON report", more), lookWarn)
	}
	p.row++
}

// facts name the evidence.
func (p *page) facts() {
	r, s := p.book.report, p.book.report.Snapshot
	p.section("This audit")
	fact := func(label string, value any) {
		p.put(colLabel, label, lookLabel)
		if t, ok := value.(report.Time); ok {
			p.put(colFirst, serial(t.Time), lookDate)
			p.do(p.book.file.MergeCell(sheetSummary, at(colFirst, p.row), at(colFirst+1, p.row)))
		} else {
			p.put(colFirst, value, lookText)
		}
		p.row++
	}
	fact("Organizations", s.Orgs.Some(12))
	fact("Snapshot", s.File)
	fact("SHA-256 of the snapshot", s.SHA256)
	fact("Collected from (UTC)", s.StartedAt)
	fact("Collected until (UTC)", s.FinishedAt)
	if previous := r.PreviousSnapshot; previous != nil {
		fact("Compared with", previous.File)
	} else {
		fact("Compared with", "nothing: there is no earlier snapshot")
	}
	fact("Made by", "auditor "+r.AuditorVersion)
	p.row++
}

// sheets lists what else is in the workbook, each with a link to it.
func (p *page) sheets() {
	p.section("In this workbook", "Sheet", "Rows", headerAbout)
	for _, c := range p.book.contents {
		p.line(c.sheet, c.last-c.first)
		p.row--
		about := c.about
		if c.isPart {
			about = fmt.Sprintf("Rows %d to %d. %s", c.first+1, c.last, about)
		}
		p.across(colFirst+1, about)
		cell := at(colLabel, p.row)
		p.do(p.book.file.SetCellHyperLink(sheetSummary, cell, "'"+strings.ReplaceAll(c.sheet, "'", "''")+"'!A1", "Location"))
		p.do(p.book.file.SetCellStyle(sheetSummary, cell, cell, p.book.style[lookLink]))
		p.row++
	}
	p.row++
}

// across writes a paragraph from a column to the end of the page, in a row as
// high as it needs.
func (p *page) across(column int, text string) {
	perLine := 14 * (colEnd - column - 4) // characters, about
	left, right := at(column, p.row), at(colEnd, p.row)
	p.put(column, text, lookWrap)
	p.do(p.book.file.SetCellStyle(sheetSummary, left, right, p.book.style[lookWrap]))
	p.do(p.book.file.MergeCell(sheetSummary, left, right))
	if lines := 1 + utf8.RuneCountInString(text)/perLine; lines > 1 {
		p.height(float64(15 * min(lines, 6)))
	}
}

// tiles show the numbers to remember.
func (p *page) tiles() {
	s := p.book.report.Summary
	change, changeLook := p.change()
	tiles := []struct {
		label string
		n     any
		look  look
	}{
		{"Findings", s.Findings, lookTile},
		{"Critical", s.BySeverity.Critical, lookTileCritical}, {"High", s.BySeverity.High, lookTileHigh},
		{"Medium", s.BySeverity.Medium, lookTileMedium}, {"Low", s.BySeverity.Low, lookTileLow},
		{"Unknown", s.Unknown, lookTile}, {"Excepted", s.Excepted, lookTile},
		{"Change", change, changeLook}, {"New", p.compared(s.New), lookTile}, {"Resolved", p.compared(s.Resolved), lookTile},
	}
	column := colLabel
	for _, t := range tiles {
		if t.n == 0 { // no alarm for what is not there
			t.look = lookTile
		}
		p.put(column, t.n, t.look)
		p.row++
		p.put(column, t.label, lookTileLabel)
		p.row--
		if column++; column == colLast+1 {
			column = colChart
		}
	}
	if previous := p.book.report.PreviousSnapshot; previous != nil {
		p.put(column+1, "since "+previous.FinishedAt.Day(), lookSubtitle)
	} else {
		p.put(column+1, "nothing to compare with", lookSubtitle)
	}
	p.height(38)
	p.row += 3
}

// change is by how many findings it got worse since the snapshot before, in the
// colour of that.
func (p *page) change() (any, look) {
	points := p.book.report.Trend
	if p.book.report.PreviousSnapshot == nil || len(points) < 2 {
		return "–", lookTile
	}
	n := points[len(points)-1].BySeverity.Total() - points[len(points)-2].BySeverity.Total()
	switch {
	case n > 0:
		return n, lookTileWorse
	case n < 0:
		return n, lookTileBetter
	}
	return n, lookTile
}

// compared is a count of changes, or a dash when there is nothing to compare
// with: 0 would be a claim.
func (p *page) compared(n int) any {
	if p.book.report.PreviousSnapshot == nil {
		return "–"
	}
	return n
}

// section writes a heading and the header of a small table below it.
func (p *page) section(title string, headers ...string) {
	p.put(colLabel, title, lookHeading)
	p.do(p.book.file.SetCellStyle(sheetSummary, at(colLabel, p.row), at(colEnd, p.row), p.book.style[lookHeading]))
	p.row++
	for i, h := range headers {
		l := lookHeaderRight
		if i == 0 || slices.Contains(wordHeaders, h) {
			l = lookHeader
		}
		p.put(colLabel+i, h, l)
		if h == headerAbout { // across the page, as the paragraphs below are
			p.do(p.book.file.SetCellStyle(sheetSummary, at(colLabel+i, p.row), at(colEnd, p.row), p.book.style[l]))
			p.do(p.book.file.MergeCell(sheetSummary, at(colLabel+i, p.row), at(colEnd, p.row)))
		}
	}
	if len(headers) > 0 {
		p.row++
	}
}

// headerAbout is above paragraphs.
const headerAbout = "What it is"

// wordHeaders are above words, not numbers.
var wordHeaders = []string{"Severity", "Outcome", headerAbout}

// line writes a row of a small table.
func (p *page) line(label string, values ...any) {
	p.put(colLabel, label, lookText)
	for i, v := range values {
		if v == nil {
			continue
		}
		l := lookCount
		if _, ok := v.(string); ok {
			l = lookText
		}
		p.put(colFirst+i, v, l)
	}
	p.row++
}
