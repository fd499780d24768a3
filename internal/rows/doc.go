// Package rows prints the answer of a query: as a table for a terminal, CSV, JSON
// or Markdown.
//
// Start with [Write]. Rows are printed as they come, so memory does not grow with
// them, and what a column holds follows from its name, see finding.ColumnKind.
// [WriteManual] prints names and what they mean, of which nothing may be cut.
// Reports write their findings as JSON with [AppendObject] too.
package rows
