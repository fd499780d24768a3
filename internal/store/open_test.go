package store_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w, dir := storetest.Create(t)
	s := storetest.Publish(t, w)
	good, err := os.ReadFile(s.Info().Path)
	if err != nil {
		t.Fatal(err)
	}
	newer := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(newer[60:], SchemaVersion+1)
	foreign := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(foreign[68:], 0)

	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"missing", filepath.Join(dir, "no.db"), fs.ErrNotExist},
		{"missing partial", filepath.Join(dir, "no.db.partial"), fs.ErrNotExist},
		{"empty", write("empty.db", nil), ErrEmptyFile},
		{"text", write("text.db", []byte(strings.Repeat("hello\n", 100))), ErrNotDatabase},
		{"short text", write("short.db", []byte("hello")), ErrNotDatabase},
		{"foreign", write("foreign.db", foreign), ErrForeign},
		{"partial", write("20261121T030000Z.db.partial", good), ErrPartial},
		{"folder", dir, ErrNotSnapshot},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(t.Context(), c.path)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("%v does not name the file", err)
			}
			for _, other := range []error{ErrEmptyFile, ErrNotDatabase, ErrForeign, ErrPartial} {
				if c.want != other && errors.Is(err, other) {
					t.Errorf("%v is also a %v", err, other)
				}
			}
			if c.want != fs.ErrNotExist && !errors.Is(err, ErrNotSnapshot) {
				t.Errorf("%v is no ErrNotSnapshot", err)
			}
		})
	}
	t.Run("newer", func(t *testing.T) {
		_, err := Open(t.Context(), write("newer.db", newer))
		var schema *SchemaError
		if !errors.As(err, &schema) || schema.Got != SchemaVersion+1 || schema.Want != SchemaVersion {
			t.Errorf("got %v", err)
		}
	})
	t.Run("truncated", func(t *testing.T) {
		if s, err := Open(t.Context(), write("truncated.db", good[:5000])); err == nil {
			s.Close()
			t.Error("opened")
		}
	})
	t.Run("a renamed partial", func(t *testing.T) {
		db := OpenWriting(write("renamed.db", good))
		if _, err := db.Exec("UPDATE _snapshot SET finished_at = NULL"); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if _, err := Open(t.Context(), filepath.Join(dir, "renamed.db")); !errors.Is(err, ErrPartial) {
			t.Errorf("got %v", err)
		}
	})
}

// Settings go behind a question mark, so names with one must be escaped.
func TestOpenOddNames(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	s := storetest.Publish(t, w)
	content, err := os.ReadFile(s.Info().Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a?mode=rwc.db", "100%.db", "a#b.db", "a b&c=d.db", "ü.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o400); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := query(t, s, "SELECT count(*) FROM orgs"); got != "[1]" {
			t.Errorf("%s: %s", name, got)
		}
		s.Close()
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := storetest.Run()
	run.Filters = `{"owner":["octo"]}`
	w, err := Create(t.Context(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for _, org := range []string{"zulu", "acme", "acme"} {
		if err := w.AddOrg(t.Context(), Org{Login: org}); err != nil {
			t.Fatal(err)
		}
	}
	path, err := w.Publish(t.Context(), storetest.Start().Add(90*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	i := s.Info()
	if i.Path != path || i.File != "20261121T020000Z.db" || !i.StartedAt.Equal(storetest.Start()) || !i.FinishedAt.Equal(storetest.Start().Add(90*time.Second)) ||
		i.AuditorVersion != run.AuditorVersion || i.SchemaVersion != 1 || i.APIURL != run.APIURL || i.WebURL != run.WebURL ||
		i.IsComplete || i.Filters != run.Filters || strings.Join(i.Orgs, " ") != "acme zulu" {
		t.Errorf("%+v", i)
	}
	line, err := os.ReadFile(path + ".sha256")
	if err != nil || string(line) != i.SHA256+"  20261121T020000Z.db\n" {
		t.Errorf("%q, %v; sum is %s", line, err, i.SHA256)
	}
	check := exec.Command("sha256sum", "-c", "20261121T020000Z.db.sha256")
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum -c: %v: %s", err, out)
	}
	for _, name := range []string{path, path + ".sha256"} {
		if stat, err := os.Stat(name); err != nil || stat.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, stat.Mode(), err)
		}
	}
	if left := storetest.Files(t, dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNewestAndBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Newest(dir); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Newest(filepath.Join(dir, "none")); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("no folder: %v", err)
	}
	var paths []string
	for i, filters := range []string{"", "", `{"owner":["x"]}`, ""} {
		run := storetest.Run()
		run.StartedAt, run.Filters = storetest.Start().Add(time.Duration(i)*time.Hour), filters
		w, err := Create(t.Context(), dir, run)
		if err != nil {
			t.Fatal(err)
		}
		path, err := w.Publish(t.Context(), run.StartedAt)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for _, name := range []string{"history.db", "20261121T090000Z.db.partial", "20271121T090000Z.db.sha256", "x20271121T090000Z.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Newest(dir); got != paths[3] || err != nil {
		t.Errorf("newest: %s, %v", got, err)
	}
	for path, want := range map[string]string{paths[3]: paths[1], paths[1]: paths[0], paths[0]: ""} {
		if got, err := Before(dir, path); got != want || err != nil {
			t.Errorf("before %s: %s, %v; want %s", path, got, err, want)
		}
	}
	if err := os.WriteFile(paths[1], []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Before(dir, paths[3]); got != paths[0] || err != nil {
		t.Errorf("before, with a broken one between: %s, %v", got, err)
	}
}
