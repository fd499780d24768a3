package report

import (
	"slices"
)

// EvidenceColumns are the columns of evidence that the findings carry, in the
// order in which they first appear, but for those that a finding's subject shows
// already: at most so many.
func (r *Report) EvidenceColumns(most int) []Column {
	var names []string
	seen := map[string]bool{}
	for _, name := range shownBySubject {
		seen[name] = true
	}
	for _, f := range r.Findings {
		for _, v := range f.Evidence {
			if !seen[v.Column] && len(names) < most {
				seen[v.Column] = true
				names = append(names, v.Column)
			}
		}
	}
	return columnsOf(names)
}

// IsShownBySubject says that a column of evidence repeats what the subject of a
// finding says: its name, its owner or its page.
func IsShownBySubject(column string) bool { return slices.Contains(shownBySubject, column) }

var shownBySubject = []string{"token_name", "owner_login", "full_name", "html_url"}
