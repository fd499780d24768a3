package report_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/store"
)

// names lists what is in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

var asJSON = Format{Name: "json", Ext: ".json", Write: WriteJSON}

// The formats of the program are tested in cmd/auditor.
func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "reports")
	r := sample.Report(3, 3)
	for range 2 { // the second replaces the first
		path, err := WriteFile(dir, r, asJSON)
		if err != nil || path != filepath.Join(dir, "stale-tokens.json") {
			t.Fatalf("%s, %v", path, err)
		}
	}
	if diff := cmp.Diff([]string{"stale-tokens.json"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	got, err := os.ReadFile(filepath.Join(dir, "stale-tokens.json"))
	if err != nil || !bytes.Equal(got, jsonOf(t, r)) {
		t.Errorf("the file is not the report (%v)", err)
	}
}

var errFull = errors.New("no space left on device")

func TestWriteFileLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := store.ReplaceFile(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return errFull
	})
	if !errors.Is(err, errFull) {
		t.Errorf("error is %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "old" {
		t.Errorf("the old file became %q", text)
	}
	if diff := cmp.Diff([]string{"x.json"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteFileRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", ".", "..", "../evil", "a/b", ".hidden"} {
		if path, err := WriteFile(dir, &Report{Name: name}, asJSON); err == nil {
			t.Errorf("%q was written to %s", name, path)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(filepath.Join(dir, "file"), &Report{Name: "x"}, asJSON); err == nil {
		t.Error("a file was taken for a folder")
	}
	if diff := cmp.Diff([]string{"file"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}
