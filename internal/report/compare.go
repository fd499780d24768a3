package report

import (
	"context"
	"fmt"
	"slices"

	"auditor/internal/store"
)

// compare says what is new since the previous snapshot and what is gone. Only
// what both snapshots could see is compared: anything else would turn a lost
// permission into good news. The previous snapshot is the newest that the
// history has; its file is judged anew only where the history cannot answer.
func (b *builder) compare(ctx context.Context, today judgement, now, previous *store.Snapshot) error {
	p, err := b.past(ctx, now)
	if err != nil {
		return err
	}
	b.before = p
	if p == nil || p.mustJudge(today, previous) {
		if err := b.compareFile(ctx, today, now, previous); err != nil || p == nil {
			return err
		}
	} else if err := b.compareHistory(ctx, today, p); err != nil {
		return err
	}
	return b.remember(ctx, p)
}

// compareFile judges the previous snapshot by today's rules.
func (b *builder) compareFile(ctx context.Context, today judgement, now, previous *store.Snapshot) error {
	if previous == nil {
		return nil
	}
	r := b.report
	info := previous.Info()
	if now.Info().Filters != "" || info.Filters != "" {
		r.Warnings = append(r.Warnings, "not compared with "+info.File+": a snapshot of a targeted run shows only a part")
		return nil
	}
	// Of the past only what exceptions ask for: two judgements are held at once.
	before, err := b.judge(ctx, previous, "token_id")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // an old file that today's rules cannot read is no reason to have no report
		r.Warnings = append(r.Warnings, fmt.Sprintf("not compared with %s: %v", info.File, err))
		return nil
	}
	p := snapshotOf(info)
	r.PreviousSnapshot = &p
	markNew(r, before)
	r.Resolved = resolved(r, today, before)

	// The counts for the trend, by the exceptions of today.
	past := &Report{Findings: before.findings}
	b.waive(past.Findings)
	past.count()
	r.Trend = append(r.Trend, TrendPoint{At: p.FinishedAt, BySeverity: past.Summary.BySeverity})
	return nil
}

// compareHistory takes what the history has of the previous snapshot.
func (b *builder) compareHistory(ctx context.Context, today judgement, p *past) error {
	before, err := p.judgement(ctx, b.report.Name, today)
	if err != nil {
		return err
	}
	previous := snapshotOfHistory(p.previous)
	b.report.PreviousSnapshot = &previous
	markNew(b.report, before)
	b.report.Resolved = resolved(b.report, today, before)
	return nil
}

// remember fills in what only the history tells: since when there is what is
// not new, and how bad it was before.
func (b *builder) remember(ctx context.Context, p *past) error {
	r := b.report
	for i := range r.Findings {
		f := &r.Findings[i]
		if at, ok := p.seen[f.Key]; ok && f.Status == StatusFail && f.FirstSeenAt.IsZero() {
			f.FirstSeenAt = at
		}
	}
	p.seen = nil // as long as the report, and of no more use
	points, err := p.trend(ctx, r.Name)
	if err != nil {
		return err
	}
	if len(r.Trend) > 0 { // the previous snapshot, judged by today's rules
		points = slices.DeleteFunc(points, func(t TrendPoint) bool { return !t.At.Before(r.Trend[0].At.Time) })
	}
	r.Trend = append(points, r.Trend...)
	return nil
}

// markNew fills is_new: false if the previous snapshot had it, true if it had
// looked and not found it, nil if that cannot be told.
func markNew(r *Report, before judgement) {
	status := statuses(before.findings)
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Status != StatusFail {
			continue
		}
		isNew := false
		switch status[f.Key] {
		case StatusFail:
		case StatusUnknown:
			continue
		default:
			if before.other[f.Rule] || before.blind[f.Rule][f.Org] || !slices.Contains(r.PreviousSnapshot.Orgs, f.Org) {
				continue
			}
			isNew = true
			f.FirstSeenAt = r.GeneratedAt
		}
		f.IsNew = &isNew
	}
}

// resolved lists the fails of before that are neither failing nor unknown now,
// although the rule could see everything of that organization.
func resolved(r *Report, today, before judgement) []Resolved {
	status := statuses(today.findings)
	var out []Resolved
	for i := range before.findings {
		f := &before.findings[i]
		if f.Status != StatusFail || status[f.Key] != "" || before.other[f.Rule] || !slices.Contains(r.PreviousSnapshot.Orgs, f.Org) || today.blind[f.Rule][f.Org] || !slices.Contains(r.Snapshot.Orgs, f.Org) {
			continue
		}
		out = append(out, Resolved{Key: f.Key, Rule: f.Rule, Org: f.Org, Subject: f.Subject, LastSeenAt: r.PreviousSnapshot.FinishedAt})
	}
	return out
}

// statuses maps the keys to their status. Of two grants of one token the fail
// counts.
func statuses(findings []Finding) map[string]string {
	out := make(map[string]string, len(findings))
	for i := range findings {
		if f := &findings[i]; out[f.Key] != StatusFail {
			out[f.Key] = f.Status
		}
	}
	return out
}
