package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNoSnapshot: the folder has no published snapshot.
	ErrNoSnapshot = errors.New("no published snapshot")

	// ErrNotSnapshot: the file is not a snapshot of this program. The five
	// errors after it are its kinds; each is an ErrNotSnapshot too.
	ErrNotSnapshot = errors.New("not a snapshot")

	ErrEmptyFile   = fmt.Errorf("%w: the file is empty", ErrNotSnapshot)
	ErrNotDatabase = fmt.Errorf("%w: not a SQLite database", ErrNotSnapshot)
	ErrForeign     = fmt.Errorf("%w: a database of another program", ErrNotSnapshot)
	ErrPartial     = fmt.Errorf("%w: a partial one, left by a run that has not finished", ErrNotSnapshot)
	errHistory     = fmt.Errorf("%w: it is the history, which auditor query --history reads", ErrNotSnapshot)

	// ErrExists: there is a published snapshot of that name.
	ErrExists = errors.New("snapshot exists already")

	errClosed = errors.New("snapshot is closed")

	// ErrInUse: another run uses the folder.
	ErrInUse = errors.New("in use by another run")
)

// SchemaError says that a snapshot was made by a newer program.
type SchemaError struct {
	Got  int // version in the file
	Want int // newest version that this program reads
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("snapshot has schema version %d, this program reads up to %d", e.Got, e.Want)
}

// constraintTexts turns SQLite's words for a refused row into table.column and
// what is wrong with it. CHECK constraints and RAISE carry the sentence already.
var constraintTexts = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`CHECK constraint failed: (.+?)(?: \(\d+\))?$`), "$1"},
	{regexp.MustCompile(`NOT NULL constraint failed: _?(\w+\.\w+)`), "$1 is missing"},
	{regexp.MustCompile(`cannot store \w+ value in INTEGER column _?(\w+\.(?:is|has)_\w+)`), "$1 is not a boolean"},
	{regexp.MustCompile(`cannot store \w+ value in INTEGER column _?(\w+\.\w+)`), "$1 is not an integer"},
	{regexp.MustCompile(`cannot store \w+ value in TEXT column _?(\w+\.\w+)`), "$1 is not text"},
	{regexp.MustCompile(`^(?:SQL logic error|constraint failed): (.+?)(?: \(\d+\))?$`), "$1"},
}

// aboutRow says why the file cannot hold a row; "" for no error and for one that is
// not about the row: a full disk, a cancelled context.
func aboutRow(err error) string {
	var e *sqlite.Error
	if err == nil || contextError(err) != nil || !errors.As(err, &e) || !isAboutRow(e.Code()) {
		return ""
	}
	problem := e.Error()
	for _, c := range constraintTexts {
		if m := c.pattern.FindStringSubmatchIndex(problem); m != nil {
			return string(c.pattern.ExpandString(nil, c.text, problem, m))
		}
	}
	return problem
}

// isAboutRow reports whether a SQLite result code is about the row that was to be
// inserted: a broken constraint, an expression that failed, a size.
func isAboutRow(code int) bool {
	switch code & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return true
	}
	return false
}

// contextError returns the context's error that err carries, nil if none.
func contextError(err error) error {
	for _, target := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, target) {
			return err
		}
	}
	return nil
}
