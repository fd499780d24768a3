// Package sample has plausible reports, and hostile ones, from which the writers
// are tested without a database. It is for tests only.
//
// Start with [Report]; [Hostile] has a text of an attacker in every place that a
// stranger can write to, and [Diff] and [HostileDiff] are comparisons.
package sample

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"auditor/internal/finding"
	"auditor/internal/report"
)

// FinishedAt is when the snapshot of the samples was finished.
func FinishedAt() time.Time { return time.Date(2026, 11, 21, 2, 14, 9, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

// Report is a plausible report of two organizations with n findings and an
// inventory of rows.
func Report(n, rows int) *report.Report {
	r := &report.Report{
		Version: report.Version, Name: "stale-tokens", Title: "Stale tokens", GeneratedAt: report.At(FinishedAt()), AuditorVersion: "v0.1.0",
		Snapshot: report.Snapshot{
			File: "20261121T020000Z.db", SHA256: strings.Repeat("0123456789abcdef", 4), StartedAt: report.At(FinishedAt().Add(-14 * time.Minute)),
			FinishedAt: report.At(FinishedAt()), IsComplete: true, Orgs: report.Strings{"acme", "beta-labs"},
		},
		Warnings: report.Strings{"exception 2 (stale-tokens/never-expires, owner release-bot) expired on 2026-10-31: its findings count again"},
		Coverage: coverage(),
		Rules:    rules(),
	}
	previous := r.Snapshot
	previous.File, previous.FinishedAt = "20261120T020000Z.db", report.At(FinishedAt().AddDate(0, 0, -1))
	r.PreviousSnapshot = &previous
	for i := range n {
		r.Findings = append(r.Findings, findingAt(r, i))
	}
	for i := range min(n, 3) {
		r.Resolved = append(r.Resolved, report.Resolved{
			Key: finding.NewKey("stale-tokens/unused", "acme", fmt.Sprint("token/", 900+i)), Rule: "stale-tokens/unused", Org: "acme",
			Subject: finding.Subject{Kind: "token", ID: fmt.Sprint(70 + i), Name: "old", Owner: "mona"}, LastSeenAt: previous.FinishedAt,
		})
	}
	r.Inventories = []report.Table{Inventory(rows)}
	r.Arrange()
	before := r.Summary.BySeverity
	before.High += 4
	r.Trend = []report.TrendPoint{{At: previous.FinishedAt, BySeverity: before}, {At: r.GeneratedAt, BySeverity: r.Summary.BySeverity}}
	return r
}

func coverage() []report.Coverage {
	var list []report.Coverage
	for _, org := range []string{"acme", "beta-labs"} {
		for i, resource := range []string{"org", "tokens", "token_repositories", "token_requests", "token_request_repositories", "repositories", "repository_settings", "outside_collaborators"} {
			list = append(list, report.Coverage{Org: org, Resource: resource, Status: "complete", IsRequired: i > 0 && i < 6, RowCount: int64(17 * i * i), RequestCount: int64(i)})
		}
	}
	return append(list, report.Coverage{Org: "beta-labs", Resource: "members", Status: "denied", HTTPStatus: 403,
		Message: "Resource not accessible by integration", Permission: "Organization permissions > Members: Read-only"})
}

func rules() []report.Rule {
	rule := func(id, title string, severity finding.Severity, m int64) report.Rule {
		return report.Rule{
			ID: "stale-tokens/" + id, Title: title, Severity: severity, Outcome: "complete", Population: &m,
			Description: "A token that nobody uses is a key under the mat: it opens the door for whoever finds it, and nobody would notice that it is gone.\n\nTokens are counted from the day on which access was granted.",
			Remediation: "Ask the owner, then revoke: Organization settings > Personal access tokens > Active tokens.",
			See:         report.Strings{"https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization", "https://docs.github.com/en/rest/orgs/personal-access-tokens"},
			Parameters:  report.Parameters{"days": int64(90)},
		}
	}
	list := []report.Rule{
		rule("expired", "Expired, but its grant is still listed", "low", 120), rule("never-expires", "Never expires", "high", 108),
		rule("never-used", "Never used since it was granted", "high", 108), rule("owner-gone", "Its owner has left the organization", "critical", 120),
		rule("unused", "Not used for a long time", "medium", 108),
	}
	list[3].Outcome, list[3].Missing = "incomplete", report.Strings{"beta-labs/members"}
	return list
}

func findingAt(r *report.Report, i int) *finding.Finding {
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
		Reason: fmt.Sprintf("last used %d days ago, on %s", used, FinishedAt().AddDate(0, 0, -used).Format("2006-01-02")),
		Evidence: []finding.Value{
			{Column: "last_used_at", Value: report.At(FinishedAt().AddDate(0, 0, -used)).String()}, {Column: "unused_days", Value: int64(used)},
			{Column: "expires_at", Value: nil}, {Column: "repository_selection", Value: []string{"all", "subset", "none"}[i%3]}, {Column: "is_expired", Value: int64(i % 2)},
		},
		IsNew: ptr(i%5 == 0),
	}
	if i%5 == 0 {
		f.FirstSeenAt = FinishedAt()
	}
	if i%11 == 3 {
		f.Exception = &finding.Exception{Reason: "signing robot, rotated by hand each quarter", ApprovedBy: "secops", Until: "2027-03-31"}
	}
	if i%13 == 7 {
		f.Status, f.Reason, f.IsNew = finding.Unknown, "GitHub did not say when it was last used", nil
	}
	return f
}

func Inventory(rows int) report.Table {
	t := report.Table{Name: "inventory", Title: "Tokens", Description: "Every token.\n\nMore prose."}
	var list [][]any
	for _, name := range []string{"org", "grant_id", "token_name", "owner_login", "owner_role", "repository_selection", "repository_count", "highest_tier", "permissions", "access_granted_at", "expires_at", "is_expired", "last_used_at", "secret_scanning", "html_url"} {
		t.Columns = append(t.Columns, report.Column{Name: name})
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
	t.Rows = InMemory(list)
	return t
}

// InMemory are rows at hand, as a table has them.
func InMemory(list [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range list {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Rows are the rows of the first inventory, for a test to change.
func Rows(r *report.Report) [][]any {
	var list [][]any
	for row := range r.Inventories[0].Rows {
		list = append(list, slices.Clone(row))
	}
	return list
}

// Hostile has the text in every place that a stranger can write to.
func Hostile(text string) *report.Report {
	r := Report(3, 3)
	r.Warnings = append(r.Warnings, text)
	r.Snapshot.Orgs = append(r.Snapshot.Orgs, text)
	r.Coverage[0].Message, r.Coverage[0].Org = report.OptionalString(text), text
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
	d := HostileDiff(text)
	r.Changes = &report.Changes{Since: r.PreviousSnapshot.FinishedAt, List: d.Changes, NotCompared: d.NotCompared}
	rows := Rows(r)
	for i := range rows {
		rows[i][2], rows[i][12], rows[i][13], rows[i][14] = text, text, text, text
	}
	r.Inventories[0].Rows = InMemory(rows)
	r.Arrange()
	return r
}

// HostileDiff has the text in every place of a comparison that a stranger can
// write to.
func HostileDiff(text string) *report.Diff {
	facts, err := json.Marshal(map[string]any{"token_name": text, text: 1, "is_archived": 1})
	if err != nil {
		panic(err) // a map of plain values
	}
	snapshot := Report(0, 0).Snapshot
	d := &report.Diff{Version: report.DiffVersion, Old: snapshot, New: snapshot, NotCompared: []finding.NotCompared{{Org: text, Resource: "members", Why: text}}}
	for _, kind := range []string{"token", "repository"} {
		d.Changes = append(d.Changes, finding.Change{
			Kind: kind, Change: "renamed", Org: text, Before: finding.Facts(facts), After: finding.Facts(facts), Detail: text,
			Subject: finding.Subject{Kind: kind, ID: "1", Name: text, URL: "https://github.com/" + text, Owner: text},
		})
	}
	return d
}

// Diff has a change of every kind.
func Diff() *report.Diff {
	now := Report(0, 0).Snapshot
	old := now
	old.File, old.StartedAt, old.FinishedAt = "20261120T020000Z.db", report.At(FinishedAt().AddDate(0, 0, -1)), report.At(FinishedAt().AddDate(0, 0, -1))
	token := finding.Subject{Kind: "token", ID: "98716", Name: "deploy bot", URL: "https://github.com/organizations/acme/settings/personal-access-tokens/98716", Owner: "mona"}
	repository := finding.Subject{Kind: "repository", ID: "7", Name: "acme/payments-api", URL: "https://github.com/acme/payments-api"}
	return &report.Diff{
		Version: report.DiffVersion, Old: old, New: now,
		Changes: []finding.Change{
			{Kind: "token", Change: "new", Org: "acme", Subject: token, After: `{"token_id":1,"is_expired":0,"expires_at":null}`, Detail: "Access was granted to the token"},
			{Kind: "token", Change: "widened", Org: "acme", Subject: token, Before: `{"permissions":{"repository/contents":"read"}}`, After: `{"permissions":{"repository/contents":"write"}}`, Detail: "repository/contents was read, is write"},
			{Kind: "request", Change: "gone", Org: "acme", Subject: finding.Subject{Kind: "request", ID: "5"}, Before: `{"request_id":5}`, Detail: "The request was approved, denied or withdrawn"},
			{Kind: "repository", Change: "archived", Org: "acme", Subject: repository, Before: `{"is_archived":0}`, After: `{"is_archived":1}`, Detail: "is_archived was no, is yes"},
			{Kind: "setting", Change: "disabled", Org: "acme", Subject: repository, Before: `{"secret_scanning":"enabled"}`, After: `{"secret_scanning":"disabled"}`, Detail: "secret_scanning was enabled, is disabled"},
			{Kind: "protection", Change: "weakened", Org: "acme", Subject: repository, Before: `{"required_approval_count":2}`, After: `{"required_approval_count":1}`, Detail: "required_approval_count was 2, is 1"},
			{Kind: "member", Change: "gone", Org: "acme", Subject: finding.Subject{Kind: "member", ID: "1", Name: "mona"}, Before: `{"login":"mona"}`, Detail: "The person was member and is not any more"},
		},
		NotCompared: []finding.NotCompared{{Org: "beta-labs", Resource: "members", Why: "it is denied in the later snapshot"}},
	}
}

// Changed is a report of which the changes since the previous snapshot are known;
// nil: they are not.
func Changed(changes *report.Changes) *report.Report {
	r := Report(5, 5)
	r.Changes = changes
	return r
}
