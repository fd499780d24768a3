package store

import (
	"context"
	"database/sql"

	"auditor/internal/sqlite"
)

// resource is what the schema in the file says about a resource. It does not
// change after Create and resume, except insert.
type resource struct {
	hasInsert  bool            // an _in_ view takes its items
	hasTodo    bool            // a _todo_ view lists its walks
	canRestart bool            // a _restart_ trigger empties a list
	isCounted  bool            // it has a table of its own
	kept       map[string]bool // the keys that its items are cut down to; nil: all
	fields     *field          // what its items are like; nil: not declared

	insert *sql.Stmt // into the _in_ view; nil before the first page. Guarded by Writer.mu
}

// resource returns what is known about a resource: nothing about one that the
// schema does not have.
func (w *Writer) resource(name string) *resource {
	if r := w.resources[name]; r != nil {
		return r
	}
	return &resource{}
}

// prepare reads from the schema in the file which resources there are.
func (w *Writer) prepare(ctx context.Context) error {
	w.resources = map[string]*resource{}
	const facts = `
		SELECT 'in', substr(s.name, 5), '' FROM sqlite_schema AS s WHERE s.type = 'view' AND s.name GLOB '_in_*'
		UNION ALL SELECT 'todo', substr(s.name, 7), '' FROM sqlite_schema AS s WHERE s.type = 'view' AND s.name GLOB '_todo_*'
		UNION ALL SELECT 'restart', substr(s.name, 10), '' FROM sqlite_schema AS s WHERE s.type = 'trigger' AND s.name GLOB '_restart_*'
		UNION ALL SELECT 'counted', t.resource, '' FROM _table_resources AS t WHERE t.table_name = '_' || t.resource
		UNION ALL SELECT 'kept', k.resource, k.key FROM _kept_keys AS k`
	rows, err := w.db.QueryContext(ctx, facts)
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var kind, name, key string
		if err := rows.Scan(&kind, &name, &key); err != nil {
			return err
		}
		r := w.resource(name)
		r.learn(kind, key)
		w.resources[name] = r
		return nil
	})
	if err != nil {
		return err
	}
	return w.learnFields(ctx)
}

// learn takes in one fact of the schema.
func (r *resource) learn(kind, key string) {
	switch kind {
	case "in":
		r.hasInsert = true
	case "todo":
		r.hasTodo = true
	case "restart":
		r.canRestart = true
	case "counted":
		r.isCounted = true
	case "kept":
		if r.kept == nil {
			r.kept = map[string]bool{}
		}
		r.kept[key] = true
	}
}
