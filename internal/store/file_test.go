package store_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	for _, text := range []string{"old", "new"} {
		if err := ReplaceFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
	}
	failure := errors.New("no more")
	err := ReplaceFile(path, func(w io.Writer) error { io.WriteString(w, "half"); return failure })
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	text, err := os.ReadFile(path)
	if string(text) != "new" || err != nil {
		t.Errorf("the file holds %q, %v", text, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A link under a name that we write to is replaced, not followed.
func TestReplaceFileDoesNotFollowLinks(t *testing.T) {
	dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.db.partial")
	if err := os.Symlink(other, path); err != nil {
		t.Skip(err)
	}
	if err := ReplaceFile(path, func(w io.Writer) error { _, err := io.WriteString(w, "ours"); return err }); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(other); string(text) != "theirs" || err != nil {
		t.Errorf("the other file holds %q, %v", text, err)
	}
}

func TestCreateRemovesTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	leftover := filepath.Join(dir, ".20261121T020000Z.db.partial.123.tmp")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Create(t.Context(), dir, storetest.Run())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if _, err := os.Lstat(leftover); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}
