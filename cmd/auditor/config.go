package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"auditor/internal/finding"
)

// config is config.yaml; config.example.yaml shows every key with its default.
type config struct {
	GitHub    githubConfig    `yaml:"github"`
	Orgs      []string        `yaml:"orgs"`
	Snapshots snapshotsConfig `yaml:"snapshots"`
	Reports   reportsConfig   `yaml:"reports"`
	Collect   collectConfig   `yaml:"collect"`
	Rules     rulesConfig     `yaml:"rules"`
	Sensitive sensitiveConfig `yaml:"sensitive_repositories"`
	// Exceptions excuse findings, with a reason and an end.
	Exceptions []exceptionConfig `yaml:"exceptions"`

	source *configSource // nil when there is no file
}

type githubConfig struct {
	APIURL   string     `yaml:"api_url"`
	App      *appConfig `yaml:"app"`
	TokenEnv string     `yaml:"token_env"`
}

type appConfig struct {
	ClientID       string `yaml:"client_id"`
	AppID          int64  `yaml:"app_id"`
	PrivateKeyFile string `yaml:"private_key_file"`
	PrivateKeyEnv  string `yaml:"private_key_env"`
}

type snapshotsConfig struct {
	Dir  string     `yaml:"dir"`
	Keep keepConfig `yaml:"keep"`
}

type keepConfig struct {
	Last    int `yaml:"last"`
	Daily   int `yaml:"daily"`
	Weekly  int `yaml:"weekly"`
	Monthly int `yaml:"monthly"`
}

type reportsConfig struct {
	Dir     string   `yaml:"dir"`
	Formats []string `yaml:"formats"`
	FailOn  string   `yaml:"fail_on"`
	// Due is how long after its first sight a finding should be dealt with.
	Due dueConfig `yaml:"due"`
}

type dueConfig struct {
	Critical duration `yaml:"critical"`
	High     duration `yaml:"high"`
	Medium   duration `yaml:"medium"`
	Low      duration `yaml:"low"`
}

func (d dueConfig) bySeverity() map[finding.Severity]time.Duration {
	return map[finding.Severity]time.Duration{
		finding.Critical: time.Duration(d.Critical), finding.High: time.Duration(d.High),
		finding.Medium: time.Duration(d.Medium), finding.Low: time.Duration(d.Low),
	}
}

type collectConfig struct {
	Concurrency     int      `yaml:"concurrency"`
	PointsPerMinute int      `yaml:"points_per_minute"`
	MaxWait         duration `yaml:"max_wait"`
	Optional        []string `yaml:"optional"`
}

type rulesConfig struct {
	Dirs []string `yaml:"dirs"`
	// Settings by rule id: enabled, severity, and the rule's parameters.
	Settings map[string]map[string]any `yaml:"settings"`
}

type sensitiveConfig struct {
	Names      []string            `yaml:"names"`
	Topics     []string            `yaml:"topics"`
	Properties map[string][]string `yaml:"properties"`
}

type exceptionConfig struct {
	Rule       string `yaml:"rule"`
	Owner      string `yaml:"owner"`
	TokenID    string `yaml:"token_id"`
	Repository string `yaml:"repository"`
	Org        string `yaml:"org"`
	Reason     string `yaml:"reason"`
	ApprovedBy string `yaml:"approved_by"`
	Until      string `yaml:"until"`
}

// defaults of every key; those of config.example.yaml are compared in a test.
func defaults() *config {
	return &config{
		GitHub:    githubConfig{APIURL: "https://api.github.com"},
		Snapshots: snapshotsConfig{Dir: "snapshots", Keep: keepConfig{Last: 7, Daily: 30, Weekly: 26, Monthly: 24}},
		Reports: reportsConfig{Dir: "reports", Formats: []string{"xlsx", "json"}, FailOn: "none", Due: dueConfig{
			Critical: duration(7 * day), High: duration(30 * day), Medium: duration(90 * day), Low: duration(180 * day),
		}},
		Collect: collectConfig{
			Concurrency: 8, PointsPerMinute: 900, MaxWait: duration(65 * time.Minute),
			Optional: []string{"members", "codeowners", "branch_protection", "private_vulnerability_reporting", "dependabot_alerts", "rulesets", "properties"},
		},
	}
}

// path of a file that the configuration names: relative to the configuration,
// since a cron job starts anywhere.
func (c *config) path(name string) string {
	if c.source == nil || name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.source.name), name)
}

// duration is a time span such as 90d, 12h or 65m.
type duration time.Duration

const day = 24 * time.Hour

// UnmarshalText reads the number and unit of a duration.
func (d *duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= 36500 {
			*d = duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	} else if span, err := time.ParseDuration(s); err == nil && span >= 0 {
		*d = duration(span)
		return nil
	}
	return fmt.Errorf("%q is not a duration: write a number and a unit, such as 90d, 12h or 65m", s)
}
