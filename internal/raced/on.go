//go:build race

package raced

// Detector tells whether the race detector watches.
const Detector = true
