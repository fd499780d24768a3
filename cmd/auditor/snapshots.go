package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/history"
	"auditor/internal/rows"
	"auditor/internal/store"
)

func (a *app) snapshotsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "snapshots",
		Short: "List, verify and prune the snapshots, rebuild the history",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.snapshotsListCommand(), a.snapshotsVerifyCommand(), a.snapshotsPruneCommand(), a.snapshotsRebuildCommand())
	return c
}

// checkFormat holds --format against the known ones.
func checkFormat(format string, known []string) error {
	if slices.Contains(known, format) {
		return nil
	}
	return &usageError{fmt.Errorf("--format %q%s: known are %s", format, didYouMean(format, known), strings.Join(known, ", "))}
}

// rowFormat adds --format to a command that prints rows.
func rowFormat(c *cobra.Command, format *string) {
	c.Flags().StringVar(format, "format", "table", "`FORMAT`: "+strings.Join(rows.Formats(), ", "))
}

func (a *app) snapshotsListCommand() *cobra.Command {
	var format string
	var isAll bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the snapshots, oldest first",
		Long: `List the published snapshots, oldest first: what is in them, what could not be
read, and whether the history has them; with --all also those that were pruned
and that only the history remembers.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkFormat(format, rows.Formats()); err != nil {
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			return a.listSnapshots(c.Context(), cfg.path(cfg.Snapshots.Dir), format, isAll)
		},
	}
	rowFormat(c, &format)
	c.Flags().BoolVar(&isAll, "all", false, "also those that were pruned")
	return c
}

var snapshotColumns = []string{
	"file", "started_at", "orgs", "is_complete", "token_count", "request_count", "repository_count",
	"size_bytes", "history", "coverage_problems",
}

func (a *app) listSnapshots(ctx context.Context, dir, format string, isAll bool) error {
	paths, err := store.Published(dir)
	if err != nil {
		return err
	}
	var l listing
	if l.merged, err = history.Known(ctx, dir); err != nil {
		a.log.Warn("the list does without the history", "error", err, "hint", hint(err))
	}
	here := map[string]bool{}
	for _, path := range paths {
		row, err := l.row(ctx, path)
		if err != nil {
			return err
		}
		here[row[0].(string)] = true
		l.rows = append(l.rows, row)
	}
	if isAll {
		for _, s := range l.merged {
			if !here[s.File] {
				l.rows = append(l.rows, []any{s.File, rfc3339(s.StartedAt), strings.Join(s.Orgs, " "), s.IsComplete, s.TokenCount, s.RequestCount, s.RepositoryCount, nil, "pruned", ""})
			}
		}
	}
	if len(l.rows) == 0 {
		return fmt.Errorf("%w in %s", store.ErrNoSnapshot, dir)
	}
	slices.SortFunc(l.rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
	_, err = rows.Write(a.env.stdout, format, snapshotColumns, each(l.rows), a.env.stdoutWidth)
	return err
}

type listing struct {
	merged []history.Snapshot
	rows   [][]any
}

// row describes a file. One that cannot be read is a row that says so.
func (l *listing) row(ctx context.Context, path string) ([]any, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return []any{stat.Name(), nil, nil, nil, nil, nil, nil, stat.Size(), l.history(store.Info{File: stat.Name()}), "unreadable: " + err.Error()}, nil
	}
	defer s.Close()
	info := s.Info()
	problems, err := coverageProblems(ctx, s)
	if err != nil {
		return nil, err
	}
	row := []any{info.File, rfc3339(info.StartedAt), strings.Join(info.Orgs, " "), info.IsComplete}
	for _, view := range []string{"tokens", "token_requests", "repositories"} {
		n, err := countRows(ctx, s, view)
		if err != nil {
			return nil, err
		}
		row = append(row, n)
	}
	return append(row, stat.Size(), l.history(info), problems), nil
}

// history says in a word what the history has of a snapshot.
func (l *listing) history(info store.Info) string {
	for _, s := range l.merged {
		switch {
		case s.SHA256 == info.SHA256:
			return "merged"
		case s.File == info.File:
			return "altered"
		}
	}
	if info.Filters != "" {
		return "targeted"
	}
	return "missing"
}

// coverageProblems names what could not be read in whole: acme/members denied.
func coverageProblems(ctx context.Context, s *store.Snapshot) (string, error) {
	coverage, err := s.Coverage(ctx)
	var problems []string
	for _, c := range coverage {
		if c.Status.IsMissing(c.IsRequired) {
			problems = append(problems, c.Org+"/"+c.Resource+" "+string(c.Status))
		}
	}
	return strings.Join(problems, ", "), err
}

func countRows(ctx context.Context, s *store.Snapshot, view string) (any, error) {
	rows, err := s.Select(ctx, "SELECT count(*) AS count FROM "+view, nil)
	if err != nil {
		return nil, err
	}
	var count any
	for row, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		count = row[0]
	}
	return count, nil
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (a *app) snapshotsVerifyCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check that every snapshot is what was published, and sound",
		Long: `Check every published snapshot: its SHA-256 by the file beside it and by the
history, its version, and every page of it; that none is missing that was not
pruned; and the history itself. Exits with 1 when anything is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkFormat(format, rows.Formats()); err != nil {
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			return a.verifySnapshots(c.Context(), cfg.path(cfg.Snapshots.Dir), format)
		},
	}
	rowFormat(c, &format)
	return c
}

