package xlsx

import (
	"auditor/internal/report"
)

// aboutChanges is what the Summary says of the sheet.
const aboutChanges = "What changed on GitHub since the previous snapshot, whether or not a rule reports it."

// changes writes the sheet Changes, also when there are none: that is an answer.
func (b *workbook) changes() error {
	changes := b.report.Changes
	if changes == nil {
		return nil
	}
	list := changes.List
	var below []string
	if len(list) == 0 {
		below = append(below, "No changes since the snapshot of "+changes.Since.UTC().Format("2006-01-02 15:04")+" UTC.")
	}
	for _, n := range changes.NotCompared {
		below = append(below, "Not compared: "+n.String())
	}
	return b.stream(sheet{
		name: sheetChanges, table: "Changes", below: below, about: aboutChanges,
		columns: []sheetColumn{
			{title: "Kind", width: 12, note: "What it is about. setting and protection: the subject is the repository."},
			{title: "Change", width: 13, note: "widened: the token can do or reach more than before. awake: it was used again after a long time without use."},
			{title: "Organization", width: 16}, {title: "Subject", width: 34, note: "The link leads to the page on GitHub."}, {title: "Owner", width: 18},
			{title: "What", width: 60}, {title: "Before", width: 40, note: "What differs, as it was. Empty: it did not exist."},
			{title: "After", width: 40, note: "What differs, as it is now. Empty: it does not exist any more."},
		},
		rows: each(len(list), func(i int) []any {
			c := &list[i]
			return []any{
				b.text(c.Kind), b.text(c.Change), b.text(c.Org), b.link(c.Subject.URL, c.Subject.Label()),
				b.optional(c.Subject.Owner), b.paragraph(c.Detail), b.paragraph(report.FactText(c.Before)), b.paragraph(report.FactText(c.After)),
			}
		}),
	})
}
