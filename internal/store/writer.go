package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Run is what a snapshot records about its run.
type Run struct {
	StartedAt      time.Time // names the file, to the second
	AuditorVersion string
	APIURL         string
	WebURL         string // base of links, "https://github.com"
	Filters        string // JSON of a targeted run; "" for a full one
	Fingerprint    string // of the configuration: a partial is resumed only when everything but StartedAt is equal
	Catalog        []Permission
	Sensitive      Sensitive
}

// Permission is a row of the permission catalog.
type Permission struct {
	Scope, Permission, Level string
	Tier                     string // critical, high, medium, low or unclassified
	Why                      string
}

// Sensitive says which repositories are sensitive by the configuration.
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
	Next          string // page to resume at; "": the first
	// Lacks are the members that the server does not have, as paths without lists:
	// "deployKeys.nodes.enabled". That they are missing is not odd.
	Lacks []string
}

// Cost is what reading took.
type Cost struct {
	Requests int           // HTTP requests, all tries
	Retries  int           // of them: tries after the first
	Waited   time.Duration // for rate limits and other tries
}

// Writer fills a partial snapshot. It is safe for concurrent use; calls are
// carried out one after the other, each in a transaction of its own.
type Writer struct {
	path      string // of the partial
	final     string // of the published file
	startedAt time.Time
	isResumed bool
	lock      *flock.Flock // of the folder

	waitingMu sync.Mutex
	waiting   []*page // not yet stored

	mu        sync.Mutex           // one transaction at a time
	db        *sql.DB              // nil after Publish and Discard
	resources map[string]*resource // of the schema in the file
}

// PartialSuffix ends the name of a file that is not complete: no report may be
// made from it.
const PartialSuffix = ".partial"

// Create begins a snapshot in dir, or resumes the newest partial there that is
// under six hours old and was begun by an equal run. The folder is created if it
// is absent. [ErrInUse]: another run uses the folder. A file is named by the
// second of its start; where that name is taken, by a later one.
func Create(ctx context.Context, dir string, run Run) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create snapshot folder: %w", err)
	}
	lock, err := Lock(dir)
	if err != nil {
		return nil, err
	}
	w, err := (*Writer)(nil), removeTemporary(dir)
	if err == nil {
		w, err = resume(ctx, dir, run)
	}
	if w == nil && err == nil {
		w, err = begin(ctx, dir, run)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	w.lock = lock
	return w, nil
}

// begin makes a partial.
func begin(ctx context.Context, dir string, run Run) (*Writer, error) {
	startedAt, final := freeName(dir, run.StartedAt.UTC().Truncate(time.Second))
	path := final + PartialSuffix
	if err := writeImage(path); err != nil {
		return nil, fmt.Errorf("create snapshot: %w", err)
	}
	w := &Writer{path: path, final: final, startedAt: startedAt, db: openWriting(path)}
	err := w.writeRun(ctx, run)
	if err == nil {
		err = w.prepare(ctx)
	}
	if err != nil {
		err = errors.Join(err, w.close(), os.Remove(path))
		return nil, fmt.Errorf("create snapshot %s: %w", path, err)
	}
	return w, nil
}

// freeName is the name of a snapshot that begins now, or a few seconds later
// where another run of the same second has taken the name.
func freeName(dir string, startedAt time.Time) (time.Time, string) {
	for {
		final := filepath.Join(dir, startedAt.Format(FileTime)+".db")
		_, published := os.Lstat(final)
		_, begun := os.Lstat(final + PartialSuffix)
		if errors.Is(published, fs.ErrNotExist) && errors.Is(begun, fs.ErrNotExist) {
			return startedAt, final
		}
		if published != nil && begun != nil { // neither is there to be seen: writing will say why
			return startedAt, final
		}
		startedAt = startedAt.Add(time.Second)
	}
}

// writeImage makes a new file with the schema and no rows.
func writeImage(path string) error {
	image, err := schemaImage()
	if err != nil {
		return err
	}
	return ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(image)
		return err
	})
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
		for _, p := range run.Catalog {
			if _, err := tx.ExecContext(ctx, permission, p.Scope, p.Permission, p.Level, p.Tier, p.Why); err != nil {
				return fmt.Errorf("permission catalog: %s %s %s: tier %q: %w", p.Scope, p.Permission, p.Level, p.Tier, err)
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

// StartedAt returns when the run began that this snapshot is of: for a resumed
// one, the first.
func (w *Writer) StartedAt() time.Time { return w.startedAt }

// IsResumed reports whether this continues what an earlier run left.
func (w *Writer) IsResumed() bool { return w.isResumed }

// transact runs f in a transaction. The context is obeyed before, not within:
// a page in hand is worth finishing.
func (w *Writer) transact(ctx context.Context, f func(*sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.db == nil {
		return errClosed
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
