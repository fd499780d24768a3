package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"auditor/internal/sqlite"
)

// Empty returns a snapshot with the schema and no rows, against which
// statements are compiled.
func Empty(ctx context.Context) (*Snapshot, error) {
	s, err := temporary(ctx, writeImage)
	if err != nil {
		return nil, fmt.Errorf("make empty snapshot: %w", err)
	}
	return s, nil
}

// Stub returns a database whose tables are the public views and nothing else:
// what compiles against it reads nothing private.
func Stub(ctx context.Context) (*Snapshot, error) {
	var script strings.Builder
	for _, view := range Views() {
		separator := "CREATE TABLE " + view.Name + " ("
		for _, c := range view.Columns {
			fmt.Fprintf(&script, `%s"%s"`, separator, c.Name)
			separator = ", "
		}
		script.WriteString(");\n")
	}
	s, err := temporary(ctx, func(path string) error {
		db := sqlite.InMemory()
		defer db.Close()
		if _, err := db.ExecContext(ctx, "BEGIN;"+script.String()+"COMMIT"); err != nil {
			return err
		}
		image, err := sqlite.Image(ctx, db)
		if err != nil {
			return err
		}
		return os.WriteFile(path, image, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("make stub of the views: %w", err)
	}
	return s, nil
}

// temporary opens a snapshot in a folder of its own, which Close removes.
func temporary(ctx context.Context, fill func(path string) error) (*Snapshot, error) {
	dir, err := os.MkdirTemp("", "auditor-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "empty.db")
	if err := fill(path); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s, err := openSnapshot(ctx, path, sqlite.Options{})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s.temporary = dir
	return s, nil
}
