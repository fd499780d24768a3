//go:build !race

package main

// isRaced tells whether the race detector watches.
const isRaced = false
