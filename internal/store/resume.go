package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxResumeAge is how old a partial may be to be resumed: pages read earlier
// would not fit to pages read now.
const maxResumeAge = 6 * time.Hour

// resume opens the newest partial that an equal run left; nil if there is none.
func resume(ctx context.Context, dir string, run Run) (*Writer, error) {
	names, err := Names(dir, ".db"+PartialSuffix)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		startedAt, err := time.Parse(FileTime, strings.TrimSuffix(name, ".db"+PartialSuffix))
		age := run.StartedAt.Sub(startedAt)
		if err != nil || age < 0 || age >= maxResumeAge {
			continue
		}
		path := filepath.Join(dir, name)
		w := &Writer{path: path, final: strings.TrimSuffix(path, PartialSuffix), startedAt: startedAt, isResumed: true}
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

// reopen opens the partial and reports whether run may resume it. A file that
// is no partial of ours, or a damaged one, is left alone; one whose run was
// killed before it had recorded anything is removed.
func (w *Writer) reopen(ctx context.Context, run Run) (ok bool, err error) {
	if err := checkHeader(w.path); errors.Is(err, ErrEmptyFile) {
		return false, os.Remove(w.path)
	} else if err != nil {
		return false, nil
	}
	w.db = openWriting(w.path)
	defer func() {
		if !ok && w.db != nil {
			w.db.Close()
		}
	}()
	var fingerprint string
	err = w.db.QueryRowContext(ctx, "SELECT fingerprint FROM _snapshot").Scan(&fingerprint)
	var e *sqlite.Error
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, errors.Join(w.close(), os.Remove(w.path))
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
	// A disk that lost its power may have kept less than it promised. Hours of
	// collecting must not go into a file that cannot be published.
	var problem string
	err = w.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&problem)
	if err != nil || problem != "ok" {
		return false, contextError(err)
	}
	return true, w.prepare(ctx)
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
