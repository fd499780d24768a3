package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/finding"
	"auditor/internal/report"
	"auditor/internal/rows"
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
	c.Flags().StringSliceVar(&o.formats, "format", nil, "`FORMATS` to write: "+strings.Join(formatNames(), ", "))
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
				_, err := a.env.stdout.Write(report.Schema())
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			audit, err := a.audit(c.Context(), cfg, o)
			if err != nil {
				return err
			}
			one, err := audit.open(c.Context(), snapshot)
			if err != nil {
				return err
			}
			defer one.snapshot.Close()
			return audit.write(c.Context(), one)
		},
	}
	c.Flags().StringVar(&snapshot, "snapshot", "", "snapshot `FILE` (default: the newest one)")
	c.Flags().BoolVar(&isSchema, "schema", false, "print the JSON Schema of the JSON reports")
	o.flags(c)
	return c
}

// audit is what turns a snapshot into history and reports, checked before anything
// is collected: a run must not end at a typing mistake.
type audit struct {
	app     *app
	cfg     *config
	set     *rules.Set
	options rules.Options
	out     string
	formats []report.Format
	failOn  finding.Severity // "none": no finding changes the exit status
	// stepSummary is the file of $GITHUB_STEP_SUMMARY; "" for none.
	stepSummary string
}

func (a *app) audit(ctx context.Context, cfg *config, o reportOptions) (*audit, error) {
	set, err := a.rules(ctx, cfg)
	if err != nil {
		return nil, err
	}
	w := &audit{
		app: a, cfg: cfg, set: set, options: rules.Options{AuditorVersion: version(), Timeout: ruleTimeout, Due: cfg.Reports.Due.bySeverity()},
		out: cfg.path(cfg.Reports.Dir), failOn: finding.Severity(cfg.Reports.FailOn),
	}
	for _, e := range cfg.Exceptions {
		w.options.Exceptions = append(w.options.Exceptions, finding.Exception(e))
	}
	if o.out != "" {
		w.out = o.out
	}
	if o.failOn != "" {
		w.failOn = finding.Severity(o.failOn)
	}
	names := o.formats
	if len(names) == 0 {
		names = cfg.Reports.Formats
	}
	for _, name := range names {
		f, ok := findFormat(name)
		if !ok {
			return nil, &usageError{fmt.Errorf("--format %q%s: known are %s", name, didYouMean(name, formatNames()), strings.Join(formatNames(), ", "))}
		}
		w.formats = append(w.formats, f)
	}
	if w.failOn != "none" && !w.failOn.IsKnown() {
		names := finding.SeverityNames()
		return nil, &usageError{fmt.Errorf("--fail-on %q%s: known are none, %s", w.failOn, didYouMean(string(w.failOn), names), strings.Join(names, ", "))}
	}
	return w, nil
}

// open opens a snapshot ("": the newest one) and evaluates it.
func (a *audit) open(ctx context.Context, path string) (evaluated, error) {
	snapshot, err := a.app.open(ctx, a.cfg, path)
	if err != nil {
		return evaluated{}, err
	}
	one, err := a.evaluate(ctx, snapshot)
	if err != nil {
		return evaluated{}, errors.Join(err, snapshot.Close())
	}
	return one, nil
}

// evaluate runs all rules on a snapshot.
func (a *audit) evaluate(ctx context.Context, s *store.Snapshot) (evaluated, error) {
	e, err := rules.Evaluate(ctx, s, a.set, a.options)
	if err != nil {
		return evaluated{}, fmt.Errorf("evaluate %s: %w", s.Info().File, err)
	}
	return evaluated{s, e}, nil
}

