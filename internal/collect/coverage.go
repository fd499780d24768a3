package collect

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"auditor/internal/github"
	"auditor/internal/store"
)

// coverageList gathers the rows of a run. Safe for concurrent use.
type coverageList struct {
	mu   sync.Mutex
	rows []store.Coverage
}

// add takes in a row, in place of an earlier one of the same resource.
func (l *coverageList) add(row store.Coverage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = slices.DeleteFunc(l.rows, func(r store.Coverage) bool { return r.Org == row.Org && r.Resource == row.Resource })
	l.rows = append(l.rows, row)
}

func (l *coverageList) sorted() []store.Coverage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(slices.Values(l.rows), func(a, b store.Coverage) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Resource, b.Resource))
	})
}

// cover writes a coverage row and tells that the resource is done.
func (c *collector) cover(ctx context.Context, row store.Coverage) error {
	row, err := c.writer.Cover(ctx, row)
	if err != nil {
		return fmt.Errorf("record coverage of %s of %s: %w", row.Resource, row.Org, err)
	}
	c.coverage.add(row)
	c.event(Event{Org: row.Org, Resource: row.Resource, Coverage: &row})
	return nil
}

func (c *collector) row(r Resource, org string, status store.CoverageStatus, message string) store.Coverage {
	return store.Coverage{Org: org, Resource: r.Name, Status: status, IsRequired: r.IsRequired, Message: message}
}

// row turns what the walks came to into the coverage of their resource.
func (t tally) row(row store.Coverage, r Resource) store.Coverage {
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

// isDenial holds for a refusal that a permission would lift. GitHub answers 404
// instead of 403 where it does not even want to say that there is something.
func isDenial(err error) bool {
	return github.IsForbidden(err) || github.IsNotFound(err)
}

func statusCode(err error) int {
	var refused *github.Error
	if errors.As(err, &refused) {
		return refused.StatusCode
	}
	return 0
}

// fatalError ends the run: the snapshot cannot be written.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// fatalUnlessDrift lets an object that GitHub changed the form of fail its
// resource, and everything else that the store refuses end the run.
func fatalUnlessDrift(err error) error {
	var drift *store.DriftError
	if err == nil || errors.As(err, &drift) {
		return err
	}
	return fatalError{err}
}

// isFatal holds for what ends the run: a snapshot that cannot be written, an
// interrupt, and a rate limit that outlasts the patience of the configuration.
// The next run goes on from there.
func isFatal(ctx context.Context, err error) bool {
	var f fatalError
	var limit *github.LimitError
	return err != nil && (ctx.Err() != nil || errors.As(err, &f) || errors.As(err, &limit))
}

func rawItems(item json.RawMessage) []json.RawMessage {
	if item == nil {
		return nil
	}
	return []json.RawMessage{item}
}
