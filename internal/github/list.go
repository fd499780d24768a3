package github

import (
	"cmp"
	"context"
	"encoding/json"
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
// beginning; forward marks a path or URL from which it is read to its end.
const (
	backward = "backward "
	forward  = "forward "
)

// Forward is a path for [Session.Pages] to read from its first page to its last,
// for a list that could not be read backwards.
func Forward(path string) string { return forward + strings.TrimPrefix(path, forward) }

// maxPages bounds a list whose last page is not known: a million items.
const maxPages = 10_000

// ChainError says that the links between the pages of a list do not prove that
// it was read as a whole.
type ChainError struct {
	Path    string // of the page, without query
	Problem string // "the list ended at page 2 of 3"
}

func (e *ChainError) Error() string { return "GET " + e.Path + ": " + e.Problem }

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
			if l.broken != nil {
				yield(Page{}, l.broken)
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
	promised   int  // the number of the last page, as the first one said; 0: unknown
	seen       map[string]bool
	broken     error // after the page that was just read; nil: nothing is wrong
}

func (l *list) begin(path string) (err error) {
	path, isForward := strings.CutPrefix(path, forward)
	path, l.isBackward = strings.CutPrefix(path, backward)
	l.canTurn = !l.isBackward && !isForward && !strings.Contains(path, "://")
	l.ref, err = l.chain.firstPage(path)
	return err
}

// read returns the page that is next in the direction of reading. What breaks
// the chain behind it does not cost the page: it is in l.broken, and the page
// names itself as the one to read next.
func (l *list) read(ctx context.Context) (Page, error) {
	page, err := l.chain.page(ctx, l.ref)
	if err == nil && !l.isBackward && numberOf(l.ref) == 1 {
		l.promised = numberOf(page.last)
	}
	if err == nil && l.canTurn && page.next != "" && page.last != "" {
		page, err = l.turn(ctx, page)
	}
	l.canTurn = false
	if err == nil {
		err = l.confirmOnly(ctx, &page)
	}
	if err != nil {
		return Page{Cost: page.Cost}, err
	}
	next, problem := l.after(page)
	if problem != "" {
		l.broken = &ChainError{Path: pathOf(asURL(l.ref)), Problem: problem}
		next = l.ref
	}
	page.Next = next
	if next != "" && l.isBackward {
		page.Next = backward + next
	}
	l.ref = next
	return page, nil
}

// turn reads the last page of a list, given its first, and from there on
// backwards; or both as one, see pair.go. A last page without its way back, as
// one that has disappeared meanwhile, is left: the list is read forwards.
func (l *list) turn(ctx context.Context, first Page) (Page, error) {
	whole, ok, err := l.pair(ctx, first)
	if ok || err != nil {
		l.promised = 0 // it is all here
		return whole, err
	}
	page, err := l.chain.page(ctx, first.last)
	page.Cost = page.Cost.Plus(whole.Cost)
	if err == nil && page.prev == "" {
		first.Cost = page.Cost
		return first, nil
	}
	l.ref, l.isBackward = first.last, true
	return page, err
}

// confirmOnly asks for the page after an only one that is full and without
// links, unless the server has shown that it sends links: a proxy may have
// dropped them.
func (l *list) confirmOnly(ctx context.Context, page *Page) error {
	u := asURL(l.ref)
	q := u.Query()
	size, err := strconv.Atoi(q.Get("per_page"))
	if err != nil || l.isBackward || page.hasLinks() || len(page.Items) < size || l.chain.client.state.isLinking.Load() {
		return nil
	}
	q.Set("page", strconv.Itoa(numberOf(l.ref)+1))
	u.RawQuery = q.Encode()
	second, err := l.chain.page(ctx, u.String())
	page.Cost = page.Cost.Plus(second.Cost)
	if err == nil && len(second.Items) > 0 {
		page.next = u.String()
	}
	return err
}

// after is the page to read after this one, and what is wrong with the chain
// of pages; "" if nothing is.
func (l *list) after(page Page) (next, problem string) {
	l.seen[l.ref] = true
	next, number := page.next, numberOf(l.ref)
	if l.isBackward {
		next = page.prev
	}
	switch to := numberOf(next); {
	case next != "" && l.seen[next], to > 0 && number > 0 && (to < number) != l.isBackward:
		return "", "the links between the pages are a loop"
	case len(l.seen) >= maxPages:
		return "", fmt.Sprintf("the list does not end after %d pages", maxPages)
	case l.isBackward && next == "" && (page.first != "" || number > 1):
		return "", "there is no link to the page before this one"
	case l.isBackward:
		return next, ""
	case next == "" && number > 1 && !page.hasLinks():
		return "", fmt.Sprintf("page %d has no links: the list may go on", number)
	case next == "" && number > 0 && number < l.promised:
		return "", fmt.Sprintf("the list ended at page %d of %d", number, l.promised)
	case next != "" && page.last != "" && to > numberOf(page.last):
		return "", fmt.Sprintf("page %d comes after the last one, %d", to, numberOf(page.last))
	}
	return next, ""
}

// numberOf is the number of the page at an address; 0: it has none.
func numberOf(ref string) int {
	if ref == "" {
		return 0
	}
	q := asURL(ref).Query()
	if !q.Has("page") && (q.Has("after") || q.Has("before") || q.Has("since")) {
		return 0
	}
	n, err := strconv.Atoi(cmp.Or(q.Get("page"), "1"))
	if err != nil || n < 1 {
		return 0
	}
	return n
}

func (p Page) hasLinks() bool { return p.prev+p.next+p.first+p.last != "" }

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
	if p.Items, err = decodeList(a.body); err != nil {
		return Page{Cost: a.cost}, describe(a.method, a.url, err)
	}
	if p.hasLinks() {
		c.client.state.isLinking.Store(true)
	}
	p.Count = p.count()
	return p, nil
}

// count is how many pages the list has: the number in the link to the last one,
// or of this one if it is the last; 0: not known.
func (p Page) count() int {
	switch {
	case p.next == "" && p.prev == "":
		return 1
	case p.last != "":
		return numberOf(p.last)
	case p.next == "" && numberOf(p.prev) > 0:
		return numberOf(p.prev) + 1
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
