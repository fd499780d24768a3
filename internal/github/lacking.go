package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// fieldSet are the fields of GraphQL queries that the server does not have: an
// older GitHub Enterprise Server lacks what newer ones have. Each is a path as
// GraphQL's errors give it, without the operation, joined by dots:
// "nodes.... on Repository.deployKeys.nodes.enabled". Safe for concurrent use.
type fieldSet struct {
	mu    sync.Mutex
	paths map[string]bool
}

// add takes in some fields, and reports whether one of them is new.
func (s *fieldSet) add(paths []string) (isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		isNew = isNew || !s.paths[p]
		s.paths[p] = true
	}
	return isNew
}

// sorted lists the fields.
func (s *fieldSet) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sortedKeys(s.paths)
}

// Lacks lists the fields of earlier queries that the server does not have, as
// paths in an answer joined by dots, sorted: "nodes.deployKeys.nodes.enabled".
func (s *Session) Lacks() []string {
	var paths []string
	for _, p := range s.chain.client.lacking.sorted() {
		var steps []string
		for _, step := range splitPath(p) {
			if !strings.HasPrefix(step, onType) {
				steps = append(steps, step)
			}
		}
		paths = append(paths, strings.Join(steps, "."))
	}
	return slices.Compact(paths)
}

const (
	onType    = "... on "
	separator = "\x00"
)

func splitPath(path string) []string { return strings.Split(path, separator) }

// missingFields are the paths of the fields that a server says it does not have.
// Such an error is about the query, not about data:
// {"path":["query","nodes","... on Repository","deployKeys","nodes","enabled"],
// "extensions":{"code":"undefinedField","typeName":"DeployKey",
// "fieldName":"enabled"},"message":"Field 'enabled' doesn't exist on type
// 'DeployKey'"}. A field whose argument it lacks is missing too: without the
// argument it would mean something else.
func missingFields(errors []envelopeError) (paths []string) {
	for _, e := range errors {
		var steps []string
		for _, raw := range e.Path {
			var step string
			if json.Unmarshal(raw, &step) != nil {
				break
			}
			steps = append(steps, step)
		}
		if e.Extensions.Code == "argumentNotAccepted" && len(steps) > 0 {
			steps = steps[:len(steps)-1]
		}
		isMissing := slices.Contains([]string{"undefinedField", "undefinedType", "argumentNotAccepted"}, e.Extensions.Code)
		if isMissing && len(steps) > 1 {
			paths = append(paths, strings.Join(steps[1:], separator)) // the first is the operation
		}
	}
	return paths
}

// strip returns a request whose query asks for none of the fields.
func (s *fieldSet) strip(req *http.Request) (*http.Request, error) {
	paths := s.sorted()
	if len(paths) == 0 || req.Body == nil {
		return req, nil
	}
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	var query struct {
		Query     string          `json:"query"`
		Variables json.RawMessage `json:"variables,omitempty"`
	}
	if err := json.Unmarshal(body, &query); err != nil {
		return nil, fmt.Errorf("read our own query: %w", err)
	}
	if query.Query, err = withoutFields(query.Query, paths); err != nil {
		return nil, err
	}
	if body, err = json.Marshal(query); err != nil {
		return nil, err
	}
	again := req.Clone(req.Context())
	again.ContentLength = int64(len(body))
	again.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	again.Body, err = again.GetBody()
	return again, err
}

// withoutFields returns a query that does not ask for the fields at these paths,
// nor for what is left empty without them.
func withoutFields(query string, paths []string) (string, error) {
	document, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return "", fmt.Errorf("parse our own query: %w", err)
	}
	for _, operation := range document.Operations {
		operation.SelectionSet = prune(operation.SelectionSet, "", paths)
		text := selectionText(operation.SelectionSet)
		operation.VariableDefinitions = slices.DeleteFunc(operation.VariableDefinitions, func(v *ast.VariableDefinition) bool {
			return !regexp.MustCompile(`\$` + v.Variable + `\b`).MatchString(text)
		})
	}
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent(" ")).FormatQueryDocument(document)
	return b.String(), nil
}

func prune(set ast.SelectionSet, at string, paths []string) ast.SelectionSet {
	return slices.DeleteFunc(set, func(s ast.Selection) bool {
		step, below := "", (*ast.SelectionSet)(nil)
		switch s := s.(type) {
		case *ast.Field:
			step, below = s.Name, &s.SelectionSet
		case *ast.InlineFragment:
			step, below = onType+s.TypeCondition, &s.SelectionSet
		default:
			return false
		}
		path := step
		if at != "" {
			path = at + separator + step
		}
		if slices.Contains(paths, path) {
			return true
		}
		had := len(*below)
		*below = prune(*below, path, paths)
		return had > 0 && len(*below) == 0
	})
}

// selectionText is the text of a selection, to look for variables in.
func selectionText(set ast.SelectionSet) string {
	var b strings.Builder
	document := &ast.QueryDocument{Operations: ast.OperationList{{Operation: ast.Query, SelectionSet: set}}}
	formatter.NewFormatter(&b).FormatQueryDocument(document)
	return b.String()
}
