package xlsx

import (
	"auditor/internal/finding"
	"auditor/internal/report"
)

// meanings explain the words and colours of the sheets to a reader who has read
// nothing else.
var meanings = []struct{ word, meaning string }{
	{"critical", "Severities come from the rules, and the configuration may change them. Act on critical ones first."},
	{"high", "Act on these after the critical ones."},
	{"medium", "Plan a fix."},
	{"low", "Fix these when you work on the subject anyway."},
	{"unclassified", "A permission of GitHub that auditor has not classified yet. Treat it as powerful."},
	{"enabled", "Green: the setting is as it should be, whether the word is enabled, yes or no."},
	{"disabled", "Red: the setting is not as it should be, whether the word is disabled, yes or no; or access is of the widest kind."},
	{"paused", "Amber: the setting is paused, or access is wide."},
	{"unknown", "GitHub did not say, the App may not see it, or the question does not apply. It is not the same as fine."},
	{"Empty cell", "It does not apply to this row, or the note on the column's header says what it means. A red corner marks a header with a note."},
	{"Status", "fail: the rule's condition is met. unknown: the rule could not decide, so it is listed but not counted as a finding."},
	{"Exception", "The configuration accepts it, with a reason and an end date: it is listed but not counted as a finding."},
	{"Change, New, Resolved", "Compared with the previous snapshot, under today's rules. What one of the two could not see is neither new nor resolved."},
	{"Trend", "Each past snapshot as it was evaluated at its time: a rule that was added since then shows as a step."},
	{"Times", "UTC."},
	{"Links", "Formulas, HYPERLINK(...), because a sheet can hold only 65,530 links of the other kind. An address of more than 255 characters is plain text."},
	{"Cut text", "A cell holds 32,767 characters. Longer text ends with … [cut, and its number of characters]. The JSON report has all of it."},
	{"Sheets (2), (3), …", "A sheet holds 1,048,576 rows. The next one continues it, with the same columns."},
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
	p.do(p.book.colour(sheetSummary, area(colLabel, top, colLabel, p.row-1), themselves(append(finding.SeverityNames(), "unclassified", "enabled", "disabled", "paused", report.UnknownWord))))
}
