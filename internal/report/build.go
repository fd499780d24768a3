package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"auditor/internal/rules"
	"auditor/internal/store"
)

// Options are what a report needs beside the snapshot and the rules.
type Options struct {
	AuditorVersion string
	Exceptions     []Exception
	RuleTimeout    time.Duration  // for each rule; 0: none
	History        *store.History // of the folder that the snapshot is in; nil: none
}

// Build judges the snapshot now by the rules of one report and compares it with
// the previous one: as the history has it, else its file, which may be nil. A
// file is judged anew by the same rules, so that a changed rule is not taken for
// a changed organization.
func Build(ctx context.Context, name string, set *rules.Set, now, previous *store.Snapshot, o Options) (*Report, error) {
	if !slices.Contains(set.Reports(), name) {
		return nil, fmt.Errorf("report %q: no rule belongs to it", name)
	}
	b := &builder{set: set, options: o, report: &Report{
		Version: Version, Name: name, Title: titleOf(name), AuditorVersion: o.AuditorVersion,
	}}
	if err := b.build(ctx, now, previous); err != nil {
		return nil, fmt.Errorf("report %s: %w", name, err)
	}
	return b.report, nil
}

type builder struct {
	set        *rules.Set
	options    Options
	report     *Report
	exceptions *exceptions
	before     *past // nil: the history has nothing to say
}

func (b *builder) build(ctx context.Context, now, previous *store.Snapshot) error {
	r := b.report
	r.Snapshot = snapshotOf(now.Info())
	r.GeneratedAt = r.Snapshot.FinishedAt
	var err error
	if r.Coverage, err = coverageOf(ctx, now); err != nil {
		return err
	}
	if b.exceptions, err = newExceptions(b.options.Exceptions, r.GeneratedAt.Time); err != nil {
		return err
	}
	today, err := b.judge(ctx, now)
	if err != nil {
		return err
	}
	r.Findings = today.findings
	b.waive(r.Findings)
	warnings, byRule := b.exceptions.warnings(b.scope(today))
	r.Warnings = append(r.Warnings, warnings...)
	r.Notes = b.exceptions.notes(b.scope(today))
	for _, result := range today.results {
		rule := ruleOf(result)
		rule.Warnings = byRule[rule.ID]
		r.Rules = append(r.Rules, rule)
	}
	r.UnusedExceptions = b.exceptions.unused()
	if err := b.compare(ctx, today, now, previous); err != nil {
		return err
	}
	if r.Inventories, err = b.inventories(ctx, now); err != nil {
		return err
	}
	if err := b.changes(ctx); err != nil {
		return err
	}
	r.arrange()
	r.Trend = append(r.Trend, TrendPoint{At: r.GeneratedAt, BySeverity: r.Summary.BySeverity})
	return nil
}

// judgement is what all rules of the report say about one snapshot.
type judgement struct {
	facts    []string // columns of evidence to keep; nil: all of them, and the reasons
	results  []rules.Result
	findings []Finding
	blind    map[string]map[string]bool // by rule, then organization: not everything was seen
	other    map[string]bool            // rules that judged otherwise than today's
}

// judge asks the report's rules.
func (b *builder) judge(ctx context.Context, snapshot *store.Snapshot, facts ...string) (judgement, error) {
	j := judgement{facts: facts, blind: map[string]map[string]bool{}}
	ours := slices.DeleteFunc(b.set.Rules(), func(r rules.Rule) bool { return r.Report != b.report.Name })
	for result, err := range rules.Judge(ctx, snapshot, b.options.RuleTimeout, ours...) {
		if err != nil {
			return j, err
		}
		j.add(result)
	}
	return j, nil
}

func (j *judgement) add(result rules.Result) {
	id := result.Rule.ID
	j.blind[id] = map[string]bool{}
	for _, m := range result.Missing {
		j.blind[id][m.Org] = true
	}
	j.findings = slices.Grow(j.findings, len(result.Findings))
	for i := range result.Findings {
		j.findings = append(j.findings, findingOf(id, &result.Findings[i], j.facts))
	}
	result.Findings = nil // kept once only
	j.results = append(j.results, result)
}

func findingOf(rule string, f *rules.Finding, facts []string) Finding {
	key := f.Subject.Key
	if key == "" {
		key = f.Subject.Kind + "/" + f.Subject.ID
	}
	out := Finding{
		Key: rule + ":" + f.Org + ":" + key, Rule: rule, Severity: f.Severity, Status: f.Status, Org: f.Org, Reason: f.Reason,
		Subject: Subject{
			Kind: f.Subject.Kind, ID: f.Subject.ID, Name: f.Subject.Name,
			URL: OptionalString(f.Subject.URL), Owner: OptionalString(f.Subject.Owner),
		},
	}
	if facts == nil {
		out.Evidence = make(Evidence, 0, len(f.Evidence))
	} else {
		out.Reason = ""
	}
	for _, v := range f.Evidence {
		if facts == nil || slices.Contains(facts, v.Column) {
			out.Evidence = append(out.Evidence, Value(v))
		}
	}
	return out
}

