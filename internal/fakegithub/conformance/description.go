package conformance

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"auditor/internal/fakegithub/schema"
)

//go:embed testdata/openapi.json
var openAPI []byte

// components are the named parts of the OpenAPI description that are used
// outside the operations: the shapes of errors.
type components struct {
	basicError      *openapi3.Schema
	validationError *openapi3.Schema
}

// description is both descriptions, loaded and corrected.
type description struct {
	routes     []*route
	components components
	schema     *ast.Schema
}

// describe loads the descriptions once for all validators: they are only read
// afterwards.
var describe = sync.OnceValues(func() (*description, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		return nil, fmt.Errorf("testdata/openapi.json: %w", err)
	}
	doc.Servers = nil
	if err := correct(doc); err != nil {
		return nil, fmt.Errorf("testdata/openapi.json: %w", err)
	}
	types, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.GraphQL})
	if err != nil {
		return nil, fmt.Errorf("schema.graphql: %w", err)
	}
	return &description{
		routes:     routesOf(doc),
		components: components{doc.Components.Schemas["basic-error"].Value, doc.Components.Schemas["validation-error"].Value},
		schema:     types,
	}, nil
})

// route is one path of the description with its operations by method.
type route struct {
	template   string   // "/orgs/{org}/repos"
	segments   []string // "orgs", "{org}", "repos"
	operations map[string]*operation
}

// operation is one REST operation, with the parameters of its path included.
type operation struct {
	declared   *openapi3.Operation
	name       string // "GET /orgs/{org}/repos"
	parameters openapi3.Parameters
}

// parameter returns the declared parameter of that name in "query" or "path",
// or nil.
func (o *operation) parameter(in, name string) *openapi3.Parameter {
	return o.parameters.GetByInAndName(in, name)
}

func routesOf(doc *openapi3.T) []*route {
	var routes []*route
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		r := &route{template: path, segments: strings.Split(path, "/")[1:], operations: map[string]*operation{}}
		for method, o := range item.Operations() {
			r.operations[method] = &operation{
				declared:   o,
				name:       method + " " + path,
				parameters: slices.Concat(item.Parameters, o.Parameters),
			}
		}
		routes = append(routes, r)
	}
	return routes
}
