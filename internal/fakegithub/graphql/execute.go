package graphql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"auditor/internal/fakegithub/world"
)

// fields are the resolvers of one object type, by field name.
type fields map[string]fieldFunc

// fieldFunc resolves one field of a parent. A nil value is null. An error is
// reported at the field's path, which then is null.
type fieldFunc func(e *execution, parent any, args map[string]any) (any, *fieldError)

// fieldError is a refusal of one field.
type fieldError struct{ kind, message string }

// forbidden is what GitHub answers an App that lacks a permission.
func forbidden() *fieldError {
	return &fieldError{"FORBIDDEN", "Resource not accessible by integration"}
}

// record is a small object that needs no resolvers of its own.
type record struct {
	kind   string
	values map[string]any
}

// execution is the state of one query that is being executed.
type execution struct {
	query  *Query
	site   Site
	errors []Error
}

// run returns the data: null when a null propagated to the root.
func (e *execution) run() []byte {
	b, ok := e.object(nil, e.query.engine.schema.Query, queryRoot{}, []*ast.Field{{SelectionSet: e.query.op.SelectionSet}}, nil)
	if !ok {
		return []byte("null")
	}
	return b
}

// selected is one response key with all selections of it.
type selected struct {
	key    string
	fields []*ast.Field
}

// collect adds what a selection asks of an object of the concrete type.
func (e *execution) collect(out []selected, set ast.SelectionSet, concrete string) []selected {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if !e.query.isIncluded(s.Directives) {
				continue
			}
			i := slices.IndexFunc(out, func(o selected) bool { return o.key == s.Alias })
			if i < 0 {
				out = append(out, selected{s.Alias, []*ast.Field{s}})
			} else {
				out[i].fields = append(out[i].fields, s)
			}
		case *ast.InlineFragment:
			if e.query.isIncluded(s.Directives) && e.applies(s.TypeCondition, concrete) {
				out = e.collect(out, s.SelectionSet, concrete)
			}
		case *ast.FragmentSpread:
			if e.query.isIncluded(s.Directives) && e.applies(s.Definition.TypeCondition, concrete) {
				out = e.collect(out, s.Definition.SelectionSet, concrete)
			}
		}
	}
	return out
}

func (e *execution) applies(condition, concrete string) bool {
	return condition == "" || condition == concrete || slices.ContainsFunc(e.query.engine.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == concrete })
}

// object writes one object; ok is false when a null in a non-null field replaces
// it.
func (e *execution) object(b []byte, d *ast.Definition, value any, same []*ast.Field, path []any) (out []byte, ok bool) {
	var keys []selected
	for _, f := range same {
		keys = e.collect(keys, f.SelectionSet, d.Name)
	}
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, k.key), ':')
		if b, ok = e.field(b, d, value, k, append(path[:len(path):len(path)], k.key)); !ok {
			return b, false
		}
	}
	return append(b, '}'), true
}

// field resolves and completes one field.
func (e *execution) field(b []byte, d *ast.Definition, parent any, k selected, path []any) ([]byte, bool) {
	f := k.fields[0]
	if f.Name == "__typename" {
		return appendText(b, d.Name), true
	}
	args := f.ArgumentMap(e.query.vars)
	value, refused := e.resolve(d, parent, f, args)
	if e.site.Spoil != nil && refused == nil {
		refused = e.site.Spoil.field(e, f, path)
	}
	if refused != nil {
		err := errorAt(f, path, refused.kind, refused.message)
		if refused.kind == "FORBIDDEN" {
			err.Extensions = map[string]any{"saml_failure": false}
		}
		e.errors = append(e.errors, *err)
		return append(b, "null"...), !f.Definition.Type.NonNull || e.site.NullsStay
	}
	if c, isConnection := value.(connection); isConnection {
		page, refused := c.page(args)
		if refused != nil {
			e.errors = append(e.errors, *errorAt(f, path, refused.kind, refused.message))
			return append(b, "null"...), !f.Definition.Type.NonNull
		}
		page.kind = f.Definition.Type.Name()
		value = page
	}
	return e.complete(b, f.Definition.Type, value, k.fields, path)
}

// resolve finds the value: in a record by name, otherwise with the resolvers of
// the type. There is no introspection.
func (e *execution) resolve(d *ast.Definition, parent any, f *ast.Field, args map[string]any) (any, *fieldError) {
	if r, ok := parent.(record); ok {
		if v, ok := r.values[f.Name]; ok {
			return v, nil
		}
	} else if resolve := e.query.engine.types[d.Name][f.Name]; resolve != nil {
		return resolve(e, parent, args)
	}
	return nil, &fieldError{"INTERNAL", fmt.Sprintf("the simulated GitHub does not implement %s.%s", d.Name, f.Name)}
}

// complete writes a value in the form of its type.
func (e *execution) complete(b []byte, t *ast.Type, value any, same []*ast.Field, path []any) ([]byte, bool) {
	start := len(b)
	if value == nil {
		return append(b, "null"...), !t.NonNull
	}
	var ok bool
	if t.Elem != nil {
		b, ok = e.list(b, t, value.([]any), same, path)
	} else if d := e.query.engine.schema.Types[t.Name()]; d.IsLeafType() {
		b, ok = appendLeaf(b, value), true
	} else {
		if d.IsAbstractType() {
			d = e.query.engine.schema.Types[typeName(value)]
		}
		b, ok = e.object(b, d, value, same, path)
	}
	if !ok {
		return append(b[:start], "null"...), !t.NonNull
	}
	return b, true
}

func (e *execution) list(b []byte, t *ast.Type, items []any, same []*ast.Field, path []any) (out []byte, ok bool) {
	if e.site.Spoil != nil {
		items = e.site.Spoil.list(e, same[0], items, path)
	}
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		at := append(path[:len(path):len(path)], i)
		if missing, isMissing := item.(*fieldError); isMissing {
			e.errors = append(e.errors, *errorAt(same[0], at, missing.kind, missing.message))
			item = nil
		}
		if b, ok = e.complete(b, t.Elem, item, same, at); !ok {
			return b, false
		}
	}
	return append(b, ']'), true
}

func appendLeaf(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendText(b, v)
	case time.Time:
		return appendText(b, v.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return appendJSON(b, value)
}

// typeName is the object type of a value in an interface or a union.
func typeName(value any) string {
	switch v := value.(type) {
	case record:
		return v.kind
	case *world.World:
		return "Organization"
	case repositoryNode:
		return "Repository"
	case teamNode:
		return "Team"
	case userNode:
		return "User"
	}
	panic(fmt.Sprintf("graphql: %T is in no union", value))
}

// orNull replaces Go's zero by null.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// enum is GraphQL's spelling of a constant of package world.
func enum(s string) string { return strings.ToUpper(s) }

// appendText writes a JSON text, most of them without reflection.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			return appendJSON(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendJSON(b []byte, value any) []byte {
	j, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("graphql: marshal a leaf of %T: %v", value, err)) // a value of ours: a programming error
	}
	return append(b, j...)
}
