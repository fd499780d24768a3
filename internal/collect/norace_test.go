//go:build !race

package collect

// isRaced tells whether the race detector watches, which makes SQLite slow.
const isRaced = false
