package collect

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// errNotRequested is the result of walks that the refusal of many others spared.
var errNotRequested = errors.New("not requested: all before were refused")

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
		err = w.removeParents(ctx)
	case r.Parent == "repositories":
		err = w.removeRepositories(ctx)
	}
	if err != nil {
		return tally{}, err
	}
	return count(w.results), nil
}

// maxRefusals is how many walks may be refused, one after another, before no more
// are made: what all of these are denied, the others are too. One refusal may be
// about its own object, which GitHub has blocked.
const maxRefusals = 20

// run makes the walks side by side.
func (w *walks) run(ctx context.Context) error {
	o := w.organization
	var refusals, done, rows atomic.Int64
	g, walking := errgroup.WithContext(ctx)
	g.SetLimit(o.plan.walks())
	for i, target := range w.todo {
		g.Go(func() error {
			if refusals.Load() >= maxRefusals {
				w.results[i] = errNotRequested
				return nil
			}
			err := o.walk(walking, w.resource, target, &rows)
			if isFatal(walking, err) {
				return err
			}
			if github.IsForbidden(err) {
				refusals.Add(1)
			} else {
				refusals.Store(0)
			}
			w.results[i] = err
			o.event(Event{Resource: w.resource.Name, Walks: len(w.todo), WalksDone: int(done.Add(1)), Rows: rows.Load()})
			return nil
		})
	}
	return g.Wait()
}

// removeParents removes the parents that have disappeared since they were
// listed: their walks answered 404, and they are not listed any more.
func (w *walks) removeParents(ctx context.Context) error {
	missing := map[string]int{} // index by parent
	var walks []store.Walk
	for i, err := range w.results {
		if github.IsNotFound(err) {
			missing[w.todo[i].Parent] = i
			walks = append(walks, w.todo[i])
		}
	}
	gone, err := w.organization.removeTokens(ctx, w.resource, walks)
	for _, walk := range gone {
		w.results[missing[walk.Parent]] = nil
	}
	return err
}

// removeRepositories does the same with repositories. Not everything that is
// asked about them has to exist, so each one is looked up.
func (w *walks) removeRepositories(ctx context.Context) error {
	missing := map[int64]int{} // index by repository
	var repositories []store.Repository
	for i, err := range w.results {
		id, notNumber := strconv.ParseInt(w.todo[i].Parent, 10, 64)
		if github.IsNotFound(err) && w.todo[i].Repository != "" && notNumber == nil {
			missing[id] = i
			repositories = append(repositories, store.Repository{ID: id, FullName: w.todo[i].Repository})
		}
	}
	gone, err := w.organization.removeRepositories(ctx, repositories)
	for _, id := range gone {
		w.results[missing[id]] = nil
	}
	return err
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
