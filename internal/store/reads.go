package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Reads lists the resources whose tables a statement opens, sorted, also
// through views. SQLite's own program tells: a column of a view that is not
// selected leaves no trace in it.
func (s *Snapshot) Reads(ctx context.Context, statement string) (resources []string, err error) {
	v, err := vet(statement)
	if err != nil {
		return nil, err
	}
	conn, release, err := s.guard(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := s.shape(ctx, conn, v); err != nil {
		return nil, err
	}
	byPage, err := s.resourcePages(ctx, conn)
	if err != nil {
		return nil, err
	}
	args, _ := v.bind(nil)
	rows, err := conn.QueryContext(ctx, "EXPLAIN "+v.body, args...)
	if err != nil {
		return nil, queryError(ctx, v.body, err)
	}
	defer rows.Close()
	for rows.Next() {
		var addr, p1, p2, p3, p4, p5, comment any
		var opcode string
		if err := rows.Scan(&addr, &opcode, &p1, &p2, &p3, &p4, &p5, &comment); err != nil {
			return nil, err
		}
		page, _ := p2.(int64)
		if (opcode == "OpenRead" || opcode == "ReopenIdx") && p3 == int64(0) {
			resources = append(resources, byPage[page]...)
		}
	}
	slices.Sort(resources)
	return slices.Compact(resources), rows.Err()
}

// resourcePages maps the root page of each table and index to the resources
// that fill the table.
func (s *Snapshot) resourcePages(ctx context.Context, conn *sql.Conn) (map[int64][]string, error) {
	if pages := s.pages.Load(); pages != nil {
		return *pages, nil
	}
	const query = `SELECT s.rootpage, t.resource
		FROM sqlite_schema AS s
		JOIN _table_resources AS t ON t.table_name = s.tbl_name
		WHERE s.rootpage > 0`
	rows, err := conn.QueryContext(ctx, query)
	pages := map[int64][]string{}
	err = eachRow(rows, err, func(rows *sql.Rows) error {
		var page int64
		var resource string
		err := rows.Scan(&page, &resource)
		pages[page] = append(pages[page], resource)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read resources of %s: %w", s.info.File, err)
	}
	s.pages.Store(&pages)
	return pages, nil
}
