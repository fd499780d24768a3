package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/collect"
	"auditor/internal/github"
	"auditor/internal/store"
	"auditor/queries"
)

func (a *app) collectCommand() *cobra.Command {
	var f collect.Filters
	var before, after string
	c := &cobra.Command{
		Use:   "collect",
		Short: "Collect a snapshot",
		Long: `Collect everything that GitHub shows of the configured organizations into one
snapshot, and merge it into the history. The filters are GitHub's own and give a
targeted look; a filtered snapshot says so, is never compared with others and
never merged.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := parseTimes(&f, before, after); err != nil {
				return err
			}
			cfg, err := a.load()
			if err != nil {
				return err
			}
			if f.String() != "" {
				return a.collectPart(c.Context(), cfg, f)
			}
			// The history keeps what the rules find: a run must not end at a mistake
			// in one of them.
			audit, err := a.audit(c.Context(), cfg, reportOptions{})
			if err != nil {
				return err
			}
			audit.options.WithoutEvidence = true // nothing is reported
			result, err := a.collect(c.Context(), cfg, f)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.env.stdout, result.Path)
			one, err := audit.open(c.Context(), result.Path)
			if err != nil {
				return err
			}
			defer one.snapshot.Close()
			if err := audit.remember(c.Context(), one); err != nil {
				return err
			}
			return exitOf(result)
		},
	}
	flags := c.Flags()
	flags.StringSliceVar(&f.Owners, "owner", nil, "only tokens of these `LOGIN`s (at most 10)")
	flags.StringSliceVar(&f.TokenIDs, "token-id", nil, "only tokens with these `ID`s (at most 50)")
	flags.StringVar(&f.Repository, "repository", "", "only tokens that reach this repository `NAME`")
	flags.StringVar(&f.Permission, "permission", "", "only tokens with this `PERMISSION`, such as contents_write")
	flags.StringVar(&before, "last-used-before", "", "only tokens last used before this `TIME`, such as 2026-11-21 or 2026-11-21T02:00:00Z")
	flags.StringVar(&after, "last-used-after", "", "only tokens last used after this `TIME`")
	return c
}

// collectPart makes a snapshot that is not for the history.
func (a *app) collectPart(ctx context.Context, cfg *config, f collect.Filters) error {
	result, err := a.collect(ctx, cfg, f)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.env.stdout, result.Path)
	return exitOf(result)
}

func parseTimes(f *collect.Filters, before, after string) error {
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"--last-used-before", before, &f.LastUsedBefore}, {"--last-used-after", after, &f.LastUsedAfter}} {
		if t.text == "" {
			continue
		}
		var err error
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if *t.to, err = time.Parse(layout, t.text); err == nil {
				break
			}
		}
		if err != nil {
			return &usageError{fmt.Errorf("%s %q is not a time such as 2026-11-21 or 2026-11-21T02:00:00Z", t.flag, t.text)}
		}
	}
	if err := f.Check(); err != nil {
		return &usageError{err}
	}
	return nil
}

// exitOf is the exit status of a run that only collects.
func exitOf(r *collect.Result) error {
	if !r.IsComplete {
		return exit(statusIncomplete)
	}
	return nil
}

// collect makes a snapshot as the configuration says.
func (a *app) collect(ctx context.Context, cfg *config, f collect.Filters) (_ *collect.Result, err error) {
	options, err := cfg.credentials(a.env, a.allowOpenKey)
	if err != nil {
		return nil, err
	}
	options.UserAgent = "auditor/" + version()
	var shown progress // from when something is sent
	options.OnWait = func(w github.Wait) {
		message := "trying again"
		if w.IsLimit {
			message = "waiting for the rate limit"
		}
		shown.log().Warn(message, "org", w.Org, "reason", w.Reason, "path", w.Path, "for", w.Duration.Round(time.Second).String())
	}
	options.OnSkew = func(ahead time.Duration) { a.warnOfSkew(ahead) }
	client, err := github.New(options)
	if err != nil {
		return nil, &usageError{err}
	}
	defer func() {
		// The run may have been interrupted: revoking gets a time of its own.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if closing := client.Close(ctx); closing != nil {
			a.log.Warn("installation token not revoked; it expires within the hour", "error", closing)
		}
	}()
	plan, err := a.plan(cfg, client, f)
	if err != nil {
		return nil, err
	}
	shown = a.progress()
	plan.OnEvent = shown.event
	plan.OnResume = func(startedAt time.Time) {
		shown.log().Info("going on with the snapshot of an interrupted run", "started", startedAt.Format(time.RFC3339))
	}
	result, err := collect.Run(ctx, client, plan)
	shown.close()
	if err != nil {
		return nil, err
	}
	a.warnOfCoverage(result)
	a.log.Info("snapshot published", "file", result.Path, "requests", result.Requests, "retries", result.Retries,
		"waited", result.Waited.Round(time.Millisecond).String(), "took", a.env.now().Sub(plan.Run.StartedAt).Round(time.Millisecond).String())
	return result, nil
}

func (a *app) plan(cfg *config, client *github.Client, f collect.Filters) (collect.Plan, error) {
	catalog, err := queries.Catalog()
	if err != nil {
		return collect.Plan{}, err
	}
	permissions := make([]store.Permission, len(catalog))
	for i, p := range catalog {
		permissions[i] = store.Permission(p)
	}
	return collect.Plan{
		Dir: cfg.path(cfg.Snapshots.Dir), Orgs: cfg.Orgs, Optional: cfg.Collect.Optional, Filters: f,
		Concurrency: cfg.Collect.Concurrency, PointsPerMinute: cfg.Collect.PointsPerMinute, Now: a.env.now,
		Run: store.Run{
			StartedAt: a.env.now(), AuditorVersion: version(), APIURL: cfg.GitHub.APIURL, WebURL: client.WebURL(),
			Fingerprint: cfg.fingerprint(f), Catalog: permissions,
			Sensitive: store.Sensitive{Names: cfg.Sensitive.Names, Topics: cfg.Sensitive.Topics, Properties: cfg.Sensitive.Properties},
		},
	}, nil
}

// fingerprint of what a snapshot's content depends on: a partial snapshot is
// gone on with only by a run that would collect the same.
func (c *config) fingerprint(f collect.Filters) string {
	text, err := json.Marshal([]any{c.GitHub.APIURL, c.Orgs, c.Collect.Optional, c.Sensitive, f, version()})
	if err != nil { // texts, lists and maps of texts, and times of the years 0 to 9999
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// warnOfSkew warns of a clock that is wrong. It is corrected for, but other programs
// may not do that, and the times in the snapshot are by this clock.
func (a *app) warnOfSkew(ahead time.Duration) {
	direction := "behind"
	if ahead < 0 {
		direction = "ahead"
	}
	a.log.Warn("this machine's clock is wrong", direction, ahead.Abs().Round(time.Second).String(), "hint", "set it, for example with NTP; this run corrects for it")
}

// warnOfCoverage warns of everything that could not be seen, once a cause.
func (a *app) warnOfCoverage(result *collect.Result) {
	type cause struct {
		org        string
		status     store.CoverageStatus
		why, grant string
	}
	var causes []cause
	resources := map[cause][]string{}
	isRequired := map[cause]bool{}
	for _, row := range result.Coverage {
		c := cause{row.Org, row.Status, row.Message, row.Permission}
		if !row.Status.IsMissing(row.IsRequired) {
			continue
		}
		if resources[c] == nil {
			causes = append(causes, c)
		}
		resources[c] = append(resources[c], row.Resource)
		isRequired[c] = isRequired[c] || row.IsRequired
	}
	for _, c := range causes {
		attributes := []any{"org", c.org, "resource", strings.Join(resources[c], ","), "status", c.status, "why", c.why}
		if c.grant != "" {
			attributes = append(attributes, "grant", c.grant)
		}
		if isRequired[c] {
			a.log.Error("not complete", attributes...)
		} else {
			a.log.Warn("not complete", attributes...)
		}
	}
}
