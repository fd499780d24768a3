package xlsx

import (
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report"
	"auditor/internal/sanitize"
)

func (p *page) bySeverity() {
	p.section("Findings by severity", "Severity", "Findings", "Rules")
	top := p.row
	for _, s := range finding.Severities() {
		rules := 0
		for _, rule := range p.book.report.Rules {
			if rule.Severity == s {
				rules++
			}
		}
		p.line(string(s), p.book.report.Summary.BySeverity.Of(s), rules)
	}
	p.do(p.book.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(finding.SeverityNames())))
	p.chart(top-1, chart{
		title: "Findings by severity", kind: excelize.Col, rows: 10, series: severitySeries(top),
	})
}

// byRule lists the rules that have something to say. The sheet Rules has them
// all.
func (p *page) byRule() {
	rules := slices.DeleteFunc(p.book.report.RulesByWeight(), func(r report.Rule) bool {
		return r.Failed+r.Unknown+r.Excepted == 0 && r.Outcome == "complete"
	})
	silent := len(p.book.report.Rules) - len(rules)
	if len(p.book.report.Rules) == 0 {
		return
	}
	p.section("Findings by rule", "Rule", "Severity", "Findings", "Of", "Unknown", "Outcome")
	top := p.row
	for _, r := range rules {
		var of any
		if r.Population != nil {
			of = *r.Population
		}
		p.line(r.Title, string(r.Severity), r.Failed, of, r.Unknown, r.Outcome)
	}
	bottom := p.row - 1
	if silent > 0 {
		p.put(colLabel, "and "+finding.Count(silent, "rule")+" without a finding: see the sheet Rules", lookMuted)
		p.row++
	}
	if len(rules) == 0 {
		p.row++
		return
	}
	p.do(p.book.colour(sheetSummary, area(colFirst, top, colFirst, bottom), themselves(finding.SeverityNames())))
	p.do(p.book.colour(sheetSummary, area(colFirst+4, top, colFirst+4, bottom), themselves(outcomeWords)))
	charted := min(len(rules), 15)
	p.chart(top-1, chart{
		title: "Findings by rule", kind: excelize.Bar, rows: max(9, charted+4),
		categories: span(colLabel, top, top+charted-1), values: span(colFirst+1, top, top+charted-1),
	})
}

// trend compares the past snapshots with this one.
func (p *page) trend() {
	points := p.book.report.Trend
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
	if !sanitize.IsWebAddress(address) || !sanitize.FitsFormula(address) {
		return
	}
	cell := at(colLabel, row)
	p.do(p.book.file.SetCellHyperLink(sheetSummary, cell, address, "External"))
	p.do(p.book.file.SetCellStyle(sheetSummary, cell, cell, p.book.style[lookLink]))
}

// top lists those with most of the findings.
func (p *page) top() {
	for _, ranking := range p.book.report.Rankings() {
		p.section(ranking.Title, "Name", "Critical", "High", "Medium", "Low", "Findings")
		for _, t := range ranking.Groups[:min(len(ranking.Groups), shownGroups)] {
			name := t.Name
			if len(p.book.report.Snapshot.Orgs) > 1 && t.Org != t.Name {
				name += " (" + t.Org + ")"
			}
			row := p.row
			p.line(name, t.Counts.Critical, t.Counts.High, t.Counts.Medium, t.Counts.Low, t.Counts.Total())
			p.link(row, t.URL)
		}
		if more := len(ranking.Groups) - shownGroups; more > 0 {
			p.put(colLabel, "and "+strconv.Itoa(more)+" more", lookMuted)
			p.row++
		}
		p.row++
	}
}
