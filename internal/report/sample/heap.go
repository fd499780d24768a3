package sample

import (
	"runtime"
	"sync"
	"time"
)

// PeakHeap runs f and returns by how many bytes the heap grew at most.
func PeakHeap(f func()) uint64 {
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
