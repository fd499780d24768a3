package report

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/finding"
)

// The writers are tested from values: this file makes realistic ones.

var sampleTime = time.Date(2026, 11, 21, 2, 14, 9, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// sampleReport is a plausible report of two organizations with n findings and
// an inventory of rows.
func sampleReport(n, rows int) *Report {
	r := &Report{
		Version: Version, Name: "stale-tokens", Title: "Stale tokens", GeneratedAt: At(sampleTime), AuditorVersion: "v0.1.0",
		Snapshot: Snapshot{
			File: "20261121T020000Z.db", SHA256: strings.Repeat("0123456789abcdef", 4), StartedAt: At(sampleTime.Add(-14 * time.Minute)),
			FinishedAt: At(sampleTime), IsComplete: true, Orgs: Strings{"acme", "beta-labs"},
		},
		Warnings: Strings{"exception 2 (stale-tokens/never-expires, owner release-bot) expired on 2026-10-31: its findings count again"},
		Coverage: sampleCoverage(),
		Rules:    sampleRules(),
	}
	previous := r.Snapshot
	previous.File, previous.FinishedAt = "20261120T020000Z.db", At(sampleTime.AddDate(0, 0, -1))
	r.PreviousSnapshot = &previous
	for i := range n {
		r.Findings = append(r.Findings, sampleFinding(r, i))
	}
	for i := range min(n, 3) {
		r.Resolved = append(r.Resolved, Resolved{
			Key: finding.NewKey("stale-tokens/unused", "acme", fmt.Sprint("token/", 900+i)), Rule: "stale-tokens/unused", Org: "acme",
			Subject: finding.Subject{Kind: "token", ID: fmt.Sprint(70 + i), Name: "old", Owner: "mona"}, LastSeenAt: previous.FinishedAt,
		})
	}
	r.Inventories = []Table{sampleInventory(rows)}
	r.arrange()
	before := r.Summary.BySeverity
	before.High += 4
	r.Trend = []TrendPoint{{At: previous.FinishedAt, BySeverity: before}, {At: r.GeneratedAt, BySeverity: r.Summary.BySeverity}}
	return r
}

func sampleCoverage() []Coverage {
	var list []Coverage
	for _, org := range []string{"acme", "beta-labs"} {
		for i, resource := range []string{"org", "tokens", "token_repositories", "token_requests", "token_request_repositories", "repositories", "repository_settings", "outside_collaborators"} {
			list = append(list, Coverage{Org: org, Resource: resource, Status: "complete", IsRequired: i > 0 && i < 6, RowCount: int64(17 * i * i), RequestCount: int64(i)})
		}
	}
	return append(list, Coverage{Org: "beta-labs", Resource: "members", Status: "denied", HTTPStatus: 403,
		Message: "Resource not accessible by integration", Permission: "Organization permissions > Members: Read-only"})
}

func sampleRules() []Rule {
	rule := func(id, title string, severity finding.Severity, m int64) Rule {
		return Rule{
			ID: "stale-tokens/" + id, Title: title, Severity: severity, Outcome: "complete", Population: &m,
			Description: "A token that nobody uses is a key under the mat: it opens the door for whoever finds it, and nobody would notice that it is gone.\n\nTokens are counted from the day on which access was granted.",
			Remediation: "Ask the owner, then revoke: Organization settings > Personal access tokens > Active tokens.",
			See:         Strings{"https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization", "https://docs.github.com/en/rest/orgs/personal-access-tokens"},
			Parameters:  Parameters{"days": int64(90)},
		}
	}
	list := []Rule{
		rule("expired", "Expired, but its grant is still listed", "low", 120), rule("never-expires", "Never expires", "high", 108),
		rule("never-used", "Never used since it was granted", "high", 108), rule("owner-gone", "Its owner has left the organization", "critical", 120),
		rule("unused", "Not used for a long time", "medium", 108),
	}
	list[3].Outcome, list[3].Missing = "incomplete", Strings{"beta-labs/members"}
	return list
}

func sampleFinding(r *Report, i int) *finding.Finding {
	rule := r.Rules[[]int{4, 1, 2, 4, 0, 1, 4, 3}[i%8]]
	org := []string{"acme", "acme", "acme", "beta-labs"}[i%4]
	id, used := fmt.Sprint(98000+i), 91+i%500
	f := &finding.Finding{
		Key: finding.NewKey(rule.ID, org, fmt.Sprint("token/", 40000+i)), Rule: rule.ID, Severity: rule.Severity, Status: finding.Fail, Org: org,
		Subject: finding.Subject{
			Kind: "token", ID: id, Name: []string{"ci deploy", "release signing", "laptop", "renovate", "export-to-warehouse"}[i%5],
			URL:   "https://github.com/organizations/" + org + "/settings/personal-access-tokens/" + id,
			Owner: []string{"mona", "hubot", "release-bot", "octocat", "j-doe", "ana", "kim", "lee", "max", "ola", "pat", "quinn"}[(i*7)%12],
		},
		Reason: fmt.Sprintf("last used %d days ago, on %s", used, sampleTime.AddDate(0, 0, -used).Format("2006-01-02")),
		Evidence: []finding.Value{
			{Column: "last_used_at", Value: Time{sampleTime.AddDate(0, 0, -used)}.String()}, {Column: "unused_days", Value: int64(used)},
			{Column: "expires_at", Value: nil}, {Column: "repository_selection", Value: []string{"all", "subset", "none"}[i%3]}, {Column: "is_expired", Value: int64(i % 2)},
		},
		IsNew: ptr(i%5 == 0),
	}
	if i%5 == 0 {
		f.FirstSeenAt = sampleTime
	}
	if i%11 == 3 {
		f.Exception = &finding.Exception{Reason: "signing robot, rotated by hand each quarter", ApprovedBy: "secops", Until: "2027-03-31"}
	}
	if i%13 == 7 {
		f.Status, f.Reason, f.IsNew = finding.Unknown, "GitHub did not say when it was last used", nil
	}
	return f
}

func sampleInventory(rows int) Table {
	t := Table{Name: "inventory", Title: "Tokens", Description: "Every token.\n\nMore prose."}
	var list [][]any
	for _, name := range []string{"org", "grant_id", "token_name", "owner_login", "owner_role", "repository_selection", "repository_count", "highest_tier", "permissions", "access_granted_at", "expires_at", "is_expired", "last_used_at", "secret_scanning", "html_url"} {
		t.Columns = append(t.Columns, Column{Name: name})
	}
	t.Columns[6].Comment = "reach; for all an upper bound"
	for i := range rows {
		list = append(list, []any{
			"acme", int64(98000 + i), []string{"ci deploy", "release signing", "laptop"}[i%3], []any{"mona", "hubot", nil}[i%3], []any{"member", "owner", "outside", nil}[i%4],
			"subset", int64(i % 3000), []string{"critical", "high", "medium", "low", "unclassified"}[i%5], "contents: write, metadata: read, workflows: write, actions: read",
			"2025-03-02T09:00:00Z", nil, int64(i % 2), "2026-11-01T10:00:00Z", []any{"enabled", "disabled", "paused", nil}[i%4],
			fmt.Sprintf("https://github.com/organizations/acme/settings/personal-access-tokens/%d", 98000+i),
		})
	}
	t.Rows = inMemory(list)
	return t
}

// inMemory are rows at hand, as a table has them.
func inMemory(list [][]any) iter.Seq2[[]any, error] {
	return each(len(list), func(i int) []any { return list[i] })
}

// inventoryRows are the rows of the first inventory, to be changed by a test.
func inventoryRows(r *Report) [][]any {
	var list [][]any
	for row := range r.Inventories[0].Rows {
		list = append(list, slices.Clone(row))
	}
	return list
}

// hostileTexts is what an attacker could put into any name.
func hostileTexts() []string {
	return []string{
		"=HYPERLINK(\"https://evil.example\",\"x\")", "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r\n=1+1", "  =1+1", "x;=1+1", "x\n=cmd|'/c calc'!A0",
		"＝1+1", "'=1+1", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "**bold** _it_ `code` ~~s~~ # h", "](https://evil.example) [x", "![x](https://evil.example/x.png)",
		"@octocat @acme/admins", "see #1 and acme/x#2", "a|b\\|c\\", "line\nbreak\r\nand\rmore", "nul\x00bell\x07", "\x1b[31mred\x1b]0;title\x07", "\u009b31m", "abc\u202egnp.exe", "\u2066iso\u2069",
		"zero\u200bwidth\ufeff", "tag\U000e0041\U000e007f", "bad\xff\xfeutf8", "\xed\xa0\x80lone", "\ufffe\uffff", "_x0022_),1+1,(\"", "_x000D_", "&amp; &#64;octocat", "https://evil.example www.evil.example a@evil.example",
		"$x^2$ :tada:", strings.Repeat("A", 40000), strings.Repeat("=", 33000), "", " ", "{{ .Secret }} ${{ secrets.X }}", "\"quoted\",\"fields\"", "::set-output name=x::y", "</table>", "\u2028ls\u2029",
		"ad\u200dmin\ufe0f", "filler\u3164\U000e0101", "a" + strings.Repeat("\u0301\u20dd", 20), "👩\u200d💻 1\ufe0f\u20e3", "my_xtest_name _x0041_x202E_",
	}
}

// hostileReport has the text in every place that a stranger can write to.
func hostileReport(text string) *Report {
	r := sampleReport(3, 3)
	r.Warnings = append(r.Warnings, text)
	r.Snapshot.Orgs = append(r.Snapshot.Orgs, text)
	r.Coverage[0].Message, r.Coverage[0].Org = OptionalString(text), text
	r.Coverage[0].Status, r.Coverage[0].IsRequired = "failed", true
	for i := range r.Findings {
		f := r.Findings[i]
		f.Org, f.Reason = text, text
		f.Subject = finding.Subject{Kind: "token", ID: "1", Name: text, URL: "https://github.com/" + text, Owner: text}
		f.Evidence = []finding.Value{{Column: "token_name", Value: text}, {Column: "seen_at", Value: text}, {Column: "html_url", Value: text}, {Column: "is_x", Value: text}, {Column: "x_count", Value: text}}
		f.Exception = nil
	}
	r.Findings[0].Exception = &finding.Exception{Reason: text, ApprovedBy: text}
	r.Findings[1].Status = finding.Unknown
	r.Resolved[0].Subject.Name = text
	d := hostileDiff(text)
	r.Changes = &Changes{Since: r.PreviousSnapshot.FinishedAt, List: d.Changes, NotCompared: d.NotCompared}
	rows := inventoryRows(r)
	for i := range rows {
		rows[i][2], rows[i][12], rows[i][13], rows[i][14] = text, text, text, text
	}
	r.Inventories[0].Rows = inMemory(rows)
	r.arrange()
	return r
}

// hostileDiff has the text in every place of a comparison that a stranger can
// write to.
func hostileDiff(text string) *Diff {
	facts, err := json.Marshal(map[string]any{"token_name": text, text: 1, "is_archived": 1})
	if err != nil {
		panic(err) // a map of plain values
	}
	snapshot := sampleReport(0, 0).Snapshot
	d := &Diff{Version: DiffVersion, Old: snapshot, New: snapshot, NotCompared: []finding.NotCompared{{Org: text, Resource: "members", Why: text}}}
	for _, kind := range []string{"token", "repository"} {
		d.Changes = append(d.Changes, finding.Change{
			Kind: kind, Change: "renamed", Org: text, Before: finding.Facts(facts), After: finding.Facts(facts), Detail: text,
			Subject: finding.Subject{Kind: kind, ID: "1", Name: text, URL: "https://github.com/" + text, Owner: text},
		})
	}
	return d
}

// seedHostile gives a fuzz test the hostile texts, cut short: the long ones
// have tests of their own.
func seedHostile(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s[:min(len(s), 200)])
	}
}
