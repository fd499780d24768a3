//go:build unix

package report

import (
	"auditor/internal/store"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// The figures of a whole process: time, CPU and the peak of its resident
// memory, as the kernel tells them of a child that has ended. A figure of
// memory that is missed fails; time depends on what else the machine does, so
// it is only reported, and CPU beside it.

// BenchmarkReports writes the three reports, as workbooks and as JSON, of a
// simulated organization with 10,000 tokens, 5,000 repositories and 200,000
// pairs of them: of a snapshot alone, and compared with the one of the day
// before. Most of a run of the benchmark is making the two.
func BenchmarkReports(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "auditor")
	for _, command := range []*exec.Cmd{
		exec.Command("go", "build", "-o", program, "auditor/cmd/auditor"),
		exec.Command(program, "demo", "--quiet", "--size", "large", "--dir", filepath.Join(dir, "demo")),
	} {
		if out, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	snapshots, err := filepath.Glob(filepath.Join(dir, "demo", "snapshots", "[0-9]*.db")) // history.db is not one
	if err != nil || len(snapshots) != 2 {
		b.Fatalf("the demo made the snapshots %q (%v)", snapshots, err)
	}
	for i, name := range []string{"alone", "compared"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measure(b, 400, exec.Command(program, "report", "--quiet", "--config", filepath.Join(dir, "demo", "config.yaml"),
					"--snapshot", snapshots[i], "--format", "xlsx,json", "--out", filepath.Join(dir, name)))
			}
			b.ReportMetric(megabytes(b, filepath.Join(dir, name)), "file-MB")
		})
	}
}

// BenchmarkMillionRows streams one sheet of a million rows of 15 columns.
func BenchmarkMillionRows(b *testing.B) {
	file := filepath.Join(b.TempDir(), "million.xlsx")
	for b.Loop() {
		child := exec.Command(os.Args[0], "-test.run=^TestMillionRows$", "-test.v")
		child.Env = append(os.Environ(), millionRows+"="+file)
		measure(b, 500, child)
	}
	b.ReportMetric(megabytes(b, filepath.Dir(file)), "file-MB")
}

// millionRows names the file that TestMillionRows is to write.
const millionRows = "AUDITOR_MILLION_ROWS"

// TestMillionRows is the child of the benchmark.
func TestMillionRows(t *testing.T) {
	name := os.Getenv(millionRows)
	if name == "" {
		t.Skip("a minute of work: only for BenchmarkMillionRows")
	}
	r := sampleReport(0, 1)
	row := inventoryRows(r)[0]
	r.Inventories[0].Rows = each(1_000_000, func(i int) []any {
		row[1] = int64(i) // or it would compress too well
		return row
	})
	if err := store.ReplaceFile(name, func(w io.Writer) error { return WriteXLSX(w, r) }); err != nil {
		t.Fatal(err)
	}
}

// measure runs the command and reports what it took.
func measure(b *testing.B, mostMB float64, command *exec.Cmd) {
	b.Helper()
	start := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", command, err, out)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	peak := float64(usage.Maxrss) / 1e6
	if runtime.GOOS != "darwin" { // which counts bytes; all others kilobytes
		peak *= 1024
	}
	b.ReportMetric(time.Since(start).Seconds(), "s")
	b.ReportMetric((command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds(), "s-cpu")
	b.ReportMetric(peak, "MB-peak")
	if peak > mostMB {
		b.Errorf("%.0f MB at its peak, %.0f can be", peak, mostMB)
	}
}

// megabytes is the size of the files in a folder.
func megabytes(b *testing.B, dir string) float64 {
	b.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	size := 0.0
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			b.Fatal(err)
		}
		size += float64(info.Size())
	}
	return size / 1e6
}
