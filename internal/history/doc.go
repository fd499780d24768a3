// Package history keeps what pruned snapshots said: one file beside the
// snapshots, which knows what was true from one snapshot to another.
//
// Start with [History]: [Open] opens the file of a folder, [History.Import] takes
// a published snapshot in with what the rules found in it, [History.Diff] and
// [History.Past] read. [Choice] finds the snapshots that a user names.
// [Rebuild] makes the file again from the snapshots that are there; [Verify] and
// [Prune] look after the folder.
//
// Tables, views and statements are the files in sql: schema is executed when a
// file is made; stage reads a snapshot, post brings the history up to date with it,
// findings with what the rules found; diff compares two snapshots with others
// between them. A column is declared once, in schema: see ledger for how.
package history
