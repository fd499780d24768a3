package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// passing lets days go by in a published snapshot: SQL on its tables, because
// collecting a year of a large organization would take one.
type passing struct {
	scale    storetest.Scale
	path     string
	r        *rand.Rand
	day      int
	subjects map[string][]finding.Subject // by kind, those in the snapshot
	found    []yearFinding
	ended    []yearFinding // may begin again
}

// yearFinding is a finding whose words may say how many days ago something was.
type yearFinding struct {
	finding.Finding
	at time.Time // zero: its words do not change
}

// startPassing begins with the organization of a scale, in which 300 requests
// are pending.
func startPassing(tb testing.TB, s storetest.Scale) *passing {
	tb.Helper()
	path := storetest.Published(tb, s)
	if err := os.Remove(path + ".sha256"); err != nil {
		tb.Fatal(err)
	}
	p := &passing{scale: s, path: path, r: rand.New(rand.NewPCG(3, 4))}
	p.write(tb, func(do func(string, ...any)) {
		do(`INSERT INTO _token_requests (org, request_id, raw)
			SELECT t.org, 500000 + t.grant_id, json_set(t.raw, '$.id', 500000 + t.grant_id, '$.token_id', 30000000 + t.grant_id, '$.reason', 'to deploy the service', '$.created_at', t.access_granted_at)
			FROM _tokens AS t ORDER BY t.grant_id LIMIT 300`)
	})
	p.look(tb)
	for _, kind := range []string{"token", "request", "repository"} {
		p.evaluate(kind, p.subjects[kind])
	}
	// One in forty is to begin later.
	for range len(p.found) / 40 {
		p.end()
	}
	return p
}

// yearFaults are rules that find fault with so many of a hundred subjects, in
// sum as much as the rules of this program find in the large organization of
// internal/fakegithub: about 63,000 findings, 40 % of them on tokens, 60 % on
// repositories. BenchmarkRules in queries prints how much each rule finds there.
var yearFaults = map[string]string{
	"token": `stale-tokens/unused:30 stale-tokens/never-used:20 stale-tokens/never-expires:5 stale-tokens/lifetime-too-long:20 stale-tokens/owner-gone:3
		stale-tokens/owner-with-many-tokens:10 stale-tokens/name-without-purpose:15 stale-tokens/duplicate-token:5 stale-tokens/expired:2 stale-tokens/archived-only:1
		stale-tokens/expiring-in-use:2 over-broad-access/all-repositories-read-private:15 over-broad-access/all-repositories-write:12 over-broad-access/critical-permission:12
		over-broad-access/large-share-of-repositories:5 over-broad-access/many-write-permissions:15 over-broad-access/organization-write:10
		over-broad-access/organization-write-of-member:8 over-broad-access/owner-cumulative-reach:12 over-broad-access/owner-is-organization-owner:3
		over-broad-access/owner-is-outside-collaborator:4 over-broad-access/too-many-repositories:6 over-broad-access/toxic-combination:9
		over-broad-access/sensitive-repository-write:8 over-broad-access/unclassified-permission:2 over-broad-access/write-never-expires:3 over-broad-access/write-unused:14`,
	"request": `stale-tokens/request-expired-token:5 stale-tokens/request-waiting:60 stale-tokens/request-without-reason:20 over-broad-access/request-already-held:10
		over-broad-access/request-extends-grant:15 over-broad-access/risky-request:40`,
	"repository": `security-gaps/admins-not-bound:10 security-gaps/approvals-too-few:35 security-gaps/archived-with-open-alerts-or-keys:4 security-gaps/branch-not-up-to-date:50
		security-gaps/code-owner-review-not-required:40 security-gaps/codeowners-errors:10 security-gaps/conversations-not-resolved:40 security-gaps/default-branch-unprotected:20
		security-gaps/deletion-allowed:5 security-gaps/dependabot-alerts-disabled:20 security-gaps/dependabot-updates-disabled:40 security-gaps/exposed-to-broad-token:15
		security-gaps/force-push-allowed:5 security-gaps/inactive-repository:10 security-gaps/last-push-approval-not-required:40 security-gaps/linear-history-not-required:50
		security-gaps/no-codeowners:30 security-gaps/no-security-policy:20 security-gaps/non-provider-patterns-disabled:30 security-gaps/old-deploy-key:10
		security-gaps/private-repository-forkable:10 security-gaps/private-vulnerability-reporting-disabled:10 security-gaps/protection-can-be-bypassed:12
		security-gaps/pull-request-not-required:20 security-gaps/push-protection-disabled:30 security-gaps/ruleset-not-enforced:3 security-gaps/secret-scanning-disabled:25
		security-gaps/sign-off-not-required:40 security-gaps/signatures-not-required:45 security-gaps/stale-approvals-kept:35 security-gaps/status-checks-not-required:30
		security-gaps/validity-checks-disabled:20 security-gaps/writable-deploy-key:4 over-broad-access/repository-written-by-many:10`,
}

