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

// walks are the walks of one resource that are left to make, and how each ended.
type walks struct {
	organization *organization
	resource     Resource
	todo         []store.Walk
	results      []error // one for each of todo; nil: read, or its parent is gone
}

// errNotRequested is the result of walks that a refusal of another one spared.
var errNotRequested = errors.New("not requested after a refusal")

// walkAll makes every walk of a resource that is not yet made.
func (o *organization) walkAll(ctx context.Context, r Resource) (tally, error) {
	todo, err := o.writer.Todo(ctx, o.login, r.Name)
	if err != nil {
		return tally{}, err
	}
	w := &walks{organization: o, resource: r, todo: todo, results: make([]error, len(todo))}
	if err := w.run(ctx); err != nil {
		return tally{}, err
	}
	switch {
	case r.IsGoneOn404:
		err = w.dropParents(ctx)
	case r.Parent == "repositories":
		err = w.dropRepositories(ctx)
	}
	if err != nil {
		return tally{}, err
	}
	return count(w.results), nil
}

// run makes the walks side by side. It stops at the first refusal: what one
// token's list is denied, the others' are too.
func (w *walks) run(ctx context.Context) error {
	o := w.organization
	var isDenied atomic.Bool
	var done, rows atomic.Int64
	g, walking := errgroup.WithContext(ctx)
	g.SetLimit(o.plan.walks())
	for i, target := range w.todo {
		g.Go(func() error {
			if isDenied.Load() {
				w.results[i] = errNotRequested
				return nil
			}
			err := o.walk(walking, w.resource, target, &rows)
			if isFatal(walking, err) {
				return err
			}
			if github.IsForbidden(err) {
				isDenied.Store(true)
			}
			w.results[i] = err
			o.event(Event{Resource: w.resource.Name, Walks: len(w.todo), WalksDone: int(done.Add(1)), Rows: rows.Load()})
			return nil
		})
	}
	return g.Wait()
}

// dropParents removes the parents that have disappeared since they were
// listed: their lists answered 404. Where all lists do, it is more likely that
// the server hides them, and nothing is taken for gone.
func (w *walks) dropParents(ctx context.Context) error {
	isGone := func(err error) bool { return github.IsNotFound(err) }
	if len(w.results) > 1 && !slices.ContainsFunc(w.results, func(err error) bool { return !isGone(err) }) {
		return nil
	}
	for i, err := range w.results {
		if !isGone(err) {
			continue
		}
		if err := w.organization.writer.Gone(ctx, w.todo[i], store.Cost{}); err != nil {
			return err
		}
		w.results[i] = nil
	}
	return nil
}

// dropRepositories does the same with repositories. Not everything that is
// asked about them has to exist, so each one is looked up.
func (w *walks) dropRepositories(ctx context.Context) error {
	for i, err := range w.results {
		if !github.IsNotFound(err) || w.todo[i].Repository == "" {
			continue
		}
		isGone, err := w.organization.lookUpRepository(ctx, w.todo[i].Parent, w.todo[i].Repository)
		if err != nil {
			return err
		}
		if isGone {
			w.results[i] = nil
		}
	}
	return nil
}

// tally counts how the walks of one resource ended.
type tally struct {
	done, failed int
	first        error // of the first walk that failed; nil: none did
}

func count(results []error) tally {
	var t tally
	for _, err := range results {
		if err == nil {
			t.done++
			continue
		}
		t.failed++
		if t.first == nil || errors.Is(t.first, errNotRequested) {
			t.first = err
		}
	}
	return t
}

// coverage is what the walks came to.
func (t tally) coverage(r Resource, org string) store.Coverage {
	row := newCoverage(r, org, store.StatusComplete, "")
	if t.first == nil {
		return row
	}
	row.HTTPStatus, row.Message = statusCode(t.first), t.first.Error()
	switch {
	case t.done > 0:
		row.Status = store.StatusPartial
		row.Message = fmt.Sprintf("%d of %d could not be read, the first: %v", t.failed, t.done+t.failed, t.first)
	case isDenial(t.first):
		row.Status = store.StatusDenied
	default:
		row.Status = store.StatusFailed
	}
	if isDenial(t.first) {
		row.Permission = r.Permission
	}
	return row
}
