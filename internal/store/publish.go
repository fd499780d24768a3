package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"auditor/internal/sqlite"
)

// Publish closes the snapshot and gives it its final name, which it returns.
// Before that the file is checked, synced, and its checksum is written beside
// it. An existing file is never overwritten ([ErrExists]). After an error the
// partial stays, to be resumed; after success the Writer is closed.
func (w *Writer) Publish(ctx context.Context, finishedAt time.Time) (path string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := os.Lstat(w.final); err == nil {
		return "", fmt.Errorf("publish snapshot %s: %w", w.final, ErrExists)
	}
	if err := w.finish(ctx, finishedAt); err != nil {
		return "", fmt.Errorf("publish snapshot %s: %w", w.final, err)
	}
	if err := w.close(); err != nil {
		return "", fmt.Errorf("publish snapshot %s: %w", w.final, err)
	}
	if err := rename(w.path, w.final); err != nil {
		return "", fmt.Errorf("publish snapshot %s: %w", w.final, err)
	}
	return w.final, w.lock.Unlock()
}

// finish completes and checks the contents.
func (w *Writer) finish(ctx context.Context, finishedAt time.Time) error {
	err := w.transact(ctx, func(tx *sql.Tx) error {
		if err := w.countAll(ctx, tx); err != nil {
			return err
		}
		const finish = `UPDATE _snapshot SET finished_at = ?, is_complete =
			EXISTS (SELECT 1 FROM _coverage) AND NOT EXISTS (SELECT 1 FROM _coverage WHERE is_required AND status <> 'complete')`
		_, err := tx.ExecContext(ctx, finish, timeText(finishedAt))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := w.db.ExecContext(ctx, "ANALYZE"); err != nil {
		return err
	}
	return w.check(ctx)
}

// countAll brings the counts of all coverage rows up to date: a parent may
// have gone after its resource was covered.
func (w *Writer) countAll(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT c.org, c.resource FROM _coverage AS c")
	var covered [][2]string
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var org, resource string
		err := rows.Scan(&org, &resource)
		covered = append(covered, [2]string{org, resource})
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range covered {
		if err := w.count(ctx, tx, c[0], c[1]); err != nil {
			return err
		}
	}
	return nil
}

// check asks SQLite whether the file is sound.
func (w *Writer) check(ctx context.Context) error {
	var table, parent sql.NullString
	var row, key any
	err := w.db.QueryRowContext(ctx, "PRAGMA foreign_key_check").Scan(&table, &row, &parent, &key)
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("foreign key check: %w", cmp.Or(err, fmt.Errorf("a row of %s has no parent in %s", table.String, parent.String)))
	}
	return CheckIntegrity(ctx, w.db)
}

// CheckIntegrity asks SQLite whether every page of a database is sound.
func CheckIntegrity(ctx context.Context, db *sql.DB) error {
	var result string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("integrity check: %w", err)
	}
	if result != "ok" {
		return fmt.Errorf("integrity check: %s", result)
	}
	return nil
}

// close closes the database. The rollback journal, which is kept between
// transactions, goes when it is empty; one with pages in it is needed to bring
// the file back to its last transaction.
func (w *Writer) close() error {
	if w.db == nil {
		return nil
	}
	// A statement that was cancelled may still hold the only connection.
	conn, err := w.db.Conn(context.Background())
	if err == nil {
		err = conn.Close()
	}
	err = errors.Join(err, w.db.Close())
	w.db = nil
	journal := w.path + "-journal"
	if info, statErr := os.Lstat(journal); statErr == nil && info.Size() == 0 {
		err = errors.Join(err, os.Remove(journal))
	}
	return err
}

// Discard closes the Writer. A partial with pages in it stays to be resumed,
// one without is removed. After Publish it does nothing, so that
// "defer w.Discard()" is right after Create.
func (w *Writer) Discard() (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return w.lock.Unlock()
	}
	defer func() { err = errors.Join(err, w.lock.Unlock()) }()
	var pages int
	err = w.db.QueryRowContext(context.Background(), "SELECT count(*) FROM _walks").Scan(&pages)
	err = errors.Join(err, w.close())
	if err != nil || pages > 0 {
		return err
	}
	return os.Remove(w.path)
}

// rename publishes the closed file: sync it, put its checksum under the final
// name, rename, sync the folder. A crash in between leaves the partial, or at
// worst a checksum without its file, which the next attempt writes again.
func rename(partial, final string) error {
	sum, err := syncFile(partial)
	if err != nil {
		return err
	}
	temporary := final + ".sha256" + PartialSuffix
	line := fmt.Sprintf("%s  %s\n", sum, filepath.Base(final))
	if err := writeSynced(temporary, line); err != nil {
		return err
	}
	if err := os.Rename(temporary, final+".sha256"); err != nil {
		return err
	}
	if _, err := os.Lstat(final); err == nil {
		return ErrExists
	}
	if err := os.Rename(partial, final); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(final))
}

// PublishedSum is the SHA-256, in hex, that was published beside the snapshot at
// path; [fs.ErrNotExist] if none was.
func PublishedSum(path string) (string, error) {
	text, err := os.ReadFile(path + ".sha256")
	if err != nil {
		return "", err
	}
	sum, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return sum, nil
}
