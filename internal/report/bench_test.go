package report

import (
	"io"
	"runtime"
	"sync"
	"testing"
	"time"
)

// BenchmarkWrite writes 50,000 findings with an inventory of 10,000 rows. Beside
// the time it reports the peak of the heap over what the value itself takes.
func BenchmarkWrite(b *testing.B) {
	r := sampleReport(50_000, 10_000)
	for _, f := range Formats {
		b.Run(f.Name, func(b *testing.B) {
			var size int64
			peak := peakHeap(func() {
				for b.Loop() {
					c := chunks{}
					if err := f.Write(&c, r); err != nil {
						b.Fatal(err)
					}
					size = int64(c.total)
				}
			})
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
			b.ReportMetric(float64(size)/1e6, "file-MB")
		})
	}
	runtime.KeepAlive(r)
}

// BenchmarkTable prints 100,000 rows for a terminal.
func BenchmarkTable(b *testing.B) {
	row := []any{"acme", "a token of somebody", int64(12), nil, "2026-11-21T02:00:00Z"}
	for b.Loop() {
		_, err := WriteRows(io.Discard, "table", []string{"org", "token_name", "repository_count", "expires_at", "last_used_at"}, func(yield func([]any, error) bool) {
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

// peakHeap runs f and returns by how many bytes the heap grew at most.
func peakHeap(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak, done := before.HeapInuse, make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			}
		}
	})
	f()
	close(done)
	watch.Wait()
	return peak - before.HeapInuse
}
