package xlsx

import (
	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
)

// chart describes a native chart beside a small table of the Summary.
type chart struct {
	title              string
	kind               excelize.ChartType
	rows               int // height in rows of the sheet
	categories, values string
	series             []excelize.ChartSeries // instead of values: several series, with a legend
}

// span is an absolute range of the Summary, as charts want it.
func span(column, top, bottom int) string {
	return sheetSummary + "!" + absolute(column, top) + ":" + absolute(column, bottom)
}

// chart places a chart at the right of the table that starts at the given row,
// and moves on below both.
func (p *page) chart(row int, c chart) {
	const rowPixels, width = 20, 640
	no, yes := false, true
	gap := uint(60)
	series := []excelize.ChartSeries{{
		Name: c.title, Categories: c.categories, Values: c.values, Fill: solid(navy),
	}}
	legend := excelize.ChartLegend{Position: "none"}
	if c.series != nil {
		series, legend = c.series, excelize.ChartLegend{Position: "right"}
	}
	label := excelize.Font{Color: "404040", Size: 9}
	overlap := 0
	if c.kind == excelize.ColStacked {
		overlap = 100
	}
	p.do(p.book.file.AddChart(sheetSummary, at(colChart, row), &excelize.Chart{
		Type: c.kind, Series: series, Legend: legend, VaryColors: &no, GapWidth: &gap, Overlap: &overlap,
		Title:     excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: c.title, Font: &excelize.Font{Bold: true, Size: 12, Color: navy}}}},
		Dimension: excelize.ChartDimension{Width: width, Height: uint(c.rows*rowPixels - 4)},
		Format:    excelize.GraphicOptions{PrintObject: &yes, AltText: c.title, Positioning: "oneCell", OffsetY: 4},
		XAxis:     excelize.ChartAxis{ReverseOrder: c.kind == excelize.Bar, Font: label},
		YAxis:     excelize.ChartAxis{MajorGridLines: c.kind != excelize.Bar, None: c.kind == excelize.Bar, Font: label, NumFmt: excelize.ChartNumFmt{CustomNumFmt: "0"}},
		PlotArea:  excelize.ChartPlotArea{ShowVal: c.kind != excelize.ColStacked},
		Border:    excelize.LineOptions{Type: excelize.LineNone},
	}))
	p.row = max(p.row, row+c.rows) + 1
}

// trendSeries has one series a severity, over the rows of the trend.
func trendSeries(top, bottom int) []excelize.ChartSeries {
	var series []excelize.ChartSeries
	for i := len(finding.Severities()) - 1; i >= 0; i-- { // the worst on top of the column
		series = append(series, excelize.ChartSeries{
			Name: cellOf(colFirst+i, top-1), Categories: span(colLabel, top, bottom),
			Values: span(colFirst+i, top, bottom), Fill: solid(chartColours[i]),
		})
	}
	return series
}

// severitySeries has one series a severity, each of one value, so that each
// has its colour: excelize colours single points only in pies.
func severitySeries(top int) []excelize.ChartSeries {
	var series []excelize.ChartSeries
	for i := range finding.Severities() {
		series = append(series, excelize.ChartSeries{
			Name: cellOf(colLabel, top+i), Categories: cellOf(colFirst, top-1),
			Values: span(colFirst, top+i, top+i), Fill: solid(chartColours[i]),
		})
	}
	return series
}

// cellOf names a cell of the Summary, as charts want it.
func cellOf(column, row int) string {
	return sheetSummary + "!" + absolute(column, row)
}

// chartColours are the colours of the severities, strong enough for bars.
var chartColours = []string{"9C0006", "ED7D31", "FFC000", "9DC3E6"}

func solid(color string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
}
