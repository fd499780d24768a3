// Package store keeps what was collected: one immutable SQLite file a run.
//
// Start with [Writer]: [Create] opens a file under a temporary name (or resumes
// one that was interrupted), [Writer.Add] takes pages of GitHub's JSON as
// they come, and [Writer.Publish] gives the file its final name. Everything that
// reads starts with [Snapshot]: [Open] opens a file read-only and
// [Snapshot.Select] runs one SELECT over its public views, guarded by package
// sqlite.
//
// The files in schema define the resources: a resource is a
// base table "_<resource>", an insert path "_in_<resource>", perhaps a list of
// what to ask for "_todo_<resource>", and public views with a comment on every
// column. The Writer knows none of them by name but repositories and their
// settings, which are read independently and have to agree in the end
// ([Writer.MissingSettings], [Writer.Unlisted], [Writer.Gaps]).
package store
