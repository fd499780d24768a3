package rules

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"auditor/internal/finding"
	"auditor/internal/store"
)

//go:embed subjects.sql
var subjectsSQL string

// A Result is what one rule says about one snapshot.
type Result struct {
	Rule       Rule
	Parameters map[string]any    // as Rule.Parameters: int64, float64, string or bool
	Outcome    string            // complete or incomplete
	Missing    []Missing         // why it is incomplete, sorted by org and resource
	Population *int64            // how many subjects the rule looked at; nil: it does not say
	Findings   []finding.Finding // sorted by org, kind and id
}

// Missing is a resource that the rule reads and the snapshot has not wholly.
type Missing struct {
	Org      string
	Resource string
	Status   store.CoverageStatus
}

// Bindings returns the values that the query of the rule uses, as
// store.Snapshot.Select takes them: its parameters and the time that it takes
// for now, normally the end of the snapshot.
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

// Results runs each of the rules on the snapshot, [store.AtOnce] of them at a
// time, and yields the results in the order of the rules. A rule may take as long
// as timeout; 0: no limit. After an error, the last thing yielded, there is no
// more. An error of a rule names it: a query that fails or takes too long, and
// rows that say nothing that a report could print (an unknown status or subject,
// a subject twice).
func Results(ctx context.Context, snapshot *store.Snapshot, timeout time.Duration, rules ...Rule) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		e, err := newEvaluator(ctx, snapshot, timeout)
		if err != nil {
			yield(Result{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		// Results that wait for an earlier one take memory: the fastest rules are
		// not far ahead of the slowest.
		ahead := make(chan chan ended, 2*store.AtOnce())
		var all sync.WaitGroup
		all.Go(func() { e.runAll(ctx, rules, ahead) })
		defer all.Wait()
		defer cancel()
		for one := range ahead {
			if o := <-one; !yield(o.result, o.err) || o.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Result{}, err)
		}
	}
}

// runAll puts a place for the result of each rule into ahead, in their order,
// and the results there when they come. It ends with the last of them.
func (e *evaluator) runAll(ctx context.Context, rules []Rule, ahead chan<- chan ended) {
	defer close(ahead)
	var running errgroup.Group
	defer running.Wait()
	running.SetLimit(store.AtOnce())
	for _, rule := range rules {
		one := make(chan ended, 1)
		select {
		case ahead <- one:
		case <-ctx.Done():
			return
		}
		running.Go(func() error {
			result, err := e.evaluate(ctx, rule)
			one <- ended{result, err}
			return nil
		})
	}
}

// Run runs one rule on the snapshot, as [Results] does.
func Run(ctx context.Context, snapshot *store.Snapshot, timeout time.Duration, rule Rule) (Result, error) {
	e, err := newEvaluator(ctx, snapshot, timeout)
	if err != nil {
		return Result{}, err
	}
	return e.evaluate(ctx, rule)
}

type ended struct {
	result Result
	err    error
}

// An evaluator runs many rules on one snapshot. What many of them ask alike it
// asks the snapshot once: coverage, populations, who the subjects are. It is
// safe for concurrent use.
type evaluator struct {
	snapshot *store.Snapshot
	timeout  time.Duration
	coverage map[[2]string]store.CoverageStatus // status by organization and resource
	orgs     []string                           // sorted

	populations sync.Map // int64 by statement and bindings
	counted     sync.Map // []string, the resources that the statement of a population reads
	subjects    sync.Map // keyedSubject by place
	words       words    // of all findings
}

// place names a subject within a snapshot.
type place struct{ org, kind, id string }

func newEvaluator(ctx context.Context, snapshot *store.Snapshot, timeout time.Duration) (*evaluator, error) {
	rows, err := snapshot.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	e := &evaluator{snapshot: snapshot, timeout: timeout, coverage: map[[2]string]store.CoverageStatus{}, orgs: slices.Clone(snapshot.Info().Orgs)}
	for _, c := range rows {
		e.coverage[[2]string{c.Org, c.Resource}] = c.Status
		e.orgs = append(e.orgs, c.Org)
	}
	slices.Sort(e.orgs)
	e.orgs = slices.Compact(e.orgs)
	return e, nil
}

func (e *evaluator) evaluate(ctx context.Context, rule Rule) (Result, error) {
	limited := ctx
	if e.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, e.timeout)
		defer cancel()
	}
	result, err := e.run(limited, rule)
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("rule %s: %w", rule.ID, ctx.Err())
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return Result{}, fmt.Errorf("rule %s: stopped after %v, the time limit of a rule: %w", rule.ID, e.timeout, context.DeadlineExceeded)
	}
	return Result{}, fmt.Errorf("rule %s: %w", rule.ID, err)
}

