package report

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// Build makes one report of an evaluation whose findings [ReadPast] has marked, of
// the past, and of the sheets that [Sheets] prepares. It reads nothing else: equal
// values give an equal Report. The error says that no rule belongs to the report.
func Build(name string, e *rules.Evaluation, past *Past, sheets []Table) (*Report, error) {
	if !slices.Contains(e.Reports, name) {
		return nil, fmt.Errorf("report %q: no rule belongs to it", name)
	}
	r := &Report{
		Version: Version, Name: name, Title: titleOf(name), AuditorVersion: e.AuditorVersion,
		Snapshot: snapshotOf(e.Snapshot), GeneratedAt: At(e.Snapshot.FinishedAt), PreviousSnapshot: past.previous,
		Coverage: coverageOf(e.Coverage), Inventories: sheets, Notes: e.ExceptionNotes(name),
	}
	warnings, byRule := e.ExceptionWarnings(name)
	r.Warnings = append(append(r.Warnings, warnings...), past.warnings...)
	for _, result := range e.Of(name) {
		rule := ruleOf(result)
		rule.Warnings = byRule[rule.ID]
		r.Rules = append(r.Rules, rule)
		for f := range finding.All(result.Findings) {
			r.Findings = append(r.Findings, f)
		}
	}
	r.Resolved = past.resolvedBy(r.Rules)
	r.Changes = past.changesFor(r)
	r.Arrange()
	r.Trend = append(past.trendOf(name), TrendPoint{At: r.GeneratedAt, BySeverity: r.Summary.BySeverity})
	return r, nil
}

func ruleOf(result rules.Result) Rule {
	r := Rule{
		ID: result.Rule.ID, Title: result.Rule.Title, Severity: finding.Severity(result.Rule.Severity), Description: result.Rule.Description,
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

func coverageOf(list []store.Coverage) []Coverage {
	var out []Coverage
	for _, c := range list {
		out = append(out, Coverage{
			Org: c.Org, Resource: c.Resource, Status: string(c.Status), IsRequired: c.IsRequired, HTTPStatus: OptionalInt(c.HTTPStatus),
			Message: OptionalString(c.Message), Permission: OptionalString(c.Permission), RowCount: c.RowCount, RequestCount: c.RequestCount,
		})
	}
	return out
}

// Sheets prepares the saved queries of a report that are sheets: inventory, the
// whole population, and inventory-NAME. The snapshot must be open as long as their
// rows are to be read. One that reads the view findings sees those of the
// evaluation, which [ReadPast] has marked.
func Sheets(ctx context.Context, name string, set *rules.Set, snapshot *store.Snapshot, e *rules.Evaluation) ([]Table, error) {
	var tables []Table
	for _, query := range set.Queries() { // sorted: inventory comes first
		if query.Report != name || query.Name != "inventory" && !strings.HasPrefix(query.Name, "inventory-") {
			continue
		}
		t, err := tableOf(ctx, snapshot, query)
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", query.ID, err)
		}
		readsFindings, err := snapshot.ReadsFindings(ctx, query.SQL)
		if err == nil && readsFindings {
			err = snapshot.FillFindings(ctx, e.Findings())
		}
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
	t := Table{Name: query.Name, Title: query.Title, Description: query.Description, Columns: columnsOf(names)}
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