// verifyError says that files are not as they should be.
type verifyError struct{ bad, all int }

func (e *verifyError) Error() string {
	return fmt.Sprintf("%d of %d files are not as they should be", e.bad, e.all)
}

func (a *app) verifySnapshots(ctx context.Context, dir, format string) error {
	list, err := history.Verify(ctx, dir)
	if err != nil {
		return err
	}
	if len(list) == 1 { // the history alone
		return fmt.Errorf("%w in %s", store.ErrNoSnapshot, dir)
	}
	bad := 0
	var lines [][]any
	for _, v := range list {
		verdict := "ok"
		if len(v.Problems) > 0 {
			verdict = "wrong"
			bad++
		}
		lines = append(lines, []any{verdict, v.File, strings.Join(append(v.Problems, v.Notes...), "; ")})
	}
	if format == "table" {
		texts := make([][]string, len(lines))
		for i, row := range lines {
			texts[i] = []string{row[0].(string), row[1].(string), row[2].(string)}
		}
		err = rows.WriteManual(a.env.stdout, []string{"verdict", "file", "why"}, texts, 2, a.env.stdoutWidth)
	} else {
		_, err = rows.Write(a.env.stdout, format, []string{"verdict", "file", "why"}, each(lines), 0)
	}
	if err == nil && bad > 0 {
		err = &verifyError{bad, len(list)}
	}
	return err
}

