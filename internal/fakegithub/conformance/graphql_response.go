package conformance

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// checkGraphQLResponse validates an answer against its query: it has every selected
// field, of the type in the schema, and no others.
func (v *Validator) checkGraphQLResponse(p *problems, r *http.Request, status int, header http.Header, answer []byte) error {
	if status != http.StatusOK {
		v.checkRefusal(p, status, header, answer)
		return p.err()
	}
	text, err := body(r)
	if err != nil {
		return err
	}
	value, ok := jsonBody(p, header, answer)
	if !ok {
		return p.err()
	}
	fields, ok := value.(map[string]any)
	if !ok {
		p.add("must be an object of data and errors, got %s", short(value))
		return p.err()
	}
	hasErrors := checkGraphQLErrors(p, fields)
	request, err := readGraphQL(text)
	if err != nil {
		return p.err() // the request is CheckRequest's business
	}
	doc, variables, err := v.parse(request.Query, request.Variables)
	data := fields["data"]
	switch {
	case err != nil && !hasErrors:
		p.add("an invalid query was answered without errors")
	case data == nil && !hasErrors:
		p.add("neither data nor errors, got %s", short(value))
	case err == nil && data != nil:
		root := &ast.Field{SelectionSet: doc.Operations[0].SelectionSet}
		graphQLAnswer{v.schema, doc, variables}.check(p, "data", ast.NamedType(v.schema.Query.Name, nil), []*ast.Field{root}, data)
	}
	return p.err()
}

// checkGraphQLErrors reports whether there are errors, and what is wrong with
// their shape.
func checkGraphQLErrors(p *problems, fields map[string]any) bool {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains([]string{"data", "errors", "extensions"}, name) {
			p.add("/%s: GraphQL answers have no such field", name)
		}
	}
	errs, present := fields["errors"]
	list, ok := errs.([]any)
	if present && (!ok || len(list) == 0) {
		p.add("/errors: must be a list that is not empty, got %s", short(errs))
	}
	for i, item := range list {
		e, _ := item.(map[string]any)
		if message, _ := e["message"].(string); message == "" {
			p.add("/errors/%d/message: an error must have a message, got %s", i, short(item))
		}
		if _, isText := e["type"].(string); e["type"] != nil && !isText {
			p.add("/errors/%d/type: must be text, got %s", i, short(e["type"]))
		}
		for _, name := range []string{"path", "locations"} {
			if _, isList := e[name].([]any); e[name] != nil && !isList {
				p.add("/errors/%d/%s: must be a list, got %s", i, name, short(e[name]))
			}
		}
	}
	return len(list) > 0
}

// graphQLAnswer walks an answer along the query.
type graphQLAnswer struct {
	schema    *ast.Schema
	doc       *ast.QueryDocument
	variables map[string]any
}

// selected is what a query selects on one object: field by response key.
type selected map[string][]*ast.Field

// merge adds what set selects on an object of the concrete type.
func (a graphQLAnswer) merge(into selected, set ast.SelectionSet, concrete string) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if a.isIncluded(s.Directives) {
				into[s.Alias] = append(into[s.Alias], s)
			}
		case *ast.InlineFragment:
			if a.applies(s.TypeCondition, concrete) && a.isIncluded(s.Directives) {
				a.merge(into, s.SelectionSet, concrete)
			}
		case *ast.FragmentSpread:
			f := a.doc.Fragments.ForName(s.Name)
			if a.applies(f.TypeCondition, concrete) && a.isIncluded(s.Directives) {
				a.merge(into, f.SelectionSet, concrete)
			}
		}
	}
}

// isIncluded evaluates @include and @skip.
func (a graphQLAnswer) isIncluded(directives ast.DirectiveList) bool {
	for name, included := range map[string]bool{"include": true, "skip": false} {
		if d := directives.ForName(name); d != nil && d.ArgumentMap(a.variables)["if"] != included {
			return false
		}
	}
	return true
}

// applies reports whether a fragment on condition selects from concrete.
func (a graphQLAnswer) applies(condition, concrete string) bool {
	return condition == "" || condition == concrete || slices.ContainsFunc(a.schema.PossibleTypes[condition], func(d *ast.Definition) bool {
		return d.Name == concrete
	})
}

// check validates value against its type and against what the fields, which share
// a response key, select of it.
func (a graphQLAnswer) check(p *problems, at string, t *ast.Type, same []*ast.Field, value any) {
	d := a.schema.Types[t.Name()]
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	switch {
	case value == nil:
		if t.NonNull {
			p.add("%s: %s must not be null", at, t)
		}
	case t.Elem != nil && isList:
		for i, item := range list {
			a.check(p, fmt.Sprintf("%s[%d]", at, i), t.Elem, same, item)
		}
	case t.Elem == nil && d.IsLeafType() && isLeaf(d, value, false):
	case t.Elem == nil && d.IsCompositeType() && isObject:
		a.checkComposite(p, at, d, same, object)
	default:
		p.add("%s: must be %s, got %s", at, t, short(value))
	}
}

// checkComposite finds the type of the object. Where d is abstract, __typename names
// it; without that, at least one possible type must fit.
func (a graphQLAnswer) checkComposite(p *problems, at string, d *ast.Definition, same []*ast.Field, object map[string]any) {
	var closest []error
	isPossible := false
	for _, possible := range a.schema.GetPossibleTypes(d) {
		fields := selected{}
		for _, f := range same {
			a.merge(fields, f.SelectionSet, possible.Name)
		}
		if name, isNamed := typeName(fields, object); isNamed && name != possible.Name {
			continue
		}
		tried := &problems{where: p.where}
		a.checkObject(tried, at, fields, object)
		if len(tried.found) == 0 {
			return
		}
		if !isPossible || len(tried.found) < len(closest) {
			closest, isPossible = tried.found, true
		}
	}
	if !isPossible {
		p.add("%s: no %s is called %s", at, d.Name, short(object["__typename"]))
	}
	p.found = append(p.found, closest...)
}

func (a graphQLAnswer) checkObject(p *problems, at string, fields selected, object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if _, ok := fields[key]; !ok {
			p.add("%s.%s: was not asked for, got %s", at, key, short(object[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		same := fields[key]
		value, ok := object[key]
		if !ok {
			p.add("%s.%s: was asked for and is missing", at, key)
			continue
		}
		a.check(p, at+"."+key, same[0].Definition.Type, same, value)
		a.checkPage(p, at+"."+key, same[0], value)
	}
}

// checkPage validates a connection against the number of nodes that was asked for.
func (a graphQLAnswer) checkPage(p *problems, at string, f *ast.Field, value any) {
	arguments := f.ArgumentMap(a.variables)
	object, _ := value.(map[string]any)
	for _, size := range []string{"first", "last"} {
		limit, err := strconv.Atoi(fmt.Sprint(arguments[size]))
		for _, list := range []string{"nodes", "edges"} {
			if items, _ := object[list].([]any); err == nil && len(items) > limit {
				p.add("%s.%s: %s %d were asked for, got %d", at, list, size, limit, len(items))
			}
		}
	}
}

// typeName returns what the object says about its type, if that was asked.
func typeName(fields selected, object map[string]any) (string, bool) {
	for key, same := range fields {
		if same[0].Name == "__typename" {
			name, _ := object[key].(string)
			return name, true
		}
	}
	return "", false
}
