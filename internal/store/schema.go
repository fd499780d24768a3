package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"auditor/internal/sqlite"
)

const (
	// SchemaVersion is the version of tables and views that this program
	// writes, kept in user_version.
	SchemaVersion = 1

	// applicationID marks a SQLite file as ours: "AUDT" in ASCII.
	applicationID = 0x41554454

	// HistoryID marks a SQLite file as a history of package history, "AUDH" in
	// ASCII, so that it is not taken for a snapshot.
	HistoryID = 0x41554448
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
	return MakeImage(texts, applicationID, SchemaVersion)
}

// schemaView is a view of the schema, to be created on a connection.
type schemaView struct{ name, temporary string }

// schemaViews are all views of the schema, private ones included, in the order in
// which they can be created.
var schemaViews = sync.OnceValues(func() ([]schemaView, error) {
	texts, err := schemaTexts()
	if err != nil {
		return nil, err
	}
	db := sqlite.InMemory()
	defer db.Close()
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, strings.Join(texts, "")); err != nil {
		return nil, fmt.Errorf("create schema: %w", err)
	}
	rows, err := db.QueryContext(ctx, "SELECT s.name, 'CREATE TEMP' || substr(s.sql, length('CREATE') + 1) FROM sqlite_schema AS s WHERE s.type = 'view' ORDER BY s.rowid")
	var views []schemaView
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var v schemaView
		err := rows.Scan(&v.name, &v.temporary)
		views = append(views, v)
		return err
	})
	return views, err
})

// MakeImage executes the texts of schema files in memory and returns the bytes of
// the database file, marked with an application id and a version.
func MakeImage(texts []string, id, version int) (image []byte, err error) {
	db := sqlite.InMemory()
	defer db.Close()
	ctx := context.Background()
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", id, version)
	if _, err := db.ExecContext(ctx, "BEGIN;"+strings.Join(texts, "")+marks+"COMMIT"); err != nil {
		return nil, fmt.Errorf("create schema: %w", err)
	}
	return sqlite.Image(ctx, db)
}

// View is a public view: the stable interface of a snapshot.
type View = sqlite.View

// Views returns the public views sorted by name, findings included, read from the
// schema files:
// "CREATE VIEW name AS -- comment", then a line "… AS column, -- comment" for
// each column.
func Views() []View { return parseViews(findingsSQL) }

// fileViews are the views that are in the file itself.
func fileViews() []View { return parseViews("") }

func parseViews(more string) []View {
	texts, err := schemaTexts()
	if err != nil {
		panic(err) // embedded files are always readable
	}
	return sqlite.ParseViews(append(texts, more))
}
