package report

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"auditor/internal/finding"
	"auditor/internal/history"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// Past is what reports say of the time before a snapshot. The zero value says
// that nothing is known.
type Past struct {
	previous *Snapshot // what New and Resolved compare with; nil: nothing
	warnings []string
	resolved []Resolved
	trend    map[string][]TrendPoint // by report, oldest first
	diff     *Diff                   // since the previous snapshot of the history; nil: it does not know
}

// ReadPast reads what the history (nil: there is none) knows of the time before
// the evaluated snapshot, and marks the findings of the evaluation: which are new,
// and when each was first seen. The previous snapshot is the newest one that the
// history has. Its file (nil: there is none) is evaluated only where the history
// cannot answer, by the rules and options of this evaluation, so that a changed
// rule is not taken for a changed organization.
func ReadPast(ctx context.Context, e *rules.Evaluation, set *rules.Set, o rules.Options, h *history.History, file *store.Snapshot) (*Past, error) {
	p := &Past{trend: map[string][]TrendPoint{}}
	known := &history.Past{}
	today := statuses(e.Findings())
	if h != nil && e.Snapshot.Filters == "" {
		var err error
		isFound := func(key finding.Key) bool { return today[key] != "" }
		if known, err = h.Past(ctx, e.Snapshot, e.Reports, isFound); err != nil {
			return nil, err
		}
	}
	if sum := known.AlteredSHA256; sum != "" {
		p.warnings = append(p.warnings, fmt.Sprintf("%s was altered since it was merged into the history: its SHA-256 was %.12s…", e.Snapshot.File, sum))
	}
	hasPast := known.Previous.ID != 0
	switch {
	case file != nil && (!hasPast || mustEvaluate(e, known, file.Info())):
		if err := p.compareFile(ctx, e, today, set, o, file); err != nil {
			return nil, err
		}
	case hasPast:
		p.compare(e, pointOfHistory(known, e))
	}
	if hasPast {
		p.remember(e, known)
	}
	for f := range e.Findings() {
		if due := o.Due[f.Severity]; due > 0 && f.Status == finding.Fail && !f.FirstSeenAt.IsZero() {
			f.DueAt = f.FirstSeenAt.Add(due)
		}
	}
	return p, nil
}

// mustEvaluate says whether the file of the previous snapshot has to be
// evaluated: it is newer than all that the history has, or other rules were run
// on it then.
func mustEvaluate(e *rules.Evaluation, known *history.Past, file store.Info) bool {
	if file.SHA256 != known.Previous.SHA256 {
		return file.StartedAt.After(known.Previous.StartedAt) && !known.Has(file.SHA256)
	}
	return slices.ContainsFunc(e.Runs(), func(r finding.Run) bool { return runOf(known.Runs, r.Rule).Fingerprint != r.Fingerprint })
}

func runOf(runs []finding.Run, rule string) finding.Run {
	if i := slices.IndexFunc(runs, func(r finding.Run) bool { return r.Rule == rule }); i >= 0 {
		return runs[i]
	}
	return finding.Run{}
}

// compareFile evaluates the previous snapshot by today's rules.
func (p *Past) compareFile(ctx context.Context, e *rules.Evaluation, today map[finding.Key]finding.Status, set *rules.Set, o rules.Options, file *store.Snapshot) error {
	info := file.Info()
	if e.Snapshot.Filters != "" || info.Filters != "" {
		p.warnings = append(p.warnings, "not compared with "+info.File+": a snapshot of a targeted run shows only a part")
		return nil
	}
	o.IsBrief = true // two evaluations are held at once
	before, err := rules.Evaluate(ctx, file, set, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // an old file that today's rules cannot read is no reason to have no report
		p.warnings = append(p.warnings, fmt.Sprintf("not compared with %s: %v", info.File, err))
		return nil
	}
	p.compare(e, pointOfEvaluation(before, today))
	// The counts for the trend, by the exceptions of today.
	for _, name := range e.Reports {
		var c finding.Counts
		for _, result := range before.Of(name) {
			for f := range finding.All(result.Findings) {
				if f.Counts() {
					c.Add(f.Severity)
				}
			}
		}
		p.trend[name] = []TrendPoint{{At: At(info.FinishedAt), BySeverity: c}}
	}
	return nil
}

