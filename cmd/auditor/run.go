package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"auditor/internal/collect"
	"auditor/internal/history"
	"auditor/internal/report"
	"auditor/internal/store"
)

func (a *app) runCommand() *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Collect a snapshot, write the reports, prune: what cron calls",
		Long: `Collect a snapshot, then write the reports. In GitHub Actions the reports are
also shown on the page of the workflow run: they are appended, in Markdown, to
the file that $GITHUB_STEP_SUMMARY names.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			audit, err := a.audit(c.Context(), cfg, o)
			if err != nil {
				return err
			}
			// Hours of collecting must not end at a folder that cannot be written.
			if err := report.CheckDir(audit.out); err != nil {
				return err
			}
			audit.stepSummary = a.env.getenv("GITHUB_STEP_SUMMARY")
			result, err := a.collect(c.Context(), cfg, collect.Filters{})
			if err != nil {
				return err
			}
			return audit.finish(c.Context(), result.Path)
		},
	}
	o.flags(c)
	return c
}

// finish is what a run does with its snapshot: it evaluates it once, and gives the
// result to the history and the reports; then it prunes. A history that cannot be
// written is no reason to have no reports, but the run has not done its job then.
func (a *audit) finish(ctx context.Context, path string) error {
	one, err := a.open(ctx, path)
	if err != nil {
		return err
	}
	defer one.snapshot.Close()
	forgotten := a.remember(ctx, one)
	verdict := a.write(ctx, one)
	var status exit
	if verdict != nil && !errors.As(verdict, &status) {
		return errors.Join(verdict, forgotten)
	}
	if forgotten != nil {
		return forgotten
	}
	if err := a.prune(ctx, filepath.Dir(path)); err != nil {
		return err
	}
	return verdict
}

// prune deletes the snapshots that the configuration does not keep.
func (a *audit) prune(ctx context.Context, dir string) error {
	list, err := history.Prune(ctx, dir, history.Keep(a.cfg.Snapshots.Keep), a.app.env.now())
	for _, p := range list {
		if p.IsToGo {
			a.app.log.Info("pruned", "file", p.File, "bytes", p.Size)
		}
	}
	if errors.Is(err, store.ErrInUse) {
		a.app.log.Warn("nothing is pruned while another run is at work in the folder: the next run does it")
		return nil
	}
	return err
}

// summarize shows the reports on the page of the GitHub Actions run. A page
// without them is no reason to have no reports.
func (a *audit) summarize(reports []*report.Report) {
	if a.stepSummary == "" {
		return
	}
	if err := report.AppendStepSummary(a.stepSummary, reports); err != nil {
		a.app.log.Warn("the summary of this GitHub Actions step lacks reports", "error", err)
	}
}
