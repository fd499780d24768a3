package github

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
)

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
// "orgs/acme". The cost is set on errors too; an answer that is not a whole one
// (203, 204, 206) is an [*Error].
func (s *Session) Get(ctx context.Context, path string) (json.RawMessage, Cost, error) {
	a, err := s.chain.rest(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, a.cost, err
	}
	return a.body, a.cost, nil
}

// Pages reads a whole list, 100 items a page. path is relative to the API root,
// such as "orgs/acme/repos?sort=created", or the Next of an earlier page, to
// resume there, or [Forward] of a path. It stops after the first error, which
// comes with a Page that only has the cost. A [*ChainError] says that there may be
// more than the pages that came before it.
//
// Lists of several pages are read from the last page to the first, where GitHub
// names the last. Pages are cut by offset: when an item is deleted, all after it
// move up, and reading forwards would silently miss the one that moves to the
// page just read. Backwards it comes twice, which shows that the list changed.
// For that the first page is requested twice: to learn the last, and at the end.
// Lists of two pages come as one, with no more requests; see pair.go.
func (s *Session) Pages(ctx context.Context, path string) iter.Seq2[Page, error] {
	return s.chain.pages(ctx, path)
}