// yearRules are all of them.
func yearRules() (all []finding.Run) {
	for _, faults := range yearFaults {
		for fault := range strings.FieldsSeq(faults) {
			rule, _, _ := strings.Cut(fault, ":")
			all = append(all, finding.Run{Rule: rule, Fingerprint: "0123456789abcdef0123456789abcdef"})
		}
	}
	return all
}

// evaluate makes findings about subjects of a kind.
func (p *passing) evaluate(kind string, subjects []finding.Subject) {
	for fault := range strings.FieldsSeq(yearFaults[kind]) {
		rule, share, _ := strings.Cut(fault, ":")
		percent, _ := strconv.Atoi(share)
		severity := finding.Severities()[percent%4]
		for _, s := range subjects {
			if p.r.IntN(100) >= percent {
				continue
			}
			f := yearFinding{Finding: finding.Finding{
				Key: finding.NewKey(rule, "acme", kind+"/"+s.ID), Rule: rule, Org: "acme", Severity: severity, Status: "fail", Subject: s, Reason: p.words(rule, s),
			}}
			if rule == "stale-tokens/unused" || rule == "stale-tokens/never-used" {
				f.at = storetest.Start().AddDate(0, 0, -91-p.r.IntN(300))
			}
			p.found = append(p.found, f)
		}
	}
}

// words are a reason of 90 to 160 letters.
func (p *passing) words(rule string, s finding.Subject) string {
	const more = ` of acme, which grants contents: write, actions: write and secrets: write on 214 repositories, of which 12 are sensitive by the configuration`
	_, what, _ := strings.Cut(rule, "/")
	text := strings.ReplaceAll(what, "-", " ") + ": " + s.Name
	return text + more[:max(0, 90+p.r.IntN(71)-len(text))]
}

// end moves a finding by lot to those that may begin again.
func (p *passing) end() {
	i, last := p.r.IntN(len(p.found)), len(p.found)-1
	p.ended = append(p.ended, p.found[i])
	p.found[i] = p.found[last]
	p.found = p.found[:last]
}

// look reads what is in the snapshot.
func (p *passing) look(tb testing.TB) {
	tb.Helper()
	db := sqlite.Writable(p.path, url.Values{"mode": {"ro"}, "_dqs": {"0"}})
	defer db.Close()
	p.subjects = map[string][]finding.Subject{}
	rows, err := db.QueryContext(context.Background(), `
		SELECT 'token', grant_id, COALESCE(token_name, ''), 'https://github.com/organizations/acme/settings/personal-access-tokens/' || grant_id, owner_login FROM _tokens
		UNION ALL
		SELECT 'request', request_id, COALESCE(token_name, ''), 'https://github.com/organizations/acme/settings/personal-access-token-requests/' || request_id, owner_login FROM _token_requests
		UNION ALL
		SELECT 'repository', repository_id, full_name, html_url, '' FROM _repositories`)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s finding.Subject
		if err := rows.Scan(&s.Kind, &s.ID, &s.Name, &s.URL, &s.Owner); err != nil {
			tb.Fatal(err)
		}
		p.subjects[s.Kind] = append(p.subjects[s.Kind], s)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
}

