package fakegithub

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"auditor/internal/fakegithub/schema"
)

// graphqlEngine executes queries against GitHub's schema, reduced to what is used.
// It knows types and fields, no particular queries.
type graphqlEngine struct {
	schema *ast.Schema
	rules  *rules.Rules
	types  map[string]fields
}

func newGraphQLEngine() *graphqlEngine {
	return &graphqlEngine{
		schema: gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.GraphQL}),
		rules:  rules.NewDefaultRules(),
		types:  objectTypes(),
	}
}

// graphqlError is one entry of errors.
type graphqlError struct {
	Type       string           `json:"type,omitempty"`
	Path       []any            `json:"path,omitempty"`
	Extensions map[string]any   `json:"extensions,omitempty"`
	Locations  []map[string]int `json:"locations,omitempty"`
	Message    string           `json:"message"`
}

// graphqlRequest is the body of POST /graphql.
type graphqlRequest struct {
	Query         *string        `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

func postGraphQL(x *exchange) answer {
	body, err := io.ReadAll(io.LimitReader(x.r.Body, 4<<20))
	if err != nil {
		return x.refuse(http.StatusBadRequest, "Problems reading the body", x.route.docs)
	}
	var q graphqlRequest
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber() // an Int variable must not become a float
	if err := d.Decode(&q); err != nil {
		return x.refuse(http.StatusBadRequest, "Problems parsing JSON", x.route.docs)
	}
	if q.Query == nil {
		return graphqlAnswer(nil, []graphqlError{{Message: "A query attribute must be specified and must be a string."}})
	}
	e, errs := x.prepare(q)
	if errs != nil {
		return graphqlAnswer(nil, errs)
	}
	if limit := x.graphqlLimit(); limit >= 0 {
		left, ok := x.s.limits.spend(x.who(), graphqlResource, limit, e.cost, x.now)
		x.limitHeaders(graphqlResource, left)
		if !ok {
			x.askToWait(graphqlResource, left.reset)
			return x.exceededPoints()
		}
		e.left = left
	}
	if x.fault != nil {
		if a, done := e.applyFault(); done {
			return a
		}
	}
	data := e.run()
	return graphqlAnswer(data, e.errors)
}

// graphqlAnswer is HTTP 200, also when the query failed.
func graphqlAnswer(data []byte, errs []graphqlError) answer {
	o := begin(nil)
	if data != nil {
		o.raw("data", data)
	}
	if len(errs) > 0 {
		o.any("errors", errs)
	}
	return answer{http.StatusOK, o.end()}
}

// prepare parses and validates a query and computes its cost.
func (x *exchange) prepare(q graphqlRequest) (*execution, []graphqlError) {
	g := x.s.graphql
	doc, invalid := gqlparser.LoadQueryWithRules(g.schema, *q.Query, g.rules)
	if len(invalid) > 0 {
		return nil, validationErrors(invalid)
	}
	op := doc.Operations.ForName(q.OperationName)
	if op == nil || q.OperationName == "" && len(doc.Operations) > 1 {
		return nil, []graphqlError{{Message: "An operation name is required"}}
	}
	vars, err := validator.VariableValues(g.schema, op, q.Variables)
	if err != nil {
		return nil, []graphqlError{{Message: err.Error(), Extensions: map[string]any{"code": "variableInvalid"}}}
	}
	e := &execution{x: x, engine: g, vars: vars, op: op}
	if errs := e.weigh(); errs != nil {
		return nil, errs
	}
	return e, nil
}

// validationCodes are GitHub's names for the rules of the specification.
var validationCodes = map[string]string{
	"FieldsOnCorrectType": "undefinedField", "KnownArgumentNames": "argumentNotAccepted", "ProvidedRequiredArguments": "missingRequiredArguments",
	"ValuesOfCorrectType": "argumentLiteralsIncompatible", "NoUndefinedVariables": "variableNotDefined", "NoUnusedVariables": "variableNotUsed",
	"VariablesInAllowedPosition": "variableMismatch", "ScalarLeafs": "selectionMismatch", "KnownTypeNames": "undefinedType",
	"KnownFragmentNames": "useAndDefineFragment", "NoUnusedFragments": "useAndDefineFragment", "OverlappingFieldsCanBeMerged": "fieldConflict",
}

func validationErrors(list gqlerror.List) []graphqlError {
	var out []graphqlError
	for _, e := range list {
		one := graphqlError{Message: e.Message}
		for _, l := range e.Locations {
			one.Locations = append(one.Locations, map[string]int{"line": l.Line, "column": l.Column})
		}
		if code := validationCodes[e.Rule]; code != "" {
			one.Extensions = map[string]any{"code": code}
		}
		out = append(out, one)
	}
	return out
}
