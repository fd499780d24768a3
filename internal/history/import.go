package history

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"path/filepath"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
	"auditor/internal/store"
)

// Import takes a published snapshot into the history, with what was found in it
// and the rules that were run, in whole or not at all. Of one that the history has,
// it replaces what was found: today's rules see more, or exceptions were changed.
// Import several in their order, because what a rule could not see again stays as
// it was in the snapshot before.
//
// It refuses a snapshot of a targeted run ([ErrFiltered]), a new one that is not
// newer than all others ([OutOfOrderError]) and one whose file was altered
// ([AlteredError]). While another run writes, it waits a little and then returns
// [store.ErrInUse].
func (h *History) Import(ctx context.Context, s *store.Snapshot, findings iter.Seq[*finding.Finding], rules []finding.Run) error {
	err := h.write(ctx, func(e *edit) error { return e.importSnapshot(ctx, s, findings, rules) })
	if err != nil {
		return fmt.Errorf("merge %s into the history: %w", s.Brief().File, err)
	}
	return nil
}

// write runs f on the only connection that may change the file.
func (h *History) write(ctx context.Context, f func(*edit) error) error {
	lock, err := lock(ctx, h.dir)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if err := checkHeader(h.path); err != nil {
		return err
	}
	return writeTo(ctx, h.path, f)
}

// writeTo opens a history whose lock is held.
func writeTo(ctx context.Context, path string, f func(*edit) error) (err error) {
	db := openWriting(path)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop, err := sqlite.InterruptWith(ctx, conn)
	if err != nil {
		return err
	}
	defer stop()
	if err := f(&edit{conn: conn}); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	return nil
}

// edit is one change of the history.
type edit struct {
	conn *sql.Conn
	tx   *sql.Tx
}

func (e *edit) importSnapshot(ctx context.Context, s *store.Snapshot, findings iter.Seq[*finding.Finding], rules []finding.Run) error {
	info := s.Info()
	if info.Filters != "" {
		return ErrFiltered
	}
	id, err := e.find(ctx, info)
	if id != 0 {
		return e.transact(ctx, func() error { return e.replaceFindings(ctx, id, findings, rules) })
	}
	if err := cmp.Or(checkSum(info), err); err != nil {
		return err
	}
	if err := e.attach(ctx, info.Path); err != nil {
		return err
	}
	return e.transact(ctx, func() error {
		id, err := e.enter(ctx, info)
		if err != nil {
			return err
		}
		if err := e.importFacts(ctx, id); err != nil {
			return err
		}
		return e.replaceFindings(ctx, id, findings, rules)
	})
}

// importFacts reads the snapshot into temporary tables and brings the ledgers up
// to date.
func (e *edit) importFacts(ctx context.Context, id int64) error {
	if err := e.stage(ctx, id); err != nil {
		return err
	}
	all, err := ledgers()
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := e.post(ctx, l, id); err != nil {
			return err
		}
	}
	return nil
}

// checkSum holds the file against the checksum that was published with it.
func checkSum(info store.Info) error {
	if info.SHA256 == "" {
		return fmt.Errorf("%s cannot be read", info.Path)
	}
	want, err := store.PublishedSum(info.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if want != info.SHA256 {
		return &AlteredError{File: info.File, Got: info.SHA256, Want: want, By: "its .sha256 file"}
	}
	return nil
}

// find returns the number of a snapshot, 0 if it is new. One that is altered, or
// older than the newest that the history has, is an error.
func (e *edit) find(ctx context.Context, info store.Info) (id int64, err error) {
	var sum string
	const same = "SELECT s.snapshot_id, s.sha256 FROM _snapshots AS s WHERE s.sha256 = ?1 OR s.file = ?2 ORDER BY s.sha256 = ?1 DESC"
	err = e.conn.QueryRowContext(ctx, same, info.SHA256, info.File).Scan(&id, &sum)
	switch {
	case err == nil && sum == info.SHA256:
		return id, nil
	case err == nil:
		return 0, &AlteredError{File: info.File, Got: info.SHA256, Want: sum, By: "the history"}
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	var newest, startedAt string
	err = e.conn.QueryRowContext(ctx, "SELECT s.file, s.started_at FROM _snapshots AS s ORDER BY s.snapshot_id DESC LIMIT 1").Scan(&newest, &startedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err == nil && timeText(info.StartedAt) <= startedAt {
		err = &OutOfOrderError{File: info.File, Newest: newest}
	}
	return 0, err
}

// attach makes the snapshot readable as snap.
func (e *edit) attach(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "mode=ro&immutable=1"}
	_, err = e.conn.ExecContext(ctx, "ATTACH ? AS snap", name.String())
	return err
}

func (e *edit) transact(ctx context.Context, f func() error) (err error) {
	e.tx, err = e.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer e.tx.Rollback()
	if err := f(); err != nil {
		return err
	}
	return e.tx.Commit()
}

// enter gives the snapshot its number.
func (e *edit) enter(ctx context.Context, info store.Info) (id int64, err error) {
	const insert = `INSERT INTO _snapshots (file, sha256, started_at, finished_at, is_complete, auditor_version, api_url, web_url)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING snapshot_id`
	err = e.tx.QueryRowContext(ctx, insert, info.File, info.SHA256, timeText(info.StartedAt), timeText(info.FinishedAt),
		info.IsComplete, info.AuditorVersion, info.APIURL, info.WebURL).Scan(&id)
	return id, err
}

// stage reads the snapshot into temporary tables.
func (e *edit) stage(ctx context.Context, id int64) error {
	texts, err := readTexts("sql/stage")
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := e.tx.ExecContext(ctx, text, sql.Named("snapshot_id", id)); err != nil {
			return err
		}
	}
	return nil
}

// post ends the rows of a ledger that are true no more, and begins new ones.
func (e *edit) post(ctx context.Context, l ledger, id int64) error {
	names := []string{"post_changed", "post"}
	if len(l.values()) == 0 { // nothing to change but whether the row is there
		names = names[1:]
	}
	for _, name := range names {
		text, err := l.statement(name)
		if err == nil {
			_, err = e.tx.ExecContext(ctx, text, sql.Named("snapshot_id", id))
		}
		if err != nil {
			return fmt.Errorf("bring %s up to date: %w", l.name, err)
		}
	}
	return nil
}

// parseTime reads a time that timeText wrote.
func parseTime(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) }

// timeText writes a time as snapshots do: in UTC, to the second.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
