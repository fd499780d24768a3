package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"auditor/internal/report"
	"auditor/internal/report/sample"
)

// Every format writes its file, which only its owner can read, and replaces the
// one before.
func TestFormatsWriteTheirFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "reports")
	r := sample.Report(3, 3)
	for _, f := range formats() {
		for range 2 { // the second replaces the first
			path, err := report.WriteFile(dir, r, f)
			if err != nil || path != filepath.Join(dir, "stale-tokens"+f.Ext) {
				t.Fatalf("%s: %s, %v", f.Name, path, err)
			}
		}
		info, err := os.Stat(filepath.Join(dir, "stale-tokens"+f.Ext))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v (%v)", f.Name, info.Mode(), err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(formats()) {
		t.Errorf("%d files of %d formats (%v)", len(files), len(formats()), err)
	}
}

// fullDisk has no room left after n bytes.
type fullDisk struct{ n int }

var errFullDisk = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.n -= len(p); d.n < 0 {
		return 0, errFullDisk
	}
	return len(p), nil
}

func TestFormatsReportAFullDisk(t *testing.T) {
	t.Parallel()
	r := sample.Report(40, 10)
	for _, f := range formats() {
		for _, room := range []int{0, 1000} {
			err := f.Write(&fullDisk{room}, r)
			if !errors.Is(err, errFullDisk) || !strings.Contains(err.Error(), "stale-tokens") {
				t.Errorf("%s with room for %d bytes: %v", f.Name, room, err)
			}
		}
	}
}

// counter counts the bytes of a file.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// BenchmarkWrite writes 50,000 findings with an inventory of 10,000 rows in every
// format. Beside the time it reports the peak of the heap over what the value
// itself takes.
func BenchmarkWrite(b *testing.B) {
	r := sample.Report(50_000, 10_000)
	for _, f := range formats() {
		b.Run(f.Name, func(b *testing.B) {
			var size counter
			peak := sample.PeakHeap(func() {
				for b.Loop() {
					size = 0
					if err := f.Write(&size, r); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
			b.ReportMetric(float64(size)/1e6, "file-MB")
		})
	}
	runtime.KeepAlive(r)
}
