package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// guardedConn is a connection for one statement.
type guardedConn struct {
	conn  *sql.Conn
	state *connection
	stop  func()
}

// guard takes a connection, on which whatever runs stops when ctx ends. It must
// be released.
func (d *Database) guard(ctx context.Context) (*guardedConn, error) {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", d.name, err)
	}
	g, err := newGuarded(ctx, conn)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("read %s: %w", d.name, err)
	}
	return g, nil
}

func newGuarded(ctx context.Context, conn *sql.Conn) (*guardedConn, error) {
	g := &guardedConn{conn: conn}
	err := conn.Raw(func(driverConn any) error {
		state, ok := driverConn.(*connection)
		if !ok {
			return fmt.Errorf("a %T is no guarded connection", driverConn)
		}
		g.state = state
		return nil
	})
	if err != nil {
		return nil, err
	}
	// The authorizer denies ATTACH and VACUUM INTO too; mode=ro alone does not.
	for _, limit := range [][2]int{{sqlite3.SQLITE_LIMIT_ATTACHED, 0}, {sqlite3.SQLITE_LIMIT_LENGTH, maxLength}} {
		if _, err := sqlite.Limit(conn, limit[0], limit[1]); err != nil {
			return nil, err
		}
	}
	g.state.clock.reset()
	g.stop, err = InterruptWith(ctx, conn)
	return g, err
}

func (g *guardedConn) release() {
	g.stop()
	g.conn.Close()
}

// query runs a statement. What the authorizer denied is a [QueryError].
func (g *guardedConn) query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	g.state.refusal, g.state.refused = "", ""
	rows, err := g.conn.QueryContext(ctx, statement, args...)
	if err != nil && g.state.refusal != "" && ctx.Err() == nil {
		return nil, &QueryError{Message: g.state.refusal, Near: g.state.refused}
	}
	return rows, err
}

// asked is an error if the statement has asked for the time.
func (g *guardedConn) asked() error {
	if !g.state.clock.isAsked() {
		return nil
	}
	return &QueryError{Message: "a date function was given no time, or a text such as 'now': that" + askedTime}
}
