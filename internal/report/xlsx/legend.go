package xlsx

import (
	"auditor/internal/finding"
	"auditor/internal/report"
)

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
	p.do(p.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(append(finding.SeverityNames(), "unclassified", "enabled", "disabled", "paused", report.UnknownWord))))
}
