package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/report"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// ruleTimeout is how long one rule may take.
const ruleTimeout = 60 * time.Second

// reportOptions are the flags of report and run; empty ones leave the configuration's.
type reportOptions struct {
	out, failOn string
	formats     []string
}

func (o *reportOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.out, "out", "", "folder `DIR` for the reports")
	c.Flags().StringSliceVar(&o.formats, "format", nil, "`FORMATS` to write: "+strings.Join(report.FormatNames(), ", "))
	c.Flags().StringVar(&o.failOn, "fail-on", "", "exit with 3 on findings at or above this `SEVERITY`: none, low, medium, high, critical")
}

func (a *app) reportCommand() *cobra.Command {
	var o reportOptions
	var snapshot string
	var isSchema bool
	c := &cobra.Command{
		Use:   "report",
		Short: "Write the reports of a snapshot",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if isSchema {
				_, err := a.stdout.Write(report.Schema())
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			judge, err := a.judge(c.Context(), cfg, o)
			if err != nil {
				return err
			}
			return judge.report(c.Context(), snapshot)
		},
	}
	c.Flags().StringVar(&snapshot, "snapshot", "", "snapshot `FILE` (default: the newest one)")
	c.Flags().BoolVar(&isSchema, "schema", false, "print the JSON Schema of the JSON reports")
	o.flags(c)
	return c
}

// judge is all that turns a snapshot into reports, checked before anything is
// collected: a run must not end at a typing mistake.
type judge struct {
	*app
	cfg     *config
	set     *rules.Set
	out     string
	formats []string
	failOn  string
	// stepSummary is the file of $GITHUB_STEP_SUMMARY; "" for none.
	stepSummary string
}

func (a *app) judge(ctx context.Context, cfg *config, o reportOptions) (*judge, error) {
	set, err := a.rules(ctx, cfg)
	if err != nil {
		return nil, err
	}
	j := &judge{app: a, cfg: cfg, set: set, out: cfg.path(cfg.Reports.Dir), formats: cfg.Reports.Formats, failOn: cfg.Reports.FailOn}
	if o.out != "" {
		j.out = o.out
	}
	if len(o.formats) > 0 {
		j.formats = o.formats
	}
	if o.failOn != "" {
		j.failOn = o.failOn
	}
	for _, f := range j.formats {
		if _, err := report.FindFormat(f); err != nil {
			return nil, &usageError{fmt.Errorf("--format %q%s: known are %s", f, didYouMean(f, report.FormatNames()), strings.Join(report.FormatNames(), ", "))}
		}
	}
	if j.failOn != "none" && !slices.Contains(rules.Severities(), j.failOn) {
		return nil, &usageError{fmt.Errorf("--fail-on %q%s: known are none, %s", j.failOn, didYouMean(j.failOn, rules.Severities()), strings.Join(rules.Severities(), ", "))}
	}
	return j, nil
}

// report writes every report of a snapshot ("": the newest), prints what they say, and tells
// the exit status.
func (j *judge) report(ctx context.Context, path string) error {
	snapshot, err := j.open(ctx, j.cfg, path)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	previous, err := j.previous(ctx, snapshot.Info().Path)
	if err != nil {
		return err
	}
	if previous != nil {
		defer previous.Close()
	}
	options := j.options()
	if options.History = j.historyOf(ctx, snapshot.Info().Path); options.History != nil {
		defer options.History.Close()
	}
	var reports []*report.Report
	var files []string
	for _, name := range j.set.Reports() {
		r, err := report.Build(ctx, name, j.set, snapshot, previous, options)
		if err != nil {
			return err
		}
		for _, format := range j.formats {
			file, err := report.WriteFile(j.out, r, format)
			if err != nil {
				return err
			}
			files = append(files, file)
		}
		reports = append(reports, r)
	}
	j.warn(reports)
	j.summarize(reports)
	if err := j.print(reports, files); err != nil {
		return err
	}
	return j.verdict(snapshot, reports)
}

// previous is the snapshot to compare with, nil if there is none.
func (j *judge) previous(ctx context.Context, path string) (*store.Snapshot, error) {
	before, err := store.Before(filepath.Dir(path), path)
	if err != nil || before == "" {
		return nil, err
	}
	return store.Open(ctx, before)
}

func (j *judge) options() report.Options {
	o := report.Options{AuditorVersion: version(), RuleTimeout: ruleTimeout}
	for _, e := range j.cfg.Exceptions {
		o.Exceptions = append(o.Exceptions, report.Exception(e))
	}
	return o
}

// warn tells, once each, what the reports warn of, and the exceptions that
// matched nothing in any of them: one that is for rules of several reports is
// of no use only then, and no report can say so.
func (j *judge) warn(reports []*report.Report) {
	var told []string
	unused := map[int]int{}
	for _, r := range reports {
		for _, w := range r.Warnings {
			if !slices.Contains(told, w) {
				told = append(told, w)
				j.log.Warn(w)
			}
		}
		for _, i := range r.UnusedExceptions {
			unused[i]++
		}
	}
	for i, e := range j.cfg.Exceptions {
		name := report.Exception(e).Name(i + 1)
		isTold := slices.ContainsFunc(told, func(w string) bool { return strings.HasPrefix(w, name) })
		if unused[i] == len(reports) && !isTold {
			j.log.Warn(name + " covers nothing in any report: it can go")
		}
	}
}

// print shows the counts of every rule that found something, and the files.
func (j *judge) print(reports []*report.Report, files []string) error {
	columns := []string{"severity", "rule", "failed", "new", "of", "unknown", "title"}
	var rows [][]any
	for _, r := range reports {
		for _, rule := range r.Rules {
			if rule.Failed+rule.Unknown+rule.Excepted > 0 {
				rows = append(rows, []any{rule.Severity, rule.ID, int64(rule.Failed), newOf(r, rule.ID), count(rule.Population), int64(rule.Unknown), rule.Title})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b []any) int {
		return slices.Index(rules.Severities(), a[0].(string)) - slices.Index(rules.Severities(), b[0].(string))
	})
	if _, err := report.WriteRows(j.stdout, "table", columns, each(rows), j.stdoutWidth); err != nil {
		return err
	}
	for _, file := range files {
		fmt.Fprintln(j.stdout, file)
	}
	return nil
}

// newOf counts the findings of a rule that the previous snapshot did not have;
// "" when there is none to compare with.
func newOf(r *report.Report, rule string) any {
	if r.PreviousSnapshot == nil {
		return ""
	}
	n := int64(0)
	for _, f := range r.Findings {
		if f.Rule == rule && f.Counts() && f.IsNew != nil && *f.IsNew {
			n++
		}
	}
	return n
}

// count is a number for the table, "" when the rule does not say.
func count(n *int64) any {
	if n == nil {
		return ""
	}
	return *n
}

func (j *judge) verdict(snapshot *store.Snapshot, reports []*report.Report) error {
	if !snapshot.Info().IsComplete {
		return exit(statusIncomplete)
	}
	for _, r := range reports {
		if j.failOn != "none" && r.CountAtLeast(j.failOn) > 0 {
			return exit(statusFindings)
		}
	}
	return nil
}
