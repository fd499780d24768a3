package store

import (
	"context"
	"database/sql"
	"fmt"

	"auditor/internal/sqlite"
)

// Repository is one of the list, as far as requesting its settings needs it.
type Repository struct {
	ID            int64
	NodeID        string // for GraphQL; "" if the list has none
	FullName      string
	DefaultBranch string // "": the list has none
	HasSettings   bool   // they were read, but not completely
}

// MissingSettings lists the repositories of an organization whose settings are
// missing or to be requested again, ordered by name.
func (w *Writer) MissingSettings(ctx context.Context, org string) ([]Repository, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return nil, errClosed
	}
	rows, err := w.db.QueryContext(ctx, `
		SELECT r.repository_id, COALESCE(r.raw ->> '$.node_id', ''), COALESCE(r.full_name, ''), COALESCE(r.default_branch, ''), s.repository_id IS NOT NULL
		FROM _repositories AS r
		LEFT JOIN _repository_settings AS s ON s.org = r.org AND s.repository_id = r.repository_id
		WHERE r.org = ? AND (s.repository_id IS NULL OR s.raw ->> '$.again')
		ORDER BY lower(r.full_name), r.repository_id`, org)
	var all []Repository
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var r Repository
		err := rows.Scan(&r.ID, &r.NodeID, &r.FullName, &r.DefaultBranch, &r.HasSettings)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("repositories of %s without settings: %w", org, err)
	}
	return all, nil
}

// Unlisted counts the repositories of an organization whose settings were read
// under a name that is not in the list: created or renamed since that was read.
func (w *Writer) Unlisted(ctx context.Context, org string) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return 0, errClosed
	}
	err = w.db.QueryRowContext(ctx, `
		SELECT count(*)
		FROM _repository_settings AS s
		LEFT JOIN _repositories AS r ON r.org = s.org AND r.repository_id = s.repository_id
		WHERE s.org = ? AND s.full_name IS NOT r.full_name
			AND NOT EXISTS (SELECT 1 FROM _gone AS g WHERE g.org = s.org AND g.resource = 'repositories' AND g.parent = CAST(s.repository_id AS TEXT))`, org).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("repositories of %s that are not listed: %w", org, err)
	}
	return n, nil
}
