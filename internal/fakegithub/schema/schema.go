// Package schema holds the cut of GitHub's GraphQL schema by which the
// simulated GitHub answers, and by which tests judge queries: [GraphQL].
package schema

import _ "embed"

// GraphQL is the cut in GraphQL's schema language, made by
// internal/fakegithub/cut; its head tells package, version and licence.
//
//go:embed schema.graphql
var GraphQL string
