package history

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// mergeNewest merges the newest snapshot of a folder, with a finding for every
// token.
func mergeNewest(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	path, err := store.Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h, err := Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Import(ctx, s, finding.All(foundAll("a/b", "1 high fail, 2 low unknown")), []finding.Run{{Rule: "a/b"}}); err != nil {
		t.Fatal(err)
	}
}

// TestKilledMerge is the process that TestHistoryKilledInTheMerge kills: by
// itself, a given time after the journal was begun.
func TestKilledMerge(t *testing.T) {
	dir := os.Getenv("STORE_TEST_MERGE_DIR")
	if dir == "" {
		t.Skip("run by TestHistoryKilledInTheMerge in another process")
	}
	after, err := time.ParseDuration(os.Getenv("STORE_TEST_MERGE_AFTER"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := os.Lstat(filepath.Join(dir, fileName+"-journal")); err == nil {
				time.Sleep(after)
				self.Kill()
			}
			time.Sleep(50 * time.Microsecond)
		}
	}()
	mergeNewest(t.Context(), t, dir)
}

// Killed anywhere in a merge, the history is as before it or as after it, and
// the next run makes it as if nothing had been.
func TestHistoryKilledInTheMerge(t *testing.T) {
	t.Parallel()
	origin := t.TempDir()
	w := newWorld(6, "acme")
	h := openHistory(t, origin)
	live(t, w, h, origin, 3)
	before := dumpHistory(t, h.Path())
	begun := copyFolder(t, origin)
	for range 40 { // a busy day
		for _, edit := range worldEdits {
			edit(w, w.orgs[0])
		}
	}
	w.isReliable = true
	w.pass()
	w.publish(t, begun)
	whole := copyFolder(t, begun)
	began := time.Now()
	mergeNewest(t.Context(), t, whole)
	took := time.Since(began)
	after := dumpHistory(t, filepath.Join(whole, fileName))

	const points = 16
	killed, undone := 0, 0
	for i := range points {
		dir := copyFolder(t, begun)
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledMerge$")
		cmd.Env = append(os.Environ(), "STORE_TEST_MERGE_DIR="+dir, "STORE_TEST_MERGE_AFTER="+(took*time.Duration(i)/(points-4)).String())
		if out, err := cmd.CombinedOutput(); err != nil && strings.Contains(string(out), "FAIL") {
			t.Fatalf("%v: %s", err, out)
		} else if err != nil {
			killed++
		}
		path := filepath.Join(dir, fileName)
		if _, err := os.Lstat(path + "-journal"); err == nil {
			undone++
		}
		if got := dumpHistory(t, path); got != before && got != after {
			t.Fatalf("killed after %d of %d: neither as before nor as after:\n%s", i, points, got)
		}
		mergeNewest(t.Context(), t, dir)
		if got := dumpHistory(t, path); got != after {
			t.Fatalf("killed after %d of %d, and merged again:\n%s\nundisturbed:\n%s", i, points, got, after)
		}
	}
	t.Logf("%d of %d were killed, %d in the midst of it, a merge takes %v", killed, points, undone, took)
	if undone == 0 {
		t.Error("none was killed in the midst of a merge")
	}
}

// copyFolder copies the files of a folder.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}
