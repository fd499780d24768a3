package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"auditor/internal/sqlite"
)

// CoverageStatus is how far a resource could be read, as the view coverage
// names it.
type CoverageStatus string

const (
	StatusComplete CoverageStatus = "complete" // read to its end
	StatusPartial  CoverageStatus = "partial"  // some of it is missing; the message says what
	StatusDenied   CoverageStatus = "denied"   // GitHub refused; the permission says what to grant
	StatusFailed   CoverageStatus = "failed"   // it could not be read; the message says why
	StatusSkipped  CoverageStatus = "skipped"  // not requested; the message says why
)

// IsComplete reports whether nothing of the resource is missing.
func (s CoverageStatus) IsComplete() bool { return s == StatusComplete }

// IsUnread reports whether nothing of the resource was read.
func (s CoverageStatus) IsUnread() bool {
	return s == StatusDenied || s == StatusFailed || s == StatusSkipped
}

// IsMissing reports whether the snapshot lacks something that it was to have:
// an optional resource may be skipped, a required one may not.
func (s CoverageStatus) IsMissing(isRequired bool) bool {
	return !s.IsComplete() && (s != StatusSkipped || isRequired)
}

// Coverage is how far a resource of an organization could be read.
type Coverage struct {
	Org, Resource string
	Status        CoverageStatus
	IsRequired    bool
	HTTPStatus    int    // of the request that failed; 0: none
	Message       string // "": nothing to say
	Permission    string // to grant to the App; "": none is missing
	Duration      time.Duration
	// Filled by the store: rows in the file, and what reading them took.
	RowCount, RequestCount, RetryCount, RereadCount int64
	Waited                                          time.Duration
}

// Cover records how far a resource could be read; the last call counts.
// Rows and requests are counted by the store, again when the file is published;
// the row comes back with them.
func (w *Writer) Cover(ctx context.Context, c Coverage) (Coverage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const cover = `INSERT INTO _coverage (org, resource, status, is_required, http_status, message, permission, duration_ms, row_count, request_count)
		VALUES (?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, ''), NULLIF(?, ''), ?, 0, 0)
		ON CONFLICT (org, resource) DO UPDATE SET status = excluded.status, is_required = excluded.is_required,
		http_status = excluded.http_status, message = excluded.message, permission = excluded.permission, duration_ms = excluded.duration_ms`
	const counts = `SELECT c.row_count, c.request_count, c.retry_count, c.reread_count, c.waited_ms * 1000000
		FROM _coverage AS c WHERE c.org = ? AND c.resource = ?`
	err := w.transact(ctx, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		_, err := tx.ExecContext(ctx, cover, c.Org, c.Resource, c.Status, c.IsRequired, c.HTTPStatus, c.Message, c.Permission, c.Duration.Milliseconds())
		if err != nil {
			return fmt.Errorf("store coverage of %s of %s: %w", c.Resource, c.Org, err)
		}
		if err := w.count(ctx, tx, c.Org, c.Resource); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, counts, c.Org, c.Resource).Scan(&c.RowCount, &c.RequestCount, &c.RetryCount, &c.RereadCount, &c.Waited)
	})
	return c, err
}

// Gap is a part of the repository settings that is unknown for some repositories.
type Gap struct {
	Resource     string // the part
	Repositories int64
	Message      string // why, for one of them
}

// Gaps lists the unknown parts of an organization's repository settings, sorted
// by resource, and returns how many repositories' settings were read.
func (w *Writer) Gaps(ctx context.Context, org string) (gaps []Gap, repositories int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return nil, 0, errClosed
	}
	err = w.db.QueryRowContext(ctx, "SELECT count(*) FROM _repository_settings AS s WHERE s.org = ?", org).Scan(&repositories)
	if err != nil {
		return nil, 0, fmt.Errorf("gaps of %s: %w", org, err)
	}
	rows, err := w.db.QueryContext(ctx, `
		SELECT u.key, count(*), min(u.value)
		FROM _repository_settings AS s
		JOIN json_each(s.raw, '$.unknown') AS u
		WHERE s.org = ?
		GROUP BY u.key
		ORDER BY u.key`, org)
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var g Gap
		err := rows.Scan(&g.Resource, &g.Repositories, &g.Message)
		gaps = append(gaps, g)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("gaps of %s: %w", org, err)
	}
	return gaps, repositories, nil
}

// Rows counts the rows of a resource that the file has so far.
func (w *Writer) Rows(ctx context.Context, org, resource string) (n int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return 0, errClosed
	}
	if err := w.db.QueryRowContext(ctx, "SELECT "+w.countOf(resource), org).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s of %s: %w", resource, org, err)
	}
	return n, nil
}

// countOf is an expression for the number of rows of the organization ?1.
func (w *Writer) countOf(resource string) string {
	if !w.resource(resource).isCounted {
		return "0 * length(?1)"
	}
	return "(SELECT count(*) FROM _" + resource + " WHERE org = ?1)"
}

// count brings the counts of a coverage row up to date.
func (w *Writer) count(ctx context.Context, tx *sql.Tx, org, resource string) error {
	_, err := tx.ExecContext(ctx, `UPDATE _coverage SET row_count = `+w.countOf(resource)+`, (request_count, retry_count, waited_ms, reread_count) = (
			SELECT COALESCE(sum(w.request_count), 0), COALESCE(sum(w.retry_count), 0), COALESCE(sum(w.waited_ms), 0), COALESCE(sum(w.reread_count), 0)
			FROM _walks AS w WHERE w.org = ?1 AND w.resource = ?2
		)
		WHERE org = ?1 AND resource = ?2`, org, resource)
	if err != nil {
		return fmt.Errorf("count %s of %s: %w", resource, org, err)
	}
	return nil
}

// CoverageStatuses returns all statuses, the best first.
func CoverageStatuses() []CoverageStatus {
	return []CoverageStatus{StatusComplete, StatusPartial, StatusDenied, StatusFailed, StatusSkipped}
}
