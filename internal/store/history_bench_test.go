package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// passing lets days go by in a published snapshot: SQL on its tables, because
// collecting a year of a large organization would take one.
type passing struct {
	scale
	path     string
	r        *rand.Rand
	day      int
	findings []HistoryFinding
}

// startPassing begins with the organization of a scale.
func startPassing(tb testing.TB, s scale) *passing {
	tb.Helper()
	path := published(tb, s)
	if err := os.Remove(path + ".sha256"); err != nil {
		tb.Fatal(err)
	}
	return &passing{scale: s, path: path, r: rand.New(rand.NewPCG(3, 4)), findings: inventFindings(s)}
}

// inventFindings finds fault with every repository.
func inventFindings(s scale) (all []HistoryFinding) {
	for i := range s.repositories {
		for _, rule := range []string{"security-gaps/secret-scanning-disabled", "security-gaps/no-codeowners"} {
			all = append(all, HistoryFinding{
				Key: fmt.Sprintf("%s:acme:repository/%d", rule, 700000+i), Rule: rule, Org: "acme", Severity: "high", Status: "fail",
				Subject: HistorySubject{Kind: "repository", ID: fmt.Sprint(700000 + i), Name: fmt.Sprintf("acme/service-%05d-backend", i), URL: "https://github.com/acme/x"},
				Reason:  "secret scanning is disabled",
			})
		}
	}
	return all
}

