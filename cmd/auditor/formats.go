package main

import (
	"slices"

	"auditor/internal/report"
	"auditor/internal/report/xlsx"
)

// formats is the one list of the formats of reports: for --format, for the
// configuration and for writing.
func formats() []report.Format {
	return []report.Format{
		{Name: "json", Ext: ".json", Write: report.WriteJSON},
		{Name: "xlsx", Ext: ".xlsx", Write: xlsx.Write},
		{Name: "markdown", Ext: ".md", Write: report.WriteMarkdown},
	}
}

// formatNames are the names of all formats.
func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	return names
}

// findFormat finds a format by its name, false if there is none.
func findFormat(name string) (report.Format, bool) {
	list := formats()
	if i := slices.IndexFunc(list, func(f report.Format) bool { return f.Name == name }); i >= 0 {
		return list[i], true
	}
	return report.Format{}, false
}
