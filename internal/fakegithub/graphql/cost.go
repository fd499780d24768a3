package graphql

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxNodes and maxPage are how many nodes one query, and one connection, may ask
// for.
const (
	maxNodes = 500_000
	maxPage  = 100
)

// weigh checks the bounds of every connection before the execution, and computes
// nodes and points: one point for every hundred requests that the connections
// count for, at least one.
func (q *Query) weigh() []Error {
	requests := 0
	errs := q.weighSet(q.op.SelectionSet, 1, []any{}, &requests)
	if len(errs) == 0 && q.Nodes > maxNodes {
		errs = append(errs, Error{Type: "MAX_NODE_LIMIT_EXCEEDED", Message: fmt.Sprintf("This query requests up to %d possible nodes which exceeds the maximum limit of %d.", q.Nodes, maxNodes)})
	}
	q.Cost = max(1, (requests+50)/100)
	return errs
}

// weighSet adds up a selection whose parent occurs so many times.
func (q *Query) weighSet(set ast.SelectionSet, times int, path []any, requests *int) []Error {
	var errs []Error
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			errs = append(errs, q.weighField(s, times, path, requests)...)
		case *ast.InlineFragment:
			if q.isIncluded(s.Directives) {
				errs = append(errs, q.weighSet(s.SelectionSet, times, path, requests)...)
			}
		case *ast.FragmentSpread:
			if q.isIncluded(s.Directives) {
				errs = append(errs, q.weighSet(s.Definition.SelectionSet, times, path, requests)...)
			}
		}
	}
	return errs
}

func (q *Query) weighField(f *ast.Field, times int, path []any, requests *int) []Error {
	if !q.isIncluded(f.Directives) {
		return nil
	}
	path = append(path[:len(path):len(path)], f.Alias)
	if strings.HasSuffix(f.Definition.Type.Name(), "Connection") {
		bound, err := q.bound(f, path)
		if err != nil {
			return []Error{*err}
		}
		if times == 1 {
			q.Items = max(q.Items, bound)
		}
		*requests = min(*requests+times, 1<<40)
		times = min(times*bound, 1<<40)
		q.Nodes = min(q.Nodes+times, 1<<40)
	}
	ids, isByID := f.ArgumentMap(q.vars)["ids"].([]any)
	items := max(q.Items, len(ids))
	errs := q.weighSet(f.SelectionSet, times, path, requests)
	if isByID { // only the outermost list counts
		q.Items = items
	}
	return errs
}

// bound reads first or last, which GitHub requires for every connection.
func (q *Query) bound(f *ast.Field, path []any) (int, *Error) {
	args := f.ArgumentMap(q.vars)
	for _, name := range []string{"first", "last"} {
		n, given := intArgument(args[name])
		switch {
		case !given:
		case n > maxPage:
			return 0, errorAt(f, path, "EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `%s` limit of %d records.", n, f.Name, name, maxPage))
		case n < 1:
			return 0, errorAt(f, path, "MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("`%s` on the `%s` connection cannot be less than one.", name, f.Name))
		default:
			return n, nil
		}
	}
	return 0, errorAt(f, path, "MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", f.Name))
}

func errorAt(f *ast.Field, path []any, kind, message string) *Error {
	out := &Error{Type: kind, Path: append([]any(nil), path...), Message: message}
	if f.Position != nil {
		out.Locations = []map[string]int{{"line": f.Position.Line, "column": f.Position.Column}}
	}
	return out
}

// isIncluded evaluates @skip and @include.
func (q *Query) isIncluded(directives ast.DirectiveList) bool {
	for _, d := range directives {
		condition, _ := d.ArgumentMap(q.vars)["if"].(bool)
		if d.Name == "skip" && condition || d.Name == "include" && !condition {
			return false
		}
	}
	return true
}

// intArgument reads an Int argument, literal or variable; given is false for
// an absent or null one.
func intArgument(v any) (n int, given bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case int:
		return v, true
	case float64:
		return int(v), true
	case json.Number:
		i, err := v.Int64()
		return int(i), err == nil
	}
	return 0, false
}