// next is the snapshot of the next day, and what is found in it: 30 % of the
// tokens were used, 0.5 % of tokens, repositories and pairs differ, and
// as many have come as have gone.
func (p *passing) next(tb testing.TB) (*store.Snapshot, []finding.Finding) {
	tb.Helper()
	if p.day > 0 {
		p.edit(tb)
		p.reimport(tb)
	}
	p.day++
	path := filepath.Join(filepath.Dir(p.path), storetest.Start().AddDate(0, 0, p.day).Format(store.FileTime)+".db")
	if err := os.Rename(p.path, path); err != nil {
		tb.Fatal(err)
	}
	p.path = path
	s, err := store.Open(context.Background(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return s, p.say()
}

// reimport lets the findings follow: those of tokens that are gone are gone,
// others begin with new tokens, 0.5 % end or begin again, and the exceptions of
// 1 % differ.
func (p *passing) reimport(tb testing.TB) {
	tb.Helper()
	before := map[string]bool{}
	for _, s := range p.subjects["token"] {
		before[s.ID] = true
	}
	p.look(tb)
	var begun []finding.Subject
	for _, s := range p.subjects["token"] {
		if !before[s.ID] {
			begun = append(begun, s)
		}
		delete(before, s.ID)
	}
	isGone := func(f yearFinding) bool { return f.Subject.Kind == "token" && before[f.Subject.ID] }
	p.found, p.ended = slices.DeleteFunc(p.found, isGone), slices.DeleteFunc(p.ended, isGone)
	p.evaluate("token", begun)
	n := len(p.found) / 400
	for range n {
		p.end()
	}
	p.r.Shuffle(len(p.ended), func(i, j int) { p.ended[i], p.ended[j] = p.ended[j], p.ended[i] })
	n = min(n, len(p.ended))
	p.found = append(p.found, p.ended[:n]...)
	p.ended = slices.Delete(p.ended, 0, n)
	for range len(p.found) / 100 {
		f := &p.found[p.r.IntN(len(p.found))]
		if f.IsExcepted() {
			f.Exception = nil
		} else {
			f.Exception = &finding.Exception{}
		}
	}
}

// say puts what was found into the words of the day.
func (p *passing) say() []finding.Finding {
	all := make([]finding.Finding, len(p.found))
	today := storetest.Start().AddDate(0, 0, p.day)
	for i, f := range p.found {
		all[i] = f.Finding
		if !f.at.IsZero() {
			text := fmt.Sprintf("last used %d days ago, on %s; %s", int(today.Sub(f.at).Hours())/24, f.at.Format(time.DateOnly), f.Reason)
			all[i].Reason = text[:min(len(text), 160)]
		}
	}
	return all
}

// write changes the file in one transaction.
func (p *passing) write(tb testing.TB, f func(do func(string, ...any))) {
	tb.Helper()
	db := sqlite.Writable(p.path, url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)", "cache_size(-131072)"}, "_dqs": {"0"}})
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		tb.Fatal(err)
	}
	f(func(statement string, args ...any) {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	})
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
}

func (p *passing) edit(tb testing.TB) {
	tb.Helper()
	at := storetest.Start().AddDate(0, 0, p.day+1)
	p.write(tb, func(do func(string, ...any)) {
		do("UPDATE _snapshot SET started_at = ?, finished_at = ?", timeText(at), timeText(at.Add(time.Hour)))
		do("UPDATE _tokens SET raw = json_set(raw, '$.token_last_used_at', ?) WHERE grant_id IN (SELECT value FROM json_each(?))",
			timeText(at.Add(-time.Duration(p.r.IntN(80000))*time.Second)), p.draw("token", p.scale.Tokens*3/10))
		gone := p.draw("token", 15)
		for _, of := range []string{"_tokens WHERE grant_id", "_reach_members WHERE org = 'acme' AND set_id", "_reach_counts WHERE org = 'acme' AND set_id"} {
			do("DELETE FROM "+of+" IN (SELECT value FROM json_each(?))", gone)
		}
		do("UPDATE _token_permissions SET level = iif(level = 'read', 'write', 'read') WHERE grant_id IN (SELECT value FROM json_each(?))", p.draw("token", 20))
		// New tokens are copies of others.
		do("CREATE TEMP TABLE lot (id INTEGER, other INTEGER)")
		do("INSERT INTO lot (id, other) SELECT value, 2000000 + ? + key FROM json_each(?)", 1000*p.day, p.draw("token", 15))
		do(`INSERT INTO _tokens (org, grant_id, raw)
			SELECT t.org, l.other, json_set(t.raw, '$.id', l.other, '$.token_id', 100000000 + l.other) FROM _tokens AS t JOIN lot AS l ON l.id = t.grant_id`)
		do(`INSERT INTO _token_permissions (org, grant_id, scope, permission, level, tier_rank)
			SELECT t.org, l.other, t.scope, t.permission, t.level, t.tier_rank FROM _token_permissions AS t JOIN lot AS l ON l.id = t.grant_id`)
		do("INSERT INTO _reach_members (org, set_id, repository_id) SELECT m.org, l.other, m.repository_id FROM lot AS l JOIN _reach_members AS m ON m.org = 'acme' AND m.set_id = l.id")
		do("INSERT INTO _reach_counts (org, set_id, repository_count) SELECT m.org, l.other, m.repository_count FROM lot AS l JOIN _reach_counts AS m ON m.org = 'acme' AND m.set_id = l.id")
		do(`UPDATE _repositories SET raw = json_set(raw, '$.security_and_analysis.secret_scanning.status', iif(secret_scanning = 'enabled', 'disabled', 'enabled'))
			WHERE repository_id IN (SELECT value FROM json_each(?))`, p.draw("repository", 25))
		// One of 800 pairs goes, and another one of the same token comes: as many
		// as go and come with tokens.
		do("DELETE FROM lot")
		do("INSERT INTO lot (id, other) SELECT set_id, repository_id FROM _reach_members WHERE set_id > 0 AND ((set_id * 2654435761 + repository_id * 2246822519 + ? * 3266489917) >> 15) % 800 = 0", p.day)
		do("DELETE FROM _reach_members WHERE org = 'acme' AND (set_id, repository_id) IN (SELECT id, other FROM lot)")
		do("INSERT OR IGNORE INTO _reach_members (org, set_id, repository_id) SELECT 'acme', id, 700000 + (other * 7 + ?) % 5000 FROM lot", p.day)
		do(`UPDATE _reach_counts SET repository_count = (SELECT count(*) FROM _reach_members AS m WHERE m.org = 'acme' AND m.set_id = _reach_counts.set_id)
			WHERE set_id IN (SELECT id FROM lot)`)
		do("DROP TABLE lot")
	})
}

// draw is the ids of n subjects by lot, as JSON.
func (p *passing) draw(kind string, n int) string {
	ids := make([]json.Number, n)
	for i := range ids {
		ids[i] = json.Number(pick(p.r, p.subjects[kind]...).ID)
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic(err) // they are numbers
	}
	return string(text)
}

// BenchmarkHistory lets AUDITOR_HISTORY_DAYS days (365 for the figures of the
// specification, which take a quarter of an hour) of the large organization
// pass, and asks the history about them. It stays in AUDITOR_HISTORY_DIR, if
// that is set.
func BenchmarkHistory(b *testing.B) {
	days, err := strconv.Atoi(os.Getenv("AUDITOR_HISTORY_DAYS"))
	if err != nil {
		days = 5
	}
	p, rules := startPassing(b, storetest.Large()), yearRules()
	h, err := Open(b.Context(), cmp.Or(os.Getenv("AUDITOR_HISTORY_DIR"), b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	times := make([]time.Duration, 0, days)
	for day := range days {
		s, found := p.next(b)
		began := time.Now()
		if err := h.Import(b.Context(), s, finding.All(found), rules); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
		s.Close()
		if day%30 == 0 {
			stat, _ := os.Stat(h.Path())
			b.Logf("day %d: %.1f MB, %d findings, merge %v", day+1, float64(stat.Size())/1e6, len(found), times[day])
		}
	}
	for _, line := range testQuery(b, h.db, "SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC LIMIT 12") {
		b.Log(line)
	}
	slices.Sort(times)
	stat, err := os.Stat(h.Path())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("merge", func(b *testing.B) {
		b.ReportMetric(float64(stat.Size())/1e6, "MB")
		b.ReportMetric(times[len(times)-1].Seconds(), "s-longest")
		b.ReportMetric(times[len(times)/2].Seconds(), "s-median")
	})
	r, err := Read(b.Context(), h.Path())
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
		askOften(b, q.name, func(b *testing.B) int { return storetest.Drain(b, r.file, q.query) })
	}
	askOften(b, "Trend", func(b *testing.B) int {
		trend, err := h.Trend(b.Context(), "security-gaps", int64(days))
		if err != nil {
			b.Fatal(err)
		}
		return len(trend)
	})
	askOften(b, "FirstSeen", func(b *testing.B) int {
		seen, err := h.FirstSeen(b.Context(), int64(days), "")
		if err != nil {
			b.Fatal(err)
		}
		return len(seen)
	})
	for name, old := range map[string]int{"Diff of neighbours": days - 1, "Diff of the whole time": 1} {
		askOften(b, name, func(b *testing.B) int {
			changes, err := h.Diff(b.Context(), int64(old), int64(days))
			if err != nil {
				b.Fatal(err)
			}
			return len(changes)
		})
	}
}

// askOften measures a question with so many rows in its answer. Where other
// machines share the processors, the least time says more than the mean.
func askOften(b *testing.B, name string, ask func(*testing.B) int) {
	b.Run(name, func(b *testing.B) {
		rows, least := 0, time.Hour
		for b.Loop() {
			began := time.Now()
			rows = ask(b)
			least = min(least, time.Since(began))
		}
		b.ReportMetric(float64(rows), "rows")
		b.ReportMetric(float64(least.Microseconds())/1000, "ms-least")
	})
}
