package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	// SchemaVersion is the version of tables and views that this program
	// writes, kept in user_version.
	SchemaVersion = 1

	// applicationID marks a SQLite file as ours: "AUDT" in ASCII.
	applicationID = 0x41554454
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// schemaTexts returns the schema files in the order in which they are executed.
func schemaTexts() ([]string, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	texts := make([]string, 0, len(names))
	for _, name := range names {
		text, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// schemaImage is an empty snapshot as bytes of a database file. Executing the
// schema takes 12 ms, writing these bytes one.
var schemaImage = sync.OnceValues(makeSchemaImage)

// makeSchemaImage executes the schema files in memory.
func makeSchemaImage() (image []byte, err error) {
	texts, err := schemaTexts()
	if err != nil {
		return nil, err
	}
	return makeImage(texts, applicationID, SchemaVersion)
}

// makeImage executes schema files in memory and marks the result as ours.
func makeImage(texts []string, id, version int) (image []byte, err error) {
	db := openMemory()
	defer db.Close()
	ctx := context.Background()
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", id, version)
	if _, err := db.ExecContext(ctx, "BEGIN;"+strings.Join(texts, "")+marks+"COMMIT"); err != nil {
		return nil, fmt.Errorf("create schema: %w", err)
	}
	return imageOf(ctx, db)
}

// imageOf returns the database in memory as the bytes of a file.
func imageOf(ctx context.Context, db *sql.DB) (image []byte, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	err = conn.Raw(func(driverConn any) error {
		serializer, ok := driverConn.(interface{ Serialize() ([]byte, error) })
		if !ok {
			return errors.New("the driver cannot serialize")
		}
		image, err = serializer.Serialize()
		return err
	})
	return image, err
}

// View is a public view: the stable interface of a snapshot.
type View struct {
	Name    string
	Comment string // one sentence
	Columns []Column
}

// Column is a column of a public view.
type Column struct {
	Name    string
	Comment string
}

var (
	viewStart  = regexp.MustCompile(`^CREATE VIEW ([a-z]\w*) AS -- (.+)$`)
	viewColumn = regexp.MustCompile(`^.*\bAS "?(\w+)"?,? -- (.+)$`)
)

// Views returns the public views sorted by name, read from the schema files:
// "CREATE VIEW name AS -- comment", then a line "… AS column, -- comment" for
// each column.
func Views() []View {
	texts, err := schemaTexts()
	if err != nil {
		panic(err) // embedded files are always readable
	}
	return parseViews(texts)
}

// parseViews finds the public views in schema files.
func parseViews(texts []string) []View {
	var views []View
	open := false
	for line := range strings.SplitSeq(strings.Join(texts, "\n"), "\n") {
		if m := viewStart.FindStringSubmatch(line); m != nil {
			views, open = append(views, View{Name: m[1], Comment: m[2]}), true
		} else if m := viewColumn.FindStringSubmatch(line); m != nil && open {
			last := &views[len(views)-1]
			last.Columns = append(last.Columns, Column{Name: m[1], Comment: m[2]})
		}
		if strings.HasPrefix(line, "FROM ") {
			open = false
		}
	}
	slices.SortFunc(views, func(a, b View) int { return strings.Compare(a.Name, b.Name) })
	return views
}
