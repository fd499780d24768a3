// Package graphql executes GraphQL queries on simulated organizations as GitHub
// would: against GitHub's schema, with its limits on pages and nodes, its points,
// and its way to hide what an App may not see.
//
// Start with [Engine]: [Engine.Prepare] turns a [Request] into a [Query] and computes
// its cost, and [Query.Run] executes it on a [Site] for its [Viewer]. The engine
// knows types and fields, no particular queries.
package graphql

import (
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"auditor/internal/fakegithub/schema"
	"auditor/internal/fakegithub/world"
)

// Engine validates and executes queries. It is safe for concurrent use.
type Engine struct {
	schema *ast.Schema
	rules  *rules.Rules
	types  map[string]fields
}

// NewEngine loads GitHub's schema, reduced to what is used.
func NewEngine() *Engine {
	return &Engine{
		schema: gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.GraphQL}),
		rules:  rules.NewDefaultRules(),
		types:  objectTypes(),
	}
}

// Request is the body of POST /graphql. Numbers in Variables must be json.Number.
type Request struct {
	Query         *string        `json:"query"` // nil: the body has none
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// Error is one entry of the errors in an answer.
type Error struct {
	Type       string           `json:"type,omitempty"`
	Path       []any            `json:"path,omitempty"`
	Extensions map[string]any   `json:"extensions,omitempty"`
	Locations  []map[string]int `json:"locations,omitempty"`
	Message    string           `json:"message"`
}

// Site is what a query is executed on, and for whom.
type Site struct {
	Worlds    []*world.World // the organizations of the server, which stay unchanged meanwhile
	Web       string         // root of the links to pages, without a slash
	Viewer    Viewer
	RateLimit *RateLimit // nil: there is no limit
	NullsStay bool       // the null of a refused non-null field stays in its place
	Spoil     *Spoil     // what goes wrong; nil: nothing
}

// Viewer is the installation that sent a query.
type Viewer struct {
	World    *world.World                        // its organization; nil for a personal account
	Has      func(permission, level string) bool // whether it has at least that level
	Includes func(*world.Repository) bool        // whether it covers a repository of World
}

// RateLimit is the budget of points after the query was paid.
type RateLimit struct {
	Limit, Used, Remaining int
	ResetAt                time.Time
}

// Query is a valid query with its cost.
type Query struct {
	Cost  int // points
	Nodes int // how many it may return at most
	Items int // how many the outermost connections and lists of ids ask for

	engine *Engine
	op     *ast.OperationDefinition
	vars   map[string]any
}

// Prepare parses and validates a query and computes its cost. It returns the errors
// to answer with when the query is not valid or too large.
func (g *Engine) Prepare(r Request) (*Query, []Error) {
	if r.Query == nil {
		return nil, []Error{{Message: "A query attribute must be specified and must be a string."}}
	}
	doc, invalid := gqlparser.LoadQueryWithRules(g.schema, *r.Query, g.rules)
	if len(invalid) > 0 {
		return nil, validationErrors(invalid)
	}
	op := doc.Operations.ForName(r.OperationName)
	if op == nil || r.OperationName == "" && len(doc.Operations) > 1 {
		return nil, []Error{{Message: "An operation name is required"}}
	}
	vars, err := validator.VariableValues(g.schema, op, r.Variables)
	if err != nil {
		return nil, []Error{{Message: err.Error(), Extensions: map[string]any{"code": "variableInvalid"}}}
	}
	q := &Query{engine: g, op: op, vars: vars}
	if errs := q.weigh(); errs != nil {
		return nil, errs
	}
	return q, nil
}

// Run executes the query. data is JSON: null when a null propagated to the root.
func (q *Query) Run(site Site) (data []byte, errs []Error) {
	e := &execution{query: q, site: site}
	data = e.run()
	return data, e.errors
}

// validationCodes are GitHub's names for the rules of the specification.
var validationCodes = map[string]string{
	"FieldsOnCorrectType": "undefinedField", "KnownArgumentNames": "argumentNotAccepted", "ProvidedRequiredArguments": "missingRequiredArguments",
	"ValuesOfCorrectType": "argumentLiteralsIncompatible", "NoUndefinedVariables": "variableNotDefined", "NoUnusedVariables": "variableNotUsed",
	"VariablesInAllowedPosition": "variableMismatch", "ScalarLeafs": "selectionMismatch", "KnownTypeNames": "undefinedType",
	"KnownFragmentNames": "useAndDefineFragment", "NoUnusedFragments": "useAndDefineFragment", "OverlappingFieldsCanBeMerged": "fieldConflict",
}

func validationErrors(list gqlerror.List) []Error {
	var out []Error
	for _, e := range list {
		one := Error{Message: e.Message}
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
