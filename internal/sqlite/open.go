package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

// Database is a file that is only read. It is safe for concurrent use.
type Database struct {
	name   string // of the file, for errors
	db     *sql.DB
	memory *memory // nil if there is none

	attached []string // schema names, in SQLite's order

	// What the file says once and for all: nobody writes to it.
	tables  atomic.Pointer[map[page]string]
	columns sync.Map // of each statement that proved to be a SELECT: string, []string
}

// Options says what a database has besides its file.
type Options struct {
	Idle     int          // connections that stay open between statements; 0 for one
	Attached []Attachment // read like the file itself
	Memory   string       // SQL that creates tables and views in memory; "" for none
	Views    string       // CREATE TEMP VIEW … of what the file itself lacks; "" for none
}

// Attachment is a further file, read-only, whose views are Name.view.
type Attachment struct{ Name, Path string }

// Open returns the database in the file at path, which is not opened before
// the first statement. The tables of Options.Memory are there at once.
func Open(ctx context.Context, path string, o Options) (*Database, error) {
	d := &Database{name: filepath.Base(path)}
	c := &connector{dsn: fileURI(path, readOnly()), views: o.Views}
	if o.Memory != "" {
		memory, err := openMemory(ctx, o.Memory)
		if err != nil {
			return nil, fmt.Errorf("create tables in memory beside %s: %w", d.name, err)
		}
		d.memory = memory
		c.attach = append(c.attach, attachment{memorySchema, memory.uri})
	}
	for _, a := range o.Attached {
		c.attach = append(c.attach, attachment{a.Name, fileURI(a.Path, url.Values{"mode": {"ro"}})})
	}
	for _, a := range c.attach {
		d.attached = append(d.attached, a.name)
	}
	d.db = sql.OpenDB(c)
	d.db.SetMaxIdleConns(max(o.Idle, 1))
	return d, nil
}

// Name is the base name of the file.
func (d *Database) Name() string { return d.name }

// DB is for statements of the program itself. Its connections allow nothing
// but reading either, and checks of integrity.
func (d *Database) DB() *sql.DB { return d.db }

// Close closes the file.
func (d *Database) Close() error {
	err := d.db.Close()
	if d.memory != nil {
		err = errors.Join(err, d.memory.db.Close())
	}
	return err
}

func readOnly() url.Values {
	return url.Values{
		"mode":        {"ro"},
		"_dqs":        {"0"},
		"_defensive":  {"1"},
		"_query_only": {"1"},
		"_pragma":     {"busy_timeout(1000)", "trusted_schema(0)", "cache_size(-2048)", "cell_size_check(1)"},
	}
}

// Writable opens the file at path with settings of the driver, unguarded. The
// "file:" form is needed: the driver ignores mode=ro on a plain name.
func Writable(path string, settings url.Values) *sql.DB { return unguarded(fileURI(path, settings)) }

// InMemory returns an empty database in memory, on its only connection.
func InMemory() *sql.DB {
	db := unguarded("file::memory:")
	db.SetMaxOpenConns(1)
	return db
}

func unguarded(name string) *sql.DB {
	c, err := sqlite.NewConnector(name)
	if err != nil {
		panic(err) // the driver checks nothing before it connects
	}
	return sql.OpenDB(c)
}

func fileURI(path string, settings url.Values) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: settings.Encode()}
	return name.String()
}

// EachRow runs f on every row of an answer; err is why there is none.
func EachRow(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Image returns a database in memory as the bytes of a file.
func Image(ctx context.Context, db *sql.DB) (image []byte, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		serializer, ok := driverConn.(interface{ Serialize() ([]byte, error) })
		if !ok {
			return errors.New("the driver cannot serialize")
		}
		image, err = serializer.Serialize()
		return err
	})
	return image, err
}
