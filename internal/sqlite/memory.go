package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// memorySchema is the schema name of the tables in memory.
const memorySchema = "memory"

// memory is a database that all connections of one [Database] share.
type memory struct {
	uri string
	db  *sql.DB // the one connection that writes; it keeps the tables alive
}

func openMemory(ctx context.Context, script string) (*memory, error) {
	m := &memory{}
	m.uri = fmt.Sprintf("file:/memory-%p?vfs=memdb", m) // an address is nobody else's
	m.db = unguarded(m.uri + "&_pragma=busy_timeout(10000)&_pragma=cache_size(-512)&_dqs=0")
	m.db.SetMaxOpenConns(1)
	if _, err := m.db.ExecContext(ctx, script); err != nil {
		return nil, errors.Join(err, m.db.Close())
	}
	return m, nil
}

// Fill adds rows to a table in memory, all or none. Statements that run
// meanwhile see none of them or wait.
func (d *Database) Fill(ctx context.Context, table string, rows iter.Seq[[]any]) error {
	if d.memory == nil {
		return fmt.Errorf("fill table %s: there are no tables in memory", table)
	}
	if err := d.memory.fill(ctx, table, rows); err != nil {
		return fmt.Errorf("fill table %s in memory: %w", table, err)
	}
	return nil
}

func (m *memory) fill(ctx context.Context, table string, rows iter.Seq[[]any]) error {
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var insert *sql.Stmt
	for row := range rows {
		if insert == nil {
			marks := strings.TrimSuffix(strings.Repeat("?,", len(row)), ",")
			name := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
			if insert, err = tx.PrepareContext(ctx, "INSERT INTO "+name+" VALUES ("+marks+")"); err != nil {
				return err
			}
			defer insert.Close()
		}
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
