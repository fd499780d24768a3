package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// findings reads the rows of a rule and holds them to its contract. Subjects
// are not resolved yet.
func findings(rows *store.Rows, r Rule, words *words) ([]finding.Finding, error) {
	var all []finding.Finding
	seen := map[[2]string]bool{}
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		words.share(row)
		f, err := findingOf(rows.Columns, row, r)
		if err != nil {
			return nil, err
		}
		subject := [2]string{f.Org, f.Subject.Kind + "/" + f.Subject.ID}
		if seen[subject] {
			return nil, fmt.Errorf("it reports %s of %s twice: a rule has one row a subject", subject[1], f.Org)
		}
		seen[subject] = true
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), a.Subject.Compare(b.Subject))
	})
	return slices.Clone(all), nil // kept for long: without room to grow
}

// words holds each short text once: rules say the same of thousands of subjects,
// and all findings are held until the last report is written. It is safe for
// concurrent use.
type words struct{ held sync.Map } // any by string

// share replaces the short texts of a row by equal ones that are held already.
func (w *words) share(row []any) {
	const longest = 40 // of a repository's name; reasons are longer, and nearly all different
	for i, value := range row {
		word, isText := value.(string)
		if !isText || len(word) > longest {
			continue
		}
		row[i], _ = w.held.LoadOrStore(word, value)
	}
}

func findingOf(columns []string, row []any, r Rule) (finding.Finding, error) {
	if len(columns) < len(lead) || !slices.Equal(columns[:len(lead)], lead) {
		return finding.Finding{}, fmt.Errorf("its columns are %s: a rule begins with %s", strings.Join(columns, ", "), strings.Join(lead, ", "))
	}
	kind, id, isSubject := finding.ParseSubject(text(row[1]))
	f := finding.Finding{
		Rule: r.ID, Status: finding.Status(text(row[0])), Org: text(row[2]), Reason: text(row[3]), Severity: finding.Severity(r.Severity),
		Subject: finding.Subject{Kind: kind, ID: id}, Evidence: make([]finding.Value, 0, len(columns)-len(lead)),
	}
	switch {
	case !f.Status.IsKnown():
		return f, fmt.Errorf("status %v of %v is neither fail nor unknown", finding.Shown(row[0]), finding.Shown(row[1]))
	case !isSubject:
		return f, fmt.Errorf("subject %v is none of token/ID, request/ID, repository/ID, org/LOGIN", finding.Shown(row[1]))
	case f.Org == "":
		return f, fmt.Errorf("org of %s is empty", text(row[1]))
	case f.Reason == "":
		return f, fmt.Errorf("reason of %s is empty", text(row[1]))
	}
	for i := len(lead); i < len(columns); i++ {
		if columns[i] == "severity" {
			if severity := finding.Severity(text(row[i])); severity.IsKnown() {
				f.Severity = severity
			} else if row[i] != nil {
				return f, fmt.Errorf("severity %v of %s is not one of %s", finding.Shown(row[i]), text(row[1]), strings.Join(finding.SeverityNames(), ", "))
			}
			continue
		}
		value, ok := finding.KindOf(columns[i]).Typed(row[i])
		if !ok {
			return f, fmt.Errorf("%s of %s: %v is not what its name promises (is_ and has_: 0 or 1; _days and _count: a whole number; _at and _url: text)",
				columns[i], text(row[1]), finding.Shown(row[i]))
		}
		f.Evidence = append(f.Evidence, finding.Value{Column: columns[i], Value: value})
	}
	return f, nil
}
