// Package collect fetches what GitHub knows about organizations into a snapshot.
//
// Start with [Resources], the table of everything that is fetched, then [Run].
// Facts are stored as GitHub gave them; nothing here judges them. Whatever
// cannot be fetched leaves a coverage row that says so: a refusal of one
// resource never stops the others.
package collect
