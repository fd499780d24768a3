package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

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

// DriftError says that an object is not what GitHub's API describes.
type DriftError struct {
	Org, Resource string
	Object        string // id of the object as text
	Problem       string // "tokens.token_id is not an integer"
}

func (e *DriftError) Error() string {
	return fmt.Sprintf("%s of %s: object %s: %s", e.Resource, e.Org, e.Object, e.Problem)
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

// drift makes an insert's error name the object. Errors that are not about the
// object (a full disk, a cancelled context) pass through.
func drift(w Walk, item json.RawMessage, err error) error {
	if ctxErr := contextError(err); ctxErr != nil {
		return ctxErr
	}
	var e *sqlite.Error
	if !errors.As(err, &e) || !isAboutRow(e.Code()) {
		return fmt.Errorf("store %s of %s: %w", w.Resource, w.Org, err)
	}
	problem := e.Error()
	for _, c := range constraintTexts {
		if m := c.pattern.FindStringSubmatchIndex(problem); m != nil {
			problem = string(c.pattern.ExpandString(nil, c.text, problem, m))
			break
		}
	}
	return &DriftError{Org: w.Org, Resource: w.Resource, Object: objectID(w, item), Problem: problem}
}

// objectID finds what to call an object in a message.
func objectID(w Walk, item json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(item, &members) == nil {
		for _, name := range []string{"id", "databaseId", "token_id", "login", "name"} {
			if id, ok := members[name]; ok && len(id) <= 100 {
				return strings.Trim(string(id), `"`)
			}
		}
	}
	if w.Parent != "" {
		return w.Parent
	}
	return fmt.Sprintf("%.40s", item)
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
