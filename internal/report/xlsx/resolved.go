package xlsx

import (
	"cmp"
)

// resolved writes the sheet Resolved: what is gone since the previous snapshot. It
// is left out if nothing is.
func (b *workbook) resolved() error {
	list := b.report.Resolved
	if len(list) == 0 {
		return nil
	}
	titles := b.report.Titles()
	return b.stream(sheet{
		name: sheetResolved, table: "Resolved",
		about: "What the previous snapshot had and this one does not have any more.",
		columns: []sheetColumn{
			{title: "Finding", width: 42}, {title: "Organization", width: 16}, {title: "Kind", width: 11}, {title: "Subject", width: 34},
			{title: "Owner", width: 18}, {title: "Last seen", width: 17, note: "End of the last snapshot that had it, UTC."}, {title: "Rule", width: 46}, {title: "Key", width: 50},
		},
		rows: each(len(list), func(i int) []any {
			f := &list[i]
			return []any{
				b.paragraph(cmp.Or(titles[f.Rule], f.Rule)), b.text(f.Org), b.text(f.Subject.Kind), b.link(f.Subject.URL, f.Subject.Label()),
				b.optional(f.Subject.Owner), b.date(f.LastSeenAt.Time), b.text(f.Rule), b.text(string(f.Key)),
			}
		}),
	})
}
