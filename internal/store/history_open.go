package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"auditor/internal/sqlite"
)

const (
	// HistoryVersion is the version of tables and views of a history that this
	// program writes, kept in user_version.
	HistoryVersion = 1

	// historyID marks a SQLite file as a history of ours: "AUDH" in ASCII.
	historyID = 0x41554448

	// historyLockName is a file that a run holds locked while it changes the
	// history. It is not the history itself, which a rebuild replaces.
	historyLockName = ".history.lock"

	// historyPatience is how long a run waits for another one's merge.
	historyPatience = 5 * time.Second
)

//go:embed history
var historyFiles embed.FS

// historyTexts returns the files of a folder below history in the order of
// their names.
func historyTexts(folder string) ([]string, error) {
	names, err := fs.Glob(historyFiles, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	texts := make([]string, 0, len(names))
	for _, name := range names {
		text, err := historyFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// historyImage is an empty history as bytes of a database file.
var historyImage = sync.OnceValues(func() ([]byte, error) {
	texts, err := historyTexts("history")
	if err != nil {
		return nil, err
	}
	return makeImage(texts, historyID, HistoryVersion)
})

// HistoryViews returns the public views of a history sorted by name.
func HistoryViews() []View {
	texts, err := historyTexts("history")
	if err != nil {
		panic(err) // embedded files are always readable
	}
	return sqlite.ParseViews(texts)
}

// History is the file beside the snapshots that remembers what pruning
// forgets: what was true from one snapshot to another. Start with
// [OpenHistory]; [History.Merge] takes a published snapshot in, all other
// methods read. It is safe for concurrent use, also by several processes.
type History struct {
	dir  string
	path string
	db   *sql.DB // for reading
}

// OpenHistory opens the history in a folder of snapshots, which it makes if it
// is absent. A file that is none gives [ErrNotHistory], that of a newer program
// a [HistoryVersionError].
func OpenHistory(ctx context.Context, dir string) (*History, error) {
	h := &History{dir: dir, path: filepath.Join(dir, historyName)}
	if err := h.ensure(ctx); err != nil {
		return nil, fmt.Errorf("open history %s: %w", h.path, err)
	}
	h.db = sqlite.Writable(h.path, url.Values{
		"mode":    {"ro"},
		"_dqs":    {"0"},
		"_pragma": {"busy_timeout(5000)", "trusted_schema(0)", "cache_size(-8192)", "temp_store(MEMORY)"},
	})
	h.db.SetMaxIdleConns(4)
	return h, nil
}

// Path is the file of the history.
func (h *History) Path() string { return h.path }

// Close closes the file.
func (h *History) Close() error { return h.db.Close() }

// ensure makes the file if there is none, and else checks it.
func (h *History) ensure(ctx context.Context) error {
	if _, err := os.Lstat(h.path); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(h.dir, 0o700); err != nil {
			return err
		}
		lock, err := lockHistory(ctx, h.dir)
		if err != nil {
			return err
		}
		_, err = os.Lstat(h.path) // another run may have been faster
		if errors.Is(err, fs.ErrNotExist) {
			err = createHistory(h.path)
		}
		if err = errors.Join(err, lock.Unlock()); err != nil {
			return err
		}
	}
	if err := checkHistory(h.path); err != nil {
		return err
	}
	return recoverHistory(ctx, h.path)
}

// createHistory makes an empty history, whole or not at all.
func createHistory(path string) error {
	partial := path + partialSuffix
	if err := writeHistoryImage(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeHistoryImage writes an empty history over whatever a run that was
// killed has left.
func writeHistoryImage(path string) error {
	image, err := historyImage()
	if err != nil {
		return err
	}
	for _, leftover := range []string{path, path + "-journal"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return writeSynced(path, string(image))
}

// checkHistory tells from the first bytes whether the file is a history that
// this program can read.
func checkHistory(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	header := make([]byte, 100)
	if _, err := io.ReadFull(file, header); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !strings.HasPrefix(string(header), "SQLite format 3\x00") || binary.BigEndian.Uint32(header[68:]) != historyID {
		return ErrNotHistory
	}
	if version := int(binary.BigEndian.Uint32(header[60:])); version > HistoryVersion {
		return &HistoryVersionError{Got: version, Want: HistoryVersion}
	}
	return nil
}

// recoverHistory undoes the merge of a run that was killed: a connection that
// may only read cannot.
func recoverHistory(ctx context.Context, path string) error {
	if _, err := os.Lstat(path + "-journal"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db := openHistoryWriting(path)
	var count int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM _snapshots").Scan(&count)
	return errors.Join(err, db.Close())
}

// openHistoryWriting returns the one connection that changes the history.
func openHistoryWriting(path string) *sql.DB {
	db := sqlite.Writable(path, url.Values{
		"mode":    {"rw"},
		"_txlock": {"immediate"},
		"_pragma": {
			"busy_timeout(5000)",
			"journal_mode(DELETE)",
			"synchronous(FULL)",
			"cache_size(-8192)",
			"temp_store(FILE)",
			"trusted_schema(0)",
		},
		"_dqs": {"0"},
	})
	db.SetMaxOpenConns(1)
	return db
}

// lockHistory makes this run the only one that changes the history of a
// folder. It waits a little for another one and then says [ErrInUse].
func lockHistory(ctx context.Context, dir string) (*flock.Flock, error) {
	patient, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	lock := flock.New(filepath.Join(dir, historyLockName), flock.SetPermissions(0o600))
	isOurs, err := lock.TryLockContext(patient, 20*time.Millisecond)
	switch {
	case isOurs:
		return lock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("history in %s: %w", dir, ErrInUse)
	}
	return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
}

// HistoryFile is a history that is open for questions in SQL. Its views are
// [HistoryViews].
type HistoryFile struct {
	file       *sqlite.Database
	finishedAt time.Time
}

// Database is the guarded file.
func (f *HistoryFile) Database() *sqlite.Database { return f.file }

// FinishedAt is when the newest snapshot in the history was finished, which is
// the "now" of a question; zero if there is none.
func (f *HistoryFile) FinishedAt() time.Time { return f.finishedAt }

// Close closes the file.
func (f *HistoryFile) Close() error { return f.file.Close() }

// ReadHistory opens the history at path for questions in SQL. A file that is
// absent gives [ErrNoHistory].
func ReadHistory(ctx context.Context, path string) (*HistoryFile, error) {
	f, err := readHistory(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open history %s: %w", path, err)
	}
	return f, nil
}

func readHistory(ctx context.Context, path string) (*HistoryFile, error) {
	if err := checkHistory(path); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoHistory
	} else if err != nil {
		return nil, err
	}
	if err := recoverHistory(ctx, path); err != nil {
		return nil, err
	}
	file, err := sqlite.Open(ctx, path, sqlite.Options{Idle: AtOnce()})
	if err != nil {
		return nil, err
	}
	f := &HistoryFile{file: file}
	var finished sql.NullString
	err = file.DB().QueryRowContext(ctx, "SELECT max(s.finished_at) FROM _snapshots AS s").Scan(&finished)
	if err == nil && finished.Valid {
		f.finishedAt, err = time.Parse(time.RFC3339, finished.String)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}
