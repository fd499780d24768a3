// Package report makes what people and programs read of an evaluation.
//
// Start with [Report]: a plain value that holds everything a report says. It is
// made in two steps. [ReadPast] asks the history once what was known before, and
// marks which findings of the evaluation are new. [Build] then makes the report of
// the evaluation, that past and the sheets of inventories: it is pure, so that
// equal values give an equal Report.
//
//	past, err := report.ReadPast(ctx, evaluation, set, options, history, file)
//	sheets, err := report.Sheets(ctx, "stale-tokens", set, snapshot)
//	r, err := report.Build("stale-tokens", evaluation, past, sheets)
//	path, err := report.WriteFile("reports", r, report.Format{Name: "json", Ext: ".json", Write: report.WriteJSON})
//
// A writer needs nothing but the value, so each of them is tested without a
// database. JSON and Markdown are here, the workbook is in report/xlsx. What more
// than one writer says in words is a method of the model: [Report.Verdict],
// [Report.Completeness], [Column.Note].
//
// A [Diff] is what changed between any two snapshots of the history; it is such a
// value too, with writers of its own, see [WriteDiff].
//
// Nearly every text in a report was written by a stranger. A writer prints a
// string only after package sanitize has made it harmless for that output.
//
// To add an output format: one file with a function of the type of
// [Format.Write], and one line in cmd/auditor/formats.go.
package report
