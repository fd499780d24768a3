package collect

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"auditor/internal/github"
	"auditor/internal/store"
)

// organization collects every resource of one organization.
type organization struct {
	plan     Plan
	writer   *store.Writer
	coverage *coverageLog
	isServer bool // GitHub Enterprise Server
	session  *github.Session
	login    string

	walked  atomic.Int64 // requests that are recorded with their walks
	lookups atomic.Int64 // repositories that were requested one by one
	// repositoryTotal is how many there are, as the settings said last; 0: unknown.
	repositoryTotal atomic.Int64
	estimator       *estimator
}

func newOrganization(c *collector, session *github.Session) *organization {
	return &organization{
		plan: c.plan, writer: c.writer, coverage: c.coverage, isServer: c.isServer,
		session: session, login: session.Installation().Login, estimator: newEstimator(c.plan),
	}
}

// spend counts a cost and converts it for the snapshot.
func (o *organization) spend(c github.Cost) store.Cost {
	o.walked.Add(int64(c.Requests))
	return store.Cost(c)
}

// event reports the event with what is left of the rate limits.
func (o *organization) event(e Event) {
	if o.plan.OnEvent == nil {
		return
	}
	e.Org = o.login
	e.REST, e.GraphQL = o.session.Budgets()
	o.plan.OnEvent(e)
}

// collect reads all resources, and the repositories once more if they changed
// meanwhile.
func (o *organization) collect(ctx context.Context) error {
	if err := o.resources(ctx); err != nil {
		return err
	}
	if err := o.catchUp(ctx); err != nil {
		return err
	}
	return o.writer.Spend(ctx, o.login, store.Cost{Requests: int(o.session.Requests() - o.walked.Load())})
}

// catchUp reads the list of repositories once more, and what depends on it, if
// the settings show that some were created or renamed since.
func (o *organization) catchUp(ctx context.Context) error {
	const repositories = "repositories"
	unlisted, err := o.writer.Unlisted(ctx, o.login)
	if err != nil {
		return err
	}
	listed, err := o.writer.Rows(ctx, o.login, repositories)
	if err != nil {
		return err
	}
	if total := o.repositoryTotal.Load(); unlisted == 0 && (total == 0 || total == listed) {
		return nil
	}
	if err := o.writer.Reopen(ctx, o.login, repositories); err != nil {
		return err
	}
	for _, r := range Resources() {
		if r.Name != repositories && r.Parent != repositories {
			continue
		}
		if _, err := o.resource(ctx, r, store.StatusComplete); err != nil {
			return err
		}
	}
	return nil
}

// resources reads them side by side, children after their parents.
func (o *organization) resources(ctx context.Context) error {
	resources := Resources()
	statuses := map[string]chan store.CoverageStatus{}
	for _, r := range resources {
		statuses[r.Name] = make(chan store.CoverageStatus, len(resources))
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, r := range resources {
		if r.Shape == Part {
			continue
		}
		g.Go(func() error {
			parent := store.StatusComplete
			if r.Parent != "" {
				select {
				case parent = <-statuses[r.Parent]:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			status, err := o.resource(ctx, r, parent)
			for range cap(statuses[r.Name]) { // one for each child that may wait
				statuses[r.Name] <- status
			}
			return err
		})
	}
	return g.Wait()
}

// resource collects one resource and leaves its coverage. The error is for what
// ends the run; a refusal by GitHub is coverage.
func (o *organization) resource(ctx context.Context, r Resource, parent store.CoverageStatus) (status store.CoverageStatus, err error) {
	began := o.plan.Now()
	if why := o.skipped(r, parent); why != "" {
		return store.StatusSkipped, o.coverage.add(ctx, newCoverage(r, o.login, store.StatusSkipped, why))
	}
	if r.IsOffOn404 && o.lacksAdministration() {
		row := newCoverage(r, o.login, store.StatusDenied, "not requested: without the permission GitHub answers 404, which would look like off")
		row.Permission = r.Permission
		return store.StatusDenied, o.coverage.add(ctx, row)
	}
	if r.Shape == Settings {
		return o.settings(ctx, r, began)
	}
	tally, err := o.walkAll(ctx, r)
	if err != nil {
		return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.login, err)
	}
	row := tally.coverage(r, o.login)
	if row.Status.IsUnread() {
		rows, err := o.writer.Rows(ctx, o.login, r.Name)
		if err != nil {
			return "", err
		}
		if rows > 0 {
			row.Status, row.Message = store.StatusPartial, fmt.Sprintf("only %d were read: %s", rows, row.Message)
		}
	}
	o.qualify(&row, parent, r)
	if err := o.qualifyOdd(ctx, &row); err != nil {
		return "", err
	}
	row.Duration = o.plan.Now().Sub(began)
	return row.Status, o.coverage.add(ctx, row)
}

// skipped returns why a resource is not requested, "" if it is.
func (o *organization) skipped(r Resource, parent store.CoverageStatus) string {
	switch {
	case r.Option != "" && !slices.Contains(o.plan.Optional, r.Option):
		return "switched off: " + r.Option + " is not in collect.optional; it costs " + r.Requests
	case r.IsMissingOnServer && o.isServer:
		return "GitHub Enterprise Server does not have it"
	case parent.IsUnread():
		return r.Parent + " is " + string(parent)
	}
	return ""
}

// lacksAdministration reports whether the installation is known not to have the
// permission to read what only administrators see.
func (o *organization) lacksAdministration() bool {
	granted := o.session.Installation().Permissions
	return granted != nil && granted["administration"] == ""
}

// qualify lowers a complete row for what the answers alone do not show: a
// parent list with gaps, an installation that sees only some repositories, and
// settings that GitHub leaves out without the permission to see them.
func (o *organization) qualify(row *store.Coverage, parent store.CoverageStatus, r Resource) {
	if !row.Status.IsComplete() {
		return
	}
	i := o.session.Installation()
	switch {
	case !parent.IsComplete():
		row.Status, row.Message = store.StatusPartial, r.Parent+" is "+string(parent)
	case r.Name == "repositories" && i.RepositorySelection == "selected":
		row.Status, row.Message = store.StatusPartial, "the App is installed on selected repositories only: install it on all repositories"
	case r.Name == "repositories" && o.lacksAdministration():
		row.Status, row.Permission = store.StatusPartial, readAdministration
		row.Message = "security settings are not shown without the permission"
	}
}

// qualifyOdd lowers a complete row if something of it was not understood.
func (o *organization) qualifyOdd(ctx context.Context, row *store.Coverage) error {
	odd, err := o.writer.Oddities(ctx, o.login, row.Resource)
	if err != nil || odd.Objects == 0 {
		return err
	}
	rows, err := o.writer.Rows(ctx, o.login, row.Resource)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("not understood: %d of %d objects: %s", odd.Objects, max(rows, odd.Objects), odd.First)
	switch {
	case row.Status.IsComplete():
		row.Status, row.Message = store.StatusPartial, text
	case row.Status == store.StatusPartial:
		row.Message += "; " + text
	}
	return nil
}