// remember adds what only the history knows: since when there is what is not new,
// how bad it was before, and what changed.
func (p *Past) remember(e *rules.Evaluation, known *history.Past) {
	for f := range e.Findings() {
		if at, ok := known.FirstSeen[f.Key]; ok && f.Status == finding.Fail && f.FirstSeenAt.IsZero() {
			f.FirstSeenAt = at
		}
	}
	for report, list := range known.Trend {
		var points []TrendPoint
		for _, t := range list {
			points = append(points, TrendPoint{At: At(t.FinishedAt), BySeverity: t.Findings})
		}
		points = abridge(points)
		if own := p.trend[report]; len(own) > 0 { // the previous snapshot, evaluated by today's rules
			points = slices.DeleteFunc(points, func(t TrendPoint) bool { return !t.At.Before(own[0].At.Time) })
		}
		p.trend[report] = append(points, p.trend[report]...)
	}
	if known.Now.ID != 0 {
		p.diff = NewDiff(known.Previous, known.Now, known.Changes, known.NotCompared, Silence)
	}
}

// point is what was found in an earlier snapshot.
type point struct {
	snapshot Snapshot
	status   map[finding.Key]finding.Status // of what is found today too
	gone     iter.Seq[*finding.Finding]     // what is not found today
	blind    map[string]map[string]bool     // by rule, then organization: not everything was seen
	other    map[string]bool                // rules of another fingerprint than today's
}

func pointOfEvaluation(e *rules.Evaluation, today map[finding.Key]finding.Status) point {
	gone := func(yield func(*finding.Finding) bool) {
		for f := range e.Findings() {
			if today[f.Key] == "" && !yield(f) {
				return
			}
		}
	}
	return point{snapshot: snapshotOf(e.Snapshot), status: statuses(e.Findings()), gone: gone, blind: blindOf(e.Runs())}
}

// pointOfHistory takes of the history what rules found that are run today. A rule
// that was another one then says neither what is new nor what is resolved.
func pointOfHistory(known *history.Past, e *rules.Evaluation) point {
	p := point{snapshot: snapshotOfHistory(known.Previous), status: known.Statuses, blind: map[string]map[string]bool{}, other: map[string]bool{}}
	before := blindOf(known.Runs)
	for _, r := range e.Runs() {
		p.blind[r.Rule] = before[r.Rule]
		p.other[r.Rule] = runOf(known.Runs, r.Rule).Fingerprint != r.Fingerprint
	}
	p.gone = func(yield func(*finding.Finding) bool) {
		for f := range finding.All(known.Gone) {
			if _, isRun := p.blind[f.Rule]; isRun && !yield(f) {
				return
			}
		}
	}
	return p
}

func blindOf(runs []finding.Run) map[string]map[string]bool {
	blind := make(map[string]map[string]bool, len(runs))
	for _, r := range runs {
		blind[r.Rule] = map[string]bool{}
		for _, org := range r.BlindOrgs {
			blind[r.Rule][org] = true
		}
	}
	return blind
}

// compare marks what is new since an earlier snapshot and lists what is gone. Only
// what both snapshots could see is compared: anything else would turn a lost
// permission into good news.
func (p *Past) compare(e *rules.Evaluation, before point) {
	previous := before.snapshot // not its address, which would keep all that was found before
	p.previous = &previous
	p.markNew(e, before)
	p.findResolved(e, before)
}

// markNew fills IsNew: false if the earlier snapshot had it, true if it had looked
// and not found it, nil if that cannot be said.
func (p *Past) markNew(e *rules.Evaluation, before point) {
	yes, no := true, false
	for f := range e.Findings() {
		if f.Status != finding.Fail {
			continue
		}
		switch before.status[f.Key] {
		case finding.Fail:
			f.IsNew = &no
		case finding.Unknown:
		default:
			if before.other[f.Rule] || before.blind[f.Rule][f.Org] || !slices.Contains(before.snapshot.Orgs, f.Org) {
				continue
			}
			f.IsNew, f.FirstSeenAt = &yes, e.Snapshot.FinishedAt
		}
	}
}

