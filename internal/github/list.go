package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const perPage = "100"

// Page is one page of a list.
type Page struct {
	Items []json.RawMessage // as GitHub sent them; never nil without an error
	Next  string            // the page to read after this one; "": it was the last
	Count int               // pages of the whole list; 0: not known
	Cost  Cost              // since the page before; set on errors too

	prev, next, first, last string // full URLs; "" if not given
}

// backward marks, in Page.Next, a URL from which a list is read to its
// beginning.
const backward = "backward "

func (c *chain) pages(ctx context.Context, path string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		l := &list{chain: c, seen: map[string]bool{}}
		if err := l.begin(path); err != nil {
			yield(Page{}, err)
			return
		}
		for l.ref != "" {
			page, err := l.read(ctx)
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// list is a list being read, page by page.
type list struct {
	chain      *chain
	ref        string // the page to read; "": done
	isBackward bool
	canTurn    bool // at the first page: the last may come next
	seen       map[string]bool
}

func (l *list) begin(path string) (err error) {
	path, l.isBackward = strings.CutPrefix(path, backward)
	l.canTurn = !l.isBackward && !strings.Contains(path, "://")
	l.ref, err = l.chain.firstPage(path)
	return err
}

// read returns the page that is next in the direction of reading.
func (l *list) read(ctx context.Context) (Page, error) {
	page, err := l.chain.page(ctx, l.ref)
	if err == nil && l.canTurn && page.next != "" && page.last != "" {
		page, err = l.turn(ctx, page)
	}
	l.canTurn = false
	if err == nil {
		page.Next, err = l.after(page)
	}
	if err != nil {
		return Page{Cost: page.Cost}, err
	}
	l.ref = strings.TrimPrefix(page.Next, backward)
	return page, nil
}

// turn reads the last page of a list, given its first, and from there on
// backwards; or both as one, see pair.go.
func (l *list) turn(ctx context.Context, first Page) (Page, error) {
	whole, ok, err := l.pair(ctx, first)
	if ok || err != nil {
		return whole, err
	}
	l.ref, l.isBackward = first.last, true
	page, err := l.chain.page(ctx, l.ref)
	page.Cost = page.Cost.Plus(whole.Cost)
	return page, err
}

// after is the page to read after this one.
func (l *list) after(page Page) (string, error) {
	l.seen[l.ref] = true
	target, mark := page.next, ""
	if l.isBackward {
		target, mark = page.prev, backward
	}
	switch {
	case l.isBackward && target == "" && page.first != "":
		return "", describe(http.MethodGet, asURL(l.ref), errors.New("there is no link to the page before this one"))
	case l.seen[target]:
		return "", describe(http.MethodGet, asURL(l.ref), errors.New("the links between the pages are a loop"))
	case target == "":
		return "", nil
	}
	return mark + target, nil
}

// firstPage adds per_page=100 unless the path says otherwise. A URL that
// GitHub gave is not touched.
func (c *chain) firstPage(path string) (string, error) {
	u, err := c.client.endpoint.resolve(path)
	if err != nil {
		return "", describe(http.MethodGet, asURL(path), err)
	}
	if !strings.Contains(path, "://") && !u.Query().Has("per_page") {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += "per_page=" + perPage
	}
	return u.String(), nil
}

// asURL reads a path or URL for a message.
func asURL(ref string) *url.URL {
	u, err := url.Parse(ref)
	if err != nil {
		return &url.URL{Path: ref}
	}
	return u
}

func (c *chain) page(ctx context.Context, ref string) (Page, error) {
	a, err := c.rest(ctx, http.MethodGet, ref, nil)
	p := Page{Cost: a.cost}
	if err != nil {
		return p, err
	}
	for _, l := range []struct {
		relation string
		target   *string
	}{{"next", &p.next}, {"prev", &p.prev}, {"first", &p.first}, {"last", &p.last}} {
		if *l.target, err = c.link(a, l.relation); err != nil {
			return Page{Cost: a.cost}, describe(a.method, a.url, err)
		}
	}
	p.Items = []json.RawMessage{}
	if a.status != http.StatusNoContent { // an empty repository's contributors
		if p.Items, err = decodeList(a.body); err != nil {
			return Page{Cost: a.cost}, describe(a.method, a.url, err)
		}
	}
	p.Count = p.count()
	return p, nil
}

// count is how many pages the list has: the number in the link to the last one,
// or of this one if it is the last; 0: not known.
func (p Page) count() int {
	if p.next == "" && p.prev == "" {
		return 1
	}
	u, err := url.Parse(cmp.Or(p.last, p.prev))
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(u.Query().Get("page"))
	switch {
	case err != nil || n < 1:
		return 0
	case p.last != "":
		return n
	case p.next == "":
		return n + 1
	}
	return 0
}

// link is the full URL of the page in a relation ("next", "last") to this one,
// "" if there is none. GitHub's links carry numeric ids
// (/organizations/1/…) in place of names.
func (c *chain) link(a answer, relation string) (string, error) {
	target := linkTo(a.header.Values("Link"), relation)
	if target == "" {
		return "", nil
	}
	u, err := a.url.Parse(target)
	if err != nil {
		return "", fmt.Errorf("bad link to the %s page: %q", relation, redact(target))
	}
	if !c.client.endpoint.owns(u) {
		return "", fmt.Errorf("link to the %s page: %w", relation, c.client.endpoint.foreign(u))
	}
	return u.String(), nil
}
