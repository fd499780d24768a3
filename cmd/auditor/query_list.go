package main

import (
	"fmt"
	"strings"

	"auditor/internal/report"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// listQueries prints the saved queries with what they want to know.
func (a *app) listQueries(format string, set *rules.Set) error {
	var rows [][]any
	for _, q := range set.Queries() {
		rows = append(rows, []any{q.ID, q.Title, usageOf(q.Params)})
	}
	_, err := report.WriteRows(a.stdout, format, []string{"name", "title", "parameters"}, each(rows), 0)
	return err
}

// usageOf is how parameters are given: repository=TEXT is required, [days=90]
// has a default.
func usageOf(params []rules.Param) string {
	var usages []string
	for _, p := range params {
		if p.IsRequired {
			usages = append(usages, p.Name+"="+strings.ToUpper(p.Kind))
		} else {
			usages = append(usages, fmt.Sprintf("[%s=%s]", p.Name, p.Default))
		}
	}
	return strings.Join(usages, " ")
}

// printSchema prints the public views, or the columns of the named one. Nothing
// is shortened: the comments are the manual.
func (a *app) printSchema(format, name string) error {
	var rows [][]any
	if name == "" {
		for _, view := range store.Views() {
			rows = append(rows, []any{view.Name, view.Comment})
		}
		_, err := report.WriteRows(a.stdout, format, []string{"view", "meaning"}, each(rows), 0)
		return err
	}
	var known []string
	for _, view := range store.Views() {
		known = append(known, view.Name)
		if view.Name != name {
			continue
		}
		for _, column := range view.Columns {
			rows = append(rows, []any{column.Name, column.Comment})
		}
		if format == "table" {
			fmt.Fprintf(a.stdout, "%s: %s\n\n", view.Name, view.Comment)
		}
		_, err := report.WriteRows(a.stdout, format, []string{"column", "meaning"}, each(rows), 0)
		return err
	}
	return &usageError{fmt.Errorf("no view %q%s: auditor query --schema lists them", name, didYouMean(name, known))}
}
