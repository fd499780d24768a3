package store

import (
	"database/sql"
	"encoding/json"

	"auditor/internal/sqlite"
)

// What tests of this package look at from outside: storetest, which they are
// written with, imports it.

var (
	Resume      = resume
	OpenWriting = openWriting
	SchemaImage = schemaImage
	FileViews   = fileViews
	IsLink      = isLink
)

const (
	MaxDepth      = maxDepth
	MaxOddObjects = maxOddObjects
)

func (w *Writer) DB() *sql.DB { return w.db }

func (s *Snapshot) DB() *sql.DB { return s.db }

func (s *Snapshot) File() *sqlite.Database { return s.file }

func (s *Snapshot) Temporary() string { return s.temporary }

// Compactor makes objects smaller.
type Compactor = compactor

func (s *compactor) Strip(item json.RawMessage, keys map[string]bool) (string, error) {
	return s.strip(item, nil, keys)
}
