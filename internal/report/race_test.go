//go:build race

package report

// isRaced tells whether the race detector watches, which makes SQLite slow.
const isRaced = true
