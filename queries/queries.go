package queries

import (
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// FS holds the built-in rules, REPORT/NAME.sql, the saved queries, NAME.sql, and
// the texts that remediations share, _remediation/NAME.txt.
//
//go:embed *.sql */*.sql _remediation/*.txt
var FS embed.FS

//go:embed permission_catalog.csv
var catalog string

// A Permission is a line of the catalog: how dangerous one level of one
// permission of a fine-grained token is, and why.
type Permission struct {
	Scope      string // organization, repository or other, as the maps of a token
	Permission string // GitHub's key, e.g. contents
	Level      string // read, write or admin
	Tier       string // critical, high, medium or low
	Why        string // one sentence
}

// Catalog returns every permission and level known today with its tier, in
// the order of the file. The set is open: what it lacks is unclassified, never
// low. An error is a defect of the embedded file, named with its line.
func Catalog() ([]Permission, error) {
	r := csv.NewReader(strings.NewReader(catalog))
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("permission_catalog.csv: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], []string{"scope", "permission", "level", "tier", "why"}) {
		return nil, fmt.Errorf("permission_catalog.csv:1: the columns are not scope,permission,level,tier,why")
	}
	permissions := make([]Permission, 0, len(rows)-1)
	for _, row := range rows[1:] {
		permissions = append(permissions, Permission{
			Scope: row[0], Permission: row[1], Level: row[2], Tier: row[3], Why: row[4],
		})
	}
	return permissions, nil
}

// History holds the saved queries that ask the history instead of a snapshot.
// They lie in _history, which FS has too, and which the loader of rules passes
// over for its underscore.
func History() fs.FS {
	sub, err := fs.Sub(FS, "_history")
	if err != nil {
		panic(err) // the name is valid
	}
	return sub
}
