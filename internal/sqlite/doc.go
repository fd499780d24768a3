// Package sqlite reads a database file, guarded: whatever the statement of a
// stranger says, it can only read, it ends with its context, and its answer
// does not depend on the day on which it is asked.
//
// Start with [Database]: [Open] a file, [Database.Select] one SELECT. What is
// wrong with a statement is a [QueryError]. [Tokens] cuts a statement as SQLite
// cuts it, [Glob] matches a pattern as SQLite's GLOB does, [ParseViews] reads the
// comments of views out of schema files, and [Writable] and [EachRow] serve
// packages that write files of their own.
package sqlite
