package report

import (
	"slices"
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
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(severities())))
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
		p.line(r.Title, r.Severity, r.Failed, of, r.Unknown, r.Outcome)
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
	p.do(p.colour(sheetSummary, area(colFirst, top, colFirst, bottom), themselves(severities())))
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

// meanings explain the words that the sheets use, for a reader who has read
// nothing else.
var meanings = []struct{ word, meaning string }{
	{"critical", "The worst of four severities. It comes from the rule; the sheet Rules says why it matters and what to do."},
	{"high", "Worse than medium, less than critical."},
	{"medium", "Worse than low, less than high."},
	{"low", "Worth knowing; mend it when you are there."},
	{"unclassified", "Of permissions: GitHub has it, and nobody has judged it yet. Think of it as powerful."},
	{"enabled", "Green: a setting is as it should be, be the word enabled, yes or no."},
	{"disabled", "Red: a setting is not as it should be, be the word disabled, yes or no."},
	{"paused", "Amber: a setting is halted, or a right is wide."},
	{"unknown", "GitHub did not say, or the App may not see it, or it does not apply. It is not the same as fine."},
}

// legend says what words and colours mean.
func (p *page) legend() {
	p.section("How to read this workbook", "Word", "Meaning")
	top := p.row
	for _, m := range meanings {
		p.put(colLabel, m.word, lookText)
		p.across(colFirst, m.meaning)
		p.row++
	}
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(coloured())))
	for _, m := range []struct{ word, meaning string }{
		{"Empty cell", "The note on the column's header says what empty means: never used, does not expire, not known. A header with a red corner has a note."},
		{"Status fail, unknown", "fail: the rule's condition holds. unknown: it could not be told; it is listed, but not counted as a finding."},
		{"Exception", "Somebody accepted it in the configuration, with a reason and an end: it is listed, but not counted as a finding."},
		{"Links", "A sheet can hold 65,530 links, so they are formulas, HYPERLINK(...). An address of more than 255 characters is plain text."},
		{"Cut text", "A cell holds 32,767 characters. Longer text ends with: … [cut, so many characters in all]. The JSON report has all of it."},
		{"Sheets (2), (3), …", "A sheet holds 1,048,576 rows. The next one goes on where it ends, with the same columns."},
	} {
		p.put(colLabel, m.word, lookText)
		p.across(colFirst, m.meaning)
		p.row++
	}
}

// coloured are the words that have a colour of their own.
func coloured() []string {
	var words []string
	for _, s := range shades {
		words = append(words, s.word)
	}
	return words
}
