package rules

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
)

var exceptionTime = time.Date(2026, 11, 21, 2, 14, 9, 0, time.UTC)

func tokenFinding() finding.Finding {
	return finding.Finding{
		Key: "stale-tokens/unused:acme:token/9201", Rule: "stale-tokens/unused", Status: finding.Fail, Org: "acme",
		Subject: finding.Subject{Kind: "token", ID: "201", Name: "old job", Owner: "Release-Bot"},
	}
}

func repositoryFinding() finding.Finding {
	return finding.Finding{
		Key: "security-gaps/x:acme:repository/7", Rule: "security-gaps/x", Status: finding.Fail, Org: "acme",
		Subject: finding.Subject{Kind: "repository", ID: "7", Name: "acme/payments-api"},
	}
}

func requestFinding() finding.Finding {
	return finding.Finding{
		Key: "over-broad-access/risky-request:acme:request/3", Rule: "over-broad-access/risky-request", Status: finding.Fail, Org: "acme",
		Subject: finding.Subject{Kind: "request", ID: "3"}, Evidence: []finding.Value{{Column: "token_id", Value: int64(9201)}},
	}
}

func TestExceptionsRefuseGlobs(t *testing.T) {
	for want, x := range map[string]finding.Exception{
		`exception 1 (rule [a): rule "[a" is not a glob`:                          {Rule: "[a"},
		`exception 1 (rule *, repository a[): repository "a[" is not a glob: a [`: {Rule: "*", Repository: "a["},
	} {
		if _, err := newExceptions([]finding.Exception{x}, exceptionTime); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestExceptionsMatch(t *testing.T) {
	token, repository, request := tokenFinding(), repositoryFinding(), requestFinding()
	for _, c := range []struct {
		name  string
		x     finding.Exception
		found finding.Finding
		want  bool
	}{
		{"rule", finding.Exception{Rule: "stale-tokens/unused"}, token, true},
		{"another rule", finding.Exception{Rule: "stale-tokens/expired"}, token, false},
		{"rule glob", finding.Exception{Rule: "stale-*"}, token, true},
		{"every rule", finding.Exception{Rule: "*"}, token, true},
		{"a rule's former id", finding.Exception{Rule: "stale-tokens/idle"}, token, true},
		{"part of a rule", finding.Exception{Rule: "stale-tokens"}, token, false},
		{"set in a glob", finding.Exception{Rule: "stale-tokens/[tu]nused"}, token, true},
		{"dot is a dot", finding.Exception{Rule: "stale.tokens/unused"}, token, false},
		{"owner in any case", finding.Exception{Owner: "release-bot"}, token, true},
		{"another owner", finding.Exception{Owner: "release"}, token, false},
		{"token", finding.Exception{TokenID: "9201"}, token, true},
		{"grant is no token", finding.Exception{TokenID: "201"}, token, false},
		{"token of a request", finding.Exception{TokenID: "9201"}, request, true},
		{"repository name", finding.Exception{Repository: "payments-*"}, repository, true},
		{"repository full name", finding.Exception{Repository: "Acme/payments-api"}, repository, true},
		{"another repository", finding.Exception{Repository: "payment"}, repository, false},
		{"repository of a token", finding.Exception{Repository: "*"}, token, false},
		{"org", finding.Exception{Org: "ACME"}, token, true},
		{"all keys", finding.Exception{Rule: "stale-tokens/*", Owner: "release-bot", TokenID: "9201", Org: "acme"}, token, true},
		{"all keys but one", finding.Exception{Rule: "stale-tokens/*", Owner: "release-bot", TokenID: "9201", Org: "beta"}, token, false},
		{"no key", finding.Exception{Reason: "all of it"}, token, false},
	} {
		e, err := newExceptions([]finding.Exception{c.x}, exceptionTime)
		if err != nil {
			t.Fatal(err)
		}
		f := c.found
		e.apply(&f, []string{f.Rule, "stale-tokens/idle"})
		if got := f.Exception != nil; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestExceptionsHoldThroughTheirLastDay(t *testing.T) {
	for until, want := range map[string]bool{"2026-11-20": false, "2026-11-21": true, "2026-11-22": true, "": true} {
		e, err := newExceptions([]finding.Exception{{Rule: "*", Reason: "why", ApprovedBy: "secops", Until: until}}, time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		f := tokenFinding()
		e.apply(&f, []string{f.Rule})
		if got := f.Exception != nil; got != want {
			t.Errorf("until %q: %v, want %v", until, got, want)
		}
		if want {
			if diff := cmp.Diff(&finding.Exception{Rule: "*", Reason: "why", ApprovedBy: "secops", Until: until}, f.Exception); diff != "" {
				t.Error(diff)
			}
		}
	}
	if _, err := newExceptions([]finding.Exception{{Rule: "a/b"}, {Rule: "*", Until: "next year"}}, exceptionTime); err == nil || !strings.Contains(err.Error(), `exception 2 (rule *): until "next year"`) {
		t.Errorf("a date that is none: %v", err)
	}
}

func TestExceptionsLeaveTheUnknownUnknown(t *testing.T) {
	e, err := newExceptions([]finding.Exception{{Rule: "*"}}, exceptionTime)
	if err != nil {
		t.Fatal(err)
	}
	f := tokenFinding()
	f.Status = finding.Unknown
	e.apply(&f, []string{f.Rule})
	if f.Exception != nil || len(e.unused()) != 0 {
		t.Errorf("exception %v, unused %v", f.Exception, e.unused())
	}
}

func TestTheFirstExceptionThatHoldsIsTheOne(t *testing.T) {
	e, err := newExceptions([]finding.Exception{{Rule: "*", Reason: "expired", Until: "2020-01-01"}, {Rule: "*", Reason: "first"}, {Rule: "*", Reason: "second"}}, exceptionTime)
	if err != nil {
		t.Fatal(err)
	}
	f := tokenFinding()
	e.apply(&f, []string{f.Rule})
	if f.Exception == nil || f.Exception.Reason != "first" {
		t.Errorf("exception is %+v", f.Exception)
	}
}

func TestExceptionWarnings(t *testing.T) {
	s := scope{
		all: map[string][]string{
			"stale-tokens/unused": {"stale-tokens/unused", "stale-tokens/idle"}, "stale-tokens/blind": {"stale-tokens/blind"}, "security-gaps/x": {"security-gaps/x"},
			"stale-tokens/off": {"stale-tokens/off"},
		},
		report:     map[string]bool{"stale-tokens/unused": true, "stale-tokens/blind": true},
		incomplete: map[string]bool{"stale-tokens/blind": true},
	}
	for _, c := range []struct {
		x    finding.Exception
		want string
	}{
		{finding.Exception{Rule: "stale-tokens/unused", Owner: "release-bot"}, ""},
		{finding.Exception{Rule: "stale-tokens/idle", TokenID: "9201"}, ""},
		{finding.Exception{Rule: "stale-tokens/unused", Owner: "nobody"}, "exception 1 (rule stale-tokens/unused, owner nobody) covers nothing: it can go"},
		{finding.Exception{Rule: "stale-tokens/unsued"}, "exception 1 (rule stale-tokens/unsued) covers nothing: there is no such rule"},
		{finding.Exception{Rule: "stale-tokens/unused", Until: "2026-11-20"}, "exception 1 (rule stale-tokens/unused) expired on 2026-11-20: 1 finding is counted again"},
		{finding.Exception{Owner: "Release-Bot", Until: "2026-11-20"}, "exception 1 (owner Release-Bot) expired on 2026-11-20: 1 finding is counted again"},
		{finding.Exception{Rule: "stale-tokens/unused", Org: "beta", Until: "2026-11-20"}, "exception 1 (rule stale-tokens/unused, org beta) expired on 2026-11-20 and covers nothing: it can go"},
		{finding.Exception{Rule: "stale-tokens/blind", Owner: "nobody"}, "exception 1 (rule stale-tokens/blind, owner nobody) covers nothing that could be seen; not everything could"},
		{finding.Exception{Rule: "stale-tokens/off"}, ""},   // switched off
		{finding.Exception{Rule: "security-gaps/x"}, ""},    // of another report
		{finding.Exception{Rule: "*", Owner: "nobody"}, ""}, // may be of use there
		{finding.Exception{}, "exception 1 () names nothing that it is for: it covers nothing"},
	} {
		e, err := newExceptions([]finding.Exception{c.x}, exceptionTime)
		if err != nil {
			t.Fatal(err)
		}
		f := tokenFinding()
		e.apply(&f, s.all[f.Rule])
		all, _ := e.warnings(s)
		if got := strings.Join(all, "\n"); got != c.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c.x, got, c.want)
		}
	}
}

// A rule shows the warnings that concern it, and counts its own findings only.
func TestWarningsByRule(t *testing.T) {
	s := scope{
		all:    map[string][]string{"stale-tokens/unused": {"stale-tokens/unused"}, "stale-tokens/expired": {"stale-tokens/expired"}, "stale-tokens/never-used": {"stale-tokens/never-used"}},
		report: map[string]bool{"stale-tokens/unused": true, "stale-tokens/expired": true, "stale-tokens/never-used": true},
	}
	e, err := newExceptions([]finding.Exception{
		{Owner: "release-bot", Until: "2026-11-20"}, {Rule: "stale-tokens/expired", Owner: "nobody"}, {Rule: "no/rule"},
		{Rule: "stale-tokens/never-used", Until: "2026-11-20"}, {Rule: "stale-tokens/never-used", Owner: "release-bot"},
	}, exceptionTime)
	if err != nil {
		t.Fatal(err)
	}
	unknown := tokenFinding()
	unknown.Status = finding.Unknown
	for _, rule := range []string{"stale-tokens/unused", "stale-tokens/unused", "stale-tokens/expired", "stale-tokens/never-used"} {
		f := tokenFinding()
		f.Rule = rule
		e.apply(&f, []string{rule})
	}
	e.apply(&unknown, []string{unknown.Rule})
	all, byRule := e.warnings(s)
	want := []string{
		"exception 1 (owner release-bot) expired on 2026-11-20: 3 findings are counted again",
		"exception 2 (rule stale-tokens/expired, owner nobody) covers nothing: it can go",
		"exception 3 (rule no/rule) covers nothing: there is no such rule",
		"exception 4 (rule stale-tokens/never-used) expired on 2026-11-20: what it is for is unknown, or covered by another one",
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{
		"stale-tokens/unused":     {"exception 1 (owner release-bot) expired on 2026-11-20: 2 findings are counted again"},
		"stale-tokens/expired":    {"exception 1 (owner release-bot) expired on 2026-11-20: 1 finding is counted again", want[1]},
		"stale-tokens/never-used": {want[3]},
	}, byRule); diff != "" {
		t.Error(diff)
	}
}
