package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Run is what is known when a run begins.
type Run struct {
	StartedAt      time.Time // names the file, to the second
	AuditorVersion string
	APIURL         string
	WebURL         string // base of links, "https://github.com"
	Filters        string // JSON of a targeted run; "" when everything is asked for
	Fingerprint    string // of the configuration: a partial is resumed only when everything but StartedAt is equal
	Catalogue      []Permission
	Sensitive      Sensitive
}

// Permission is a row of the permission catalogue.
type Permission struct {
	Scope, Permission, Level string
	Tier                     string // critical, high, medium, low or unclassified
	Why                      string
}

// Sensitive says which repositories the configuration calls sensitive.
type Sensitive struct {
	Names      []string            // globs on name or full name
	Topics     []string            // exact
	Properties map[string][]string // property to values
}

// Org is an organization of the run and what the installation may see of it.
type Org struct {
	Login               string
	Permissions         map[string]string // nil: unknown
	RepositorySelection string            // all, selected or "" (unknown)
}

// Walk is one list to read: of a resource, or of a resource under one parent.
type Walk struct {
	Org, Resource string
	Parent        string // id of the parent as text, a role for members, "" for none
	Repository    string // full name where the path needs it, else ""
	Next          string // page to go on with after a resume; "": the first
}

// Writer fills a partial snapshot. It is safe for concurrent use; calls are
// carried out one after the other, each in a transaction of its own.
type Writer struct {
	path      string // of the partial
	final     string // of the published file
	startedAt time.Time
	isResumed bool

	waitingMu sync.Mutex
	waiting   []*page // not yet stored

	mu        sync.Mutex                 // one transaction at a time
	db        *sql.DB                    // nil after Publish and Discard
	inserts   map[string]*sql.Stmt       // one a resource that had a page, into its _in_ view
	resources map[string]bool            // resources with an _in_ view
	todos     map[string]bool            // resources with a _todo_ view
	counted   map[string]bool            // resources with a table of their own
	kept      map[string]map[string]bool // resource to the keys that its items are cut down to
}

// maxResumeAge is how old a partial may be to be gone on with: pages read
// earlier than that would be stale beside pages read now.
const maxResumeAge = 6 * time.Hour

// partialSuffix marks a file that no report may be made from.
const partialSuffix = ".partial"

// Create begins a snapshot in dir, or goes on with the newest partial there
// that is under six hours old and was begun by an equal run. The folder is made
// if it is absent. [ErrInUse]: another process writes there; [ErrExists]: the
// file of that second is there already.
func Create(ctx context.Context, dir string, run Run) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create snapshot folder: %w", err)
	}
	w, err := resume(ctx, dir, run)
	if w != nil || err != nil {
		return w, err
	}
	startedAt := run.StartedAt.UTC().Truncate(time.Second)
	final := filepath.Join(dir, startedAt.Format(fileTime)+".db")
	if _, err := os.Lstat(final); err == nil {
		return nil, fmt.Errorf("create snapshot %s: %w", final, ErrExists)
	}
	path := final + partialSuffix
	if err := writeImage(path); errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create snapshot %s: %w", path, ErrExists)
	} else if err != nil {
		return nil, fmt.Errorf("create snapshot: %w", err)
	}
	w = &Writer{path: path, final: final, startedAt: startedAt, db: openWriting(path)}
	if err := errors.Join(w.writeRun(ctx, run), w.prepare(ctx)); err != nil {
		err = errors.Join(err, w.close(), os.Remove(path))
		return nil, fmt.Errorf("create snapshot %s: %w", path, err)
	}
	return w, nil
}

// writeImage makes a new file with the schema and no rows.
func writeImage(path string) error {
	image, err := schemaImage()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(image)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

// resume opens the newest partial that an equal run left; nil if there is none.
func resume(ctx context.Context, dir string, run Run) (*Writer, error) {
	names, err := snapshotNames(dir, ".db"+partialSuffix)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		startedAt, err := time.Parse(fileTime, strings.TrimSuffix(name, ".db"+partialSuffix))
		age := run.StartedAt.Sub(startedAt)
		if err != nil || age < 0 || age >= maxResumeAge {
			continue
		}
		path := filepath.Join(dir, name)
		w := &Writer{path: path, final: strings.TrimSuffix(path, partialSuffix), startedAt: startedAt, isResumed: true}
		if _, err := os.Lstat(w.final); err == nil {
			continue // published already; never touched again
		}
		ok, err := w.reopen(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("resume snapshot %s: %w", path, err)
		}
		if ok {
			return w, nil
		}
	}
	return nil, nil
}

