// Package conformance validates every request and every response of a test against
// GitHub's own descriptions: the OpenAPI description of the REST API and the
// GraphQL schema, both reduced by tools/cut. Only tests import it.
//
// Start with [Validator], whose checks return errors, and with [Wrap], which
// validates what passes between a handler and its clients and reports to a test.
//
// It is stricter than the descriptions where they say less than GitHub's
// documentation (array parameters are owner[]=a&owner[]=b, a page has at most 100
// items, timestamps are RFC 3339, a User-Agent is mandatory). It corrects them in
// the few places where they contradict GitHub's answers: see corrections.go.
package conformance

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Validator checks requests and responses. It is safe for concurrent use: it
// is never changed after New.
type Validator struct {
	routes     []*route
	components components
	schema     *ast.Schema
	// undeclared names response fields that are allowed although the description
	// does not declare them.
	undeclared map[string]bool
}

// New loads the descriptions. Fields of responses that the description does not
// declare are errors, except the names given: a test of drift names the fields
// that it invents.
func New(undeclared ...string) (*Validator, error) {
	d, err := describe()
	if err != nil {
		return nil, err
	}
	v := &Validator{routes: d.routes, components: d.components, schema: d.schema, undeclared: map[string]bool{}}
	for _, name := range append(undeclared, seenLive...) {
		v.undeclared[name] = true
	}
	return v, nil
}

// problems collects what is wrong with one message, each with its place.
type problems struct {
	where string
	found []error
}

// maxProblems limits the report of a page in which every item has the same
// problem.
const maxProblems = 10

func (p *problems) add(format string, args ...any) {
	switch {
	case len(p.found) < maxProblems:
		p.found = append(p.found, fmt.Errorf("%s: %w", p.where, fmt.Errorf(format, args...)))
	case len(p.found) == maxProblems:
		p.found = append(p.found, fmt.Errorf("%s: and more", p.where))
	}
}

func (p *problems) err() error { return errors.Join(p.found...) }

// short shows a value in a message, without flooding it.
func short(v any) string {
	s := fmt.Sprintf("%v", v)
	if text, ok := v.(string); ok {
		s = fmt.Sprintf("%q", text)
	}
	if runes := []rune(s); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return s
}

// body returns the request's body and leaves it readable.
func body(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read the body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	if err := r.Body.Close(); err != nil {
		return nil, fmt.Errorf("read the body of %s %s: %w", r.Method, r.URL.Path, err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(b)))
	return b, nil
}
