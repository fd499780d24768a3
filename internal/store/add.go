package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AddOrg makes an organization part of the snapshot. It comes before everything
// else of that organization and may be repeated.
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

// page is a call of Add or Gone that waits to be stored.
type page struct {
	walk     Walk
	items    []json.RawMessage // as they came, for messages
	stripped []string          // "": not to be stored
	odd      []objectOddity
	next     string
	cost     Cost
	isGone   bool
	isStored bool // guarded by Writer.mu
	err      error
}

// Add stores a page, its items and the page to read next, as a whole or not at
// all; it returns when that is on the disk. next "" finishes the walk. An object
// seen before is updated. What the schema does not understand of an object is left
// out and noted in oddities, the object too if it has no identity.
func (w *Writer) Add(ctx context.Context, walk Walk, items []json.RawMessage, next string, cost Cost) error {
	p := &page{walk: walk, items: items, stripped: make([]string, len(items)), next: next, cost: cost}
	r := w.resource(walk.Resource)
	var s compactor
	for i, item := range items {
		text, err := s.strip(item, r.fields, r.kept)
		switch {
		case err != nil:
			p.odd = append(p.odd, refused(walk, item, err.Error()))
			continue
		case !s.isLost:
			p.stripped[i] = text
		}
		p.note(i, s.odd)
	}
	return w.store(ctx, p)
}

// note keeps what was odd about an item. What a refusal took away is not odd, and
// where a list of a part has something odd, the part is unknown.
func (p *page) note(i int, odd []oddity) {
	if len(odd) == 0 {
		return
	}
	var members map[string]json.RawMessage
	unknown := map[string]string{}
	if json.Unmarshal(p.items[i], &members) == nil && members["unknown"] != nil {
		json.Unmarshal(members["unknown"], &unknown) // our own, see collect
	}
	name, before := objectName(p.walk, p.items[i]), len(unknown)
	odd = slices.DeleteFunc(odd, func(o oddity) bool {
		return o.value == "" && slices.Contains(p.walk.Lacks, strings.ReplaceAll(o.field, ".*", ""))
	})
	for _, o := range odd {
		if unknown[o.part] != "" && o.part != p.walk.Resource {
			continue
		}
		p.odd = append(p.odd, objectOddity{o, name})
	}
	for _, o := range odd {
		if o.decides && unknown[o.part] == "" {
			unknown[o.part] = "not understood: " + o.field + " " + cmp.Or(o.value, "is missing")
		}
	}
	if len(unknown) > before && p.stripped[i] != "" {
		p.stripped[i] = withUnknown(p.stripped[i], unknown)
	}
}

// withUnknown replaces the reasons that an item gives for what is unknown of it.
func withUnknown(item string, unknown map[string]string) string {
	var members map[string]json.RawMessage
	reasons, err := json.Marshal(unknown)
	if err != nil || json.Unmarshal([]byte(item), &members) != nil {
		return item
	}
	members["unknown"] = reasons
	text, err := json.Marshal(members)
	if err != nil {
		return item
	}
	return string(text)
}

// Gone finishes a walk whose parent disappeared between the list and the walk.
// The parent leaves the public views; what it was is kept in _gone.
func (w *Writer) Gone(ctx context.Context, walk Walk, cost Cost) error {
	return w.store(ctx, &page{walk: walk, cost: cost, isGone: true})
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
		r := w.resource(p.walk.Resource)
		if w.db == nil || !r.hasInsert || r.insert != nil {
			continue
		}
		r.insert, err = w.db.Prepare("INSERT INTO _in_" + p.walk.Resource + " (org, parent, item) VALUES (?, ?, ?)")
		if err != nil {
			return err
		}
	}
	return nil
}

// insert stores one page within a transaction, as a whole or not at all.
func (w *Writer) insert(tx *sql.Tx, p *page) (err error) {
	ctx := context.Background()
	insert := w.resource(p.walk.Resource).insert
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
		if text == "" {
			continue
		}
		_, err := insert.ExecContext(ctx, p.walk.Org, p.walk.Parent, text)
		if problem := aboutRow(err); problem != "" {
			p.odd = append(p.odd, refused(p.walk, p.items[i], problem))
		} else if err != nil {
			return fmt.Errorf("store %s of %s: %w", p.walk.Resource, p.walk.Org, err)
		}
	}
	if err := w.addOddities(ctx, tx, p); err != nil {
		return err
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
