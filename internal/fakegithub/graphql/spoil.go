package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// What a Spoil does.
const (
	SpoilNodes = "nodes" // RESOURCE_LIMITS_EXCEEDED in place of the nodes of a connection
	SpoilNode  = "node"  // null in place of one node, and an error
	SpoilField = "field" // null in place of one field, and an error
)

// Spoil is what goes wrong within a query: once, at the first place that fits. It is
// good for one Run.
type Spoil struct {
	What    string // one of the Spoil constants
	Skip    int    // places to skip before
	Message string // of the error, for a node and a field
	Done    func() // called when it happens

	isDone bool
	below  []any // with SpoilField: the path of the node that is spoilt
}

func (s *Spoil) done() {
	s.isDone = true
	s.Done()
}

// field returns an error for the nodes of a connection, or for a field that holds
// objects; nil: the field stays as it is.
func (s *Spoil) field(e *execution, f *ast.Field, path []any) *fieldError {
	t := f.Definition.Type
	if s.isDone || t.NonNull {
		return nil
	}
	switch {
	case s.What == SpoilNodes && f.Name == "nodes":
		s.done()
		return &fieldError{"RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded."}
	case s.What == SpoilField && s.below != nil && len(path) > len(s.below) && !e.query.engine.schema.Types[t.Name()].IsLeafType():
		if s.Skip--; s.Skip < 0 {
			s.done()
			return s.failure()
		}
	}
	return nil
}

// list chooses the node to spoil, and with "node" sets it to null.
func (s *Spoil) list(e *execution, f *ast.Field, items []any, path []any) []any {
	if s.isDone || f.Name != "nodes" || len(items) == 0 || f.Definition.Type.Elem == nil || f.Definition.Type.Elem.NonNull {
		return items
	}
	switch s.What {
	case SpoilField:
		if s.below == nil {
			s.below = slices.Clone(path)
		}
	case SpoilNode:
		s.done()
		items = slices.Clone(items)
		items[s.Skip%len(items)] = s.failure()
	}
	return items
}

func (s *Spoil) failure() *fieldError { return &fieldError{"", s.Message} }
