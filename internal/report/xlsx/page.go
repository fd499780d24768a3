package xlsx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"auditor/internal/report"
	"auditor/internal/sanitize"
)

// pagesWide spreads a wide sheet over several pages: on one it could not be
// read.
func (s *sheet) pagesWide() int {
	const page = 310 // characters
	width := 0.0
	for i, c := range s.columns {
		if s.print == 0 || i < s.print {
			width += c.width
		}
	}
	return 1 + int(width)/page
}

// printSetup prints a sheet on landscape pages, so many side by side.
func (b *workbook) printSetup(name string, pagesWide int) error {
	const a4 = 9
	size, landscape, free := a4, "landscape", 0
	if err := b.file.SetPageLayout(name, &excelize.PageLayoutOptions{
		Size: &size, Orientation: &landscape, FitToWidth: &pagesWide, FitToHeight: &free,
	}); err != nil {
		return err
	}
	// All of them: one that is left out is 0, and the footer is under the table.
	side, top, bottom, edge := 0.4, 0.4, 0.6, 0.3
	if err := b.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{
		Left: &side, Right: &side, Top: &top, Bottom: &bottom, Header: &edge, Footer: &edge,
	}); err != nil {
		return err
	}
	return b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{
		OddFooter: "&L" + footer(b.report) + "&C&A&R&P / &N",
	})
}

// name defines a name of some areas of a sheet. Names of the whole workbook have
// no scope; those that Excel itself knows, such as what to print, have the
// sheet's.
func (b *workbook) name(name, scope, sheet string, areas ...string) error {
	for i, area := range areas {
		areas[i] = "'" + strings.ReplaceAll(sheet, "'", "''") + "'!" + area
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: name, Scope: scope, RefersTo: strings.Join(areas, ",")})
}

// absolute names a cell with dollar signs.
func absolute(column, row int) string { return fmt.Sprintf("$%s$%d", letter(column), row) }

// letter names a column.
func letter(column int) string {
	name, _ := excelize.ColumnNumberToName(column) // fails only beyond 16,384 columns
	return name
}

// fitToPage lets the page set-up scale the sheet. NewStreamWriter writes this
// property at once, so it is set before.
func (b *workbook) fitToPage(name string) error {
	fit := true
	return b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit})
}

// footer is the left part of the page footer.
func footer(r *report.Report) string { return sanitize.Footer(r.Title + " · " + r.Snapshot.File) }

// at names a cell: at(1, 1) is A1.
func at(column, row int) string { return letter(column) + strconv.Itoa(row) }

// area names a range of cells.
func area(left, top, right, bottom int) string { return at(left, top) + ":" + at(right, bottom) }
