// Package report turns a snapshot and the rules' judgement of it into what
// people and programs read.
//
// Start with [Report]: a plain value that holds everything a report says. Build
// makes one from a snapshot and a set of rules; the writers ([Formats]) need
// nothing but the value, so each of them is tested without a database.
//
//	r, err := report.Build(ctx, "stale-tokens", set, snapshot, previous, report.Options{…})
//	path, err := report.WriteFile("reports", r, "xlsx")
//
// What is new, since when, and what was resolved comes from the history where it
// knows, see history.go. [Compare] asks it what changed between any two of its
// snapshots; a [Diff] is such a value too, with writers of its own.
//
// Nearly every text in a report was written by a stranger: token names,
// reasons, repository names, topics. inert.go is the one place that makes such
// text harmless, with one function for each kind of output; a writer never
// prints a string that has not gone through its function.
//
// To add an output format: one file with a function of the type of
// [Format.Write], and one line in [Formats].
package report
