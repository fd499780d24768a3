package store_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// BenchmarkFill inserts and publishes the large organization: microseconds a
// row and megabytes of file are what the figures of spec section 9 are about.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		w, err := Create(context.Background(), filepath.Join(b.TempDir(), "snapshots"), storetest.Run())
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		rows := storetest.Invent(storetest.Large()).Fill(b, w)
		b.ReportMetric(float64(time.Since(began).Microseconds())/float64(rows), "µs/row")
		b.ReportMetric(time.Since(began).Seconds(), "s-insert")
		began = time.Now()
		path, err := w.Publish(context.Background(), storetest.Start().Add(time.Hour))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-publish")
		stat, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(stat.Size())/1e6, "MB")
	}
}

// BenchmarkViews reads every public view of the large organization wholly.
func BenchmarkViews(b *testing.B) {
	s, err := Open(b.Context(), storetest.Published(b, storetest.Large()))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, view := range Views() {
		statement := "SELECT * FROM " + view.Name
		if view.Name == "token_reach" { // 15 million rows are its answer
			statement = "SELECT * FROM token_reach WHERE repository_id = 700001"
		}
		b.Run(view.Name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(storetest.Drain(b, s.File(), statement)), "rows")
			}
		})
	}
}

// BenchmarkFirstRow opens the large snapshot and reads the first token, as
// "auditor query" does.
func BenchmarkFirstRow(b *testing.B) {
	path := storetest.Published(b, storetest.Large())
	for b.Loop() {
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := s.Select(b.Context(), "SELECT * FROM tokens", nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range rows.All() {
			if err != nil {
				b.Fatal(err)
			}
			break
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJoins asks what rules ask of the large organization.
func BenchmarkJoins(b *testing.B) {
	s, err := Open(b.Context(), storetest.Published(b, storetest.Large()))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for name, statement := range map[string]string{
		"critical permission":   "SELECT t.grant_id FROM tokens AS t WHERE EXISTS (SELECT 1 FROM token_permissions AS p WHERE p.org = t.org AND p.grant_id = t.grant_id AND p.tier = 'critical')",
		"too many repositories": "SELECT grant_id FROM tokens WHERE repository_count > 30",
		"unprotected":           "SELECT r.full_name FROM repositories AS r JOIN default_branch_protection AS p ON p.org = r.org AND p.repository_id = r.repository_id WHERE p.is_protected IS NOT 1",
		"reached by a writer":   "SELECT r.full_name FROM repositories AS r WHERE EXISTS (SELECT 1 FROM token_reach AS h JOIN token_permissions AS p ON p.org = h.org AND p.grant_id = h.grant_id WHERE h.org = r.org AND h.repository_id = r.repository_id AND p.permission = 'contents' AND p.level = 'write')",
		"pairs of each":         "SELECT t.grant_id, (SELECT count(*) FROM token_repositories AS p WHERE p.org = t.org AND p.grant_id = t.grant_id) FROM tokens AS t",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(storetest.Drain(b, s.File(), statement)), "rows")
			}
		})
	}
}

// BenchmarkStrip strips repositories as long as GitHub's own.
func BenchmarkStrip(b *testing.B) {
	v := storetest.Invent(storetest.Small())
	var items []json.RawMessage
	var size int64
	for i := range 100 {
		items = append(items, json.RawMessage(v.Repository(i, true)))
		size += int64(len(items[i]))
	}
	var s Compactor
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for _, item := range items {
			if _, err := s.Strip(item, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
