package fakegithub

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// applyFault lets a fault spoil a query, or answer it.
func (e *execution) applyFault() (a answer, done bool) {
	x := e.x
	if x.fault.kind.query == nil {
		return answer{}, false
	}
	a, done, ok := x.fault.kind.query(e, x.fault.fault)
	if !ok {
		x.s.faults.withdraw(x)
		return answer{}, false
	}
	if done {
		x.s.counted.fault(x.fault.kind.name)
	}
	return a, done
}

// spoil is what goes wrong within an execution: once, at the first place that
// fits.
type spoil struct {
	what   string // nodes, node, field
	skip   int    // places to skip before
	isDone bool
	below  []any // field: the path of the node that is spoilt
}

func spoilNodes(*exchange) *spoil  { return &spoil{what: "nodes"} }
func spoilNode(x *exchange) *spoil { return &spoil{what: "node", skip: x.chance("node", 1000)} }
func spoilField(x *exchange) *spoil {
	return &spoil{what: "field", skip: x.chance("field", 3)}
}

func (s *spoil) done(e *execution) {
	s.isDone = true
	e.x.s.counted.fault(e.x.fault.kind.name)
}

// field returns an error for the nodes of a connection, or for a field that holds
// objects; nil: the field stays as it is.
func (s *spoil) field(e *execution, f *ast.Field, path []any) *fieldError {
	t := f.Definition.Type
	if s.isDone || t.NonNull {
		return nil
	}
	switch {
	case s.what == "nodes" && f.Name == "nodes":
		s.done(e)
		return &fieldError{"RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded."}
	case s.what == "field" && s.below != nil && len(path) > len(s.below) && !e.engine.schema.Types[t.Name()].IsLeafType():
		if s.skip--; s.skip < 0 {
			s.done(e)
			return somethingWentWrong(e)
		}
	}
	return nil
}

// list chooses the node to spoil, and with "node" sets it to null.
func (s *spoil) list(e *execution, f *ast.Field, items []any, path []any) []any {
	if s.isDone || f.Name != "nodes" || len(items) == 0 || f.Definition.Type.Elem == nil || f.Definition.Type.Elem.NonNull {
		return items
	}
	switch s.what {
	case "field":
		if s.below == nil {
			s.below = slices.Clone(path)
		}
	case "node":
		s.done(e)
		items = slices.Clone(items)
		items[s.skip%len(items)] = somethingWentWrong(e)
	}
	return items
}

func somethingWentWrong(e *execution) *fieldError {
	return &fieldError{"", "Something went wrong while executing your query. Please include `" + e.x.id + "` when reporting this issue."}
}
