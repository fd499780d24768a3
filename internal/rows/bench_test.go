package rows

import (
	"io"
	"testing"
)

// BenchmarkTable prints 100,000 rows for a terminal.
func BenchmarkTable(b *testing.B) {
	row := []any{"acme", "a token of somebody", int64(12), nil, "2026-11-21T02:00:00Z"}
	for b.Loop() {
		_, err := Write(io.Discard, "table", []string{"org", "token_name", "repository_count", "expires_at", "last_used_at"}, func(yield func([]any, error) bool) {
			for range 100_000 {
				if !yield(row, nil) {
					return
				}
			}
		}, 120)
		if err != nil {
			b.Fatal(err)
		}
	}
}
