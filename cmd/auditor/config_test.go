package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The example shows every default: loading it changes nothing but what it must
// show as an example.
func TestExampleShowsTheDefaults(t *testing.T) {
	example, err := loadConfig(filepath.Join("..", "..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := example.check(); err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Orgs = []string{"acme"}
	want.GitHub.App = &appConfig{ClientID: "Iv23liEXAMPLE", PrivateKeyFile: "auditor.pem"}
	if diff := cmp.Diff(want, example, cmp.AllowUnexported(config{}), cmpopts.IgnoreFields(config{}, "source"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// Every key of the configuration is in the example, at least in a comment.
func TestExampleShowsEveryKey(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "github.", "github.app.", "snapshots.", "snapshots.keep.", "reports.", "collect.", "rules.", "sensitive_repositories.", "exceptions[0]."} {
		for _, key := range siblings(path + "x") {
			if !strings.Contains(string(text), key+":") && !strings.Contains(string(text), key+" (") && !strings.Contains(string(text), " "+key+",") {
				t.Errorf("%s%s is not shown", path, key)
			}
		}
	}
}

// The example of the documentation of every feature loads.
func TestWholeConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	text := `
github: {api_url: https://github.example.com/api/v3, token_env: T}
orgs: [acme, umbrella]
snapshots: {dir: s, keep: {last: 1}}
reports: {dir: /r, formats: [markdown], fail_on: high}
collect: {concurrency: 3, points_per_minute: 0, max_wait: 2d, optional: [members, teams, codeowners, branch_protection, private_vulnerability_reporting, dependabot_alerts, properties]}
rules: {dirs: [mine], settings: {stale-tokens/unused: {days: 60, severity: high}}}
sensitive_repositories: {names: ["payments-*"], topics: [pci], properties: {tier: [critical]}}
exceptions:
  - {rule: stale-tokens/*, owner: bot, reason: x, approved_by: y, until: 2027-03-31}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(c.Collect.MaxWait); got != 48*time.Hour {
		t.Errorf("max_wait is %v", got)
	}
	if got := c.Snapshots.Keep; got.Last != 1 || got.Daily != 30 {
		t.Errorf("keep is %+v: keys that are not given have their defaults", got)
	}
	if got, want := c.path(c.Snapshots.Dir), filepath.Join(filepath.Dir(file), "s"); got != want {
		t.Errorf("snapshots in %s, want %s", got, want)
	}
	if got := c.path(c.Reports.Dir); got != "/r" {
		t.Errorf("reports in %s", got)
	}
	if got := c.Exceptions[0].Until; got != "2027-03-31" {
		t.Errorf("until %q", got)
	}
}

// Plain http goes to this machine alone. A name that begins with 127. is
// another machine's.
func TestPlainHTTP(t *testing.T) {
	for address, isAllowed := range map[string]bool{
		"http://127.0.0.1:80":      true,
		"http://127.1.2.3/api/v3":  true,
		"http://localhost:80":      true,
		"http://[::1]:80":          true,
		"https://github.example":   true,
		"http://127.evil.example":  false,
		"http://127.0.0.1.example": false,
		"http://[::2]":             false,
		"http://github.example":    false,
	} {
		c := defaults()
		c.GitHub.APIURL = address
		if err := c.check(); (err == nil) != isAllowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestGlobsAreChecked(t *testing.T) {
	c := defaults()
	c.Sensitive.Names = []string{"payments-*", "[a"}
	c.Exceptions = []exceptionConfig{
		{Rule: "stale-*", Repository: "acme/[a-z]*", Reason: "why", Until: "2027-03-31"},
		{Rule: "stale-[", Repository: `acme/\*`, Reason: "why", Until: "2027-03-31"},
	}
	err := c.check()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`sensitive_repositories.names[1]: "[a" is not a glob`, `exceptions[1].rule: "stale-[" is not a glob`, `exceptions[1].repository: "acme/\\*" is not a glob`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "names[0]") || strings.Contains(err.Error(), "exceptions[0]") {
		t.Error(err)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "12h": 12 * time.Hour, "65m": 65 * time.Minute, "1h30m": 90 * time.Minute} {
		var d duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%s is %v, %v", text, time.Duration(d), err)
		}
	}
	for _, text := range []string{"", "5", "d", "-1d", "-5m", "1.5d", "99999999d", "soon"} {
		var d duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, time.Duration(d))
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("orgs: [a]\n")
	f.Add("github: {app: [1}")
	f.Add("exceptions:\n- rule: x\n  until: 1\n")
	f.Add("a: &a [*a]\n")
	f.Add("rules: {settings: {x: {enabled: 3}}}\n---\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.check(); err != nil && !strings.HasPrefix(err.Error(), file) {
			t.Errorf("a problem without its file: %v", err)
		}
	})
}
