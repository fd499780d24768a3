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
	"auditor/internal/report"
	"auditor/internal/store"
)

type diffOptions struct {
	format  string
	silence time.Duration // of tokens that were used again
}

func (a *app) diffCommand() *cobra.Command {
	var o diffOptions
	var silence string
	c := &cobra.Command{
		Use:   "diff [OLD [NEW]]",
		Short: "Show what changed between two snapshots",
		Long: `Show what changed from one snapshot to a later one (default: the two newest):
tokens, requests, repositories, their settings and protection, members. OLD and
NEW are files, their names, or beginnings of names such as 20261120 or
2026-11-20, also of snapshots that were pruned and that the history remembers.
What could not be read in one of them is not compared, and said to be so.

Changes are no failure: the exit status is 0 with and without them.`,
		Example: `  auditor diff
  auditor diff 2026-11-01
  auditor diff 20261101 20261121 --format json`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkFormat(o.format, report.DiffFormats()); err != nil {
				return err
			}
			var err error
			if o.silence, err = parseSilence(silence); err != nil {
				return err
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			return a.diff(c.Context(), cfg.path(cfg.Snapshots.Dir), args, o)
		},
	}
	c.Flags().StringVar(&o.format, "format", "table", "`FORMAT`: "+strings.Join(report.DiffFormats(), ", "))
	c.Flags().StringVar(&silence, "silence", "60d", "tell of a token that is used again after this `DURATION`, 30d or more")
	return c
}

// parseSilence reads --silence.
func parseSilence(text string) (time.Duration, error) {
	var d duration
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return 0, &usageError{fmt.Errorf("--silence: %w", err)}
	}
	if time.Duration(d) < history.LeastSilence {
		return 0, &usageError{fmt.Errorf("--silence %s: the history takes note of silences of 30d and more", text)}
	}
	return time.Duration(d), nil
}

func (a *app) diff(ctx context.Context, dir string, args []string, o diffOptions) error {
	known, err := merged(ctx, dir)
	if err != nil {
		return err
	}
	c := choice{app: a, dir: dir, merged: known}
	if c.here, err = store.Published(dir); err != nil {
		return err
	}
	old, new, err := c.pair(ctx, args)
	if err != nil {
		return err
	}
	h, close, err := c.history(ctx, &old, &new)
	if err != nil {
		return err
	}
	defer close()
	changes, err := h.Diff(ctx, old.known.ID, new.known.ID)
	if err != nil {
		return err
	}
	notCompared, err := h.NotCompared(ctx, old.known.ID, new.known.ID)
	if err != nil {
		return err
	}
	d := report.NewDiff(old.known, new.known, changes, notCompared, o.silence)
	return report.WriteDiff(a.stdout, o.format, d, a.stdoutWidth)
}

// choice finds the snapshots that are meant.
type choice struct {
	*app
	dir    string
	here   []string // paths of the folder's snapshots, oldest first
	merged []history.Snapshot
}

// chosen is one snapshot: known to the history, or a file, or both.
type chosen struct {
	name  string
	path  string // "": pruned
	start time.Time
	known history.Snapshot // ID 0: not in the history
}

// pair finds the two snapshots to compare, the older first.
func (c *choice) pair(ctx context.Context, args []string) (old, new chosen, err error) {
	if len(args) < 2 {
		old, new, err = c.newest(ctx, len(args))
	}
	if err == nil && len(args) > 0 {
		old, err = c.find(ctx, args[0])
	}
	if err == nil && len(args) == 2 {
		new, err = c.find(ctx, args[1])
	}
	switch {
	case err != nil:
	case old.name == new.name && old.known.SHA256 == new.known.SHA256 && old.start.Equal(new.start):
		err = &usageError{fmt.Errorf("%s would be compared with itself", old.name)}
	case !old.start.Before(new.start):
		err = &usageError{fmt.Errorf("%s is not older than %s: give the older one first", old.name, new.name)}
	}
	return old, new, err
}

// newest finds the two newest whole snapshots, or the newest alone when the
// other one is given.
func (c *choice) newest(ctx context.Context, given int) (old, new chosen, err error) {
	var found []chosen
	for _, name := range slices.Backward(c.names()) {
		one, err := c.named(ctx, name)
		if errors.Is(err, history.ErrFiltered) || errors.Is(err, store.ErrNotSnapshot) || is[*store.SchemaError](err) {
			continue
		}
		if err != nil {
			return old, new, err
		}
		if found = append(found, one); len(found)+given == 2 {
			break
		}
	}
	switch {
	case len(found) == 0:
		return old, new, fmt.Errorf("%w in %s", store.ErrNoSnapshot, c.dir)
	case given == 1:
		return old, found[0], nil
	case len(found) == 1:
		return old, new, fmt.Errorf("there is only one snapshot in %s, %s: nothing to compare it with", c.dir, found[0].name)
	}
	return found[1], found[0], nil
}

