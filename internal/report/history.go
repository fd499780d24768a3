package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"auditor/internal/rules"
	"auditor/internal/store"
)

// Judge tells the history what all rules of a set find in a snapshot: the same
// as the reports do, with today's exceptions.
func Judge(ctx context.Context, set *rules.Set, snapshot *store.Snapshot, o Options) ([]store.HistoryFinding, []store.HistoryRule, error) {
	b := &builder{set: set, options: o}
	var err error
	if b.exceptions, err = newExceptions(o.Exceptions, snapshot.Info().FinishedAt); err != nil {
		return nil, nil, err
	}
	var findings []store.HistoryFinding
	var judges []store.HistoryRule
	for result, err := range rules.Judge(ctx, snapshot, o.RuleTimeout, set.Rules()...) {
		if err != nil {
			return nil, nil, err
		}
		findings = append(findings, b.historyFindings(result)...)
		judges = append(judges, historyRule(result))
	}
	return findings, judges, nil
}

func (b *builder) historyFindings(result rules.Result) []store.HistoryFinding {
	var out []store.HistoryFinding
	for i := range result.Findings {
		one := []Finding{findingOf(result.Rule.ID, &result.Findings[i], []string{"token_id"})} // what exceptions ask for
		b.waive(one)
		f := &one[0]
		out = append(out, store.HistoryFinding{
			Key: f.Key, Rule: f.Rule, Org: f.Org, Severity: f.Severity, Status: f.Status,
			Subject: store.HistorySubject{
				Kind: f.Subject.Kind, ID: f.Subject.ID, Name: f.Subject.Name,
				URL: string(f.Subject.URL), Owner: string(f.Subject.Owner),
			},
			Reason: result.Findings[i].Reason, IsExcepted: f.Exception != nil,
		})
	}
	return out
}

func historyRule(result rules.Result) store.HistoryRule {
	out := store.HistoryRule{ID: result.Rule.ID, Fingerprint: Fingerprint(result.Rule)}
	for _, m := range result.Missing { // sorted by organization
		if !slices.Contains(out.Blind, m.Org) {
			out.Blind = append(out.Blind, m.Org)
		}
	}
	return out
}

