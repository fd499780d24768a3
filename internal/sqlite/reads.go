package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// page is the root of a table or index, in the database of that number.
type page struct{ database, root int64 }

// Reads lists the tables that a statement opens, sorted, also through views:
// name of the file itself, schema.name of others. SQLite's own program says so:
// a column of a view that is not selected leaves no trace in it, while the
// authorizer is asked about every column of the view.
func (d *Database) Reads(ctx context.Context, statement string) (tables []string, err error) {
	v, err := vet(statement)
	if err != nil {
		return nil, err
	}
	conn, err := d.guard(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.release()
	if _, err := d.shape(ctx, conn, v); err != nil {
		return nil, err
	}
	byPage, err := d.rootPages(ctx, conn)
	if err != nil {
		return nil, err
	}
	args, _ := v.bind(nil)
	rows, err := conn.query(ctx, "EXPLAIN "+v.body, args...)
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
		root, _ := p2.(int64)
		database, _ := p3.(int64)
		if name := byPage[page{database, root}]; name != "" && (opcode == "OpenRead" || opcode == "ReopenIdx") {
			tables = append(tables, name)
		}
	}
	slices.Sort(tables)
	return slices.Compact(tables), rows.Err()
}

// rootPages maps the root page of each table and index to the table.
func (d *Database) rootPages(ctx context.Context, conn *guardedConn) (map[page]string, error) {
	if pages := d.tables.Load(); pages != nil {
		return *pages, nil
	}
	pages := map[page]string{}
	add := func(number int64, schema, prefix string) error {
		rows, err := conn.query(ctx, `SELECT s.rootpage, s.tbl_name FROM "`+schema+`".sqlite_schema AS s WHERE s.rootpage > 0`)
		return EachRow(rows, err, func(rows *sql.Rows) error {
			var root int64
			var table string
			err := rows.Scan(&root, &table)
			pages[page{number, root}] = prefix + table
			return err
		})
	}
	err := add(0, "main", "")
	for i, name := range d.attached { // 1 is for temporary tables
		if err == nil {
			err = add(int64(i+2), name, name+".")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the tables of %s: %w", d.name, err)
	}
	d.tables.Store(&pages)
	return pages, nil
}
