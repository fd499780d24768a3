package report

import (
	"auditor/internal/store"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "reports")
	r := sampleReport(3, 3)
	for _, f := range Formats {
		for range 2 { // the second replaces the first
			path, err := WriteFile(dir, r, f.Name)
			if err != nil || path != filepath.Join(dir, "stale-tokens"+f.Ext) {
				t.Fatalf("%s: %s, %v", f.Name, path, err)
			}
		}
		info, err := os.Stat(filepath.Join(dir, "stale-tokens"+f.Ext))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v (%v)", f.Name, info.Mode(), err)
		}
	}
	if diff := cmp.Diff([]string{"stale-tokens.json", "stale-tokens.md", "stale-tokens.xlsx"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	got, err := os.ReadFile(filepath.Join(dir, "stale-tokens.json"))
	if err != nil || !bytes.Equal(got, jsonOf(t, r)) {
		t.Errorf("the file is not the report (%v)", err)
	}
}

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
		if path, err := WriteFile(dir, &Report{Name: name}, "json"); err == nil {
			t.Errorf("%q was written to %s", name, path)
		}
	}
	if _, err := WriteFile(dir, &Report{Name: "x"}, "pdf"); err == nil {
		t.Error("an unknown format was written")
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(filepath.Join(dir, "file"), &Report{Name: "x"}, "json"); err == nil {
		t.Error("a file was taken for a folder")
	}
	if diff := cmp.Diff([]string{"file"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}