// Fingerprint is equal for rules that find the same: of one query with the same
// parameters and severity. Exceptions are not in it, for what was accepted then
// stays accepted then.
func Fingerprint(rule rules.Rule) string {
	text, err := json.Marshal([]any{rule.ID, rule.SQL, rule.Severity, rule.Parameters()})
	if err != nil { // texts and numbers
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// RulesFingerprint is what the history says of a snapshot that the set judged.
func RulesFingerprint(set *rules.Set) string {
	var list []store.HistoryRule
	for _, rule := range set.Rules() {
		list = append(list, store.HistoryRule{ID: rule.ID, Fingerprint: Fingerprint(rule)})
	}
	return store.RulesFingerprint(list)
}

// past is what the history knows of the time before a snapshot.
type past struct {
	history  *store.History
	now      store.HistorySnapshot   // ID 0: the history does not have it
	previous store.HistorySnapshot   // ID 0: there is none
	isKnown  map[string]bool         // by checksum, all before
	about    map[int64]bool          // of them, those of any of the same organizations
	seen     map[string]Time         // by key of a finding of previous: when it was first a fail
	rules    map[string]historyJudge // of previous, by id
}

type historyJudge struct {
	fingerprint string
	blind       []string
}

// past asks the history, nil if there is none or it says nothing of this
// snapshot's organizations. What is newer than the snapshot is not looked at.
func (b *builder) past(ctx context.Context, now *store.Snapshot) (*past, error) {
	h := b.options.History
	if h == nil || now.Info().Filters != "" {
		return nil, nil
	}
	all, err := h.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	p := &past{history: h, isKnown: map[string]bool{}, about: map[int64]bool{}}
	for _, s := range all {
		if s.File == now.Info().File && s.SHA256 != now.Info().SHA256 {
			b.report.Warnings = append(b.report.Warnings, fmt.Sprintf("%s was altered since it was merged into the history: its SHA-256 was %.12s…", s.File, s.SHA256))
		}
		if s.SHA256 == now.Info().SHA256 {
			p.now = s
			break
		}
		if !s.StartedAt.Before(now.Info().StartedAt) {
			break
		}
		p.isKnown[s.SHA256] = true
		if slices.ContainsFunc(s.Orgs, func(org string) bool { return slices.Contains(now.Info().Orgs, org) }) {
			p.previous, p.about[s.ID] = s, true
		}
	}
	if p.previous.ID == 0 {
		return nil, nil
	}
	return p, p.read(ctx, b.report.Name)
}

func (p *past) read(ctx context.Context, report string) error {
	first, err := p.history.FirstSeen(ctx, p.previous.ID, report)
	if err != nil {
		return err
	}
	p.seen = make(map[string]Time, len(first))
	for key, at := range first {
		p.seen[key] = At(at)
	}
	judges, err := p.history.Rules(ctx, p.previous.ID)
	p.rules = map[string]historyJudge{}
	for _, r := range judges {
		p.rules[r.ID] = historyJudge{r.Fingerprint, r.Blind}
	}
	return err
}

// mustJudge says whether the file of the previous snapshot has to be judged: it
// is newer than all that the history has, or it was judged by other rules then.
func (p *past) mustJudge(today judgement, file *store.Snapshot) bool {
	if file == nil {
		return false
	}
	info := file.Info()
	if info.SHA256 != p.previous.SHA256 {
		return info.StartedAt.After(p.previous.StartedAt) && !p.isKnown[info.SHA256]
	}
	return slices.ContainsFunc(today.results, func(r rules.Result) bool {
		return p.rules[r.Rule.ID].fingerprint != Fingerprint(r.Rule)
	})
}

// judgement is what the history has of the previous snapshot, for the rules of
// today's. A rule that judged otherwise then says neither what is new nor what
// is resolved.
func (p *past) judgement(ctx context.Context, report string, today judgement) (judgement, error) {
	before := judgement{blind: map[string]map[string]bool{}, other: map[string]bool{}}
	findings, err := p.history.Findings(ctx, p.previous.ID, report)
	if err != nil {
		return before, err
	}
	for _, r := range today.results {
		id := r.Rule.ID
		judge := p.rules[id]
		before.other[id] = judge.fingerprint != Fingerprint(r.Rule)
		before.blind[id] = map[string]bool{}
		for _, org := range judge.blind {
			before.blind[id][org] = true
		}
	}
	for _, f := range findings {
		if before.blind[f.Rule] == nil {
			continue
		}
		before.findings = append(before.findings, Finding{
			Key: f.Key, Rule: f.Rule, Severity: f.Severity, Status: f.Status, Org: f.Org,
			Subject: Subject{
				Kind: f.Subject.Kind, ID: f.Subject.ID, Name: f.Subject.Name,
				URL: OptionalString(f.Subject.URL), Owner: OptionalString(f.Subject.Owner),
			},
		})
	}
	return before, nil
}

// trend is how bad it was up to the previous snapshot, as it was judged then.
func (p *past) trend(ctx context.Context, report string) ([]TrendPoint, error) {
	list, err := p.history.Trend(ctx, report, p.previous.ID)
	if err != nil {
		return nil, err
	}
	var points []TrendPoint
	for _, t := range list {
		if !p.about[t.SnapshotID] {
			continue
		}
		c := t.Findings
		points = append(points, TrendPoint{At: At(t.FinishedAt), BySeverity: SeverityCounts{
			Critical: int(c.Critical), High: int(c.High), Medium: int(c.Medium), Low: int(c.Low),
		}})
	}
	return thin(points), nil
}

const (
	trendAll   = 14 // of the newest points all are shown,
	trendWeeks = 12 // before them the last one of so many weeks,
)

// thin leaves of a long trend what a reader can take in: the newest points, one
// a week before them, and one a month before those.
func thin(points []TrendPoint) []TrendPoint {
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

// changes lists what is otherwise since the previous snapshot and belongs to
// the report: to the kinds of subjects that it is about.
func (b *builder) changes(ctx context.Context) error {
	p := b.before
	if p == nil || p.now.ID == 0 {
		return nil
	}
	d, err := Compare(ctx, p.history, p.previous, p.now, Silence)
	if err != nil {
		return err
	}
	kinds := b.report.subjectKinds()
	d.Changes = slices.DeleteFunc(d.Changes, func(c Change) bool { return !kinds[c.Subject.Kind] })
	b.report.Changes = &Changes{Since: d.Old.FinishedAt, List: d.Changes, NotCompared: d.NotCompared}
	return nil
}

// groups are the kinds of things that belong together: people who look after
// tokens want to know of requests for them, and of who left.
var groups = []struct {
	kinds  []string
	column string // of an inventory of them
}{
	{[]string{"token", "request", "member"}, "grant_id"},
	{[]string{"repository", "org"}, "repository_id"},
}

// subjectKinds are the kinds of things that the report is about: those of its
// findings, and what it lists wholly, should there be no finding.
func (r *Report) subjectKinds() map[string]bool {
	found := map[string]bool{}
	for i := range r.Findings {
		found[r.Findings[i].Subject.Kind] = true
	}
	for i := range r.Resolved {
		found[r.Resolved[i].Subject.Kind] = true
	}
	kinds := map[string]bool{}
	for _, g := range groups {
		isListed := len(r.Inventories) > 0 && slices.ContainsFunc(r.Inventories[0].Columns, func(c Column) bool { return c.Name == g.column })
		if isListed || slices.ContainsFunc(g.kinds, func(kind string) bool { return found[kind] }) {
			for _, kind := range g.kinds {
				kinds[kind] = true
			}
		}
	}
	return kinds
}
