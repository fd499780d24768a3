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
// repositories and the search syntax of repository_query are refused,
// conditional requests are not simulated.
//
// Left alone it is the GitHub of a quiet day. [Options] make it the other one:
//
//   - Limits: PointsPerMinute, GraphQLPointsPerMinute and Concurrent enforce
//     the secondary limits in any Window, RateLimit and GraphQLLimit the
//     primary ones in any PrimaryWindow. Windows can be shortened.
//   - Faults: a list of [Fault], each a row of the table that [FaultKinds]
//     shows, by rate or at the n-th request; [AllFaults] is everything at once.
//     They are the same at every run with the same Seed, and they end, so that
//     a client that tries again often enough gets everything.
//   - Drift: a script of [Change], each at a named moment of the client's own
//     reading. [Server.Settle] takes the steps whose moment never came.
//
// [Server.Counters], or GET /_fakegithub/counters from another process, tells
// what a client did, also while it had been told to wait. [Server.Calm], or
// POST /_fakegithub/calm, ends the faults and settles the drift: what a client
// collects then is what it should have collected before. What these do not
// cover belongs into [Options].Middleware, which sees every request before it
// is served.
//
// [Main] is the command cmd/fakegithub.
package fakegithub
