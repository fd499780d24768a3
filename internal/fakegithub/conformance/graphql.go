package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// isGraphQL reports whether u is the GraphQL endpoint of GitHub or of GHES.
func isGraphQL(u *url.URL) bool { return u.Path == "/graphql" || u.Path == "/api/graphql" }

// CheckGraphQL reports where a query is not valid against the schema or its
// variables are not of the types that it declares. It does not check what GitHub
// requires beyond the schema (first or last, node limits).
func (v *Validator) CheckGraphQL(query string, variables map[string]any) error {
	_, _, err := v.parse(query, variables)
	return err
}

// parse returns the query and its variables, with the defaults of those that are
// absent.
func (v *Validator) parse(query string, variables map[string]any) (*ast.QueryDocument, map[string]any, error) {
	doc, list := gqlparser.LoadQueryWithRules(v.schema, query, rules.NewDefaultRules())
	if len(list) > 0 {
		return nil, nil, fmt.Errorf("graphql: %w, in %s", list, short(query))
	}
	if len(doc.Operations) != 1 {
		return nil, nil, fmt.Errorf("graphql: one operation is expected, got %d", len(doc.Operations))
	}
	// Through JSON: the server reads that form, and gqlparser changes the
	// variables that it receives.
	text, err := json.Marshal(variables)
	if err != nil {
		return nil, nil, fmt.Errorf("graphql: variables: %w", err)
	}
	decoded, err := decode(text)
	if err != nil {
		return nil, nil, fmt.Errorf("graphql: variables: %w", err)
	}
	values, _ := decoded.(map[string]any)
	p := &problems{where: "graphql: variable"}
	v.checkVariables(p, doc.Operations[0], values)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	if values, err = validator.VariableValues(v.schema, doc.Operations[0], values); err != nil {
		return nil, nil, fmt.Errorf("graphql: %w", err)
	}
	return doc, values, nil
}

// checkVariables is as strict as GitHub where gqlparser is lenient: it takes
// "100" for an Int and asc for ASC.
func (v *Validator) checkVariables(p *problems, o *ast.OperationDefinition, values map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		declared := o.VariableDefinitions.ForName(name)
		if declared == nil {
			p.add("$%s is not declared, got %s", name, short(values[name]))
			continue
		}
		v.checkInput(p, "$"+name, declared.Type, values[name])
	}
	for _, declared := range o.VariableDefinitions {
		if _, ok := values[declared.Variable]; !ok && declared.Type.NonNull && declared.DefaultValue == nil {
			p.add("$%s is missing", declared.Variable)
		}
	}
}

func (v *Validator) checkInput(p *problems, at string, t *ast.Type, value any) {
	if value == nil {
		if t.NonNull {
			p.add("%s: %s must not be null", at, t)
		}
		return
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			list = []any{value} // a single value is a list of one
		}
		for i, item := range list {
			v.checkInput(p, fmt.Sprintf("%s[%d]", at, i), t.Elem, item)
		}
		return
	}
	d := v.schema.Types[t.NamedType]
	fields, isObject := value.(map[string]any)
	switch {
	case d.Kind == ast.InputObject && isObject:
		v.checkInputObject(p, at, d, fields)
	case d.Kind == ast.InputObject || !isLeaf(d, value, true):
		p.add("%s: not a %s, got %s", at, t.NamedType, short(value))
	}
}

func (v *Validator) checkInputObject(p *problems, at string, d *ast.Definition, fields map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := d.Fields.ForName(name)
		if f == nil {
			p.add("%s.%s: %s has no such field", at, name, d.Name)
			continue
		}
		v.checkInput(p, at+"."+name, f.Type, fields[name])
	}
	for _, f := range d.Fields {
		if _, ok := fields[f.Name]; !ok && f.Type.NonNull && f.DefaultValue == nil {
			p.add("%s.%s is missing", at, f.Name)
		}
	}
}

// isLeaf reports whether a decoded JSON value is one of a scalar or an enum. As
// input an ID is a text or a number, as output a text.
func isLeaf(d *ast.Definition, value any, isInput bool) bool {
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	_, isBool := value.(bool)
	switch {
	case d.Kind == ast.Enum:
		return isText && d.EnumValues.ForName(text) != nil
	case d.Name == "Int":
		n, err := strconv.ParseInt(number.String(), 10, 64)
		return isNumber && err == nil && n >= math.MinInt32 && n <= math.MaxInt32
	case d.Name == "Float":
		return isNumber
	case d.Name == "Boolean":
		return isBool
	case d.Name == "ID":
		return isText || isInput && isNumber
	case d.Name == "DateTime":
		return isText && formats["date-time"].Validate(text) == nil
	case d.Name == "URI":
		_, err := url.Parse(text)
		return isText && err == nil
	}
	return isText
}

// graphQLRequest is the body of a POST to the GraphQL endpoint.
type graphQLRequest struct {
	Query     string
	Variables map[string]any
}

func readGraphQL(text []byte) (graphQLRequest, error) {
	value, err := decode(text)
	if err != nil {
		return graphQLRequest{}, fmt.Errorf("body: %w, got %s", err, short(string(text)))
	}
	fields, _ := value.(map[string]any)
	for name := range fields {
		if !slices.Contains([]string{"query", "variables", "operationName"}, name) {
			return graphQLRequest{}, fmt.Errorf("body: a field %q that GraphQL does not know", name)
		}
	}
	var request graphQLRequest
	var isText, isObject bool
	request.Query, isText = fields["query"].(string)
	request.Variables, isObject = fields["variables"].(map[string]any)
	if !isText || !isObject && fields["variables"] != nil {
		return graphQLRequest{}, errors.New("body: must be an object of query and variables")
	}
	return request, nil
}

func (v *Validator) checkGraphQLRequest(p *problems, r *http.Request, text []byte) {
	if r.Method != http.MethodPost {
		p.add("GraphQL takes POST only")
		return
	}
	if r.URL.RawQuery != "" {
		p.add("GraphQL takes no query parameters, got %s", short(r.URL.RawQuery))
	}
	checkHeaders(p, r.Header, "")
	if !isJSON(r.Header) {
		p.add("header Content-Type must be application/json, got %q", r.Header.Get("Content-Type"))
	}
	request, err := readGraphQL(text)
	if err == nil {
		err = v.CheckGraphQL(request.Query, request.Variables)
	}
	if err != nil {
		p.add("%w", err)
	}
}
