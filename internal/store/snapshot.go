package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"auditor/internal/sqlite"
)

// Snapshot is a published snapshot, open for reading. It is safe for
// concurrent use.
type Snapshot struct {
	file      *sqlite.Database
	db        *sql.DB // of the file
	info      Info
	sum       func() string
	temporary string                              // folder to remove on Close; "" if none
	resources func() (map[string][]string, error) // of each table

	filling  sync.Mutex // guards isFilled
	isFilled bool       // the view findings has its rows
}

// Info says what a snapshot is.
type Info struct {
	Path           string
	File           string // base name
	SHA256         string // hex, of the file as it is now; "" if it could not be read
	StartedAt      time.Time
	FinishedAt     time.Time // the "now" of every rule
	AuditorVersion string
	SchemaVersion  int
	APIURL         string
	WebURL         string
	IsComplete     bool     // every required resource was read wholly
	Filters        string   // JSON of a targeted run; "" when everything was asked for
	Orgs           []string // sorted
}

// Open opens the published snapshot at path. A file that is none gives
// [fs.ErrNotExist], [ErrEmptyFile], [ErrNotDatabase], [ErrForeign],
// [ErrPartial] or a [SchemaError]. Views of the attached files can be asked as
// NAME.view.
func Open(ctx context.Context, path string, attached ...sqlite.Attachment) (*Snapshot, error) {
	if strings.HasSuffix(path, PartialSuffix) {
		if _, err := os.Lstat(path); err != nil {
			return nil, fmt.Errorf("open snapshot: %w", err)
		}
		return nil, fmt.Errorf("open snapshot %s: %w", path, ErrPartial)
	}
	if err := checkHeader(path); err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	s, err := openSnapshot(ctx, path, sqlite.Options{Attached: attached})
	if err != nil {
		return nil, err
	}
	if err := s.readInfo(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	views, err := s.missingViews(ctx)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	if views == "" {
		return s, nil
	}
	info := s.info
	if err := s.Close(); err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	if s, err = openSnapshot(ctx, path, sqlite.Options{Attached: attached, Views: views}); err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	s.info = info
	return s, nil
}

// missingViews creates the views that a snapshot of an older program lacks: its
// tables are data and stay, views are how this program reads them. It returns ""
// if there are none.
func (s *Snapshot) missingViews(ctx context.Context) (string, error) {
	views, err := schemaViews()
	if err != nil {
		return "", err
	}
	has := map[string]bool{}
	rows, err := s.db.QueryContext(ctx, "SELECT s.name FROM sqlite_schema AS s WHERE s.type = 'view'")
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		has[name] = true
		return err
	})
	var script strings.Builder
	for _, v := range views {
		if !has[v.name] {
			script.WriteString(v.temporary + ";\n")
		}
	}
	return script.String(), err
}

// openSnapshot opens a file, read-only and guarded. A new connection reads the
// whole schema, so that as many stay open as there are statements at a time.
func openSnapshot(ctx context.Context, path string, o sqlite.Options) (*Snapshot, error) {
	o.Idle, o.Memory = AtOnce(), findingsSQL
	file, err := sqlite.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{file: file, db: file.DB(), info: Info{Path: path, File: filepath.Base(path)}}
	s.sum = sync.OnceValue(func() string { return FileSum(path) })
	s.resources = sync.OnceValues(s.readResources)
	return s, nil
}

// AtOnce is how many statements on a snapshot should run at the same time: one a
// processor. Each takes a page cache of 2 MB, so there are no more than four.
func AtOnce() int { return min(runtime.GOMAXPROCS(0), 4) }

// checkHeader tells from the first bytes of a file whether it is a database of
// ours, so that SQLite never opens another.
func checkHeader(path string) error {
	stat, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !stat.Mode().IsRegular() {
		return fmt.Errorf("%w: not a file", ErrNotSnapshot)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	header := make([]byte, 100)
	n, err := io.ReadFull(file, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return ErrEmptyFile
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && !strings.HasPrefix(string(header), "SQLite format 3\x00"):
		return ErrNotDatabase
	case err != nil:
		return err
	case binary.BigEndian.Uint32(header[68:]) == HistoryID:
		return errHistory
	case binary.BigEndian.Uint32(header[68:]) != applicationID:
		return ErrForeign
	}
	if version := int(binary.BigEndian.Uint32(header[60:])); version > SchemaVersion {
		return &SchemaError{Got: version, Want: SchemaVersion}
	}
	return nil
}

// readInfo reads what the snapshot says of itself.
func (s *Snapshot) readInfo(ctx context.Context) error {
	var started string
	var finished, filters sql.NullString
	const snapshot = `SELECT started_at, finished_at, auditor_version, schema_version, api_url, web_url, is_complete, filters FROM _snapshot`
	err := s.db.QueryRowContext(ctx, snapshot).Scan(&started, &finished, &s.info.AuditorVersion, &s.info.SchemaVersion,
		&s.info.APIURL, &s.info.WebURL, &s.info.IsComplete, &filters)
	if err != nil {
		return err
	}
	if !finished.Valid {
		return ErrPartial
	}
	s.info.Filters = filters.String
	if s.info.StartedAt, err = time.Parse(time.RFC3339, started); err != nil {
		return err
	}
	if s.info.FinishedAt, err = time.Parse(time.RFC3339, finished.String); err != nil {
		return err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT i.org FROM _installations AS i ORDER BY i.org")
	return sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var org string
		err := rows.Scan(&org)
		s.info.Orgs = append(s.info.Orgs, org)
		return err
	})
}

// FileSum returns the SHA-256 of a file in hex, "" if it cannot be read.
func FileSum(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	sum, err := sumOf(file)
	if err != nil {
		return ""
	}
	return sum
}

// Info says what this snapshot is. The first call reads the whole file for
// its checksum.
func (s *Snapshot) Info() Info {
	info := s.info
	info.SHA256 = s.sum()
	return info
}

// Brief is [Snapshot.Info] without SHA256: it does not read the file.
func (s *Snapshot) Brief() Info { return s.info }

// Coverage lists how far each resource could be read, sorted by organization
// and resource.
func (s *Snapshot) Coverage(ctx context.Context) ([]Coverage, error) {
	const query = `SELECT org, resource, status, is_required, COALESCE(http_status, 0), COALESCE(message, ''), COALESCE(permission, ''), row_count, request_count
		FROM _coverage ORDER BY org, resource`
	rows, err := s.db.QueryContext(ctx, query)
	var all []Coverage
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var c Coverage
		err := rows.Scan(&c.Org, &c.Resource, &c.Status, &c.IsRequired, &c.HTTPStatus, &c.Message, &c.Permission, &c.RowCount, &c.RequestCount)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read coverage of %s: %w", s.info.File, err)
	}
	return all, nil
}

// Close closes the file.
func (s *Snapshot) Close() error {
	err := s.file.Close()
	if s.temporary != "" {
		err = errors.Join(err, os.RemoveAll(s.temporary))
	}
	return err
}
