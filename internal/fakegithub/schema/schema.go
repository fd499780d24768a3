// Package schema holds the part of GitHub's GraphQL schema that the simulated
// GitHub executes queries against and that tests validate queries with. Its only
// name is [GraphQL].
package schema

import _ "embed"

// GraphQL is that part in GraphQL's schema language, made by tools/cut. Its first
// lines name the source with its version and licence.
//
//go:embed schema.graphql
var GraphQL string
