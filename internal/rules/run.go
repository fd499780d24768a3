package rules

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"auditor/internal/store"
)

//go:embed subjects.sql
var subjectsSQL string

// A Result is what one rule says about one snapshot.
type Result struct {
	Rule       Rule
	Parameters map[string]any // as Rule.Parameters: int64, float64, string or bool
	Outcome    string         // complete or incomplete
	Missing    []Missing      // why it is incomplete, sorted by org and resource
	Population *int64         // how many subjects the rule looked at; nil: it does not say
	Findings   []Finding      // sorted by org, kind and id
}

// Missing is a resource that the rule reads and the snapshot has not wholly.
type Missing struct {
	Org      string
	Resource string
	Status   string // partial, denied, failed or skipped
}

// A Finding is one row of a rule.
type Finding struct {
	Status   string // fail or unknown
	Severity string // the row's own, else the rule's
	Org      string
	Reason   string // a sentence
	Subject  Subject
	Evidence []Value // in the order of the columns
}

// A Subject is what a finding is about, as the view subjects knows it.
type Subject struct {
	Kind  string // token, request, repository or org
	ID    string // grant id, request id, repository id or login
	Key   string // identity that lasts from snapshot to snapshot: token/98716
	Name  string // may be empty
	URL   string // GitHub's page; may be empty
	Owner string // login of the owner of a token or request; else empty
}

// A Value is a fact in support of a finding. Its kind follows the name of its
// column: is_ and has_ are bool, _days and _count int64, _at times and _url
// links as string; all others int64, float64 or string. nil is unknown.
type Value struct {
	Column string
	Value  any
}

// Bindings returns the values that the query of the rule uses, as
// store.Snapshot.Select takes them: its parameters and the time that it judges
// at, normally the end of the snapshot.
func (r Rule) Bindings(now time.Time) map[string]any {
	return used(r.SQL, r.bindings(now))
}

// bindings are the values of the query and of its population together.
func (r Rule) bindings(now time.Time) map[string]any {
	values := map[string]any{"now": now.UTC().Format(time.RFC3339)}
	for name, value := range r.values {
		values[name] = bound(value)
	}
	return values
}

// Run judges the snapshot by the rule; 0 is no time limit. Every error names
// the rule: a query that fails or takes too long, and rows that say nothing
// that a report could print (an unknown status or subject, a subject twice).
func Run(ctx context.Context, snapshot *store.Snapshot, r Rule, timeout time.Duration) (Result, error) {
	limited := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	result, err := run(limited, snapshot, r)
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("rule %s: %w", r.ID, ctx.Err())
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return Result{}, fmt.Errorf("rule %s: stopped after %v, the time limit of a rule: %w", r.ID, timeout, context.DeadlineExceeded)
	}
	return Result{}, fmt.Errorf("rule %s: %w", r.ID, err)
}

func run(ctx context.Context, snapshot *store.Snapshot, r Rule) (Result, error) {
	result := Result{Rule: r, Parameters: r.Parameters(), Outcome: "complete"}
	var err error
	if result.Missing, err = missing(ctx, snapshot, r); err != nil {
		return result, err
	}
	if len(result.Missing) > 0 {
		result.Outcome = "incomplete"
	}
	bindings := r.bindings(snapshot.Info().FinishedAt)
	if r.Population != "" {
		if result.Population, err = population(ctx, snapshot, r, bindings); err != nil {
			return result, fmt.Errorf("population: %w", err)
		}
	}
	rows, err := snapshot.Select(ctx, r.SQL, used(r.SQL, bindings))
	if err != nil {
		return result, err
	}
	if result.Findings, err = findings(rows, r); err != nil {
		return result, err
	}
	return result, resolve(ctx, snapshot, result.Findings)
}

// used leaves out the bindings that a statement has no use for: the store
// refuses them.
func used(sql string, bindings map[string]any) map[string]any {
	values := map[string]any{}
	for _, p := range placeholders(sql) {
		name := strings.TrimPrefix(p.text, ":")
		if value, ok := bindings[name]; ok {
			values[name] = value
		}
	}
	return values
}

func population(ctx context.Context, snapshot *store.Snapshot, r Rule, bindings map[string]any) (*int64, error) {
	sql := r.populationSQL()
	rows, err := snapshot.Select(ctx, sql, used(sql, bindings))
	if err != nil {
		return nil, err
	}
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		count, isCount := row[0].(int64)
		if !isCount {
			return nil, fmt.Errorf("%v is no count", row[0])
		}
		return &count, nil
	}
	return nil, errors.New("the count has no row")
}

// missing holds the resources that the rule reads against the coverage of every
// organization. A resource without a coverage row was never asked for.
func missing(ctx context.Context, snapshot *store.Snapshot, r Rule) ([]Missing, error) {
	resources, err := reads(ctx, snapshot, r)
	if err != nil {
		return nil, err
	}
	coverage, err := snapshot.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	status := map[[2]string]string{}
	orgs := map[string]bool{}
	for _, org := range snapshot.Info().Orgs {
		orgs[org] = true
	}
	for _, c := range coverage {
		status[[2]string{c.Org, c.Resource}] = c.Status
		orgs[c.Org] = true
	}
	var missing []Missing
	for _, org := range slices.Sorted(maps.Keys(orgs)) {
		for _, resource := range resources {
			switch s, ok := status[[2]string{org, resource}]; {
			case !ok:
				missing = append(missing, Missing{Org: org, Resource: resource, Status: "skipped"})
			case s != "complete":
				missing = append(missing, Missing{Org: org, Resource: resource, Status: s})
			}
		}
	}
	return missing, nil
}

// reads returns the resources that the query and its population read, sorted.
func reads(ctx context.Context, snapshot *store.Snapshot, r Rule) ([]string, error) {
	resources, err := snapshot.Reads(ctx, r.SQL)
	if err != nil {
		return nil, err
	}
	if r.Population != "" {
		counted, err := snapshot.Reads(ctx, r.populationSQL())
		if err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		resources = append(resources, counted...)
	}
	slices.Sort(resources)
	return slices.Compact(resources), nil
}

// resolve fills in the subjects, one query a kind.
func resolve(ctx context.Context, snapshot *store.Snapshot, findings []Finding) error {
	type key struct{ org, subject string }
	positions := map[key]int{}
	kinds := map[string][]string{}
	for i, f := range findings {
		subject := f.Subject.Kind + "/" + f.Subject.ID
		positions[key{f.Org, subject}] = i
		kinds[f.Subject.Kind] = append(kinds[f.Subject.Kind], subject)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		list, err := json.Marshal(kinds[kind])
		if err != nil {
			return err
		}
		rows, err := snapshot.Select(ctx, subjectsSQL, map[string]any{"kind": kind, "subjects": string(list)})
		if err != nil {
			return fmt.Errorf("resolve subjects: %w", err)
		}
		for row, err := range rows.All() {
			if err != nil {
				return fmt.Errorf("resolve subjects: %w", err)
			}
			if i, ok := positions[key{text(row[0]), text(row[1])}]; ok {
				s := &findings[i].Subject
				s.Key, s.Name, s.URL, s.Owner = text(row[2]), text(row[3]), text(row[4]), text(row[5])
			}
		}
	}
	for _, f := range findings {
		if f.Subject.Key == "" {
			return fmt.Errorf("it reports %s/%s of %s, which the snapshot does not have", f.Subject.Kind, f.Subject.ID, f.Org)
		}
	}
	return nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
