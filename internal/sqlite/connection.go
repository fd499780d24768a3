package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// connector opens connections that can do nothing but read.
type connector struct {
	dsn    string
	attach []attachment
	views  string // SQL that creates temporary views
}

type attachment struct{ name, uri string }

// driverConn is what database/sql uses of a connection of the driver.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// connection is a guarded connection. One goroutine uses it at a time.
type connection struct {
	driverConn
	clock   *clock
	refusal string // why the authorizer denied something; "" if it did not
	refused string // the name that it denied
}

// Unwrap is how the driver finds its own connection.
func (c *connection) Unwrap() driver.Conn { return c.driverConn }

// Close closes the connection and frees its clock.
func (c *connection) Close() error {
	err := c.driverConn.Close()
	c.clock.free()
	return err
}

func (c *connector) Driver() driver.Driver { return &sqlite.Driver{} }

// Connect opens a connection, attaches what belongs to it and closes it to
// everything but reading.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	clock, err := newClock()
	if err != nil {
		return nil, err
	}
	inner, err := c.open(ctx, clock.name)
	if err != nil {
		clock.free()
		return nil, err
	}
	guarded := &connection{driverConn: inner, clock: clock}
	if err := guarded.prepare(ctx, c.attach, c.views); err != nil {
		guarded.Close()
		return nil, err
	}
	return guarded, nil
}

func (c *connector) open(ctx context.Context, vfs string) (driverConn, error) {
	opener, err := sqlite.NewConnector(c.dsn + "&vfs=" + vfs)
	if err != nil {
		return nil, err
	}
	conn, err := opener.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := conn.(driverConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("the driver's connection, a %T, lacks what database/sql uses", conn)
	}
	return inner, nil
}

func (c *connection) prepare(ctx context.Context, attach []attachment, views string) error {
	if views != "" {
		if _, err := c.ExecContext(ctx, "PRAGMA query_only = 0;"+views+";PRAGMA query_only = 1", nil); err != nil {
			return fmt.Errorf("create temporary views: %w", err)
		}
	}
	for _, a := range attach {
		args := []driver.NamedValue{{Ordinal: 1, Value: a.uri}, {Ordinal: 2, Value: a.name}}
		if _, err := c.ExecContext(ctx, "ATTACH ? AS ?", args); err != nil {
			return fmt.Errorf("attach %s: %w", a.name, err)
		}
	}
	registerer, ok := c.driverConn.(sqlite.AuthorizerRegisterer)
	if !ok {
		return fmt.Errorf("the driver's connection, a %T, has no authorizer", c.driverConn)
	}
	return registerer.RegisterAuthorizer(c.authorize)
}

// authorize allows reading alone. SQLite asks it while it compiles a statement.
func (c *connection) authorize(action sqlite.AuthorizerActionCode, arg1, arg2, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRecursive:
		return sqlite.AuthorizerOK
	case sqlite.AuthRead:
		if !strings.HasPrefix(strings.ToLower(arg1), "pragma_") {
			return sqlite.AuthorizerOK
		}
		c.refusal, c.refused = "PRAGMA functions are not allowed", arg1
	case sqlite.AuthFunction:
		switch name := strings.ToLower(arg2); name {
		case "current_date", "current_time", "current_timestamp":
			c.refusal, c.refused = name+askedTime, name
		case "load_extension":
			c.refusal, c.refused = "not authorized to use this function", name
		default:
			return sqlite.AuthorizerOK
		}
	case sqlite.AuthPragma: // of the program itself: a statement is no PRAGMA
		if arg1 == "integrity_check" || arg1 == "foreign_key_check" {
			return sqlite.AuthorizerOK
		}
	}
	return sqlite.AuthorizerDeny
}
