package main

import (
	"fmt"
	"strings"

	"auditor/internal/history"
	"auditor/internal/rows"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// listQueries prints the saved queries with what they want to know.
func (a *app) listQueries(format string, set *rules.Set) error {
	var rows [][]string
	for _, q := range set.Queries() {
		rows = append(rows, []string{q.ID, q.Title, usageOf(q.Params)})
	}
	return a.printManual(format, []string{"name", "title", "parameters"}, rows, 1)
}

// printManual prints names and what they mean; prose is the column of the
// latter. Nothing is shortened.
func (a *app) printManual(format string, columns []string, lines [][]string, prose int) error {
	if format == "table" {
		return rows.WriteManual(a.env.stdout, columns, lines, prose, a.env.stdoutWidth)
	}
	var values [][]any
	for _, row := range lines {
		var cells []any
		for _, cell := range row {
			cells = append(cells, cell)
		}
		values = append(values, cells)
	}
	_, err := rows.Write(a.env.stdout, format, columns, each(values), 0)
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

// printSchema prints the public views, or the columns of the named one: their
// comments are the manual.
func (a *app) printSchema(o queryOptions, name string) error {
	format, views := o.format, store.Views()
	if o.isHistory {
		views = history.Views()
	}
	var rows [][]string
	if name == "" {
		for _, view := range views {
			rows = append(rows, []string{view.Name, view.Comment})
		}
		return a.printManual(format, []string{"view", "meaning"}, rows, 1)
	}
	var known []string
	for _, view := range views {
		known = append(known, view.Name)
		if view.Name != name {
			continue
		}
		for _, column := range view.Columns {
			rows = append(rows, []string{column.Name, column.Comment})
		}
		if format == "table" {
			fmt.Fprintf(a.env.stdout, "%s: %s\n\n", view.Name, view.Comment)
		}
		return a.printManual(format, []string{"column", "meaning"}, rows, 1)
	}
	return &usageError{fmt.Errorf("no view %q%s: auditor query --schema lists them", name, didYouMean(name, known))}
}
