package history

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tables and views of a history of version 1 are those of commit f3d9509,
// which testdata/schema.txt has: files of either program open with the other.
func TestSchemaIsThatOfVersion1(t *testing.T) {
	t.Parallel()
	h := openHistory(t, t.TempDir())
	lines := testQuery(t, h.db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid")
	for _, table := range []string{"_watched", "_kinds", "_levels"} {
		lines = append(lines, testQuery(t, h.db, "SELECT '"+table+"', * FROM "+table+" ORDER BY 2, 3")...)
	}
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", "schema.txt")
	if os.Getenv("WRITE_SCHEMA") != "" {
		os.MkdirAll("testdata", 0o755)
		os.WriteFile(path, []byte(got), 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}
