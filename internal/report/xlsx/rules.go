package xlsx

import (
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/report"
)

// rules writes the sheet Rules: what was asked, why, and what to do.
func (b *workbook) rules() error {
	list, links := b.report.Rules, 1
	missing, warnings := columnMissing, columnWarnings
	for i := range list {
		links = max(links, min(len(list[i].See), 4))
	}
	missing.narrow(!slices.ContainsFunc(list, func(r report.Rule) bool { return len(r.Missing) > 0 }))
	warnings.narrow(!slices.ContainsFunc(list, func(r report.Rule) bool { return len(r.Warnings) > 0 }))
	columns := []sheetColumn{
		{title: "Title", width: 38}, {title: "Severity", width: 11, words: finding.SeverityNames()},
		{title: "Outcome", width: 13, words: outcomeWords, note: "incomplete: something that the rule reads could not be seen, so there may be more."},
		{title: "Findings", width: 10, isNumber: true}, {title: "Of", width: 8, isNumber: true, note: "Subjects that the rule applies to. Empty: the rule does not say."},
		{title: "Unknown", width: 10, isNumber: true, note: "Subjects for which the rule could not decide, because GitHub did not say."}, {title: "Excepted", width: 10, isNumber: true, note: "Findings that an exception in the configuration covers."},
		missing, warnings, {title: "Parameters", width: 20}, {title: "Why", width: 66, lines: 27}, {title: "Remediation", width: 66, lines: 27},
		{title: "Rule", width: 46, note: "Its name in the configuration, in exceptions and in the JSON report."},
	}
	for range links { // one a cell, or it would not be a link
		columns = append(columns, sheetColumn{title: "Link", width: 50})
	}
	return b.stream(sheet{
		name: sheetRules, table: "Rules", freeze: 1, columns: columns, print: remediationColumn, below: b.report.Remarks(),
		about: "What was asked, why it matters, and what to do about a finding.",
		rows:  each(len(list), func(i int) []any { return b.ruleCells(&list[i], links) }),
	})
}

const remediationColumn = 12 // L: further columns are not printed

var (
	columnMissing  = sheetColumn{title: "Missing", width: 28, note: "What the rule reads and could not see: organization and resource, as on the sheet Coverage."}
	columnWarnings = sheetColumn{title: "Warnings", width: 36, note: "Exceptions in the configuration that have expired, so that their findings count again, or that cover nothing."}
)

func (b *workbook) ruleCells(r *report.Rule, links int) []any {
	var population any
	if r.Population != nil {
		population = b.number(finding.Number, *r.Population)
	}
	cells := []any{
		b.paragraph(r.Title), b.text(string(r.Severity)), b.text(r.Outcome),
		b.number(finding.Number, int64(r.Failed)), population, b.number(finding.Number, int64(r.Unknown)), b.number(finding.Number, int64(r.Excepted)),
		b.paragraph(strings.Join(r.Missing, "\n")), b.paragraph(strings.Join(r.Warnings, "\n")), b.paragraph(strings.Join(r.Parameters.Lines(), "\n")), b.paragraph(r.Description), b.paragraph(r.Remediation), b.text(r.ID),
	}
	for _, address := range r.See[:min(len(r.See), links)] {
		cells = append(cells, b.link(address, address))
	}
	return cells
}

// narrow saves the room of a column that is empty.
func (c *sheetColumn) narrow(isEmpty bool) {
	if isEmpty {
		c.width = min(c.width, 12)
	}
}
