package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	"auditor/internal/history"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/report/xlsx"
	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// A small set of rules over tokens, and one of another report.
var testRules = fstest.MapFS{
	"old/unused.sql": {Data: []byte(`-- Nobody uses it
--
-- A key under the mat.
--
-- severity: medium
-- param: days integer 90 -- days without use
-- population: tokens WHERE is_expired = 0
-- formerly: old/idle
-- see: https://docs.github.com/x

SELECT
  iif(t.last_used_at IS NULL, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  coalesce('last used on ' || t.last_used_at, 'nobody knows') AS reason,
  t.last_used_at AS last_used_at,
  t.is_expired AS is_expired
FROM tokens AS t
WHERE t.last_used_at IS NULL
  OR unixepoch(t.last_used_at) < unixepoch(:now) - :days * 86400
`)},
	"old/outside.sql": {Data: []byte(`-- Its owner is an outsider
--
-- severity: critical

SELECT
  'fail' AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'its owner is an outsider' AS reason
FROM tokens AS t
WHERE t.owner_role = 'outside'
`)},
	"old/inventory.sql":     {Data: []byte("-- All tokens\n\nSELECT\n  t.org AS org,\n  t.token_name AS token_name,\n  t.last_used_at AS last_used_at\nFROM tokens AS t\nORDER BY\n  t.grant_id\n")},
	"old/inventory-who.sql": {Data: []byte("-- Who\n\nSELECT\n  f.owner_login AS owner_login,\n  count(*) AS finding_count\nFROM findings AS f\nWHERE f.report = 'old'\nGROUP BY\n  f.owner_login\nORDER BY\n  f.owner_login\n")},
	"other/any.sql":         {Data: []byte("-- Any\n--\n-- severity: low\n\nSELECT\n  'fail' AS status,\n  'token/' || t.grant_id AS subject,\n  t.org AS org,\n  'is there' AS reason\nFROM tokens AS t\n")},
}

