package queries_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"auditor/internal/history"
	"auditor/internal/rules"
	"auditor/queries"
)

// The saved queries for the history answer an empty one, with the parameters
// that they declare and no others.
func TestHistoryQueriesAnswer(t *testing.T) {
	h, err := history.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	s, err := history.Read(t.Context(), h.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	set, problems := rules.Load(rules.Source{Name: "queries/_history", FS: queries.History()})
	for _, p := range problems {
		t.Error(p)
	}
	if len(set.Queries()) == 0 || len(set.Rules()) > 0 {
		t.Fatalf("%d queries, %d rules", len(set.Queries()), len(set.Rules()))
	}
	for _, q := range set.Queries() {
		bindings := q.Bindings(time.Unix(0, 0))
		if _, err := s.Database().Check(t.Context(), q.SQL, slices.Sorted(maps.Keys(bindings))); err != nil {
			t.Errorf("%s: %v", q.ID, err)
		}
		if _, ok := builtIn(t).Find(q.ID); ok {
			t.Errorf("%s is also the name of a query for snapshots", q.ID)
		}
	}
}
