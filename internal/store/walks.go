package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"auditor/internal/sqlite"
)

// Todo lists the walks of a resource that are not finished: one with no parent,
// or one for each row of the resource's _todo_ view, ordered by parent.
func (w *Writer) Todo(ctx context.Context, org, resource string) ([]Walk, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil || !w.resource(resource).hasInsert {
		return nil, fmt.Errorf("what is left of %s of %s: no such resource", resource, org)
	}
	todo := "(SELECT ?1 AS org, '' AS parent, NULL AS repository)"
	if w.resource(resource).hasTodo {
		todo = "_todo_" + resource
	}
	rows, err := w.db.QueryContext(ctx, `
		SELECT t.parent, COALESCE(t.repository, ''), COALESCE(w.next, '')
		FROM `+todo+` AS t
		LEFT JOIN _walks AS w ON w.org = t.org AND w.resource = ?2 AND w.parent = t.parent
		WHERE t.org = ?1 AND COALESCE(w.is_finished, 0) = 0
		ORDER BY CAST(t.parent AS INTEGER), t.parent`, org, resource)
	var walks []Walk
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		walk := Walk{Org: org, Resource: resource}
		err := rows.Scan(&walk.Parent, &walk.Repository, &walk.Next)
		walks = append(walks, walk)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what is left of %s of %s: %w", resource, org, err)
	}
	return walks, nil
}

// TokenID is the id of the token that a walk over the repositories of a token or a
// request is about, for GitHub's filter; "" if it is not listed any more.
func (w *Writer) TokenID(ctx context.Context, walk Walk) (id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return "", errClosed
	}
	const query = "SELECT CAST(t.token_id AS TEXT) FROM _token_of_%s AS t WHERE t.org = ? AND t.parent = CAST(? AS INTEGER)"
	err = w.db.QueryRowContext(ctx, fmt.Sprintf(query, walk.Resource), walk.Org, walk.Parent).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("token of %s %s of %s: %w", walk.Resource, walk.Parent, walk.Org, err)
	}
	return id, nil
}

// Restart empties a list that changed while it was read, so that it is read
// again from its first page.
func (w *Writer) Restart(ctx context.Context, walk Walk, cost Cost) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := "read " + walk.Resource + " of " + walk.Org + " again"
	if !w.resource(walk.Resource).canRestart {
		return fmt.Errorf("%s: its schema does not say how to empty it", what)
	}
	err := w.transact(ctx, func(tx *sql.Tx) error {
		ctx := context.WithoutCancel(ctx)
		const empty = "INSERT INTO _restarts (org, resource, parent) VALUES (?, ?, ?)"
		if _, err := tx.ExecContext(ctx, empty, walk.Org, walk.Resource, walk.Parent); err != nil {
			return err
		}
		const restart = `INSERT INTO _walks (org, resource, parent, request_count, retry_count, waited_ms, reread_count) VALUES (?, ?, ?, ?, ?, ?, 1)
			ON CONFLICT (org, resource, parent) DO UPDATE SET next = '', is_finished = 0, ` + addCost + `, reread_count = reread_count + 1`
		_, err := tx.ExecContext(ctx, restart, walk.Org, walk.Resource, walk.Parent, cost.Requests, cost.Retries, cost.Waited.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Spend adds what an organization cost in addition to its walks: finding the
// installation, minting tokens.
func (w *Writer) Spend(ctx context.Context, org string, cost Cost) error {
	const spend = `INSERT INTO _walks (org, resource, parent, is_finished, request_count, retry_count, waited_ms) VALUES (?, 'installation', '', 1, ?, ?, ?)
		ON CONFLICT (org, resource, parent) DO UPDATE SET ` + addCost
	return w.exec(ctx, "store the cost of "+org, spend, org, cost.Requests, cost.Retries, cost.Waited.Milliseconds())
}

// Fail records why a walk could not be made; it stays unfinished and resumes at
// the same page. httpStatus 0: there was no answer.
func (w *Writer) Fail(ctx context.Context, walk Walk, cost Cost, message string, httpStatus int) error {
	const fail = `INSERT INTO _walks (org, resource, parent, next, request_count, retry_count, waited_ms, message, http_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0))
		ON CONFLICT (org, resource, parent) DO UPDATE SET ` + addCost + `, message = excluded.message, http_status = excluded.http_status`
	return w.exec(ctx, "store failure of "+walk.Resource+" of "+walk.Org, fail,
		walk.Org, walk.Resource, walk.Parent, walk.Next, cost.Requests, cost.Retries, cost.Waited.Milliseconds(), message, httpStatus)
}

// Reopen has a list that was read to its end read once more. What is in it
// stays, and is brought up to date.
func (w *Writer) Reopen(ctx context.Context, org, resource string) error {
	const reopen = `UPDATE _walks SET is_finished = 0, next = '', reread_count = reread_count + 1 WHERE org = ? AND resource = ? AND parent = ''`
	return w.exec(ctx, "read "+resource+" of "+org+" once more", reopen, org, resource)
}
