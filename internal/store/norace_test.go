//go:build !race

package store

// isRaced tells whether the race detector watches, which makes SQLite slow.
const isRaced = false
