package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"auditor/internal/store"
)

// Rebuild makes the history of a folder again from the snapshots that are still
// there, in their order, each with what evaluate finds in it. The new file has
// another name and replaces the old one at the end: an error before that leaves
// the old one as it was. What only pruned snapshots said is lost. Files that
// cannot be imported are left out and returned, each with the reason.
func Rebuild(ctx context.Context, dir string, evaluate EvaluateFunc) (leftOut []error, err error) {
	names, err := store.Names(dir, ".db")
	if err != nil {
		return nil, err
	}
	slices.Reverse(names)
	path := filepath.Join(dir, fileName)
	lock, err := lock(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("rebuild history %s: %w", path, err)
	}
	defer lock.Unlock()
	if err := replaceable(path); err != nil {
		return nil, fmt.Errorf("rebuild history %s: %w", path, err)
	}
	partial := path + store.PartialSuffix
	if err := createPartial(partial); err != nil {
		return nil, fmt.Errorf("rebuild history %s: %w", path, err)
	}
	defer os.Remove(partial)
	for _, name := range names {
		err := rebuildWith(ctx, partial, filepath.Join(dir, name), evaluate)
		if ctx.Err() != nil {
			return leftOut, context.Cause(ctx)
		}
		if err != nil {
			leftOut = append(leftOut, fmt.Errorf("snapshot %s: %w", name, err))
		}
	}
	if err := publish(partial, path); err != nil {
		return leftOut, fmt.Errorf("rebuild history %s: %w", path, err)
	}
	return leftOut, nil
}

// replaceable refuses to overwrite what is not ours, or is newer than we are.
func replaceable(path string) error {
	err := checkHeader(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// rebuildWith imports one file. Opening does not read every page, so a damaged one
// may fail later: then nothing of it was imported.
func rebuildWith(ctx context.Context, partial, path string, evaluate EvaluateFunc) (err error) {
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Brief().Filters != "" {
		return ErrFiltered
	}
	findings, rules, err := evaluate(s)
	if err != nil {
		return err
	}
	return writeTo(ctx, partial, func(e *edit) error { return e.importSnapshot(ctx, s, findings, rules) })
}

// createPartial makes an empty history in the place of whatever a killed rebuild
// has left.
func createPartial(path string) error {
	if err := os.Remove(path + "-journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return create(path)
}

// publish puts a new history in the place of the old one.
func publish(partial, path string) error {
	// The journal of a run that was killed belongs to the old file: SQLite would
	// take it for that of the new one.
	if err := os.Remove(path + "-journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return store.Rename(partial, path)
}