// findResolved lists the fails of before that are neither failing nor unknown now,
// although the rule could see everything of that organization.
func (p *Past) findResolved(e *rules.Evaluation, before point) {
	blind := blindOf(e.Runs())
	for f := range before.gone {
		isComparable := !before.other[f.Rule] && !blind[f.Rule][f.Org] &&
			slices.Contains(before.snapshot.Orgs, f.Org) && slices.Contains(e.Snapshot.Orgs, f.Org)
		if f.Status != finding.Fail || !isComparable {
			continue
		}
		p.resolved = append(p.resolved, Resolved{Key: f.Key, Rule: f.Rule, Org: f.Org, Subject: f.Subject, LastSeenAt: before.snapshot.FinishedAt})
	}
}

// statuses maps the keys to their status. Of two grants of one token the fail
// counts.
func statuses(findings iter.Seq[*finding.Finding]) map[finding.Key]finding.Status {
	out := map[finding.Key]finding.Status{}
	for f := range findings {
		if out[f.Key] != finding.Fail {
			out[f.Key] = f.Status
		}
	}
	return out
}

// resolvedBy is what the rules of one report say is gone.
func (p *Past) resolvedBy(rules []Rule) []Resolved {
	var out []Resolved
	for _, r := range p.resolved {
		if slices.ContainsFunc(rules, func(rule Rule) bool { return rule.ID == r.Rule }) {
			out = append(out, r)
		}
	}
	return out
}

func (p *Past) trendOf(report string) []TrendPoint { return slices.Clone(p.trend[report]) }

// changesFor is what changed since the previous snapshot and belongs to a report:
// to the kinds of subjects that it is about.
func (p *Past) changesFor(r *Report) *Changes {
	if p.diff == nil {
		return nil
	}
	c := &Changes{Since: p.diff.Old.FinishedAt, NotCompared: p.diff.NotCompared}
	kinds := r.subjectKinds()
	for _, change := range p.diff.Changes {
		if kinds[change.Subject.Kind] {
			c.List = append(c.List, change)
		}
	}
	return c
}

const (
	trendAll   = 14 // of the newest points all are shown,
	trendWeeks = 12 // before them the last one of so many weeks,
)

// abridge leaves of a long trend what a reader can take in: the newest points, one
// a week before them, and one a month before those.
func abridge(points []TrendPoint) []TrendPoint {
	var out []TrendPoint
	weeks, last := 0, ""
	for i := len(points) - 1; i >= 0; i-- {
		at := points[i].At.UTC()
		year, week := at.ISOWeek()
		period := fmt.Sprint(year, "-W", week)
		if weeks > trendWeeks {
			period = at.Format("2006-01")
		}
		switch {
		case len(points)-i <= trendAll:
		case period == last:
			continue
		default:
			weeks++
		}
		last = period
		out = append(out, points[i])
	}
	slices.Reverse(out)
	return out
}

// subjectKinds are the kinds of subjects that the report is about: those of its
// findings, and what it lists wholly, should there be no finding. Kinds of one
// group belong together: people who look after tokens want to know of requests
// for them, and of who left.
func (r *Report) subjectKinds() map[string]bool {
	found := map[string]bool{}
	for i := range r.Findings {
		found[r.Findings[i].Subject.Kind] = true
	}
	for i := range r.Resolved {
		found[r.Resolved[i].Subject.Kind] = true
	}
	groups := map[string]bool{}
	for _, k := range finding.Kinds() {
		isListed := k.IDColumn != "" && len(r.Inventories) > 0 &&
			slices.ContainsFunc(r.Inventories[0].Columns, func(c Column) bool { return c.Name == k.IDColumn })
		if isListed || found[k.Name] {
			groups[k.Group] = true
		}
	}
	kinds := map[string]bool{}
	for _, k := range finding.Kinds() {
		kinds[k.Name] = groups[k.Group]
	}
	return kinds
}