func (e *evaluator) run(ctx context.Context, rule Rule) (Result, error) {
	result := Result{Rule: rule, Parameters: rule.Parameters(), Outcome: "complete"}
	var err error
	if result.Missing, err = e.missing(ctx, rule); err != nil {
		return result, err
	}
	if len(result.Missing) > 0 {
		result.Outcome = "incomplete"
	}
	bindings := rule.bindings(e.snapshot.Info().FinishedAt)
	if rule.Population != "" {
		count, err := e.population(ctx, rule, bindings)
		if err != nil {
			return result, fmt.Errorf("population: %w", err)
		}
		result.Population = &count
	}
	rows, err := e.snapshot.Select(ctx, rule.SQL, used(rule.SQL, bindings))
	if err != nil {
		return result, err
	}
	if result.Findings, err = findings(rows, rule, &e.words); err != nil {
		return result, err
	}
	return result, e.resolve(ctx, result.Findings)
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

func (e *evaluator) population(ctx context.Context, rule Rule, bindings map[string]any) (int64, error) {
	sql := rule.populationSQL()
	bound := used(sql, bindings)
	key := fmt.Sprint(sql, bound) // maps are printed sorted
	if count, ok := e.populations.Load(key); ok {
		return count.(int64), nil
	}
	rows, err := e.snapshot.Select(ctx, sql, bound)
	if err != nil {
		return 0, err
	}
	for row, err := range rows.All() {
		if err != nil {
			return 0, err
		}
		count, isCount := row[0].(int64)
		if !isCount {
			return 0, fmt.Errorf("%v is no count", row[0])
		}
		e.populations.Store(key, count)
		return count, nil
	}
	return 0, errors.New("the count has no row")
}

// missing holds the resources that the rule reads against the coverage of every
// organization. A resource without a coverage row was never asked for.
func (e *evaluator) missing(ctx context.Context, rule Rule) ([]Missing, error) {
	resources, err := e.reads(ctx, rule)
	if err != nil {
		return nil, err
	}
	var missing []Missing
	for _, org := range e.orgs {
		for _, resource := range resources {
			switch s, ok := e.coverage[[2]string{org, resource}]; {
			case !ok:
				missing = append(missing, Missing{Org: org, Resource: resource, Status: store.StatusSkipped})
			case !s.IsComplete():
				missing = append(missing, Missing{Org: org, Resource: resource, Status: s})
			}
		}
	}
	return missing, nil
}

// reads returns the resources that the query and its population read, sorted.
func (e *evaluator) reads(ctx context.Context, rule Rule) ([]string, error) {
	resources, err := e.snapshot.Reads(ctx, rule.SQL)
	if err != nil || rule.Population == "" {
		return resources, err
	}
	sql := rule.populationSQL()
	counted, ok := e.counted.Load(sql)
	if !ok {
		if counted, err = e.snapshot.Reads(ctx, sql); err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		e.counted.Store(sql, counted)
	}
	resources = append(resources, counted.([]string)...)
	slices.Sort(resources)
	return slices.Compact(resources), nil
}

// resolve fills in the subjects, one query a kind for those that are new.
func (e *evaluator) resolve(ctx context.Context, findings []finding.Finding) error {
	unknown := map[string][]string{}
	for _, f := range findings {
		if _, ok := e.subjects.Load(placeOf(f)); !ok {
			unknown[f.Subject.Kind] = append(unknown[f.Subject.Kind], f.Subject.Kind+"/"+f.Subject.ID)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(unknown)) {
		if err := e.lookUp(ctx, kind, unknown[kind]); err != nil {
			return fmt.Errorf("resolve subjects: %w", err)
		}
	}
	for i, f := range findings {
		subject, ok := e.subjects.Load(placeOf(f))
		if !ok {
			return fmt.Errorf("it reports %s/%s of %s, which the snapshot does not have", f.Subject.Kind, f.Subject.ID, f.Org)
		}
		known := subject.(keyedSubject)
		findings[i].Subject = known.subject
		findings[i].Key = finding.NewKey(f.Rule, f.Org, known.key)
	}
	return nil
}

func placeOf(f finding.Finding) place { return place{f.Org, f.Subject.Kind, f.Subject.ID} }

// keyedSubject is a subject with its key, which lasts from snapshot to snapshot:
// a token keeps its token id, while its grant id changes.
type keyedSubject struct {
	subject finding.Subject
	key     string
}

// lookUp asks for subjects of one kind, "token/7", in every organization.
func (e *evaluator) lookUp(ctx context.Context, kind string, subjects []string) error {
	list, err := json.Marshal(subjects)
	if err != nil {
		return err
	}
	rows, err := e.snapshot.Select(ctx, subjectsSQL, map[string]any{"kind": kind, "subjects": string(list)})
	if err != nil {
		return err
	}
	for row, err := range rows.All() {
		if err != nil {
			return err
		}
		id := strings.TrimPrefix(text(row[1]), kind+"/")
		e.subjects.Store(place{text(row[0]), kind, id}, keyedSubject{
			key:     cmp.Or(text(row[2]), text(row[1])),
			subject: finding.Subject{Kind: kind, ID: id, Name: text(row[3]), URL: text(row[4]), Owner: text(row[5])},
		})
	}
	return nil
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