// next is the snapshot of the next day: 30 % of the tokens were used, 0.5 % of
// tokens, repositories and pairs are otherwise.
func (p *passing) next(tb testing.TB) *Snapshot {
	tb.Helper()
	if p.day > 0 {
		p.edit(tb)
	}
	p.day++
	path := filepath.Join(filepath.Dir(p.path), start.AddDate(0, 0, p.day).Format(fileTime)+".db")
	if err := os.Rename(p.path, path); err != nil {
		tb.Fatal(err)
	}
	p.path = path
	s, err := Open(context.Background(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func (p *passing) edit(tb testing.TB) {
	tb.Helper()
	db := openDatabase(p.path, url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)", "cache_size(-131072)"}, "_dqs": {"0"}})
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		tb.Fatal(err)
	}
	do := func(statement string, args ...any) {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
	at := start.AddDate(0, 0, p.day+1)
	do("UPDATE _snapshot SET started_at = ?, finished_at = ?", timeText(at), timeText(at.Add(time.Hour)))
	do("CREATE TEMP TABLE lot (id INTEGER, other INTEGER)")
	p.pick(do, "SELECT grant_id, 0 FROM _tokens", p.tokens*3/10)
	do("UPDATE _tokens SET raw = json_set(raw, '$.token_last_used_at', ?) WHERE grant_id IN (SELECT id FROM lot)", timeText(at.Add(-time.Duration(p.r.IntN(80000))*time.Second)))
	do("DELETE FROM lot")
	p.pick(do, "SELECT grant_id, 0 FROM _tokens", 15)
	do("DELETE FROM _tokens WHERE grant_id IN (SELECT id FROM lot)")
	do("DELETE FROM lot")
	p.pick(do, "SELECT grant_id, 0 FROM _tokens", 20)
	do("UPDATE _token_permissions SET level = iif(level = 'read', 'write', 'read') WHERE grant_id IN (SELECT id FROM lot)")
	do("DELETE FROM lot")
	p.pick(do, "SELECT grant_id, 0 FROM _tokens", 15)
	// New tokens are copies of others.
	do("UPDATE lot SET other = 2000000 + ? + rowid", 1000*p.day)
	do(`INSERT INTO _tokens (org, grant_id, raw)
		SELECT t.org, l.other, json_set(t.raw, '$.id', l.other, '$.token_id', 100000000 + l.other) FROM _tokens AS t JOIN lot AS l ON l.id = t.grant_id`)
	do(`INSERT INTO _token_permissions (org, grant_id, scope, permission, level, tier_rank)
		SELECT t.org, l.other, t.scope, t.permission, t.level, t.tier_rank FROM _token_permissions AS t JOIN lot AS l ON l.id = t.grant_id`)
	do("DELETE FROM lot")
	p.pick(do, "SELECT repository_id, 0 FROM _repositories", 25)
	do(`UPDATE _repositories SET raw = json_set(raw, '$.security_and_analysis.secret_scanning.status', iif(secret_scanning = 'enabled', 'disabled', 'enabled'))
		WHERE repository_id IN (SELECT id FROM lot)`)
	do("DELETE FROM lot")
	p.pick(do, "SELECT set_id, repository_id FROM _reach_members WHERE set_id > 0", 500)
	do("DELETE FROM _reach_members WHERE org = 'acme' AND (set_id, repository_id) IN (SELECT id, other FROM lot)")
	// One in for one out, from a repository of another number.
	do("INSERT OR IGNORE INTO _reach_members (org, set_id, repository_id) SELECT 'acme', id, 700000 + (other * 7 + ?) % 5000 FROM lot", p.day)
	do(`UPDATE _reach_counts SET repository_count = (SELECT count(*) FROM _reach_members AS m WHERE m.org = 'acme' AND m.set_id = _reach_counts.set_id)
		WHERE set_id IN (SELECT id FROM lot)`)
	do("DROP TABLE lot")
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
	for range len(p.findings) / 100 {
		f := &p.findings[p.r.IntN(len(p.findings))]
		f.IsExcepted = !f.IsExcepted
	}
}

// pick draws n rows by lot.
func (p *passing) pick(do func(string, ...any), from string, n int) {
	do("INSERT INTO lot (id, other) SELECT * FROM ("+from+") ORDER BY random() LIMIT ?", n)
}

var yearRules = []HistoryRule{{ID: "security-gaps/secret-scanning-disabled", Fingerprint: "1"}, {ID: "security-gaps/no-codeowners", Fingerprint: "1"}}

// BenchmarkHistory lets AUDITOR_HISTORY_DAYS days (365 for the figures of the
// specification) of the large organization pass, and asks the history about
// them.
func BenchmarkHistory(b *testing.B) {
	days, err := strconv.Atoi(os.Getenv("AUDITOR_HISTORY_DAYS"))
	if err != nil {
		days = 5
	}
	p := startPassing(b, large)
	h, err := OpenHistory(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	var longest, sum time.Duration
	for day := range days {
		s := p.next(b)
		began := time.Now()
		if err := h.Merge(b.Context(), s, p.findings, yearRules); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		s.Close()
		sum, longest = sum+took, max(longest, took)
		if day%30 == 0 {
			stat, _ := os.Stat(h.Path())
			b.Logf("day %d: %.1f MB, merge %v", day+1, float64(stat.Size())/1e6, took)
		}
	}
	stat, err := os.Stat(h.Path())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("merge", func(b *testing.B) {
		b.ReportMetric(float64(stat.Size())/1e6, "MB")
		b.ReportMetric(longest.Seconds(), "s-longest")
		b.ReportMetric(sum.Seconds()/float64(days), "s-mean")
	})
	r, err := ReadHistory(b.Context(), h.Path())
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for _, q := range []struct{ name, query string }{
		{"changes", fmt.Sprintf("SELECT * FROM changes WHERE snapshot_id = %d", days)},
		{"tokens", fmt.Sprintf("SELECT * FROM tokens WHERE snapshot_id = %d", days/2)},
		{"tokens newest", fmt.Sprintf("SELECT * FROM tokens WHERE snapshot_id = %d", days)},
		{"token_repositories", fmt.Sprintf("SELECT * FROM token_repositories WHERE snapshot_id = %d", days/2)},
		{"repositories", fmt.Sprintf("SELECT * FROM repositories WHERE snapshot_id = %d", days/2)},
		{"findings", fmt.Sprintf("SELECT * FROM findings WHERE snapshot_id = %d", days/2)},
		{"finding_counts", "SELECT * FROM finding_counts"},
		{"snapshots", "SELECT * FROM snapshots"},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(drain(b, r, q.query)), "rows")
			}
		})
	}
	b.Run("Trend", func(b *testing.B) {
		for b.Loop() {
			if _, err := h.Trend(b.Context(), "security-gaps", int64(days)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("FirstSeen", func(b *testing.B) {
		for b.Loop() {
			if _, err := h.FirstSeen(b.Context(), int64(days), ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, old := range map[string]int{"Diff of neighbours": days - 1, "Diff of the whole time": 1} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				changes := 0
				for _, err := range h.Diff(b.Context(), int64(old), int64(days)) {
					if err != nil {
						b.Fatal(err)
					}
					changes++
				}
				b.ReportMetric(float64(changes), "changes")
			}
		})
	}
}
