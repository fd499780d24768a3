package main

import (
	"github.com/spf13/cobra"

	"auditor/internal/collect"
	"auditor/internal/report"
)

func (a *app) runCommand() *cobra.Command {
	var o reportOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Collect a snapshot, then write the reports: what cron calls",
		Long: `Collect a snapshot, then write the reports. In GitHub Actions the reports are
also shown on the page of the workflow run: they are appended, in Markdown, to
the file that $GITHUB_STEP_SUMMARY names.`,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			judge, err := a.judge(c.Context(), cfg, o)
			if err != nil {
				return err
			}
			// Hours of collecting must not end at a folder that cannot be written.
			if err := report.CheckDir(judge.out); err != nil {
				return err
			}
			judge.stepSummary = a.getenv("GITHUB_STEP_SUMMARY")
			result, err := a.collect(c.Context(), cfg, collect.Filters{})
			if err != nil {
				return err
			}
			return judge.report(c.Context(), result.Path)
		},
	}
	o.flags(c)
	return c
}

// summarize shows the reports on the page of the GitHub Actions run. A page
// without them is no reason to have no reports.
func (j *judge) summarize(reports []*report.Report) {
	if j.stepSummary == "" {
		return
	}
	if err := report.AppendStepSummary(j.stepSummary, reports); err != nil {
		j.log.Warn("the summary of this GitHub Actions step lacks reports", "error", err)
	}
}
