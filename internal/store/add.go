package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"auditor/internal/sqlite"
)

// Coverage is how far a resource of an organization could be read.
type Coverage struct {
	Org, Resource string
	Status        string // complete, partial, denied, failed or skipped
	IsRequired    bool
	HTTPStatus    int    // of the request that failed; 0: none
	Message       string // "": nothing to say
	Permission    string // to grant to the App; "": none is missing
	Duration      time.Duration
	// Filled by the store: rows in the file, and what reading them took.
	RowCount, RequestCount, RetryCount, RereadCount int64
	Waited                                          time.Duration
}

// AddOrg makes an organization part of the snapshot. It comes before all else
// of that organization and may be repeated.
func (w *Writer) AddOrg(ctx context.Context, o Org) error {
	var permissions any
	if o.Permissions != nil {
		text, err := json.Marshal(o.Permissions)
		if err != nil {
			return err
		}
		permissions = string(text)
	}
	const insert = `INSERT INTO _installations (org, permissions, repository_selection) VALUES (?, ?, NULLIF(?, ''))
		ON CONFLICT (org) DO UPDATE SET permissions = excluded.permissions, repository_selection = excluded.repository_selection`
	return w.exec(ctx, "add organization "+o.Login, insert, o.Login, permissions, o.RepositorySelection)
}

