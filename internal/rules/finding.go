package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"auditor/internal/store"
)

// findings reads the rows of a rule and holds them to its contract. Subjects
// are not resolved yet.
func findings(rows *store.Rows, r Rule) ([]Finding, error) {
	var all []Finding
	seen := map[[2]string]bool{}
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		f, err := finding(rows.Columns, row, r)
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
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.Org, b.Org),
			strings.Compare(a.Subject.Kind, b.Subject.Kind),
			cmp.Compare(len(a.Subject.ID), len(b.Subject.ID)), // ids are numbers as text
			strings.Compare(a.Subject.ID, b.Subject.ID),
		)
	})
	return all, nil
}

func finding(columns []string, row []any, r Rule) (Finding, error) {
	if len(columns) < len(lead) || !slices.Equal(columns[:len(lead)], lead) {
		return Finding{}, fmt.Errorf("its columns are %s: a rule begins with %s", strings.Join(columns, ", "), strings.Join(lead, ", "))
	}
	f := Finding{Status: text(row[0]), Org: text(row[2]), Reason: text(row[3]), Severity: r.Severity}
	f.Evidence = make([]Value, 0, len(columns)-len(lead))
	kind, id, isSubject := strings.Cut(text(row[1]), "/")
	f.Subject = Subject{Kind: kind, ID: id}
	switch {
	case f.Status != "fail" && f.Status != "unknown":
		return f, fmt.Errorf("status %v of %v is neither fail nor unknown", shown(row[0]), shown(row[1]))
	case !isSubject || id == "" || !slices.Contains([]string{"token", "request", "repository", "org"}, kind):
		return f, fmt.Errorf("subject %v is none of token/ID, request/ID, repository/ID, org/LOGIN", shown(row[1]))
	case f.Org == "":
		return f, fmt.Errorf("org of %s is empty", text(row[1]))
	case f.Reason == "":
		return f, fmt.Errorf("reason of %s is empty", text(row[1]))
	}
	for i := len(lead); i < len(columns); i++ {
		if columns[i] == "severity" {
			if severity := text(row[i]); slices.Contains(severities[:], severity) {
				f.Severity = severity
			} else if row[i] != nil {
				return f, fmt.Errorf("severity %v of %s is not one of %s", shown(row[i]), text(row[1]), strings.Join(severities[:], ", "))
			}
			continue
		}
		value, err := typed(columns[i], row[i])
		if err != nil {
			return f, fmt.Errorf("%s of %s: %w", columns[i], text(row[1]), err)
		}
		f.Evidence = append(f.Evidence, Value{Column: columns[i], Value: value})
	}
	return f, nil
}

// typed gives a value the kind that its column's name promises.
func typed(column string, value any) (any, error) {
	isFlag := strings.HasPrefix(column, "is_") || strings.HasPrefix(column, "has_")
	isNumber := strings.HasSuffix(column, "_days") || strings.HasSuffix(column, "_count")
	isText := strings.HasSuffix(column, "_at") || strings.HasSuffix(column, "_url")
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		if isFlag && (v == 0 || v == 1) {
			return v == 1, nil
		}
		if !isFlag && !isText {
			return v, nil
		}
	case float64:
		if isNumber && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
		if !isFlag && !isNumber && !isText {
			return v, nil
		}
	case string:
		if !isFlag && !isNumber {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%v is not what its name promises (is_ and has_: 0 or 1; _days and _count: a whole number; _at and _url: text)", shown(value))
}
