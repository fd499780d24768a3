package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"auditor/internal/collect"
	"auditor/internal/github"
	"auditor/internal/rules"
)

// checker gathers everything that is wrong with a configuration.
type checker struct {
	*config
	problems []configProblem
}

func (c *checker) problem(path, format string, args ...any) {
	p := configProblem{path: path, message: fmt.Sprintf(format, args...)}
	if c.source != nil {
		p.line, p.column = c.source.at(path)
	}
	c.problems = append(c.problems, p)
}

// check returns every problem with the configuration as one error.
func (c *config) check(extra ...configProblem) error {
	k := &checker{config: c, problems: extra}
	file := "configuration"
	if c.source != nil {
		file = c.source.name
		k.problems = append(k.problems, c.source.problems...)
	}
	k.url()
	k.names("reports.formats", c.Reports.Formats, formatNames())
	k.name("reports.fail_on", c.Reports.FailOn, append([]string{"none"}, rules.Severities()...))
	k.names("collect.optional", c.Collect.Optional, collect.Options())
	k.numbers()
	k.globs()
	k.exceptions()
	if len(k.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(k.problems, func(a, b configProblem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return &usageError{&configError{file: file, problems: k.problems}}
}

func (c *checker) url() {
	u, err := url.Parse(c.GitHub.APIURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.problem("github.api_url", "%q is not an http(s) address", c.GitHub.APIURL)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		c.problem("github.api_url", "http would send the credentials unencrypted to %s: use https", u.Host)
	case u.User != nil:
		c.problem("github.api_url", "must not contain a user or password")
	}
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

func (c *checker) names(path string, got, known []string) {
	for i, name := range got {
		c.name(fmt.Sprintf("%s[%d]", path, i), name, known)
	}
}

func (c *checker) name(path, got string, known []string) {
	if !slices.Contains(known, got) {
		c.problem(path, "unknown name %q%s; known: %s", got, didYouMean(got, known), strings.Join(known, ", "))
	}
}

func (c *checker) numbers() {
	for _, n := range []struct {
		path            string
		value, low, top int
	}{
		{"collect.concurrency", c.Collect.Concurrency, 1, 100},
		{"collect.points_per_minute", c.Collect.PointsPerMinute, 0, 1_000_000},
		{"snapshots.keep.last", c.Snapshots.Keep.Last, 0, 100_000},
		{"snapshots.keep.daily", c.Snapshots.Keep.Daily, 0, 100_000},
		{"snapshots.keep.weekly", c.Snapshots.Keep.Weekly, 0, 100_000},
		{"snapshots.keep.monthly", c.Snapshots.Keep.Monthly, 0, 100_000},
	} {
		if n.value < n.low || n.value > n.top {
			c.problem(n.path, "%d is not between %d and %d", n.value, n.low, n.top)
		}
	}
	if c.Collect.MaxWait <= 0 {
		c.problem("collect.max_wait", "must be longer than nothing")
	}
}

func (c *checker) globs() {
	for i, glob := range c.Sensitive.Names {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			c.problem(fmt.Sprintf("sensitive_repositories.names[%d]", i), "%q is not a glob", glob)
		}
	}
}

func (c *checker) exceptions() {
	for i, e := range c.Exceptions {
		at := fmt.Sprintf("exceptions[%d]", i)
		if e.Rule == "" {
			c.problem(at, "no rule: name a rule id or a glob such as stale-tokens/*")
		}
		if e.Reason == "" {
			c.problem(at, "no reason")
		}
		if _, err := time.Parse(time.DateOnly, e.Until); e.Until == "" {
			c.problem(at, "no until: every exception has an end, such as 2027-03-31")
		} else if err != nil {
			c.problem(at+".until", "%q is not a date: write it as 2027-03-31", e.Until)
		}
	}
}

// credentials checks the organizations and what opens them, and reads the key.
func (c *config) credentials(env *environment, allowOpenKey bool) (github.Options, error) {
	k := &checker{config: c}
	if len(c.Orgs) == 0 {
		k.problem("orgs", `names no organization: orgs: [acme], or ["*"] for every organization where the App is installed`)
	}
	for i, org := range c.Orgs {
		if org == "*" && len(c.Orgs) > 1 {
			k.problem(fmt.Sprintf("orgs[%d]", i), `"*" stands alone`)
		} else if org == "" || strings.ContainsAny(org, "/ ?#%") {
			k.problem(fmt.Sprintf("orgs[%d]", i), "%q is not the login of an organization", org)
		}
	}
	o := github.Options{
		APIURL: c.GitHub.APIURL, Concurrency: c.Collect.Concurrency,
		PointsPerMinute: c.Collect.PointsPerMinute, MaxWait: time.Duration(c.Collect.MaxWait), Now: env.now,
	}
	app := c.GitHub.App
	switch {
	case app == nil && c.GitHub.TokenEnv == "":
		k.problem("github", "no credentials: give app (client_id and private_key_file) or token_env")
	case app != nil && c.GitHub.TokenEnv != "":
		k.problem("github", "both app and token_env: give one of them")
	case app != nil:
		o.App = k.app(env, allowOpenKey)
	default:
		o.Token = strings.TrimSpace(env.getenv(c.GitHub.TokenEnv))
		if o.Token == "" {
			k.problem("github.token_env", "the environment variable %s is not set", c.GitHub.TokenEnv)
		}
		if slices.Contains(c.Orgs, "*") {
			k.problem("orgs", `"*" needs github.app: a ready token cannot list installations`)
		}
	}
	return o, c.check(k.problems...)
}

func (c *checker) app(env *environment, allowOpenKey bool) *github.App {
	a := c.GitHub.App
	if (a.ClientID == "") == (a.AppID == 0) {
		c.problem("github.app", "give client_id or app_id, one of them")
	}
	app := &github.App{ClientID: a.ClientID, ID: a.AppID}
	switch {
	case (a.PrivateKeyFile == "") == (a.PrivateKeyEnv == ""):
		c.problem("github.app", "give private_key_file or private_key_env, one of them")
	case a.PrivateKeyEnv != "":
		app.PrivateKey = []byte(env.getenv(a.PrivateKeyEnv))
		if len(app.PrivateKey) == 0 {
			c.problem("github.app.private_key_env", "the environment variable %s is not set", a.PrivateKeyEnv)
			return app
		}
		c.key("github.app.private_key_env", app.PrivateKey)
	default:
		app.PrivateKey = c.keyFile(c.path(a.PrivateKeyFile), allowOpenKey)
	}
	return app
}

func (c *checker) keyFile(name string, allowOpenKey bool) []byte {
	const at = "github.app.private_key_file"
	info, err := os.Stat(name)
	if err != nil {
		c.problem(at, "%v", err)
		return nil
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && !allowOpenKey {
		c.problem(at, "%s can be read by others (mode %04o): chmod 600 it, or --insecure-key-permissions", name, info.Mode().Perm())
		return nil
	}
	key, err := os.ReadFile(name)
	if err != nil {
		c.problem(at, "%v", err)
		return nil
	}
	c.key(at, key)
	return key
}

func (c *checker) key(at string, pem []byte) {
	var bad *github.KeyError
	_, err := github.New(github.Options{App: &github.App{ClientID: "checked", PrivateKey: pem}})
	if errors.As(err, &bad) {
		c.problem(at, "%v", bad)
	}
}

// ruleSettings are the rules' settings: enabled and severity have a meaning of
// their own, everything else is a parameter.
func (c *checker) ruleSettings() map[string]rules.Setting {
	settings := map[string]rules.Setting{}
	for id, values := range c.Rules.Settings {
		s := rules.Setting{Params: map[string]any{}}
		for key, value := range values {
			at := "rules.settings." + id + "." + key
			switch key {
			case "enabled":
				enabled, ok := value.(bool)
				if !ok {
					c.problem(at, "want true or false, got %q", fmt.Sprint(value))
				}
				s.Enabled = &enabled
			case "severity":
				severity, ok := value.(string)
				if !ok {
					c.problem(at, "want a severity, got %q", fmt.Sprint(value))
				}
				s.Severity = severity
			default:
				s.Params[key] = value
			}
		}
		settings[id] = s
	}
	return settings
}
