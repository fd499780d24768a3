package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"auditor/internal/sqlite"
	. "auditor/internal/store"
)

// A snapshot of an older program lacks views of today: they are created on the
// connections that read it, and the file stays as it is.
func TestOldSnapshotsHaveTodaysViews(t *testing.T) {
	t.Parallel()
	s := sample(t)
	text, err := os.ReadFile(s.Info().Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "20200101T000000Z.db")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	db := sqlite.Writable(path, nil)
	for _, v := range []string{"live_tokens", "live_repositories", "token_reach"} {
		if _, err := db.ExecContext(t.Context(), "DROP VIEW "+v); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	for _, question := range []string{
		"SELECT * FROM live_tokens ORDER BY org, grant_id", "SELECT * FROM live_repositories ORDER BY org, repository_id",
		"SELECT * FROM token_reach ORDER BY org, grant_id, repository_id", "SELECT count(*) FROM findings",
	} {
		if got, want := query(t, old, question), query(t, s, question); got != want || want == "[]" {
			t.Errorf("%s:\ngot  %s\nwant %s", question, got, want)
		}
		got, err := old.Reads(t.Context(), question)
		want, err2 := s.Reads(t.Context(), question)
		if err != nil || err2 != nil || len(got) != len(want) {
			t.Errorf("%s reads %v, %v; want %v, %v", question, got, err, want, err2)
		}
	}
	if _, err := old.Select(t.Context(), "CREATE TEMP VIEW x AS SELECT 1", nil); err == nil {
		t.Error("a statement created a view")
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed (%v)", err)
	}
}
