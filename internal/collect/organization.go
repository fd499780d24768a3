package collect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"auditor/internal/github"
	"auditor/internal/store"
)

// organization collects every resource of one organization.
type organization struct {
	*collector
	session *github.Session
	org     string
	walked  atomic.Int64 // requests that are written down with their walks
	lookups atomic.Int64 // repositories that were looked up by themselves

	estimator *estimator
}

func newOrganization(c *collector, session *github.Session) *organization {
	return &organization{collector: c, session: session, org: session.Installation().Login, estimator: newEstimator(c.plan)}
}

// spend is a cost as the snapshot takes it.
func (o *organization) spend(c github.Cost) store.Cost {
	o.walked.Add(int64(c.Requests))
	return store.Cost(c)
}

// event tells the event with what is left of the rate limits.
func (o *organization) event(e Event) {
	e.REST, e.GraphQL = o.session.Budgets()
	o.collector.event(e)
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
	return o.writer.Spend(ctx, o.org, store.Cost{Requests: int(o.session.Requests() - o.walked.Load())})
}

// catchUp reads the list of repositories once more where it has become known
// that some were created or renamed since, and what is asked of them alone.
func (o *organization) catchUp(ctx context.Context) error {
	unlisted, err := o.writer.Unlisted(ctx, o.org)
	if err != nil || unlisted == 0 {
		return err
	}
	const repositories = "repositories"
	if err := o.writer.Reopen(ctx, o.org, repositories); err != nil {
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
		return store.StatusSkipped, o.cover(ctx, o.row(r, o.org, store.StatusSkipped, why))
	}
	if r.IsOffOn404 && o.isBlind() {
		row := o.row(r, o.org, store.StatusDenied, "not asked for: without the permission GitHub answers 404, which would read as off")
		row.Permission = r.Permission
		return store.StatusDenied, o.cover(ctx, row)
	}
	if r.Shape == Settings {
		return o.settings(ctx, r, began)
	}
	tally, err := o.walks(ctx, r)
	if err != nil {
		return "", fmt.Errorf("collect %s of %s: %w", r.Name, o.org, err)
	}
	row := tally.row(o.row(r, o.org, store.StatusComplete, ""), r)
	o.qualify(&row, parent, r)
	row.Duration = o.plan.Now().Sub(began)
	return row.Status, o.cover(ctx, row)
}

// skipped tells why a resource is not asked for, "" if it is.
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

// isBlind holds for an installation that is known not to see what only
// administrators do.
func (o *organization) isBlind() bool {
	granted := o.session.Installation().Permissions
	return granted != nil && granted["administration"] == ""
}

// qualify lowers a complete row for what the answers alone do not tell: a
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
	case r.Name == "repositories" && o.isBlind():
		row.Status, row.Permission = store.StatusPartial, readAdministration
		row.Message = "security settings are not shown without the permission"
	}
}

// tally counts how the walks of one resource ended.
type tally struct {
	done, failed int
	first        error // of the first walk that failed
}

// walks makes every walk of a resource that is not yet made. It stops at the
// first refusal: what one token's list is denied, the others' are too.
func (o *organization) walks(ctx context.Context, r Resource) (tally, error) {
	todo, err := o.writer.Todo(ctx, o.org, r.Name)
	if err != nil {
		return tally{}, err
	}
	results := make([]error, len(todo))
	var isDenied atomic.Bool
	var done, rows atomic.Int64
	g, walking := errgroup.WithContext(ctx)
	g.SetLimit(o.plan.walks())
	for i, w := range todo {
		g.Go(func() error {
			if isDenied.Load() {
				results[i] = errNotAsked
				return nil
			}
			err := o.walk(walking, r, w, &rows)
			if isFatal(walking, err) {
				return err
			}
			if github.IsForbidden(err) {
				isDenied.Store(true)
			}
			results[i] = err
			o.event(Event{Org: o.org, Resource: r.Name, Walks: len(todo), WalksDone: int(done.Add(1)), Rows: rows.Load()})
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return tally{}, err
	}
	switch {
	case r.IsGoneOn404:
		err = o.bury(ctx, todo, results)
	case r.Parent == "repositories":
		err = o.buryRepositories(ctx, todo, results)
	}
	if err != nil {
		return tally{}, err
	}
	return count(results), nil
}

// bury records the parents that have disappeared since they were listed: their
// lists answered 404. Where all lists do, it is more likely that the server
// hides them, and nothing is taken for gone.
func (o *organization) bury(ctx context.Context, todo []store.Walk, results []error) error {
	isGone := func(err error) bool { return github.IsNotFound(err) }
	if len(results) > 1 && !slices.ContainsFunc(results, func(err error) bool { return !isGone(err) }) {
		return nil
	}
	for i, err := range results {
		if !isGone(err) {
			continue
		}
		if err := o.writer.Gone(ctx, todo[i], store.Cost{}); err != nil {
			return err
		}
		results[i] = nil
	}
	return nil
}

// buryRepositories does the same with repositories: not all of what is asked of
// them has to be there, so that each one is looked up.
func (o *organization) buryRepositories(ctx context.Context, todo []store.Walk, results []error) error {
	for i, err := range results {
		if !github.IsNotFound(err) || todo[i].Repository == "" {
			continue
		}
		isGone, err := o.lookUpRepository(ctx, todo[i].Parent, todo[i].Repository)
		if err != nil {
			return err
		}
		if isGone {
			results[i] = nil
		}
	}
	return nil
}

var errNotAsked = errors.New("not asked after a refusal")

func count(results []error) tally {
	var t tally
	for _, err := range results {
		if err == nil {
			t.done++
			continue
		}
		t.failed++
		if t.first == nil || errors.Is(t.first, errNotAsked) {
			t.first = err
		}
	}
	return t
}
