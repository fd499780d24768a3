package report

import (
	"strconv"

	"github.com/xuri/excelize/v2"
)

func (p *page) bySeverity() {
	p.section("Findings by severity", "Severity", "Findings", "Rules")
	top := p.row
	for _, s := range severities() {
		rules := 0
		for _, rule := range p.report.Rules {
			if rule.Severity == s {
				rules++
			}
		}
		p.line(s, p.report.Summary.BySeverity.Of(s), rules)
	}
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), severities()))
	p.chart(top-1, chart{
		title: "Findings by severity", kind: excelize.Col, rows: 10, series: severitySeries(top),
	})
}

func (p *page) byRule() {
	rules := p.report.rulesByWeight()
	if len(rules) == 0 {
		return
	}
	p.section("Findings by rule", "Rule", "Severity", "Findings", "Of", "Unknown", "Outcome")
	top := p.row
	for _, r := range rules {
		var of any
		if r.Population != nil {
			of = *r.Population
		}
		p.line(r.Title, r.Severity, r.Failed, of, r.Unknown, r.Outcome)
	}
	bottom := p.row - 1
	p.do(p.colour(sheetSummary, area(colFirst, top, colFirst, bottom), severities()))
	p.do(p.colour(sheetSummary, area(colFirst+4, top, colFirst+4, bottom), outcomeWords))
	charted := min(len(rules), 15)
	p.chart(top-1, chart{
		title: "Findings by rule", kind: excelize.Bar, rows: max(9, charted+4),
		categories: span(colLabel, top, top+charted-1), values: span(colFirst+1, top, top+charted-1),
	})
}

// trend compares the past snapshots with this one.
func (p *page) trend() {
	points := p.report.Trend
	p.section("Trend", "Snapshot (UTC)", "Critical", "High", "Medium", "Low", "Findings")
	if len(points) < 2 {
		p.put(colLabel, "Needs two snapshots or more.", lookMuted)
		p.row += 2
		return
	}
	top := p.row
	for _, t := range points {
		p.line(t.At.UTC().Format("2006-01-02 15:04"), t.BySeverity.Critical, t.BySeverity.High, t.BySeverity.Medium, t.BySeverity.Low, t.BySeverity.Total())
	}
	p.chart(top-1, chart{title: "Trend", kind: excelize.ColStacked, rows: 10, series: trendSeries(top, p.row-1)})
}

// link makes the label of a row lead to a page. Few cells, so a real link does.
func (p *page) link(row int, address string) {
	if !isWebAddress(address) || !fitsFormula(address) {
		return
	}
	cell := at(colLabel, row)
	p.do(p.file.SetCellHyperLink(sheetSummary, cell, address, "External"))
	p.do(p.file.SetCellStyle(sheetSummary, cell, cell, p.style[lookLink]))
}

// top lists those with most of the findings.
func (p *page) top() {
	for _, ranking := range p.report.rankings() {
		p.section(ranking.title, "Name", "Critical", "High", "Medium", "Low", "Findings")
		for _, t := range ranking.list[:min(len(ranking.list), shownGroups)] {
			name := t.name
			if len(p.report.Snapshot.Orgs) > 1 && t.org != t.name {
				name += " (" + t.org + ")"
			}
			row := p.row
			p.line(name, t.counts.Critical, t.counts.High, t.counts.Medium, t.counts.Low, t.counts.Total())
			p.link(row, t.url)
		}
		if more := len(ranking.list) - shownGroups; more > 0 {
			p.put(colLabel, "and "+strconv.Itoa(more)+" more", lookMuted)
			p.row++
		}
		p.row++
	}
}
