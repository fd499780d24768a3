package rules_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
	"auditor/queries"
)

var finished = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// twoOrgs is a snapshot of acme with tokens 7 and 12 and of beta with token 7;
// members were refused in beta.
func twoOrgs(t *testing.T) *store.Snapshot {
	t.Helper()
	w, err := store.Create(t.Context(), t.TempDir(), store.Run{
		StartedAt: finished.Add(-time.Minute), AuditorVersion: "test",
		APIURL: "https://api.github.com", WebURL: "https://github.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	token := func(id int) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"id":%d,"owner":{"login":"alice","id":1},"repository_selection":"none",
			"permissions":{},"access_granted_at":null,"token_id":%d,"token_name":"t%d","token_expired":false,
			"token_expires_at":null,"token_last_used_at":null}`, id, 900+id, id))
	}
	orgs := []struct {
		login   string
		tokens  []json.RawMessage
		members string
	}{{"acme", []json.RawMessage{token(12), token(7)}, "complete"}, {"beta", []json.RawMessage{token(7)}, "denied"}}
	cover := func(c store.Coverage) error {
		_, err := w.Cover(t.Context(), c)
		return err
	}
	for _, org := range orgs {
		steps := []error{
			w.AddOrg(t.Context(), store.Org{Login: org.login}),
			w.Add(t.Context(), store.Walk{Org: org.login, Resource: "tokens"}, org.tokens, "", store.Cost{Requests: 1}),
			cover(store.Coverage{Org: org.login, Resource: "tokens", Status: "complete", IsRequired: true}),
			cover(store.Coverage{Org: org.login, Resource: "members", Status: store.CoverageStatus(org.members)}),
		}
		if err := errors.Join(steps...); err != nil {
			t.Fatal(err)
		}
	}
	return storetest.PublishAt(t, w, finished)
}

// query is a rule around one SELECT.
func query(t *testing.T, sql string, keys ...string) rules.Rule {
	t.Helper()
	header := "-- Title\n-- severity: low\n"
	for _, key := range keys {
		header += "-- " + key + "\n"
	}
	set, problems := rules.Load(files("a/b.sql", header+sql))
	if len(problems) > 0 {
		t.Fatal(texts(problems))
	}
	rule, _ := set.Find("a/b")
	return rule
}

func TestRun(t *testing.T) {
	rule := query(t, `
		SELECT
		  CASE t.org WHEN 'acme' THEN 'fail' ELSE 'unknown' END AS status,
		  'token/' || t.grant_id AS subject,
		  t.org AS org,
		  'because of ' || t.token_name || ' at ' || :now AS reason,
		  CASE t.grant_id WHEN 12 THEN 'critical' END AS severity,
		  t.is_expired AS is_expired,
		  t.last_used_at AS last_used_at,
		  :days + 0.0 AS unused_days,
		  :strict AS has_rigour,
		  t.owner_role AS owner_role,
		  0.5 AS share
		FROM tokens AS t`,
		"param: days integer 9 -- days", "param: strict boolean true -- strict", "population: tokens WHERE :days > 0")
	got, err := rules.Run(t.Context(), twoOrgs(t), time.Minute, rule)
	if err != nil {
		t.Fatal(err)
	}
	three := int64(3)
	found := func(org, id string, status finding.Status, severity finding.Severity) finding.Finding {
		return finding.Finding{
			Key: finding.NewKey("a/b", org, "token/9"+fmt.Sprintf("%02s", id)), Rule: "a/b",
			Org: org, Status: status, Severity: severity, Reason: "because of t" + id + " at 2026-11-21T02:00:00Z",
			Subject: finding.Subject{Kind: "token", ID: id, Name: "t" + id, Owner: "alice",
				URL: "https://github.com/organizations/" + org + "/settings/personal-access-tokens/" + id},
			Evidence: []finding.Value{{Column: "is_expired", Value: false}, {Column: "last_used_at", Value: nil}, {Column: "unused_days", Value: int64(9)},
				{Column: "has_rigour", Value: true}, {Column: "owner_role", Value: nil}, {Column: "share", Value: 0.5}},
		}
	}
	want := rules.Result{
		Rule: rule, Parameters: map[string]any{"days": int64(9), "strict": true}, Outcome: "incomplete", Population: &three,
		Missing: []rules.Missing{
			{Org: "acme", Resource: "outside_collaborators", Status: "skipped"},
			{Org: "beta", Resource: "members", Status: "denied"},
			{Org: "beta", Resource: "outside_collaborators", Status: "skipped"},
		},
		Findings: []finding.Finding{
			found("acme", "7", "fail", "low"), found("acme", "12", "fail", "critical"), found("beta", "7", "unknown", "low"),
		},
	}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Rule" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
}

// A rule that reads only what is complete is complete, whatever else is missing.
func TestRunIsCompleteWhereItReads(t *testing.T) {
	rule := query(t, "SELECT 'fail' AS status, 'token/' || t.grant_id AS subject, t.org AS org, 'x' AS reason FROM tokens AS t WHERE t.last_used_at IS NULL")
	got, err := rules.Run(t.Context(), twoOrgs(t), 0, rule)
	if err != nil || got.Outcome != "complete" || len(got.Missing) > 0 || got.Population != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRunNamesTheRuleInEveryError(t *testing.T) {
	row := func(status, subject, org, reason string) string {
		return fmt.Sprintf("SELECT %s AS status, %s AS subject, %s AS org, %s AS reason", status, subject, org, reason)
	}
	snapshot := twoOrgs(t)
	for name, c := range map[string]struct{ sql, want string }{
		"twice":        {row("'fail'", "'token/7'", "'acme'", "'a'") + " UNION ALL " + row("'unknown'", "'token/7'", "'acme'", "'b'"), "rule a/b: it reports token/7 of acme twice: a rule has one row a subject"},
		"status":       {row("'pass'", "'token/7'", "'acme'", "'a'"), `rule a/b: status "pass" of "token/7" is neither fail nor unknown`},
		"status NULL":  {row("NULL", "'token/7'", "'acme'", "'a'"), `rule a/b: status <nil> of "token/7" is neither fail nor unknown`},
		"kind":         {row("'fail'", "'tokens/7'", "'acme'", "'a'"), `rule a/b: subject "tokens/7" is none of token/ID, request/ID, repository/ID, org/LOGIN`},
		"subject NULL": {row("'fail'", "NULL", "'acme'", "'a'"), `rule a/b: subject <nil> is none of token/ID, request/ID, repository/ID, org/LOGIN`},
		"org":          {row("'fail'", "'token/7'", "NULL", "'a'"), "rule a/b: org of token/7 is empty"},
		"reason":       {row("'fail'", "'token/7'", "'acme'", "NULL"), "rule a/b: reason of token/7 is empty"},
		"absent":       {row("'fail'", "'token/8'", "'acme'", "'a'"), "rule a/b: it reports token/8 of acme, which the snapshot does not have"},
		"other org":    {row("'fail'", "'token/12'", "'beta'", "'a'"), "rule a/b: it reports token/12 of beta, which the snapshot does not have"},
		"severity":     {row("'fail'", "'token/7'", "'acme'", "'a'") + ", 'bad' AS severity", `rule a/b: severity "bad" of token/7 is not one of critical, high, medium, low`},
		"flag":         {row("'fail'", "'token/7'", "'acme'", "'a'") + ", 2 AS is_odd", "rule a/b: is_odd of token/7: 2 is not what its name promises"},
		"days":         {row("'fail'", "'token/7'", "'acme'", "'a'") + ", 1.5 AS unused_days", "rule a/b: unused_days of token/7: 1.5 is not what its name promises"},
		"time":         {row("'fail'", "'token/7'", "'acme'", "'a'") + ", 1 AS used_at", "rule a/b: used_at of token/7: 1 is not what its name promises"},
		"columns":      {"SELECT 1 AS a", "rule a/b: its columns are a: a rule begins with status, subject, org, reason"},
		"no such view": {"SELECT * FROM nowhere", "rule a/b: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rules.Run(t.Context(), snapshot, time.Minute, query(t, c.sql))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

const endless = `
	WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n)
	SELECT 'fail' AS status, 'token/7' AS subject, 'acme' AS org, 'x' AS reason FROM n WHERE i < 0`

func TestRunEndsAtItsTimeLimit(t *testing.T) {
	start := time.Now()
	_, err := rules.Run(t.Context(), twoOrgs(t), 200*time.Millisecond, query(t, endless))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "rule a/b: stopped after 200ms, the time limit of a rule") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}

func TestRunStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	snapshot := twoOrgs(t)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := rules.Run(ctx, snapshot, time.Minute, query(t, endless))
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "rule a/b: ") {
		t.Errorf("got %v", err)
	}
}

// Rules are judged several at a time and told in their order: the first one here
// takes longest.
func TestJudgeKeepsTheOrder(t *testing.T) {
	const all = "SELECT 'fail' AS status, 'token/' || t.grant_id AS subject, t.org AS org, printf('%d', (WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < ROUNDS) SELECT max(n.i) FROM n)) AS reason FROM tokens AS t"
	var list []rules.Rule
	for i := range 20 {
		rounds := 300_000 / (i*i + 1)
		list = append(list, query(t, strings.Replace(all, "ROUNDS", fmt.Sprint(rounds), 1)))
	}
	i := 0
	for result, err := range rules.Results(t.Context(), twoOrgs(t), time.Minute, list...) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprint(300_000 / (i*i + 1)); len(result.Findings) == 0 || result.Findings[0].Reason != want {
			t.Errorf("result %d: got %v, want %s", i, result.Findings, want)
		}
		i++
	}
	if i != len(list) {
		t.Errorf("got %d results of %d rules", i, len(list))
	}
}

// After an error there is no more, and what is left early is stopped: nothing
// goes on reading a snapshot that its owner may close.
func TestJudgeEnds(t *testing.T) {
	const good = "SELECT 'fail' AS status, 'token/7' AS subject, t.org AS org, 'x' AS reason FROM tokens AS t WHERE t.grant_id = 7 LIMIT 1"
	snapshot := twoOrgs(t)
	var got []string
	for _, err := range rules.Results(t.Context(), snapshot, time.Minute, query(t, good), query(t, "SELECT * FROM nowhere"), query(t, endless), query(t, good)) {
		got = append(got, fmt.Sprint(err))
	}
	if len(got) != 2 || got[0] != "<nil>" || !strings.HasPrefix(got[1], "rule a/b: ") {
		t.Errorf("got %q", got)
	}
	began := time.Now()
	for range rules.Results(t.Context(), snapshot, time.Minute, query(t, good), query(t, endless), query(t, endless), query(t, endless)) {
		break
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("ended after %v", took)
	}
}

var update = flag.Bool("update", false, "write testdata/reads.txt anew")

// What each built-in rule reads decides whether its answer is complete: a
// column of evidence must not make a rule about tokens depend on the members.
// Whoever writes the list anew (-update) reads what changed.
func TestBuiltInRulesReadNoMoreThanTheyNeed(t *testing.T) {
	set, _ := rules.Load(rules.Source{Name: "queries", FS: queries.FS})
	snapshot := twoOrgs(t)
	var b strings.Builder
	for _, rule := range slices.Concat(set.Rules(), set.Disabled()) {
		resources, err := snapshot.Reads(t.Context(), rule.SQL)
		if err != nil {
			t.Error(err)
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", rule.ID, strings.Join(resources, ", "))
	}
	path := filepath.Join("testdata", "reads.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("what the rules read is not what %s says:\n%s", path, diff)
	}
}
