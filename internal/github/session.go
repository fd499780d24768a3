package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

const perPage = "100"

// Session talks to one organization's installation. Safe for concurrent use.
type Session struct {
	installation Installation
	chain        *chain
}

// Installation is what is known about the installation.
func (s *Session) Installation() Installation { return s.installation }

// Requests counts the HTTP requests sent to this installation so far: all
// tries, redirects, its discovery and the minting of its tokens.
func (s *Session) Requests() int64 { return s.chain.sent.Load() }

// Get reads one object. path is relative to the API root, such as
// "orgs/acme". An answer without content (204) is nil. The cost is told on
// errors too.
func (s *Session) Get(ctx context.Context, path string) (json.RawMessage, Cost, error) {
	a, err := s.chain.rest(ctx, http.MethodGet, path, nil)
	if err != nil || len(a.body) == 0 {
		return nil, a.cost, err
	}
	return a.body, a.cost, nil
}

// Page is one page of a list.
type Page struct {
	Items []json.RawMessage // as GitHub sent them; never nil without an error
	URL   string            // full, of this page, after redirects
	Next  string            // full URL of the page after it; "" on the last
	Last  string            // full URL of the last page; "" when this is it, or not told
	Cost  Cost              // of this page; set on errors too
}

// Pages reads a list to its end, asking for 100 items a page. path is relative
// to the API root, such as "orgs/acme/repos?sort=created", or the Next of an
// earlier page, to go on from there. It stops after the first error, which
// comes with a Page that only says how many requests were spent.
func (s *Session) Pages(ctx context.Context, path string) iter.Seq2[Page, error] {
	return s.chain.pages(ctx, path)
}

func (c *chain) pages(ctx context.Context, path string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		ref, err := c.firstPage(path)
		if err != nil {
			yield(Page{}, err)
			return
		}
		seen := map[string]bool{}
		for ref != "" {
			seen[ref] = true
			page, err := c.page(ctx, ref)
			if err == nil && seen[page.Next] {
				page = Page{Cost: page.Cost}
				err = describe(http.MethodGet, asURL(ref), errors.New("the link to the next page leads back"))
			}
			if !yield(page, err) || err != nil {
				return
			}
			ref = page.Next
		}
	}
}

// firstPage adds per_page=100 unless the path says otherwise. A URL that
// GitHub gave is not touched.
func (c *chain) firstPage(path string) (string, error) {
	u, err := c.client.resolve(path)
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
	next, err := c.link(a, "next")
	if err != nil {
		return p, describe(a.method, a.url, err)
	}
	last, err := c.link(a, "last")
	if err != nil {
		return p, describe(a.method, a.url, err)
	}
	items := []json.RawMessage{}
	if a.status != http.StatusNoContent { // an empty repository's contributors
		if items, err = decodeList(a.body); err != nil {
			return p, describe(a.method, a.url, err)
		}
	}
	p.Items, p.URL, p.Next, p.Last = items, a.url.String(), next, last
	return p, nil
}

// link is the full URL of the page that stands in a relation ("next", "last")
// to this one, "" if there is none. GitHub's links carry numeric ids
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
	if !c.client.owns(u) {
		return "", fmt.Errorf("link to the %s page: %w", relation, c.client.foreign(u))
	}
	return u.String(), nil
}

func decodeList(body []byte) ([]json.RawMessage, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(body, &items); err != nil || items == nil {
		return nil, fmt.Errorf("want a list, got %s", kindOf(body))
	}
	return items, nil
}