// Todo lists the walks of a resource that are not finished: one with no parent,
// or one for each row of the resource's _todo_ view, ordered by parent.
func (w *Writer) Todo(ctx context.Context, org, resource string) ([]Walk, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil || !w.resources[resource] {
		return nil, fmt.Errorf("what is left of %s of %s: no such resource", resource, org)
	}
	todo := "(SELECT ?1 AS org, '' AS parent, NULL AS repository)"
	if w.todos[resource] {
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

// page is a call of Add or Gone on its way to the file.
type page struct {
	walk     Walk
	items    []json.RawMessage
	stripped []string
	next     string
	cost     Cost
	isGone   bool
	isStored bool // guarded by Writer.mu
	err      error
}

// Add stores a page: its items and where the walk goes on, wholly or not at
// all; it returns when that is on the disk. next "" finishes the walk. An object
// seen before is updated. A [DriftError] names the object that is not as promised.
func (w *Writer) Add(ctx context.Context, walk Walk, items []json.RawMessage, next string, cost Cost) error {
	p := &page{walk: walk, items: items, stripped: make([]string, len(items)), next: next, cost: cost}
	for i, item := range items {
		text, err := strip(item, w.kept[walk.Resource])
		if err != nil {
			return &DriftError{Org: walk.Org, Resource: walk.Resource, Object: objectID(walk, item), Problem: err.Error()}
		}
		p.stripped[i] = text
	}
	return w.store(ctx, p)
}

// Gone finishes a walk whose parent disappeared between the list and the walk.
// The parent leaves the public views; what it was is kept in _gone.
func (w *Writer) Gone(ctx context.Context, walk Walk, cost Cost) error {
	return w.store(ctx, &page{walk: walk, cost: cost, isGone: true})
}

// Restart empties a list that changed while it was read, so that it is read
// anew from its first page.
func (w *Writer) Restart(ctx context.Context, walk Walk, cost Cost) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := "read " + walk.Resource + " of " + walk.Org + " anew"
	if !w.restarts[walk.Resource] {
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

// Spend adds what an organization cost beside its walks: finding the
// installation, minting tokens.
func (w *Writer) Spend(ctx context.Context, org string, cost Cost) error {
	const spend = `INSERT INTO _walks (org, resource, parent, is_finished, request_count, retry_count, waited_ms) VALUES (?, 'installation', '', 1, ?, ?, ?)
		ON CONFLICT (org, resource, parent) DO UPDATE SET ` + addCost
	return w.exec(ctx, "store the cost of "+org, spend, org, cost.Requests, cost.Retries, cost.Waited.Milliseconds())
}

// store brings a page to the disk. Pages that come while another one is being
// written wait together and share the next transaction: syncing the disk costs
// more than a page's rows.
func (w *Writer) store(ctx context.Context, p *page) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.waitingMu.Lock()
	w.waiting = append(w.waiting, p)
	w.waitingMu.Unlock()

	w.mu.Lock()
	defer w.mu.Unlock()
	if p.isStored {
		return p.err
	}
	w.waitingMu.Lock()
	pages := w.waiting
	w.waiting = nil
	w.waitingMu.Unlock()
	// Other callers' pages are among them: this caller's context must not end them.
	err := w.prepareInserts(pages)
	if err == nil {
		err = w.transact(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
			for _, q := range pages {
				q.err = w.insert(tx, q)
			}
			return nil
		})
	}
	for _, q := range pages {
		q.isStored = true
		if err != nil {
			q.err = fmt.Errorf("store %s of %s: %w", q.walk.Resource, q.walk.Org, err)
		}
	}
	return p.err
}

// prepareInserts compiles the inserts of these pages' resources. It cannot be
// done within the transaction, which holds the only connection.
func (w *Writer) prepareInserts(pages []*page) (err error) {
	for _, p := range pages {
		resource := p.walk.Resource
		if w.db == nil || !w.resources[resource] || w.inserts[resource] != nil {
			continue
		}
		w.inserts[resource], err = w.db.Prepare("INSERT INTO _in_" + resource + " (org, parent, item) VALUES (?, ?, ?)")
		if err != nil {
			return err
		}
	}
	return nil
}

// insert stores one page within a transaction, wholly or not at all.
func (w *Writer) insert(tx *sql.Tx, p *page) (err error) {
	ctx := context.Background()
	insert := w.inserts[p.walk.Resource]
	if insert == nil {
		return fmt.Errorf("store %s of %s: no such resource", p.walk.Resource, p.walk.Org)
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT page"); err != nil {
		return err
	}
	defer func() {
		end := "RELEASE page"
		if err != nil {
			end = "ROLLBACK TO page; RELEASE page"
		}
		_, endErr := tx.ExecContext(ctx, end)
		err = errors.Join(err, endErr)
	}()
	insert = tx.StmtContext(ctx, insert)
	for i, text := range p.stripped {
		if _, err := insert.ExecContext(ctx, p.walk.Org, p.walk.Parent, text); err != nil {
			return drift(p.walk, p.items[i], err)
		}
	}
	if p.isGone {
		const gone = `INSERT OR IGNORE INTO _gone (org, resource, parent) VALUES (?, ?, ?)`
		if _, err := tx.ExecContext(ctx, gone, p.walk.Org, p.walk.Resource, p.walk.Parent); err != nil {
			return fmt.Errorf("store the end of %s of %s: %w", p.walk.Resource, p.walk.Org, err)
		}
	}
	_, err = tx.ExecContext(ctx, upsertWalk, p.walk.Org, p.walk.Resource, p.walk.Parent, p.next, p.next == "",
		p.cost.Requests, p.cost.Retries, p.cost.Waited.Milliseconds())
	if err != nil {
		return fmt.Errorf("store progress of %s of %s: %w", p.walk.Resource, p.walk.Org, err)
	}
	return nil
}

const (
	upsertWalk = `INSERT INTO _walks (org, resource, parent, next, is_finished, request_count, retry_count, waited_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (org, resource, parent) DO UPDATE SET next = excluded.next, is_finished = excluded.is_finished, ` +
		addCost + `, http_status = NULL, message = NULL`
	addCost = `request_count = request_count + excluded.request_count, retry_count = retry_count + excluded.retry_count, waited_ms = waited_ms + excluded.waited_ms`
)

// Fail writes down why a walk could not be done; it stays unfinished and goes
// on with the same page after a resume. httpStatus 0: there was no answer.
func (w *Writer) Fail(ctx context.Context, walk Walk, cost Cost, message string, httpStatus int) error {
	const fail = `INSERT INTO _walks (org, resource, parent, next, request_count, retry_count, waited_ms, message, http_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0))
		ON CONFLICT (org, resource, parent) DO UPDATE SET ` + addCost + `, message = excluded.message, http_status = excluded.http_status`
	return w.exec(ctx, "store failure of "+walk.Resource+" of "+walk.Org, fail,
		walk.Org, walk.Resource, walk.Parent, walk.Next, cost.Requests, cost.Retries, cost.Waited.Milliseconds(), message, httpStatus)
}

// Cover writes down how far a resource could be read; the last call stands.
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
// by resource, and tells how many repositories' settings were read.
func (w *Writer) Gaps(ctx context.Context, org string) (gaps []Gap, repositories int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.db == nil {
		return nil, 0, errors.New("snapshot is closed")
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

// count brings the counts of a coverage row up to date.
func (w *Writer) count(ctx context.Context, tx *sql.Tx, org, resource string) error {
	rows := "0"
	if w.counted[resource] {
		rows = "(SELECT count(*) FROM _" + resource + " WHERE org = ?1)"
	}
	_, err := tx.ExecContext(ctx, `UPDATE _coverage SET row_count = `+rows+`, (request_count, retry_count, waited_ms, reread_count) = (
			SELECT COALESCE(sum(w.request_count), 0), COALESCE(sum(w.retry_count), 0), COALESCE(sum(w.waited_ms), 0), COALESCE(sum(w.reread_count), 0)
			FROM _walks AS w WHERE w.org = ?1 AND w.resource = ?2
		)
		WHERE org = ?1 AND resource = ?2`, org, resource)
	if err != nil {
		return fmt.Errorf("count %s of %s: %w", resource, org, err)
	}
	return nil
}

// exec runs one statement in a transaction of its own.
func (w *Writer) exec(ctx context.Context, what, statement string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.WithoutCancel(ctx), statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
