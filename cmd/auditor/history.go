package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/history"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// evaluated is a snapshot, open, with what the rules say of it.
type evaluated struct {
	snapshot   *store.Snapshot
	evaluation *rules.Evaluation
}

// updateHistory brings the history of a folder up to date: it merges all published
// snapshots that are missing in it, in their order, and evaluates those of this
// configuration's organizations again on which other rules were run. What goes
// wrong with own, the snapshot of this run, is an error; with others it is a
// warning, because their own run said so.
func (a *audit) updateHistory(ctx context.Context, own evaluated) error {
	dir := filepath.Dir(own.snapshot.Info().Path)
	h, err := history.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer h.Close()
	known, err := h.Snapshots(ctx)
	if err != nil {
		return err
	}
	paths, err := store.Published(dir)
	if err != nil {
		return err
	}
	u := &historyUpdate{audit: a, history: h, own: own, rules: a.set.Fingerprint(), known: map[string]history.Snapshot{}}
	for _, s := range known {
		u.known[s.File] = s
	}
	u.announce(paths)
	for _, path := range paths {
		err := u.take(ctx, path)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case u.isOwn(path), errors.Is(err, store.ErrInUse):
			return err
		default:
			a.app.log.Warn("the history cannot use a snapshot", "error", err, "hint", hint(err))
		}
	}
	return nil
}

// historyUpdate is the history being brought up to date.
type historyUpdate struct {
	audit   *audit
	history *history.History
	own     evaluated
	rules   string // fingerprint of today's
	known   map[string]history.Snapshot
}

func (u *historyUpdate) isOwn(path string) bool {
	return filepath.Base(path) == u.own.snapshot.Info().File
}

// announce logs work that takes long: usually there is one snapshot to merge.
func (u *historyUpdate) announce(paths []string) {
	missing, other := 0, 0
	for _, path := range paths {
		s, isKnown := u.known[filepath.Base(path)]
		switch {
		case !isKnown && !u.isOwn(path):
			missing++
		case isKnown && u.isStale(s):
			other++
		}
	}
	if missing > 1 || other > 1 {
		u.audit.app.log.Info("bringing the history up to date", "missing", missing, "evaluated_by_other_rules", other)
	}
}

// isStale says whether other rules than today's were run on a snapshot. Those of
// other organizations only are left to the rules of their own configuration, which
// would replace the result again.
func (u *historyUpdate) isStale(s history.Snapshot) bool {
	return s.RulesFingerprint != u.rules && slices.ContainsFunc(u.audit.cfg.Orgs, func(org string) bool {
		return org == "*" || slices.ContainsFunc(s.Orgs, func(its string) bool { return strings.EqualFold(org, its) })
	})
}

// take merges a snapshot, or replaces what was found in it, if it needs that.
func (u *historyUpdate) take(ctx context.Context, path string) error {
	known, isKnown := u.known[filepath.Base(path)]
	if isKnown && !u.isStale(known) {
		return nil
	}
	if u.isOwn(path) {
		return u.put(ctx, u.own)
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Info().Filters != "" {
		return nil
	}
	one, err := u.audit.evaluate(ctx, s)
	if err != nil {
		return err
	}
	return u.put(ctx, one)
}

func (u *historyUpdate) put(ctx context.Context, e evaluated) error {
	return u.history.Import(ctx, e.snapshot, e.evaluation.Findings(), e.evaluation.Runs())
}

// remember is updateHistory for a run that has made a snapshot: while another run
// merges, the next one merges this snapshot too, which is no failure.
func (a *audit) remember(ctx context.Context, own evaluated) error {
	err := a.updateHistory(ctx, own)
	switch {
	case errors.Is(err, store.ErrInUse):
		a.app.log.Warn("the snapshot is not in the history yet: another run is writing to it, the next run merges it")
		return nil
	case err != nil && ctx.Err() == nil:
		return fmt.Errorf("the snapshot is published, but the history lacks it: %w", err)
	}
	return err
}

// historyOf opens the history beside a snapshot; nil if there is none, or none
// that can be read, which is a warning: reports then do without it.
func (a *app) historyOf(ctx context.Context, path string) *history.History {
	h, err := history.Find(ctx, filepath.Dir(path))
	if err != nil && !errors.Is(err, history.ErrNone) {
		a.log.Warn("the reports do without the history", "error", err, "hint", hint(err))
	}
	if err != nil {
		return nil
	}
	return h
}

// evaluateFunc evaluates the snapshots of a history that is rebuilt.
func (a *audit) evaluateFunc(ctx context.Context) history.EvaluateFunc {
	return func(s *store.Snapshot) (iter.Seq[*finding.Finding], []finding.Run, error) {
		a.app.log.Info("merging", "file", s.Info().File)
		one, err := a.evaluate(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		return one.evaluation.Findings(), one.evaluation.Runs(), nil
	}
}
