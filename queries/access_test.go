package queries_test

import (
	"testing"

	"auditor/internal/raced"
	"auditor/internal/store"

	"github.com/google/go-cmp/cmp"
)

// The sheet of who can write what has every pair of a live token and a listed
// repository, one row for each token that reaches all, and one for each whose
// list is not known: what is not known must not look like no access.
func TestAccessIsWhole(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	snapshot := snapshotOf(t, readFixtures(t), usualAPI)
	query, ok := builtIn(t).Find("over-broad-access/inventory-access")
	if !ok {
		t.Fatal("there is no such query")
	}
	got := countBy(t, snapshot, "SELECT a.via, count(*) FROM (\n"+query.SQL+"\n) AS a GROUP BY 1")
	want := countBy(t, snapshot, `
SELECT 'all', count(*) FROM tokens AS t WHERE t.is_expired IS NOT 1 AND t.repository_selection = 'all'
UNION ALL
SELECT 'unknown', count(*) FROM tokens AS t WHERE t.is_expired IS NOT 1 AND t.repository_selection = 'subset' AND t.repository_count IS NULL
UNION ALL
SELECT 'subset', count(*) FROM token_repositories AS p JOIN tokens AS t ON t.org = p.org AND t.grant_id = p.grant_id WHERE t.is_expired IS NOT 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for via, n := range want {
		if n == 0 {
			t.Errorf("no fixture has a row of %s", via)
		}
	}
	// A level that nobody knows, such as maintain, is not reading.
	levels := countBy(t, snapshot, "SELECT coalesce(a.level, 'none') || iif(a.write_permissions IS NULL, '', ' on some'), count(*) FROM (\n"+query.SQL+"\n) AS a GROUP BY 1")
	for _, level := range []string{"admin on some", "write on some", "unknown on some", "read"} {
		if levels[level] == 0 {
			t.Errorf("no row is %s", level)
		}
		delete(levels, level)
	}
	if delete(levels, "none"); len(levels) > 0 {
		t.Errorf("levels that the permissions do not bear out: %v", levels)
	}
}

// countBy reads rows of a word and a number.
func countBy(t *testing.T, snapshot *store.Snapshot, sql string) map[string]int64 {
	t.Helper()
	rows, err := snapshot.Select(t.Context(), sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		counts[row[0].(string)] += row[1].(int64)
	}
	return counts
}
