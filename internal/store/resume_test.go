package store_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// dump returns all rows of all public views.
func dump(t *testing.T, s *Snapshot) string {
	t.Helper()
	var b strings.Builder
	for _, view := range Views() {
		fmt.Fprintf(&b, "== %s\n%s\n", view.Name, query(t, s, "SELECT * FROM "+view.Name+" ORDER BY 1, 2, 3, 4"))
	}
	return b.String()
}

func TestResume(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func(change func(*Run)) (*Writer, error) {
		run := storetest.Run()
		run.StartedAt = storetest.Start().Add(time.Hour)
		change(&run)
		return Create(t.Context(), dir, run)
	}
	first, err := Create(t.Context(), dir, storetest.Run())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, first, "tokens", "", storetest.TokenJSON)
	for name, change := range map[string]func(*Run){"equal": func(*Run) {}, "another": func(r *Run) { r.Fingerprint = "other" }} {
		if _, err := begin(change); !errors.Is(err, ErrInUse) {
			t.Errorf("two at once, the second %s: %v", name, err)
		}
	}
	if err := first.Discard(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Run){
		"another configuration":  func(r *Run) { r.Fingerprint = "other" },
		"another version":        func(r *Run) { r.AuditorVersion = "v9" },
		"another filter":         func(r *Run) { r.Filters = "{}" },
		"another catalog":        func(r *Run) { r.Catalog = r.Catalog[1:] },
		"six hours later":        func(r *Run) { r.StartedAt = storetest.Start().Add(6 * time.Hour) },
		"a clock that went back": func(r *Run) { r.StartedAt = storetest.Start().Add(-time.Second) },
	} {
		run := storetest.Run()
		run.StartedAt = storetest.Start().Add(time.Hour)
		change(&run)
		if w, err := Resume(t.Context(), dir, run); w != nil || err != nil {
			t.Errorf("%s: resumed or %v", name, err)
		}
	}
	w, err := begin(func(r *Run) { r.StartedAt = storetest.Start().Add(6*time.Hour - time.Second) })
	if err != nil || !w.IsResumed() || !w.StartedAt().Equal(storetest.Start()) {
		t.Fatalf("%+v, %v", w, err)
	}
	defer w.Discard()
	if todo, err := w.Todo(t.Context(), "acme", "tokens"); len(todo) != 0 || err != nil {
		t.Errorf("asked again: %v, %v", todo, err)
	}
	path, err := w.Publish(t.Context(), storetest.Start().Add(7*time.Hour))
	if err != nil || filepath.Base(path) != "20261121T020000Z.db" {
		t.Errorf("%s, %v", path, err)
	}
	again, err := begin(func(r *Run) { r.StartedAt = storetest.Start() })
	if err != nil || again.IsResumed() || !again.StartedAt().Equal(storetest.Start().Add(time.Second)) {
		t.Fatalf("the same second again: %+v, %v", again, err)
	}
	again.Discard()
}

// What a killed run may leave never stops the next one.
func TestResumeSkipsRubbish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"20261121T010000Z.db.partial": "",
		"20261121T010001Z.db.partial": "rubbish",
		"20261121T010002Z.db.partial": "SQLite format 3\x00" + strings.Repeat("x", 5000),
		"99999999T999999Z.db.partial": "no time",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Create(t.Context(), dir, storetest.Run())
	if err != nil || w.IsResumed() {
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
}

// killPages are what the killed run stores, page by page.
func killPages() []Walk {
	var walks []Walk
	for i := range 40 {
		walks = append(walks, Walk{Org: "acme", Resource: "tokens", Parent: "", Next: fmt.Sprint(i)})
	}
	return walks
}

// storeKillPage stores the page that the walk is at.
func storeKillPage(t *testing.T, w *Writer, walk Walk) {
	i := 0
	fmt.Sscan(walk.Next, &i)
	var items []json.RawMessage
	for k := range 2 {
		items = append(items, json.RawMessage(strings.Replace(storetest.TokenJSON, "25381", fmt.Sprint(1000+2*i+k), 1)))
	}
	next := ""
	if i+1 < len(killPages()) {
		next = fmt.Sprint(i + 1)
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, items, next, Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
}

// TestKilledRun is the process that TestKill kills.
func TestKilledRun(t *testing.T) {
	dir := os.Getenv("STORE_TEST_KILL_DIR")
	if dir == "" {
		t.Skip("run by TestKill in another process")
	}
	w, err := Create(t.Context(), dir, storetest.Run())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
		t.Fatal(err)
	}
	todo, err := w.Todo(t.Context(), "acme", "tokens")
	if err != nil || len(todo) != 1 {
		t.Fatal(todo, err)
	}
	at := 0
	fmt.Sscan(todo[0].Next, &at)
	fmt.Println("begins", at)
	leave := make([]byte, 1)
	for _, walk := range killPages()[at:] {
		if _, err := os.Stdin.Read(leave); err != nil {
			t.Fatal(err)
		}
		storeKillPage(t, w, walk)
		fmt.Println("stored", walk.Next)
	}
}

