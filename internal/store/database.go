package store

import (
	"database/sql"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// openWriting returns the one connection that writes the file at path. An
// exclusive lock keeps a second run out; it also lets the journal stay open
// between transactions.
func openWriting(path string) *sql.DB {
	db := openDatabase(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(1000)",
			"locking_mode(EXCLUSIVE)",
			"journal_mode(TRUNCATE)",
			"synchronous(NORMAL)",
			"foreign_keys(1)",
			"cache_size(-16384)",
			"temp_store(MEMORY)",
		},
		"_dqs": {"0"},
	})
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db
}

// openMemory returns a database in memory, on its only connection.
func openMemory() *sql.DB {
	db := openName("file::memory:")
	db.SetMaxOpenConns(1)
	return db
}

// openDatabase opens the file at path, which must be absolute or relative to
// the working directory, with settings of the driver. The "file:" form is
// needed: the driver ignores mode=ro on a plain name.
func openDatabase(path string, settings url.Values) *sql.DB {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: settings.Encode()}
	return openName(name.String())
}

// eachRow runs f on every row of an answer; err is why there is none.
func eachRow(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
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

func openName(name string) *sql.DB {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		panic(err) // the driver checks nothing before it connects
	}
	return sql.OpenDB(connector)
}
