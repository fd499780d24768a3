package xlsx

import (
	"auditor/internal/finding"
	"auditor/internal/report"
)

// coverage writes the sheet Coverage: what could be seen, what not and why.
func (b *workbook) coverage() error {
	list := b.report.Coverage
	return b.stream(sheet{
		name: sheetCoverage, table: "Coverage", below: b.report.Remarks(),
		about: "What could be read from GitHub, what could not, and which permission to grant for it.",
		columns: []sheetColumn{
			{title: "Organization", width: 18}, {title: "Resource", width: 34},
			{title: "Status", width: 12, words: report.CoverageStatuses(), note: "complete: read to its end. partial: only a part. denied: GitHub refused. failed: an error. skipped: not asked for."},
			{title: "Required", width: 10, note: "yes: without it the audit is not complete."},
			{title: "Rows", width: 10, isNumber: true}, {title: "Requests", width: 10, isNumber: true}, {title: "HTTP status", width: 9, isNumber: true},
			{title: "Permission to grant", width: 40}, {title: "Message", width: 78},
		},
		rows: each(len(list), func(i int) []any {
			c := list[i]
			var status any
			if c.HTTPStatus != 0 {
				status = b.number(finding.Text, int64(c.HTTPStatus))
			}
			return []any{
				b.text(c.Org), b.text(c.Resource), b.text(c.Status), b.text(finding.YesOrNo(c.IsRequired)),
				b.number(finding.Number, c.RowCount), b.number(finding.Number, c.RequestCount), status,
				b.paragraph(string(c.Permission)), b.paragraph(string(c.Message)),
			}
		}),
	})
}