// reopen opens the partial and tells whether run may go on with it. A file
// that is no partial of ours (a run killed before it wrote anything) is none.
func (w *Writer) reopen(ctx context.Context, run Run) (ok bool, err error) {
	if checkHeader(w.path) != nil {
		return false, nil
	}
	w.db = openWriting(w.path)
	defer func() {
		if !ok {
			w.db.Close()
		}
	}()
	var fingerprint string
	err = w.db.QueryRowContext(ctx, "SELECT fingerprint FROM _snapshot").Scan(&fingerprint)
	var e *sqlite.Error
	switch {
	case errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY:
		return false, ErrInUse
	case err != nil && contextError(err) == nil:
		return false, nil
	case err != nil:
		return false, err
	}
	if fingerprint != run.fingerprint() {
		return false, nil
	}
	return true, w.prepare(ctx)
}

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
			"cache_size(-32768)",
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

func openName(name string) *sql.DB {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		panic(err) // the driver checks nothing before it connects
	}
	return sql.OpenDB(connector)
}

// fingerprint identifies everything of a run but its time.
func (r Run) fingerprint() string {
	r.StartedAt = time.Time{}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// writeRun fills the tables that say what this run is.
func (w *Writer) writeRun(ctx context.Context, run Run) error {
	return w.transact(ctx, func(tx *sql.Tx) error {
		const snapshot = `INSERT INTO _snapshot (id, started_at, auditor_version, schema_version, api_url, web_url, filters, fingerprint)
			VALUES (1, ?, ?, ?, ?, ?, NULLIF(?, ''), ?)`
		_, err := tx.ExecContext(ctx, snapshot, timeText(w.startedAt), run.AuditorVersion, SchemaVersion,
			run.APIURL, strings.TrimSuffix(run.WebURL, "/"), run.Filters, run.fingerprint())
		if err != nil {
			return err
		}
		const permission = `INSERT INTO _permission_catalog (scope, permission, level, tier_rank, why)
			VALUES (?, ?, ?, (SELECT t.rank FROM _tiers AS t WHERE t.tier = ?), ?)`
		for _, p := range run.Catalogue {
			if _, err := tx.ExecContext(ctx, permission, p.Scope, p.Permission, p.Level, p.Tier, p.Why); err != nil {
				return fmt.Errorf("permission catalogue: %s %s %s: tier %q: %w", p.Scope, p.Permission, p.Level, p.Tier, err)
			}
		}
		const sensitive = `INSERT OR IGNORE INTO _sensitive (kind, key, value) VALUES (?, lower(?), lower(?))`
		for _, row := range run.Sensitive.rows() {
			if _, err := tx.ExecContext(ctx, sensitive, row[0], row[1], row[2]); err != nil {
				return err
			}
		}
		return nil
	})
}

// rows lists kind, key and value.
func (s Sensitive) rows() [][3]string {
	var rows [][3]string
	for _, name := range s.Names {
		rows = append(rows, [3]string{"name", "", name})
	}
	for _, topic := range s.Topics {
		rows = append(rows, [3]string{"topic", "", topic})
	}
	for property, values := range s.Properties {
		for _, value := range values {
			rows = append(rows, [3]string{"property", property, value})
		}
	}
	return rows
}

// prepare learns from the schema in the file which resources there are.
func (w *Writer) prepare(ctx context.Context) error {
	w.inserts = map[string]*sql.Stmt{}
	w.resources, w.todos = map[string]bool{}, map[string]bool{}
	w.counted, w.kept = map[string]bool{}, map[string]map[string]bool{}
	const facts = `
		SELECT 'in', substr(s.name, 5), '' FROM sqlite_schema AS s WHERE s.type = 'view' AND s.name GLOB '_in_*'
		UNION ALL SELECT 'todo', substr(s.name, 7), '' FROM sqlite_schema AS s WHERE s.type = 'view' AND s.name GLOB '_todo_*'
		UNION ALL SELECT 'counted', t.resource, '' FROM _table_resources AS t WHERE t.table_name = '_' || t.resource
		UNION ALL SELECT 'kept', k.resource, k.key FROM _kept_keys AS k`
	rows, err := w.db.QueryContext(ctx, facts)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, resource, key string
		if err := rows.Scan(&kind, &resource, &key); err != nil {
			return err
		}
		switch kind {
		case "in":
			w.resources[resource] = true
		case "todo":
			w.todos[resource] = true
		case "counted":
			w.counted[resource] = true
		case "kept":
			if w.kept[resource] == nil {
				w.kept[resource] = map[string]bool{}
			}
			w.kept[resource][key] = true
		}
	}
	return rows.Err()
}

// StartedAt returns when the run began that this snapshot is of: for a resumed
// one, the first.
func (w *Writer) StartedAt() time.Time { return w.startedAt }

// IsResumed tells whether this goes on with what an earlier run left.
func (w *Writer) IsResumed() bool { return w.isResumed }

// transact runs f in a transaction. The context is obeyed before, not within:
// a page in hand is worth finishing.
func (w *Writer) transact(ctx context.Context, f func(*sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.db == nil {
		return errors.New("snapshot is closed")
	}
	tx, err := w.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// timeText is how times are kept: RFC 3339, UTC, seconds.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
