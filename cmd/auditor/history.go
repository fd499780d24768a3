package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"auditor/internal/report"
	"auditor/internal/store"
)

// frugally lets garbage lie for a shorter time until what it returns is called:
// all findings of a large organization are 40 MB, and what they are made of is
// of no use for long.
func frugally() (restore func()) {
	usual := debug.SetGCPercent(50)
	return func() { debug.SetGCPercent(usual) }
}

// remember brings the history of a folder up to date: it merges all published
// snapshots that are missing in it, in their order, and judges those of this
// configuration's organizations anew that other rules have judged. What stands in
// the way of own, the snapshot of this run, is an error; of others it is a warning,
// because their own run said so.
func (j *judge) remember(ctx context.Context, own string) error {
	defer frugally()()
	h, err := store.OpenHistory(ctx, filepath.Dir(own))
	if err != nil {
		return err
	}
	defer h.Close()
	known, err := h.Snapshots(ctx)
	if err != nil {
		return err
	}
	paths, err := store.Published(filepath.Dir(own))
	if err != nil {
		return err
	}
	m := &merging{judge: j, history: h, today: report.RulesFingerprint(j.set), known: map[string]store.HistorySnapshot{}}
	for _, s := range known {
		m.known[s.File] = s
	}
	m.announce(paths, own)
	for _, path := range paths {
		err := m.take(ctx, path)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case filepath.Base(path) == filepath.Base(own), errors.Is(err, store.ErrInUse):
			return err
		default:
			j.log.Warn("a snapshot is not as the history needs it", "error", err, "hint", hint(err))
		}
	}
	return nil
}

// merging is the history being brought up to date.
type merging struct {
	*judge
	history *store.History
	today   string // fingerprint of the rules
	known   map[string]store.HistorySnapshot
}

// announce tells of work that takes long: usually there is one snapshot to merge.
func (m *merging) announce(paths []string, own string) {
	missing, other := 0, 0
	for _, path := range paths {
		s, isKnown := m.known[filepath.Base(path)]
		switch {
		case !isKnown && path != own:
			missing++
		case isKnown && m.isStale(s):
			other++
		}
	}
	if missing > 1 || other > 1 {
		m.log.Info("bringing the history up to date", "missing", missing, "judged_by_other_rules", other)
	}
}

// isStale tells whether other rules than today's have judged a snapshot. Those of
// other organizations only are for the rules of their own configuration, which
// would judge them back.
func (m *merging) isStale(s store.HistorySnapshot) bool {
	return s.RulesFingerprint != m.today && slices.ContainsFunc(m.cfg.Orgs, func(org string) bool {
		return org == "*" || slices.ContainsFunc(s.Orgs, func(its string) bool { return strings.EqualFold(org, its) })
	})
}

// take merges a snapshot or judges it anew, if it needs that.
func (m *merging) take(ctx context.Context, path string) error {
	known, isKnown := m.known[filepath.Base(path)]
	if isKnown && !m.isStale(known) {
		return nil
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Info().Filters != "" {
		return nil
	}
	findings, judges, err := m.judgeForHistory(ctx, s)
	if err != nil {
		return fmt.Errorf("judge %s for the history: %w", s.Info().File, err)
	}
	if isKnown {
		return m.history.Rejudge(ctx, s, findings, judges)
	}
	return m.history.Merge(ctx, s, findings, judges)
}

// remembered is remember for a run that has made a snapshot: while another run
// merges, the next one merges this snapshot too, which is no failure.
func (j *judge) remembered(ctx context.Context, own string) error {
	err := j.remember(ctx, own)
	switch {
	case errors.Is(err, store.ErrInUse):
		j.log.Warn("the snapshot is not in the history yet: another run is writing to it, the next run merges it")
		return nil
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("the snapshot stands, but the history lacks it: %w", err)
	}
	return err
}

// historyOf opens the history beside a snapshot; nil if there is none, or none
// that can be read, which is a warning: reports then do with the files.
func (a *app) historyOf(ctx context.Context, path string) *store.History {
	h, err := store.FindHistory(ctx, filepath.Dir(path))
	if err != nil && !errors.Is(err, store.ErrNoHistory) {
		a.log.Warn("the reports do without the history", "error", err, "hint", hint(err))
	}
	if err != nil {
		return nil
	}
	return h
}

// judgeFunc is judgeForHistory for a history made anew.
func (j *judge) judgeFunc(ctx context.Context) store.JudgeFunc {
	return func(s *store.Snapshot) ([]store.HistoryFinding, []store.HistoryRule, error) {
		j.log.Info("merging", "file", s.Info().File)
		return j.judgeForHistory(ctx, s)
	}
}

// judgeForHistory is report.Judge between collecting and merging, each of which
// takes memory of its own: what is garbage is given back at once.
func (j *judge) judgeForHistory(ctx context.Context, s *store.Snapshot) ([]store.HistoryFinding, []store.HistoryRule, error) {
	debug.FreeOSMemory()
	defer debug.FreeOSMemory()
	return report.Judge(ctx, j.set, s, j.options())
}
