package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/history"
	"auditor/internal/report"
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
	c.Flags().StringVar(&silence, "silence", "60d", "show a token that is used again after this `DURATION`, 30d or more")
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
	choice, err := history.NewChoice(ctx, dir, func(err error) {
		a.log.Warn("compared as the history has it", "error", err, "hint", hint(err))
	})
	if err != nil {
		return err
	}
	pair, err := choice.Pair(ctx, args)
	if is[*history.ChoiceError](err) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	defer pair.Close()
	old, new := pair.Old, pair.New
	changes, err := pair.History.Diff(ctx, old.ID, new.ID)
	if err != nil {
		return err
	}
	notCompared, err := pair.History.NotCompared(ctx, old.ID, new.ID)
	if err != nil {
		return err
	}
	d := report.NewDiff(old, new, changes, notCompared, o.silence)
	return report.WriteDiff(a.env.stdout, o.format, d, a.env.stdoutWidth)
}
