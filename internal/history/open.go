package history

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
	"auditor/internal/store"
)

const (
	// Version is the version of tables and views of a history that this
	// program writes, kept in user_version.
	Version = 1

	// lockName is a file that a run holds locked while it changes the
	// history. It is not the history itself, which a rebuild replaces.
	lockName = ".history.lock"

	// patience is how long a run waits for another one's merge.
	patience = 5 * time.Second
)

//go:embed sql
var files embed.FS

// fileTexts returns the files of a folder below sql in the order of their names.
func fileTexts(folder string) ([]string, error) {
	names, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	texts := make([]string, 0, len(names))
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// readTexts is fileTexts with the markers replaced.
func readTexts(folder string) ([]string, error) {
	texts, err := fileTexts(folder)
	for i, text := range texts {
		if err == nil {
			texts[i], err = expand(text)
		}
	}
	return texts, err
}

// image is an empty history as bytes of a database file.
var image = sync.OnceValues(func() ([]byte, error) {
	texts, err := readTexts("sql/schema")
	if err != nil {
		return nil, err
	}
	return store.MakeImage(texts, store.HistoryID, Version)
})

// Views returns the public views of a history sorted by name.
func Views() []sqlite.View {
	texts, err := readTexts("sql/schema")
	if err != nil {
		panic(err) // embedded files are always readable
	}
	return sqlite.ParseViews(texts)
}

// History is the file beside the snapshots that remembers what pruning
// forgets: what was true from one snapshot to another. Start with
// [Open]; [History.Import] takes a published snapshot in, all other
// methods read. It is safe for concurrent use, also by several processes.
type History struct {
	dir  string
	path string
	db   *sql.DB // for reading
}

// Open opens the history in a folder of snapshots, which it makes if it
// is absent. A file that is none gives [ErrNotHistory], that of a newer program
// a [VersionError].
func Open(ctx context.Context, dir string) (*History, error) {
	h := &History{dir: dir, path: filepath.Join(dir, fileName)}
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
		lock, err := lock(ctx, h.dir)
		if err != nil {
			return err
		}
		_, err = os.Lstat(h.path) // another run may have been faster
		if errors.Is(err, fs.ErrNotExist) {
			err = create(h.path)
		}
		if err = errors.Join(err, lock.Unlock()); err != nil {
			return err
		}
	}
	if err := checkHeader(h.path); err != nil {
		return err
	}
	return recoverFile(ctx, h.path)
}

// create makes an empty history.
func create(path string) error {
	empty, err := image()
	if err != nil {
		return err
	}
	return store.ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(empty)
		return err
	})
}

// checkHeader says from the first bytes whether the file is a history that
// this program can read.
func checkHeader(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	header := make([]byte, 100)
	if _, err := io.ReadFull(file, header); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !strings.HasPrefix(string(header), "SQLite format 3\x00") || binary.BigEndian.Uint32(header[68:]) != store.HistoryID {
		return ErrNotHistory
	}
	if version := int(binary.BigEndian.Uint32(header[60:])); version > Version {
		return &VersionError{Got: version, Want: Version}
	}
	return nil
}

// recoverFile undoes the merge of a run that was killed: a connection that
// may only read cannot.
func recoverFile(ctx context.Context, path string) error {
	if _, err := os.Lstat(path + "-journal"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db := openWriting(path)
	var count int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM _snapshots").Scan(&count)
	return errors.Join(err, db.Close())
}

// openWriting returns the one connection that changes the history.
func openWriting(path string) *sql.DB {
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

// lock makes this run the only one that changes the history of a
// folder. It waits a little for another one and then says [store.ErrInUse].
func lock(ctx context.Context, dir string) (*flock.Flock, error) {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	isOurs, err := lock.TryLockContext(patient, 20*time.Millisecond)
	switch {
	case isOurs:
		return lock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("history in %s: %w", dir, store.ErrInUse)
	}
	return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
}

// File is a history that is open for questions in SQL. Its views are
// [Views].
type File struct {
	file       *sqlite.Database
	finishedAt time.Time
}

// Database is the guarded file.
func (f *File) Database() *sqlite.Database { return f.file }

// FinishedAt is when the newest snapshot in the history was finished, which is
// the "now" of a question; zero if there is none.
func (f *File) FinishedAt() time.Time { return f.finishedAt }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Read opens the history at path for questions in SQL. A file that is
// absent gives [ErrNone].
func Read(ctx context.Context, path string) (*File, error) {
	f, err := read(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open history %s: %w", path, err)
	}
	return f, nil
}

func read(ctx context.Context, path string) (*File, error) {
	if err := checkHeader(path); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	} else if err != nil {
		return nil, err
	}
	if err := recoverFile(ctx, path); err != nil {
		return nil, err
	}
	file, err := sqlite.Open(ctx, path, sqlite.Options{Idle: store.AtOnce()})
	if err != nil {
		return nil, err
	}
	f := &File{file: file}
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

// Find opens the history in dir, or returns [ErrNone]; unlike [Open] it creates
// none.
func Find(ctx context.Context, dir string) (*History, error) {
	if _, err := os.Lstat(Path(dir)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrNone, dir)
	}
	return Open(ctx, dir)
}
