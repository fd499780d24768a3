package rules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// Options are what an evaluation depends on beside the snapshot and the rules.
type Options struct {
	AuditorVersion string
	Exceptions     []finding.Exception // of the configuration
	Timeout        time.Duration       // for each rule; 0: none

	// Due is how long after its first sight a finding should be dealt with, by
	// severity; 0: no such time.
	Due map[finding.Severity]time.Duration

	// WithoutEvidence leaves evidence out, as for the history, which keeps none.
	WithoutEvidence bool

	// IsBrief leaves out what only a reader needs, reasons and evidence, as for
	// a snapshot that another one is compared with.
	IsBrief bool
}

// Evaluation is what a set of rules says of one snapshot, under the exceptions of
// the configuration. It is made once, by [Evaluate]; the history, the reports and
// the view findings are all made from it.
type Evaluation struct {
	AuditorVersion string
	Snapshot       store.Info
	Reports        []string         // names, sorted
	Coverage       []store.Coverage // sorted by organization and resource
	Results        []Result         // sorted by rule

	ruleIDs    map[string][]string // every rule of the set by id, switched off or not: present and former ids
	exceptions *exceptions
}

// Evaluate runs all rules of the set that are not switched off on a snapshot.
// Errors are those of [Results], and an exception whose end is no date.
func Evaluate(ctx context.Context, snapshot *store.Snapshot, set *Set, o Options) (*Evaluation, error) {
	e := &Evaluation{AuditorVersion: o.AuditorVersion, Snapshot: snapshot.Info(), Reports: set.Reports(), ruleIDs: map[string][]string{}}
	for _, rule := range append(set.Rules(), set.Disabled()...) {
		e.ruleIDs[rule.ID] = append([]string{rule.ID}, rule.Formerly...)
	}
	var err error
	if e.Coverage, err = snapshot.Coverage(ctx); err != nil {
		return nil, err
	}
	if e.exceptions, err = newExceptions(o.Exceptions, e.Snapshot.FinishedAt); err != nil {
		return nil, err
	}
	for result, err := range Results(ctx, snapshot, o.Timeout, set.Rules()...) {
		if err != nil {
			return nil, err
		}
		for f := range finding.All(result.Findings) {
			e.exceptions.apply(f, e.ruleIDs[f.Rule])
			if o.IsBrief {
				f.Reason = ""
			}
			if o.IsBrief || o.WithoutEvidence {
				f.Evidence = nil
			}
		}
		e.Results = append(e.Results, result)
	}
	return e, nil
}

// Findings iterates over the findings of all rules, by rule.
func (e *Evaluation) Findings() iter.Seq[*finding.Finding] {
	return func(yield func(*finding.Finding) bool) {
		for i := range e.Results {
			for f := range finding.All(e.Results[i].Findings) {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// Runs lists the rules that were run, by id.
func (e *Evaluation) Runs() []finding.Run {
	runs := make([]finding.Run, 0, len(e.Results))
	for i := range e.Results {
		r := &e.Results[i]
		runs = append(runs, finding.Run{Rule: r.Rule.ID, Fingerprint: r.Rule.Fingerprint(), BlindOrgs: r.blindOrgs()})
	}
	return runs
}

// blindOrgs are the organizations of which the rule could not see all that it
// reads, sorted.
func (r *Result) blindOrgs() []string {
	var orgs []string
	for _, m := range r.Missing { // sorted by organization
		orgs = append(orgs, m.Org)
	}
	return slices.Compact(orgs)
}

// Of returns the results of the rules of one report, by id.
func (e *Evaluation) Of(report string) []Result {
	return slices.DeleteFunc(slices.Clone(e.Results), func(r Result) bool { return r.Rule.Report != report })
}

// Fingerprint is equal for rules that find the same: of one query with the same
// parameters and severity. Exceptions are not part of it, for what was accepted
// then stays accepted then.
func (r Rule) Fingerprint() string {
	text, err := json.Marshal([]any{r.ID, r.SQL, r.Severity, r.Parameters()})
	if err != nil { // texts and numbers
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Fingerprint identifies the rules of the set that are not switched off, as
// [finding.Fingerprint] identifies those that were run.
func (s *Set) Fingerprint() string {
	var runs []finding.Run
	for _, rule := range s.Rules() {
		runs = append(runs, finding.Run{Rule: rule.ID, Fingerprint: rule.Fingerprint()})
	}
	return finding.Fingerprint(runs)
}

// ExceptionWarnings names the exceptions that concern a report and have expired
// or cover nothing: all of them once, and each under the rules that it is for.
func (e *Evaluation) ExceptionWarnings(report string) (all []string, byRule map[string][]string) {
	return e.exceptions.warnings(e.scope(report))
}

// ExceptionNotes names the exceptions that cover nothing in a report, but may in
// another one.
func (e *Evaluation) ExceptionNotes(report string) []string {
	return e.exceptions.notes(e.scope(report))
}

// UnusedExceptions names the exceptions that cover nothing in any report.
func (e *Evaluation) UnusedExceptions() []string {
	var names []string
	for _, x := range e.exceptions.unused() {
		names = append(names, x.name())
	}
	return names
}

func (e *Evaluation) scope(report string) scope {
	s := scope{all: e.ruleIDs, report: map[string]bool{}, incomplete: map[string]bool{}}
	for _, result := range e.Of(report) {
		s.report[result.Rule.ID] = true
		s.incomplete[result.Rule.ID] = len(result.Missing) > 0
	}
	return s
}