func (a *app) snapshotsPruneCommand() *cobra.Command {
	var keep history.Keep
	var format string
	var doDelete bool
	c := &cobra.Command{
		Use:   "prune",
		Short: "Delete old snapshots that the history remembers",
		Long: `Delete the snapshots that no period keeps: of the newest ones, and of the newest
of each day, week and month (in UTC), as snapshots.keep of the configuration or
the flags say. Without --delete it only shows what would go, and what keeps the
others.

Only what the history has merged goes, and only as it was then; never the newest
snapshot nor the newest complete one, and nothing else in the folder but what
runs left that ended early more than a day ago.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkFormat(format, rows.Formats()); err != nil {
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			configured := history.Keep(cfg.Snapshots.Keep)
			for _, period := range []struct {
				flag        string
				given, kept *int
			}{
				{"last", &keep.Last, &configured.Last}, {"daily", &keep.Daily, &configured.Daily},
				{"weekly", &keep.Weekly, &configured.Weekly}, {"monthly", &keep.Monthly, &configured.Monthly},
			} {
				if *period.given < 0 {
					return &usageError{fmt.Errorf("--%s %d: give a number of snapshots, 0 or more", period.flag, *period.given)}
				}
				if c.Flags().Changed(period.flag) {
					*period.kept = *period.given
				}
			}
			return a.pruneSnapshots(c.Context(), cfg.path(cfg.Snapshots.Dir), configured, format, doDelete)
		},
	}
	rowFormat(c, &format)
	flags := c.Flags()
	flags.BoolVar(&doDelete, "delete", false, "really delete; without it nothing is touched")
	flags.IntVar(&keep.Last, "last", 0, "keep the newest `N` (default: as configured)")
	flags.IntVar(&keep.Daily, "daily", 0, "keep the newest of each of the last `N` days with a snapshot")
	flags.IntVar(&keep.Weekly, "weekly", 0, "likewise, of weeks from Monday")
	flags.IntVar(&keep.Monthly, "monthly", 0, "likewise, of months")
	return c
}

func (a *app) pruneSnapshots(ctx context.Context, dir string, keep history.Keep, format string, doDelete bool) error {
	work, word := history.PlanPruning, "would go"
	if doDelete {
		work, word = history.Prune, "deleted"
	}
	if _, err := store.Newest(dir); err != nil {
		return err
	}
	list, err := work(ctx, dir, keep, a.env.now())
	var lines [][]any
	gone, freed := 0, int64(0)
	for _, p := range list {
		outcome := "kept"
		if p.IsToGo {
			outcome, gone, freed = word, gone+1, freed+p.Size
		}
		lines = append(lines, []any{outcome, p.File, p.Size, strings.Join(p.Why, ", ")})
	}
	if len(lines) > 0 {
		if _, err := rows.Write(a.env.stdout, format, []string{"fate", "file", "size_bytes", "why"}, each(lines), a.env.stdoutWidth); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	end := fmt.Sprintf("%d of %d files %s, %d bytes", gone, len(list), word, freed)
	if gone > 0 && !doDelete {
		end += "; auditor snapshots prune --delete does it"
	}
	fmt.Fprintln(a.env.stderr, end)
	return nil
}

func (a *app) snapshotsRebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild-history",
		Short: "Rebuild the history from the snapshots that are there",
		Long: `Rebuild history.db from the snapshots that are there, in their order, evaluated by
today's rules. What only pruned snapshots said is not in it: the old history is
kept as history.db.old then. It stays in its place until the new one is complete.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			audit, err := a.audit(c.Context(), cfg, reportOptions{})
			if err != nil {
				return err
			}
			return audit.rebuild(c.Context(), cfg.path(cfg.Snapshots.Dir))
		},
	}
}

func (a *audit) rebuild(ctx context.Context, dir string) error {
	if _, err := store.Newest(dir); err != nil {
		return err
	}
	before, err := history.Known(ctx, dir)
	if err != nil {
		a.app.log.Warn("the old history cannot be read", "error", err)
	}
	if err := a.keepOld(dir, before); err != nil {
		return err
	}
	leftOut, err := history.Rebuild(ctx, dir, a.evaluateFunc(ctx))
	if err != nil {
		return err
	}
	lost := 0
	for _, problem := range leftOut {
		if !errors.Is(problem, history.ErrFiltered) {
			lost++
			a.app.log.Error("left out of the history", "error", problem, "hint", hint(problem))
		}
	}
	after, err := history.Known(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.app.env.stdout, "the history has %d snapshots, it had %d\n", len(after), len(before))
	if lost > 0 {
		return fmt.Errorf("%d of the snapshots are left out of the history", lost)
	}
	return nil
}

// keepOld keeps a history that remembers more than the files tell.
func (a *audit) keepOld(dir string, before []history.Snapshot) error {
	isLost := func(s history.Snapshot) bool {
		_, err := os.Lstat(filepath.Join(dir, s.File))
		return errors.Is(err, fs.ErrNotExist)
	}
	if !slices.ContainsFunc(before, isLost) {
		return nil
	}
	old := history.Path(dir) + ".old"
	if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the old history: %w", err)
	}
	// The new one takes the name, not the place: a second name keeps the old one.
	if err := os.Link(history.Path(dir), old); err != nil {
		return fmt.Errorf("keep the old history: %w", err)
	}
	a.app.log.Warn("the new history will not have what only pruned snapshots said", "old", old)
	return nil
}
