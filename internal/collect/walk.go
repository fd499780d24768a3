package collect

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"auditor/internal/github"
	"auditor/internal/store"
)

// maxRereads is how often a list is read anew because it changed meanwhile. A
// list that changes all the time is taken as it was read: nothing that was
// there from beginning to end is missing, but something that has gone may stay.
const maxRereads = 3

// walk is one list or object being read.
type walk struct {
	*organization
	store.Walk
	path string        // of the object or the list's first page
	rows *atomic.Int64 // of the whole resource, for events
	cost github.Cost   // not yet written down
	seen map[string]bool

	isOffOn404 bool // see Resource
}

// walk reads one list or object to its end, a page at a time.
func (o *organization) walk(ctx context.Context, r Resource, w store.Walk, rows *atomic.Int64) error {
	k := &walk{organization: o, Walk: w, path: r.path(w, o.plan.Filters), rows: rows, isOffOn404: r.IsOffOn404}
	read := k.list
	if r.Shape == Object {
		read = k.object
	}
	err := read(ctx)
	if err == nil || isFatal(ctx, err) {
		return err
	}
	if failure := o.writer.Fail(ctx, w, o.spend(k.cost), err.Error(), statusCode(err)); failure != nil {
		return fatalError{failure}
	}
	return err
}

func (k *walk) object(ctx context.Context) (err error) {
	var item json.RawMessage
	item, k.cost, err = k.session.Get(ctx, k.path)
	if k.isOffOn404 && github.IsNotFound(err) {
		item, err = json.RawMessage(`{"message":"Not Found"}`), nil // GitHub's words, for the store to read
	}
	if err != nil {
		return err
	}
	k.rows.Add(1)
	return fatalUnlessDrift(k.writer.Add(kept(ctx), k.Walk, rawItems(item), "", k.spend(k.cost)))
}

// list reads a list, and reads it anew when it changed meanwhile.
func (k *walk) list(ctx context.Context) error {
	from := cmp.Or(k.Next, k.path)
	for reread := 0; ; reread++ {
		hasChanged, err := k.pages(ctx, from, reread < maxRereads)
		if err != nil || !hasChanged {
			return err
		}
		if err := k.writer.Restart(ctx, k.Walk, k.spend(k.cost)); err != nil {
			return fatalError{err}
		}
		k.cost, from = github.Cost{}, k.path
	}
}

// pages reads from a page on. It stops where it notices that the list changed,
// if mayStop.
func (k *walk) pages(ctx context.Context, from string, mayStop bool) (hasChanged bool, err error) {
	k.seen = map[string]bool{}
	asked := k.plan.Now()
	for page, err := range k.session.Pages(ctx, from) {
		k.cost = k.cost.Plus(page.Cost)
		if err != nil {
			return false, err
		}
		k.estimate(page, asked)
		isOnly := page.Next == "" && len(k.seen) == 0
		if !isOnly && k.isSeen(page.Items) && mayStop {
			return true, nil
		}
		if err := k.writer.Add(kept(ctx), k.Walk, page.Items, page.Next, k.spend(k.cost)); err != nil {
			return false, fatalUnlessDrift(err)
		}
		k.cost = github.Cost{}
		n := k.rows.Add(int64(len(page.Items)))
		if k.Parent == "" {
			k.event(Event{Org: k.org, Resource: k.Resource, Walks: 1, Rows: n})
		}
		asked = k.plan.Now()
	}
	return false, nil
}

// estimate tells what the run will take, once that can be told.
func (k *walk) estimate(page github.Page, asked time.Time) {
	rest, _ := k.session.Budgets()
	if e := k.estimator.page(k.Resource, page, k.plan.Now().Sub(asked), rest); e != nil {
		k.event(Event{Org: k.org, Resource: k.Resource, Walks: 1, Estimate: e})
	}
}

// kept is the context for storing what has arrived: an interrupt must not lose it.
func kept(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// isSeen tells whether an object of the page was on an earlier one too: then
// objects have moved between the pages, because one has gone or was added.
func (k *walk) isSeen(items []json.RawMessage) bool {
	isSeen := false
	for _, item := range items {
		id := identity(item)
		if id == "" {
			continue // the store says what is wrong with it
		}
		isSeen = isSeen || k.seen[id]
		k.seen[id] = true
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
