package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"auditor/internal/github"
	"auditor/internal/store"
)

// coverageLog writes the coverage of a run's resources into the snapshot,
// reports each as an event, and keeps it for the result. Safe for concurrent use.
type coverageLog struct {
	writer  *store.Writer
	onEvent func(Event) // nil: none

	mu   sync.Mutex
	rows []store.Coverage
}

// add records a row, in place of an earlier one of the same resource.
func (l *coverageLog) add(ctx context.Context, row store.Coverage) error {
	row, err := l.writer.Cover(ctx, row)
	if err != nil {
		return fmt.Errorf("record coverage of %s of %s: %w", row.Resource, row.Org, err)
	}
	l.keep(row)
	if l.onEvent != nil {
		l.onEvent(Event{Org: row.Org, Resource: row.Resource, Coverage: &row})
	}
	return nil
}

func (l *coverageLog) keep(row store.Coverage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = slices.DeleteFunc(l.rows, func(r store.Coverage) bool { return r.Org == row.Org && r.Resource == row.Resource })
	l.rows = append(l.rows, row)
}

// sorted lists the rows by organization and resource.
func (l *coverageLog) sorted() []store.Coverage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(slices.Values(l.rows), func(a, b store.Coverage) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Resource, b.Resource))
	})
}

func newCoverage(r Resource, org string, status store.CoverageStatus, message string) store.Coverage {
	return store.Coverage{Org: org, Resource: r.Name, Status: status, IsRequired: r.IsRequired, Message: message}
}

// isDenial reports whether a permission would lift the refusal. GitHub answers
// 404 instead of 403 where it hides that something exists.
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

// fatal marks what the store refuses; nil stays nil.
func fatal(err error) error {
	if err == nil {
		return nil
	}
	return fatalError{err}
}

// isFatal reports whether an error ends the run: a snapshot that cannot be written, an
// interrupt, and a rate limit that outlasts the patience of the configuration.
// The next run resumes there.
func isFatal(ctx context.Context, err error) bool {
	var f fatalError
	var limit *github.LimitError
	return err != nil && (ctx.Err() != nil || errors.As(err, &f) || errors.As(err, &limit))
}
