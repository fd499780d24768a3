package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"auditor/internal/collect"
	"auditor/internal/finding"
	"auditor/internal/github"
	"auditor/internal/rules"
	"auditor/internal/sqlite"
)

// checker gathers everything that is wrong with a configuration.
type checker struct {
	config   *config
	problems []configProblem
}

func (c *checker) problem(path, format string, args ...any) {
	p := configProblem{path: path, message: fmt.Sprintf(format, args...)}
	if c.config.source != nil {
		p.line, p.column = c.config.source.at(path)
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
	k.name("reports.fail_on", c.Reports.FailOn, append([]string{"none"}, finding.SeverityNames()...))
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
	u, err := url.Parse(c.config.GitHub.APIURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.problem("github.api_url", "%q is not an http(s) address", c.config.GitHub.APIURL)
	case u.Scheme == "http" && !github.IsLoopback(u.Hostname()):
		c.problem("github.api_url", "http would send the credentials unencrypted to %s: use https", u.Host)
	case u.User != nil:
		c.problem("github.api_url", "must not contain a user or password")
	}
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
		{"collect.concurrency", c.config.Collect.Concurrency, 1, 100},
		{"collect.points_per_minute", c.config.Collect.PointsPerMinute, 0, 1_000_000},
		{"snapshots.keep.last", c.config.Snapshots.Keep.Last, 0, 100_000},
		{"snapshots.keep.daily", c.config.Snapshots.Keep.Daily, 0, 100_000},
		{"snapshots.keep.weekly", c.config.Snapshots.Keep.Weekly, 0, 100_000},
		{"snapshots.keep.monthly", c.config.Snapshots.Keep.Monthly, 0, 100_000},
	} {
		if n.value < n.low || n.value > n.top {
			c.problem(n.path, "%d is not between %d and %d", n.value, n.low, n.top)
		}
	}
	if c.config.Collect.MaxWait <= 0 {
		c.problem("collect.max_wait", "must be more than 0")
	}
}

func (c *checker) globs() {
	for i, pattern := range c.config.Sensitive.Names {
		c.glob(fmt.Sprintf("sensitive_repositories.names[%d]", i), pattern)
	}
}

func (c *checker) glob(path, pattern string) {
	if _, err := sqlite.ParseGlob(pattern); err != nil {
		c.problem(path, "%q is not a glob: %v", pattern, err)
	}
}

func (c *checker) exceptions() {
	for i, e := range c.config.Exceptions {
		at := fmt.Sprintf("exceptions[%d]", i)
		if e.Rule == "" {
			c.problem(at, "no rule: name a rule id or a glob such as stale-tokens/*")
		} else {
			c.glob(at+".rule", e.Rule)
		}
		if e.Repository != "" {
			c.glob(at+".repository", e.Repository)
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

// ruleSettings are the rules' settings: enabled and severity have a meaning of
// their own, everything else is a parameter.
func (c *checker) ruleSettings() map[string]rules.Setting {
	settings := map[string]rules.Setting{}
	for id, values := range c.config.Rules.Settings {
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
