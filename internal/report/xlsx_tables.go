package report

import (
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
)

func (p *page) bySeverity() {
	p.section("Findings by severity", "Severity", "Findings", "Rules")
	top := p.row
	for _, s := range finding.Severities() {
		rules := 0
		for _, rule := range p.report.Rules {
			if rule.Severity == s {
				rules++
			}
		}
		p.line(string(s), p.report.Summary.BySeverity.Of(s), rules)
	}
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(finding.SeverityNames())))
	p.chart(top-1, chart{
		title: "Findings by severity", kind: excelize.Col, rows: 10, series: severitySeries(top),
	})
}

// byRule lists the rules that have something to say. The sheet Rules has them
// all.
func (p *page) byRule() {
	rules := slices.DeleteFunc(p.report.rulesByWeight(), func(r Rule) bool {
		return r.Failed+r.Unknown+r.Excepted == 0 && r.Outcome == "complete"
	})
	silent := len(p.report.Rules) - len(rules)
	if len(p.report.Rules) == 0 {
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
		p.put(colLabel, "and "+plural(silent, "rule")+" without a finding: see the sheet Rules", lookMuted)
		p.row++
	}
	if len(rules) == 0 {
		p.row++
		return
	}
	p.do(p.colour(sheetSummary, area(colFirst, top, colFirst, bottom), themselves(finding.SeverityNames())))
	p.do(p.colour(sheetSummary, area(colFirst+4, top, colFirst+4, bottom), themselves(outcomeWords)))
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

// meanings explain the words and colours of the sheets, for a reader who has
// read nothing else.
var meanings = []struct{ word, meaning string }{
	{"critical", "Severities come from the rules, and the configuration may change them. Act on critical ones first."},
	{"high", "Next after critical."},
	{"medium", "To be planned."},
	{"low", "To be mended when somebody is there anyway."},
	{"unclassified", "Of a permission: GitHub has it, and nobody has judged it yet. Think of it as powerful."},
	{"enabled", "Green: a setting is as it should be, be the word enabled, yes or no."},
	{"disabled", "Red: a setting is not as it should be, be the word disabled, yes or no; or a right is of the widest kind."},
	{"paused", "Amber: a setting is halted, or a right is wide."},
	{"unknown", "GitHub did not say, or the App may not see it, or the question does not apply. It is not the same as fine."},
	{"Empty cell", "Does not apply to this row, or the note on the column's header says what it means. A header with a corner in red has a note."},
	{"Status", "fail: the rule's condition holds. unknown: it could not be told, so it is listed and not counted as a finding."},
	{"Exception", "Somebody accepted it in the configuration, with a reason and an end: it is listed and not counted as a finding."},
	{"Change, New, Resolved", "Against the previous snapshot, judged by the rules of today. What one of the two could not see is neither new nor resolved."},
	{"Trend", "Each past snapshot as it was judged at its time: a rule that is new since then makes a step."},
	{"Times", "UTC."},
	{"Links", "Formulas, HYPERLINK(...), since a sheet can hold only 65,530 links of the other kind. An address of more than 255 characters is plain text."},
	{"Cut text", "A cell holds 32,767 characters. Longer text ends with … [cut, and the number of characters]. The JSON report has all of it."},
	{"Sheets (2), (3), …", "A sheet holds 1,048,576 rows. The next one goes on where it ends, with the same columns."},
}

// legend says what words and colours mean.
func (p *page) legend() {
	p.section("How to read this workbook", "Word", headerAbout)
	top := p.row
	for _, m := range meanings {
		p.put(colLabel, m.word, lookText)
		p.across(colFirst, m.meaning)
		p.row++
	}
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(append(finding.SeverityNames(), "unclassified", "enabled", "disabled", "paused", unknownWord))))
}