func testSet(t *testing.T) *rules.Set {
	t.Helper()
	set, problems := rules.Load(rules.Source{FS: testRules})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

// token is a token of a test's organization; used "" is never.
type token struct {
	id    int
	owner string
	used  string
}

func (k token) item() json.RawMessage {
	var used any
	if k.used != "" {
		used = k.used
	}
	raw, err := json.Marshal(map[string]any{
		"id": k.id, "token_id": 9000 + k.id, "token_name": fmt.Sprintf("token %d", k.id), "owner": map[string]any{"login": k.owner, "id": map[string]int{"mona": 1, "guest": 2}[k.owner]},
		"repository_selection": "none", "permissions": map[string]any{}, "access_granted_at": "2026-01-01T00:00:00Z",
		"token_expired": false, "token_expires_at": nil, "token_last_used_at": used,
	})
	if err != nil {
		panic(err) // maps of plain values
	}
	return raw
}

// snapshot publishes a snapshot of the organizations, taken on a day of
// November 2026. Status is the coverage of members, and filters those of the
// run.
func snapshot(t *testing.T, day int, filters, status string, orgs map[string][]token) *store.Snapshot {
	t.Helper()
	ctx, start := t.Context(), time.Date(2026, 11, day, 2, 0, 0, 0, time.UTC)
	w, err := store.Create(ctx, t.TempDir(), store.Run{StartedAt: start, AuditorVersion: "test", APIURL: "https://api.github.com", WebURL: "https://github.com", Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	cover := func(c store.Coverage) error {
		_, err := w.Cover(ctx, c)
		return err
	}
	for org, tokens := range orgs {
		if err := w.AddOrg(ctx, store.Org{Login: org, RepositorySelection: "all"}); err != nil {
			t.Fatal(err)
		}
		var items []json.RawMessage
		for _, k := range tokens {
			items = append(items, k.item())
		}
		if err := errors.Join(
			w.Add(ctx, store.Walk{Org: org, Resource: "tokens"}, items, "", store.Cost{Requests: 1}),
			w.Add(ctx, store.Walk{Org: org, Resource: "members", Parent: "member"}, []json.RawMessage{json.RawMessage(`{"login":"mona","id":1}`)}, "", store.Cost{Requests: 1}),
			w.Add(ctx, store.Walk{Org: org, Resource: "outside_collaborators"}, []json.RawMessage{json.RawMessage(`{"login":"guest","id":2}`)}, "", store.Cost{Requests: 1}),
			cover(store.Coverage{Org: org, Resource: "tokens", Status: "complete", IsRequired: true}),
			cover(store.Coverage{Org: org, Resource: "outside_collaborators", Status: "complete"}),
			cover(store.Coverage{Org: org, Resource: "members", Status: store.CoverageStatus(status), Permission: "Members: Read-only"}),
		); err != nil {
			t.Fatal(err)
		}
	}
	return storetest.PublishAt(t, w, start.Add(10*time.Minute))
}

// options are what a test's report is built with.
type options struct {
	rules.Options
	history *history.History
}

// build makes the report "old" the way a run does.
func build(t *testing.T, now, previous *store.Snapshot, o options) *Report {
	t.Helper()
	r, err := tryBuild(t.Context(), t, "old", now, previous, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(compileSchema(t), jsonOf(t, r)); err != nil {
		t.Error(err)
	}
	for _, write := range []func(io.Writer, *Report) error{WriteJSON, WriteMarkdown, xlsx.Write} {
		if err := write(io.Discard, r); err != nil {
			t.Error(err)
		}
	}
	return r
}

func tryBuild(ctx context.Context, t *testing.T, name string, now, previous *store.Snapshot, o options) (*Report, error) {
	t.Helper()
	set := testSet(t)
	e, err := rules.Evaluate(ctx, now, set, o.Options)
	if err != nil {
		return nil, err
	}
	past, err := ReadPast(ctx, e, set, o.Options, o.history, previous)
	if err != nil {
		return nil, err
	}
	sheets, err := Sheets(ctx, name, set, now, e)
	if err != nil {
		return nil, err
	}
	return Build(name, e, past, sheets)
}

// brief is a report's findings in a line each.
func brief(r *Report) []string {
	var out []string
	for _, f := range r.Findings {
		isNew := "?"
		if f.IsNew != nil {
			isNew = finding.YesOrNo(*f.IsNew)
		}
		out = append(out, strings.Join([]string{string(f.Severity), string(f.Status), string(f.Key), "new " + isNew}, " "))
	}
	for _, x := range r.Resolved {
		out = append(out, "resolved "+string(x.Key))
	}
	return out
}

const longAgo, lately = "2026-03-01T00:00:00Z", "2026-11-10T00:00:00Z"

func TestBuild(t *testing.T) {
	t.Parallel()
	if problems := testSet(t).Check(t.Context()); len(problems) > 0 {
		t.Fatal(problems)
	}
	now := snapshot(t, 21, "", "complete", map[string][]token{"acme": {{1, "guest", longAgo}, {2, "mona", ""}, {3, "mona", lately}}})
	r := build(t, now, nil, options{Options: rules.Options{AuditorVersion: "v1"}})
	if diff := cmp.Diff([]string{
		"critical fail old/outside:acme:token/9001 new ?", "medium fail old/unused:acme:token/9001 new ?", "medium unknown old/unused:acme:token/9002 new ?",
	}, brief(r)); diff != "" {
		t.Error(diff)
	}
	want := Summary{Findings: 2, Unknown: 1, BySeverity: finding.Counts{Critical: 1, Medium: 1}, ByOrg: OrgCounts{"acme": 2}}
	if diff := cmp.Diff(want, r.Summary); diff != "" {
		t.Error(diff)
	}
	f := r.Findings[1]
	if diff := cmp.Diff([]finding.Value{{Column: "last_used_at", Value: longAgo}, {Column: "is_expired", Value: false}}, f.Evidence); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(finding.Subject{Kind: "token", ID: "1", Name: "token 1", URL: "https://github.com/organizations/acme/settings/personal-access-tokens/1", Owner: "guest"}, f.Subject); diff != "" {
		t.Error(diff)
	}
	rule := r.Rules[1]
	if rule.ID != "old/unused" || rule.Outcome != "complete" || *rule.Population != 3 || rule.Failed != 1 || rule.Unknown != 1 || rule.Description != "A key under the mat." || rule.Parameters["days"] != int64(90) {
		t.Errorf("rule is %+v", rule)
	}
	if r.GeneratedAt.String() != "2026-11-21T02:10:00Z" || r.Title != "Old" || !r.Snapshot.IsComplete || len(r.Snapshot.SHA256) != 64 || r.AuditorVersion != "v1" {
		t.Errorf("report is %+v", r)
	}
	if r.Worst() != "critical" || r.CountAtLeast("high") != 1 || r.CountAtLeast("low") != 2 || r.CountAtLeast("none") != 0 {
		t.Errorf("worst %s, %d, %d", r.Worst(), r.CountAtLeast("high"), r.CountAtLeast("low"))
	}
	rows, columns := sample.Rows(r), r.Inventories[0].Columns
	if len(r.Inventories) != 2 || len(rows) != 3 || rows[0][1] != "token 1" || rows[2][1] != "token 3" || columns[2].Kind != finding.Time || columns[2].Comment == "" {
		t.Errorf("inventory is %+v, %v", r.Inventories, rows)
	}
	// A sheet over what the rules find: one failing and one unknown subject of guest
	// and mona, and the outsider.
	var who []string
	for row, err := range r.Inventories[1].Rows {
		who = append(who, fmt.Sprint(row[0], " ", row[1], " ", err))
	}
	if diff := cmp.Diff([]string{"guest 2 <nil>", "mona 1 <nil>"}, who); diff != "" {
		t.Error(diff)
	}
}

func TestBuildIsTheSameForTheSameSnapshot(t *testing.T) {
	t.Parallel()
	now := snapshot(t, 21, "", "complete", map[string][]token{"acme": {{1, "guest", longAgo}, {2, "mona", ""}}, "beta": {{3, "guest", longAgo}}})
	a, b := build(t, now, nil, options{}), build(t, now, nil, options{})
	if diff := cmp.Diff(string(jsonOf(t, a)), string(jsonOf(t, b))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(markdownOf(t, a), markdownOf(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestBuildComparesWithThePreviousSnapshot(t *testing.T) {
	t.Parallel()
	before := snapshot(t, 20, "", "complete", map[string][]token{
		"acme": {{1, "mona", longAgo}, {2, "mona", longAgo}, {3, "mona", ""}, {4, "mona", longAgo}, {5, "mona", longAgo}},
		"gone": {{9, "mona", longAgo}},
	})
	now := snapshot(t, 21, "", "complete", map[string][]token{
		// 2 was used, 3 was unknown, 4 is unknown, 5 is revoked, 6 is new
		"acme": {{1, "mona", longAgo}, {2, "mona", lately}, {3, "mona", longAgo}, {4, "mona", ""}, {6, "mona", longAgo}},
		"late": {{8, "mona", longAgo}},
	})
	r := build(t, now, before, options{})
	if diff := cmp.Diff([]string{
		"medium fail old/unused:acme:token/9001 new no", "medium fail old/unused:acme:token/9003 new ?", "medium unknown old/unused:acme:token/9004 new ?",
		"medium fail old/unused:acme:token/9006 new yes", "medium fail old/unused:late:token/9008 new ?",
		"resolved old/unused:acme:token/9002", "resolved old/unused:acme:token/9005",
	}, brief(r)); diff != "" {
		t.Error(diff)
	}
	if r.Summary.New != 1 || r.Summary.Resolved != 2 || r.PreviousSnapshot.File != "20261120T020000Z.db" {
		t.Errorf("summary %+v, previous %+v", r.Summary, r.PreviousSnapshot)
	}
	if got := At(r.Findings[3].FirstSeenAt).String(); got != "2026-11-21T02:10:00Z" || !r.Findings[0].FirstSeenAt.IsZero() || r.Resolved[0].LastSeenAt.String() != "2026-11-20T02:10:00Z" {
		t.Errorf("first seen %s, last seen %s", got, r.Resolved[0].LastSeenAt)
	}
	var points []string
	for _, p := range r.Trend {
		points = append(points, fmt.Sprint(p.At, " ", p.BySeverity.Medium))
	}
	if diff := cmp.Diff([]string{"2026-11-20T02:10:00Z 5", "2026-11-21T02:10:00Z 4"}, points); diff != "" {
		t.Error(diff)
	}
}

// A lost permission must be neither good news nor bad: what one of the
// snapshots could not see is neither resolved nor new.
func TestBuildDoesNotCompareWhatItCouldNotSee(t *testing.T) {
	t.Parallel()
	some := map[string][]token{"acme": {{1, "guest", lately}}}
	none := map[string][]token{"acme": {{1, "mona", lately}}}
	r := build(t, snapshot(t, 21, "", "denied", none), snapshot(t, 20, "", "complete", some), options{})
	if diff := cmp.Diff([]string(nil), brief(r)); diff != "" {
		t.Errorf("the lost permission resolved something: %s", diff)
	}
	rule := r.Rules[0]
	if rule.Outcome != "incomplete" || cmp.Diff(Strings{"acme/members"}, rule.Missing) != "" {
		t.Errorf("rule is %+v", rule)
	}
	r = build(t, snapshot(t, 21, "", "complete", some), snapshot(t, 20, "", "denied", none), options{})
	if diff := cmp.Diff([]string{"critical fail old/outside:acme:token/9001 new ?"}, brief(r)); diff != "" {
		t.Error(diff)
	}
}

func TestBuildDoesNotCompareTargetedRuns(t *testing.T) {
	t.Parallel()
	orgs := map[string][]token{"acme": {{1, "mona", longAgo}}}
	r := build(t, snapshot(t, 21, "", "complete", orgs), snapshot(t, 20, `{"owner":["x"]}`, "complete", nil), options{})
	if r.PreviousSnapshot != nil || r.Findings[0].IsNew != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "targeted") {
		t.Errorf("previous %v, warnings %q", r.PreviousSnapshot, r.Warnings)
	}
}

func TestBuildMarksExceptions(t *testing.T) {
	t.Parallel()
	now := snapshot(t, 21, "", "complete", map[string][]token{"acme": {{1, "guest", longAgo}, {2, "mona", longAgo}}})
	r := build(t, now, nil, options{Options: rules.Options{Exceptions: []finding.Exception{
		{Rule: "old/idle", Owner: "Guest", Reason: "robot", Until: "2027-03-31"},
		{Rule: "old/*", TokenID: "9002", Reason: "over", Until: "2026-11-20"},
		{Rule: "old/unused", Owner: "nobody", Reason: "useless"},
		{Rule: "other/*", Owner: "nobody", Reason: "not ours"},
		{Owner: "nobody", Reason: "for all reports"},
	}}})
	if got := r.Findings[1].Exception; got == nil || got.Reason != "robot" || r.Findings[0].Exception != nil || r.Findings[2].Exception != nil {
		t.Errorf("exceptions are %+v, %+v, %+v", r.Findings[0].Exception, got, r.Findings[2].Exception)
	}
	if r.Summary.Findings != 2 || r.Summary.Excepted != 1 || r.Rules[1].Excepted != 1 || r.Rules[1].Failed != 1 {
		t.Errorf("summary %+v", r.Summary)
	}
	want := Strings{
		"exception 2 (rule old/*, token_id 9002) expired on 2026-11-20: 1 finding is counted again",
		"exception 3 (rule old/unused, owner nobody) covers nothing: it can go",
	}
	if diff := cmp.Diff(want, r.Warnings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string(want), r.Rules[1].Warnings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"exception 5 (owner nobody) covers nothing in this report; it is also for rules that do not belong to it or are switched off"}, r.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestBuildFails(t *testing.T) {
	t.Parallel()
	now := snapshot(t, 21, "", "complete", map[string][]token{"acme": {{1, "guest", longAgo}}})
	if _, err := tryBuild(t.Context(), t, "none", now, nil, options{}); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("a report without rules: %v", err)
	}
	if _, err := tryBuild(t.Context(), t, "old", now, nil, options{Options: rules.Options{Exceptions: []finding.Exception{{Org: "acme", Until: "soon"}}}}); err == nil {
		t.Error("a date that is none was accepted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tryBuild(ctx, t, "old", now, nil, options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