// names of all snapshots, in the folder or in the history, oldest first.
func (c *choice) names() []string {
	var names []string
	for _, path := range c.here {
		names = append(names, filepath.Base(path))
	}
	for _, s := range c.merged {
		names = append(names, s.File)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// find takes a path, a name, or the beginning of a name.
func (c *choice) find(ctx context.Context, text string) (chosen, error) {
	if stat, err := os.Stat(text); err == nil && stat.Mode().IsRegular() {
		return c.file(ctx, text)
	}
	if strings.ContainsRune(text, filepath.Separator) {
		_, err := os.Stat(text)
		name := filepath.Base(text)
		isOurs := filepath.Clean(filepath.Dir(text)) == filepath.Clean(c.dir)
		if !isOurs || !slices.Contains(c.names(), name) {
			return chosen{}, fmt.Errorf("open snapshot: %w", err)
		}
		return c.named(ctx, name)
	}
	start := strings.NewReplacer("-", "", ":", "").Replace(text)
	var fits []string
	for _, name := range c.names() {
		if name == text {
			return c.named(ctx, name)
		}
		if text != "" && strings.HasPrefix(name, start) {
			fits = append(fits, name)
		}
	}
	switch len(fits) {
	case 0:
		return chosen{}, &usageError{fmt.Errorf("no snapshot in %s is a file %q or has a name that begins with it: auditor snapshots list --all shows them", c.dir, text)}
	case 1:
		return c.named(ctx, fits[0])
	}
	return chosen{}, &usageError{fmt.Errorf("%q fits %d snapshots, from %s to %s: say more of the name", text, len(fits), fits[0], fits[len(fits)-1])}
}

// named is a snapshot of the folder or of the history.
func (c *choice) named(ctx context.Context, name string) (chosen, error) {
	path := filepath.Join(c.dir, name)
	if _, err := os.Lstat(path); err == nil {
		return c.file(ctx, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return chosen{}, err
	}
	for _, s := range c.merged {
		if s.File == name {
			return chosen{name: name, start: s.StartedAt, known: s}, nil
		}
	}
	return chosen{}, fmt.Errorf("open snapshot %s: %w", path, fs.ErrNotExist)
}

// file looks at a file, and whether the history has it. One that was altered
// since is compared as it was, if it lies where it was merged from.
func (c *choice) file(ctx context.Context, path string) (chosen, error) {
	isOurs := filepath.Clean(filepath.Dir(path)) == filepath.Clean(c.dir)
	s, err := store.Open(ctx, path)
	if err != nil {
		return c.broken(path, isOurs, err)
	}
	defer s.Close()
	info := s.Info()
	if info.Filters != "" {
		return chosen{}, &usageError{fmt.Errorf("snapshot %s: %w", info.File, history.ErrFiltered)}
	}
	one := chosen{name: info.File, path: path, start: info.StartedAt}
	for _, known := range c.merged {
		switch {
		case known.SHA256 == info.SHA256:
			one.known = known
			return one, nil
		case known.File == info.File && isOurs:
			return c.broken(path, isOurs, &history.AlteredError{File: info.File, Got: info.SHA256, Want: known.SHA256, By: "the history"})
		}
	}
	return one, nil
}

// broken takes the place of a file that is not what was published with what the
// history has of it.
func (c *choice) broken(path string, isOurs bool, err error) (chosen, error) {
	for _, known := range c.merged {
		if isOurs && known.File == filepath.Base(path) {
			c.log.Warn("compared as the history has it", "error", err, "hint", hint(err))
			return chosen{name: known.File, path: path, start: known.StartedAt, known: known}, nil
		}
	}
	return chosen{}, err
}

// history is the one that has both snapshots: that of the folder, or one that is
// made of the two files for the moment.
func (c *choice) history(ctx context.Context, old, new *chosen) (h *history.History, close func(), err error) {
	if old.known.ID > 0 && new.known.ID > 0 {
		h, err := history.Find(ctx, c.dir)
		return h, func() { h.Close() }, err
	}
	for _, one := range []*chosen{old, new} {
		if one.path == "" {
			return nil, nil, fmt.Errorf("snapshot %s was pruned, and the history has not both: %w", one.name, history.ErrNotImported)
		}
	}
	dir, err := os.MkdirTemp("", "auditor-diff-")
	if err != nil {
		return nil, nil, err
	}
	if h, err = history.Open(ctx, dir); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	close = func() { h.Close(); os.RemoveAll(dir) }
	for _, one := range []*chosen{old, new} {
		if err := mergeFile(ctx, h, one); err != nil {
			close()
			return nil, nil, err
		}
	}
	return h, close, nil
}

// mergeFile merges a file into a history and notes what it is there.
func mergeFile(ctx context.Context, h *history.History, one *chosen) error {
	s, err := store.Open(ctx, one.path)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := h.Import(ctx, s, nil, nil); err != nil {
		return err
	}
	one.known, err = h.Find(ctx, s)
	return err
}