// runAndKill lets another process store some pages and kills it while it is at
// the next. It returns the page it began with and the last one it named.
func runAndKill(t *testing.T, dir string, pages int) (first, last int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRun$", "-test.v")
	cmd.Env = append(os.Environ(), "STORE_TEST_KILL_DIR="+dir)
	cmd.Stdin = strings.NewReader(strings.Repeat("x", pages+1))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first, last = -1, -1
	for lines := bufio.NewScanner(out); (first < 0 || last < first+pages-1) && lines.Scan(); {
		fmt.Sscanf(lines.Text(), "begins %d", &first)
		fmt.Sscanf(lines.Text(), "stored %d", &last)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	return first, last
}

// Killed again and again, the run stores every page once, and the snapshot is
// that of an undisturbed run.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stored := -1
	for _, pages := range []int{1, 7, 12} {
		first, last := runAndKill(t, dir, pages)
		if first != stored+1 && first != stored+2 { // the page in hand may have been stored
			t.Errorf("began with page %d when %d was stored", first, stored)
		}
		if last != first+pages-1 {
			t.Fatalf("began with page %d and ended with %d", first, last)
		}
		stored = last
	}
	finish := func(dir string) *Snapshot {
		w, err := Create(t.Context(), dir, storetest.Run())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
			t.Fatal(err)
		}
		for {
			todo, err := w.Todo(t.Context(), "acme", "tokens")
			if err != nil {
				t.Fatal(err)
			}
			if len(todo) == 0 {
				break
			}
			storeKillPage(t, w, todo[0])
		}
		if _, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "tokens", Status: "complete"}); err != nil {
			t.Fatal(err)
		}
		return storetest.Publish(t, w)
	}
	if d := cmp.Diff(dump(t, finish(t.TempDir())), dump(t, finish(dir))); d != "" {
		t.Errorf("undisturbed and killed (-want +got):\n%s", d)
	}
	if left := storetest.Files(t, dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "20261121T020000Z.db.partial")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the partial is still there")
	}
}

// A run that was killed before it had said what it is leaves nothing for long.
func TestStillborn(t *testing.T) {
	t.Parallel()
	image, err := SchemaImage()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"empty": nil, "without a run": image} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "20261121T015959Z.db.partial"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := Create(t.Context(), dir, storetest.Run())
		if err != nil || w.IsResumed() {
			t.Fatalf("%s: %v", name, err)
		}
		if err := w.Discard(); err != nil {
			t.Fatal(err)
		}
		if left := storetest.Files(t, dir); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "snapshots")
	if err := Busy(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made the folder")
	}
	w, err := Create(t.Context(), dir, storetest.Run())
	if err != nil {
		t.Fatal(err)
	}
	if err := Busy(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	if err := Busy(dir); err != nil {
		t.Error(err)
	}
}

// A partial that a failing disk has damaged is not resumed.
func TestBrokenPartial(t *testing.T) {
	t.Parallel()
	w, dir := storetest.Create(t)
	var tokens []string
	for i := range 100 {
		tokens = append(tokens, strings.Replace(storetest.TokenJSON, "25381", fmt.Sprint(1000+i), 1))
	}
	storetest.Add(t, w, "tokens", "", tokens...)
	if err := w.Discard(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, storetest.Files(t, dir)[0])
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	// The last pages, where the tokens are, were never written.
	if _, err := file.WriteAt(make([]byte, 32<<10), stat.Size()-32<<10); err != nil {
		t.Fatal(err)
	}
	again, err := Create(t.Context(), dir, storetest.Run())
	if err != nil || again.IsResumed() {
		t.Fatalf("%v, resumed %v", err, again != nil && again.IsResumed())
	}
	if err := again.Discard(); err != nil {
		t.Fatal(err)
	}
}
