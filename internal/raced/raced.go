// Package raced tells tests whether the race detector watches: it makes SQLite,
// which is C translated to Go, many times slower.
package raced

// Skip skips a test that only judges data where the race detector watches: it
// would take minutes there, and other tests run the same code.
func Skip(t interface {
	Helper()
	Skip(args ...any)
}) {
	t.Helper()
	if Detector {
		t.Skip("judges data: run without the race detector")
	}
}
