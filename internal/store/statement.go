package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"auditor/internal/sqlite"
)

// What a statement is asked and answers with is what [sqlite] says it is.
type (
	QueryError = sqlite.QueryError
	Rows       = sqlite.Rows
)

// Database is the guarded file itself, for what needs no more than that.
func (s *Snapshot) Database() *sqlite.Database { return s.file }

// Select runs one guarded SELECT, see [sqlite.Database.Select].
func (s *Snapshot) Select(ctx context.Context, statement string, params map[string]any) (*Rows, error) {
	return s.file.Select(ctx, statement, params)
}

// Check compiles a statement, see [sqlite.Database.Check].
func (s *Snapshot) Check(ctx context.Context, statement string, declared []string) (columns []string, err error) {
	return s.file.Check(ctx, statement, declared)
}

// Reads lists the resources whose tables a statement opens, sorted, also
// through views.
func (s *Snapshot) Reads(ctx context.Context, statement string) (resources []string, err error) {
	tables, err := s.file.Reads(ctx, statement)
	if err != nil {
		return nil, err
	}
	filledBy, err := s.resources()
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		resources = append(resources, filledBy[table]...)
	}
	slices.Sort(resources)
	return slices.Compact(resources), nil
}

// readResources lists the resources that fill each table.
func (s *Snapshot) readResources() (map[string][]string, error) {
	rows, err := s.db.Query("SELECT t.table_name, t.resource FROM _table_resources AS t")
	filledBy := map[string][]string{}
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var table, resource string
		err := rows.Scan(&table, &resource)
		filledBy[table] = append(filledBy[table], resource)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read resources of %s: %w", s.info.File, err)
	}
	return filledBy, nil
}
