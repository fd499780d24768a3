package collect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"auditor/internal/github"
	"auditor/internal/store"
)

// maxRereads is how often a list is read again because it changed meanwhile. A
// list that changes all the time is taken as it was read: nothing that was
// there from beginning to end is missing, but something deleted may stay.
const maxRereads = 3

// walk is one list or object being read.
type walk struct {
	organization *organization
	target       store.Walk
	path         string        // of the object or the list's first page
	rows         *atomic.Int64 // of the whole resource, for events
	cost         github.Cost   // not yet recorded
	seen         map[string]bool

	isOffOn404 bool // see Resource
}

// walk reads one list or object to its end, a page at a time.
func (o *organization) walk(ctx context.Context, r Resource, target store.Walk, rows *atomic.Int64) error {
	w := &walk{organization: o, target: target, path: r.path(target, o.plan.Filters), rows: rows, isOffOn404: r.IsOffOn404}
	read := w.list
	if r.Shape == Object {
		read = w.object
	}
	err := read(ctx)
	if err == nil || isFatal(ctx, err) {
		return err
	}
	if failure := o.writer.Fail(ctx, target, o.spend(w.cost), err.Error(), statusCode(err)); failure != nil {
		return fatalError{failure}
	}
	return err
}

func (w *walk) object(ctx context.Context) (err error) {
	var item json.RawMessage
	item, w.cost, err = w.organization.session.Get(ctx, w.path)
	if w.isOffOn404 && github.IsNotFound(err) {
		item, err = json.RawMessage(`{"message":"Not Found","enabled":null,"paused":null}`), nil // GitHub's words, for the store to read
	}
	if err != nil {
		return err
	}
	w.rows.Add(1)
	var items []json.RawMessage
	if item != nil {
		items = append(items, item)
	}
	return fatal(w.add(ctx, items, ""))
}

// add stores a page with what it cost; an interrupt must not lose it.
func (w *walk) add(ctx context.Context, items []json.RawMessage, next string) error {
	err := w.organization.writer.Add(context.WithoutCancel(ctx), w.target, items, next, w.organization.spend(w.cost))
	if err == nil {
		w.cost = github.Cost{}
	}
	return err
}

// maxBroken is how often a list is read again because its chain of pages broke.
const maxBroken = 2

// list reads a list, and reads it again when it changed meanwhile, or forwards
// when its links do not prove that it was read as a whole.
func (w *walk) list(ctx context.Context) error {
	from, first := cmp.Or(w.target.Next, w.path), w.path
	for reread, broken := 0, 0; ; {
		hasChanged, err := w.pages(ctx, from, reread < maxRereads)
		var chain *github.ChainError
		switch {
		case errors.As(err, &chain) && broken < maxBroken:
			broken, first = broken+1, github.Forward(w.path)
		case err != nil || !hasChanged:
			return err
		default:
			reread++
		}
		if err := w.organization.writer.Restart(ctx, w.target, w.organization.spend(w.cost)); err != nil {
			return fatalError{err}
		}
		w.cost, from = github.Cost{}, first
	}
}

// pages reads from a page on. If mayStop, it stops where it notices that the
// list changed.
func (w *walk) pages(ctx context.Context, from string, mayStop bool) (hasChanged bool, err error) {
	w.seen = map[string]bool{}
	now := w.organization.plan.Now
	requested := now()
	for page, err := range w.organization.session.Pages(ctx, from) {
		w.cost = w.cost.Plus(page.Cost)
		if err != nil {
			return false, err
		}
		w.estimate(page, now().Sub(requested))
		isOnly := page.Next == "" && len(w.seen) == 0
		if !isOnly && w.isSeen(page.Items) && mayStop {
			return true, nil
		}
		if err := w.add(ctx, page.Items, page.Next); err != nil {
			return false, fatal(err)
		}
		n := w.rows.Add(int64(len(page.Items)))
		if w.target.Parent == "" {
			w.organization.event(Event{Resource: w.target.Resource, Walks: 1, Rows: n})
		}
		requested = now()
	}
	return false, nil
}

// estimate reports what the run will take, once that can be known.
func (w *walk) estimate(page github.Page, took time.Duration) {
	o := w.organization
	rest, _ := o.session.Budgets()
	if e := o.estimator.page(w.target.Resource, page, took, rest); e != nil {
		o.event(Event{Resource: w.target.Resource, Walks: 1, Estimate: e})
	}
}

// isSeen reports whether an object of the page was on an earlier one too: then
// objects have moved between the pages, because one was deleted or added.
func (w *walk) isSeen(items []json.RawMessage) bool {
	isSeen := false
	for _, item := range items {
		id := identity(item)
		if id == "" {
			continue // the store says what is wrong with it
		}
		isSeen = isSeen || w.seen[id]
		w.seen[id] = true
	}
	return isSeen
}

// identity is the object's id, or that of the repository whose custom
// properties it holds; "" if it has none. GitHub sends it among the first
// members, and what comes after it, some kilobytes, is not read.
func identity(item json.RawMessage) string {
	d := jsontext.NewDecoder(bytes.NewBuffer(item), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '{' {
		return ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if text := name.String(); text == "id" || text == "repository_id" {
			if d.PeekKind() != '0' { // not a number
				return ""
			}
			number, _ := d.ReadValue()
			return string(number)
		}
		if d.SkipValue() != nil {
			return ""
		}
	}
	return ""
}
