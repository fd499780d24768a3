package store

import (
	"database/sql"
	"net/url"

	"auditor/internal/sqlite"
)

// openWriting returns the one connection that writes the file at path. An
// exclusive lock keeps a second run out; it also lets the journal stay open
// between transactions.
func openWriting(path string) *sql.DB {
	db := sqlite.Writable(path, url.Values{
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