// write writes every report of a snapshot, prints a summary, and returns the exit
// status.
func (a *audit) write(ctx context.Context, one evaluated) error {
	past, err := a.past(ctx, one)
	if err != nil {
		return err
	}
	var reports []*report.Report
	files := map[string][]string{} // by report
	for _, name := range mostFindingsFirst(one.evaluation) {
		r, err := a.build(ctx, name, one, past)
		if err != nil {
			return err
		}
		for _, format := range a.formats {
			file, err := report.WriteFile(a.out, r, format)
			if err != nil {
				return err
			}
			files[name] = append(files[name], file)
		}
		r.DropEvidence()
		reports = append(reports, r)
	}
	slices.SortFunc(reports, func(a, b *report.Report) int { return strings.Compare(a.Name, b.Name) })
	a.warn(one.evaluation, reports)
	a.summarize(reports)
	if err := a.print(reports, files); err != nil {
		return err
	}
	return a.verdict(one.evaluation.Snapshot, reports)
}

func (a *audit) build(ctx context.Context, name string, one evaluated, past *report.Past) (*report.Report, error) {
	sheets, err := report.Sheets(ctx, name, a.set, one.snapshot, one.evaluation)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	return report.Build(name, one.evaluation, past, sheets)
}

// mostFindingsFirst is the order in which the least evidence is held while the
// files are written: that of a report goes when its files are written.
func mostFindingsFirst(e *rules.Evaluation) []string {
	count := map[string]int{}
	for i := range e.Results {
		count[e.Results[i].Rule.Report] += len(e.Results[i].Findings)
	}
	names := slices.Clone(e.Reports)
	slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
	return names
}

// past reads what is known of the time before a snapshot.
func (a *audit) past(ctx context.Context, one evaluated) (*report.Past, error) {
	path := one.snapshot.Info().Path
	before, err := store.Before(filepath.Dir(path), path)
	if err != nil {
		return nil, err
	}
	var file *store.Snapshot
	if before != "" {
		if file, err = store.Open(ctx, before); err != nil {
			return nil, err
		}
		defer file.Close()
	}
	h := a.app.historyOf(ctx, path)
	if h != nil {
		defer h.Close()
	}
	return report.ReadPast(ctx, one.evaluation, a.set, a.options, h, file)
}

// warn logs, once each, what the reports warn of, and the exceptions that cover
// nothing in any of them.
func (a *audit) warn(e *rules.Evaluation, reports []*report.Report) {
	var logged []string
	for _, r := range reports {
		for _, w := range r.Warnings {
			if !slices.Contains(logged, w) {
				logged = append(logged, w)
				a.app.log.Warn(w)
			}
		}
	}
	for _, name := range e.UnusedExceptions() {
		isLogged := slices.ContainsFunc(logged, func(w string) bool { return strings.HasPrefix(w, name) })
		if !isLogged {
			a.app.log.Warn(name + " covers nothing in any report: it can go")
		}
	}
}

// print shows the counts of every rule that found something, and the files.
func (a *audit) print(reports []*report.Report, files map[string][]string) error {
	columns := []string{"severity", "rule", "failed", "new", "of", "unknown", "title"}
	var lines [][]any
	for _, r := range reports {
		for _, rule := range r.Rules {
			if rule.Failed+rule.Unknown+rule.Excepted > 0 {
				lines = append(lines, []any{string(rule.Severity), rule.ID, int64(rule.Failed), newOf(r, rule.ID), count(rule.Population), int64(rule.Unknown), rule.Title})
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b []any) int {
		return finding.Severity(a[0].(string)).Rank() - finding.Severity(b[0].(string)).Rank()
	})
	if _, err := rows.Write(a.app.env.stdout, "table", columns, each(lines), a.app.env.stdoutWidth); err != nil {
		return err
	}
	for _, r := range reports {
		for _, file := range files[r.Name] {
			fmt.Fprintln(a.app.env.stdout, file)
		}
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

func (a *audit) verdict(snapshot store.Info, reports []*report.Report) error {
	if !snapshot.IsComplete {
		return exit(statusIncomplete)
	}
	for _, r := range reports {
		if a.failOn != "none" && r.CountAtLeast(a.failOn) > 0 {
			return exit(statusFindings)
		}
	}
	return nil
}