func ruleOf(result rules.Result) Rule {
	r := Rule{
		ID: result.Rule.ID, Title: result.Rule.Title, Severity: result.Rule.Severity, Description: result.Rule.Description,
		Remediation: result.Rule.Remediation, See: result.Rule.See, Parameters: result.Parameters,
		Outcome: result.Outcome, Population: result.Population,
	}
	for _, m := range result.Missing {
		r.Missing = append(r.Missing, m.Org+"/"+m.Resource)
	}
	slices.Sort(r.Missing)
	r.Missing = slices.Compact(r.Missing)
	return r
}

func snapshotOf(i store.Info) Snapshot {
	return Snapshot{
		File: i.File, SHA256: i.SHA256, StartedAt: At(i.StartedAt), FinishedAt: At(i.FinishedAt),
		IsComplete: i.IsComplete, Orgs: i.Orgs,
	}
}

func coverageOf(ctx context.Context, snapshot *store.Snapshot) ([]Coverage, error) {
	list, err := snapshot.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	var out []Coverage
	for _, c := range list {
		out = append(out, Coverage{
			Org: c.Org, Resource: c.Resource, Status: string(c.Status), IsRequired: c.IsRequired, HTTPStatus: OptionalInt(c.HTTPStatus),
			Message: OptionalString(c.Message), Permission: OptionalString(c.Permission), RowCount: c.RowCount, RequestCount: c.RequestCount,
		})
	}
	return out, nil
}

// waive marks the findings that an exception covers.
func (b *builder) waive(findings []Finding) {
	for i := range findings {
		rule, _ := b.set.Find(findings[i].Rule)
		b.exceptions.apply(&findings[i], append([]string{rule.ID}, rule.Formerly...))
	}
}

func (b *builder) scope(j judgement) scope {
	s := scope{all: map[string][]string{}, report: map[string]bool{}, incomplete: map[string]bool{}}
	for _, rule := range append(b.set.Rules(), b.set.Disabled()...) {
		s.all[rule.ID] = append([]string{rule.ID}, rule.Formerly...)
	}
	for _, result := range j.results {
		s.report[result.Rule.ID] = true
		s.incomplete[result.Rule.ID] = len(result.Missing) > 0
	}
	return s
}

// inventories are the saved queries of the report that are sheets: inventory,
// the whole population, and inventory-NAME. The snapshot must be open as long as
// their rows are to be read.
func (b *builder) inventories(ctx context.Context, snapshot *store.Snapshot) ([]Table, error) {
	var tables []Table
	for _, query := range b.set.Queries() { // sorted: inventory comes first
		if query.Report != b.report.Name || query.Name != "inventory" && !strings.HasPrefix(query.Name, "inventory-") {
			continue
		}
		t, err := tableOf(ctx, snapshot, query)
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", query.ID, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func tableOf(ctx context.Context, snapshot *store.Snapshot, query rules.Rule) (Table, error) {
	bindings := query.Bindings(snapshot.Info().FinishedAt)
	names, err := snapshot.Check(ctx, query.SQL, slices.Sorted(maps.Keys(bindings)))
	if err != nil {
		return Table{}, err
	}
	t := Table{Name: query.Name, Title: query.Title, Description: query.Description}
	comments := columnComments(names)
	for _, name := range names {
		t.Columns = append(t.Columns, Column{Name: name, Kind: kindOf(name), Comment: comments[name]})
	}
	t.Rows = func(yield func([]any, error) bool) {
		rows, err := snapshot.Select(ctx, query.SQL, bindings)
		if err != nil {
			yield(nil, fmt.Errorf("query %s: %w", query.ID, err))
			return
		}
		for row, err := range rows.All() {
			if err != nil {
				err = fmt.Errorf("query %s: %w", query.ID, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	return t, nil
}

// columnComments looks the columns up in the snapshot's manual: first in the
// view that has most of them, then in the others.
func columnComments(columns []string) map[string]string {
	views := store.Views()
	shared := func(v store.View) int {
		n := 0
		for _, c := range v.Columns {
			if slices.Contains(columns, c.Name) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(views, func(a, b store.View) int { return shared(b) - shared(a) })
	comments := map[string]string{}
	for _, v := range views {
		for _, c := range v.Columns {
			if comments[c.Name] == "" {
				comments[c.Name] = c.Comment
			}
		}
	}
	return comments
}
