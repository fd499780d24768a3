package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Empty returns a snapshot with the schema and no rows, against which
// statements are compiled.
func Empty(ctx context.Context) (*Snapshot, error) {
	return temporary(func(path string) error {
		db := openWriting(path)
		defer db.Close()
		if err := createSchema(ctx, db); err != nil {
			return err
		}
		const row = `INSERT INTO _snapshot (id, started_at, finished_at, auditor_version, schema_version, api_url, web_url, fingerprint)
			VALUES (1, ?1, ?1, '', ?2, '', '', '')`
		_, err := db.ExecContext(ctx, row, timeText(time.Unix(0, 0)), SchemaVersion)
		return err
	})
}

// Stub returns a database whose tables are the public views and nothing else:
// what compiles against it reads nothing private.
func Stub(ctx context.Context) (*Snapshot, error) {
	return temporary(func(path string) error {
		db := openWriting(path)
		defer db.Close()
		for _, view := range Views() {
			var columns []string
			for _, c := range view.Columns {
				columns = append(columns, `"`+c.Name+`"`)
			}
			if _, err := db.ExecContext(ctx, "CREATE TABLE "+view.Name+" ("+strings.Join(columns, ", ")+")"); err != nil {
				return err
			}
		}
		return nil
	})
}

// temporary opens a snapshot in a folder of its own, which Close removes.
func temporary(fill func(path string) error) (*Snapshot, error) {
	dir, err := os.MkdirTemp("", "auditor-")
	if err != nil {
		return nil, fmt.Errorf("make empty snapshot: %w", err)
	}
	path := filepath.Join(dir, "empty.db")
	if err := fill(path); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("make empty snapshot: %w", err)
	}
	s := openSnapshot(path)
	s.temporary = dir
	return s, nil
}
