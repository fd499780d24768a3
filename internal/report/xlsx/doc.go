// Package xlsx writes a report as a workbook for Excel, LibreOffice and Google
// Sheets.
//
// Start with [Write]; workbook is the value that it fills, and sheet describes one
// sheet that is a table: findings.go, resolved.go, changes.go, inventory.go,
// coverage.go and rules.go each have one. The Summary is a page instead, see
// summary.go. The long sheets are streamed, so memory does not grow with them, and
// sheet.go owns the order of calls that this asks for. What a column means comes
// from the model in package report; what is here is how it looks. Every text goes
// through sanitize.Cell before it is put into a cell.
package xlsx
