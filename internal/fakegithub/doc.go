// Package fakegithub is a simulated GitHub that speaks real HTTP on loopback,
// for `auditor demo` and for every test that needs a server.
//
// Start with [Generate], which invents a [World] (one organization) from a
// seed, and [New], which serves it as GitHub would: App authentication with
// signed JWTs, installation tokens that expire, the fine-grained token lists
// with all their filters, repositories, settings, and GraphQL executed from
// the query that was really asked.
//
// It is meant to be at least as strict as GitHub. What a client gets wrong is
// refused here even where GitHub would shrug: a query parameter that the
// published description does not know answers 422 on every endpoint, so that
// `owner=x` instead of `owner[]=x` is noticed by a test and not by an auditor
// who wonders why the filter filtered nothing. What it says is honest with
// GitHub's published descriptions: every answer validates against the cut of
// the OpenAPI description in conformance, every query against schema/schema.graphql.
//
// Where the descriptions are silent, the package takes the harder reading for
// a client (payloads heavy with links, numeric ids in Link headers, offsets in
// timestamps, settings that are absent rather than disabled).
//
// Where it is simpler than GitHub: there are no branches but the default one,
// the writing token endpoints (review, revoke) are 404, narrowing a token to
// repositories and the search syntax of repository_query are refused, the
// conditional requests and the secondary limits are not simulated. Faults
// belong into [Options].Middleware, which sees every request before it is
// served.
//
// [Main] is the command cmd/fakegithub.
package fakegithub
