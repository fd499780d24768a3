// Package fakegithub is a simulated GitHub that speaks real HTTP on loopback,
// for `auditor demo` and for every test that needs a server.
//
// Start with [Server]: [New] makes one that serves an organization of
// internal/fakegithub/world as GitHub would. It has App authentication with
// signed JWTs, installation tokens that expire, the lists of fine-grained tokens
// with all their filters, repositories, settings, and GraphQL, which
// internal/fakegithub/graphql executes.
//
// It is at least as strict as GitHub and refuses mistakes of a client that
// GitHub ignores: an unknown query parameter answers 422 on every endpoint, so
// that a test fails on `owner=x` in place of `owner[]=x`, where GitHub would
// silently not filter. Its answers agree with GitHub's published descriptions:
// tests validate every answer against the OpenAPI description in conformance,
// and every query is validated against schema/schema.graphql.
//
// Where the descriptions leave a choice, it takes the one that is harder for a
// client: payloads with many links, numeric ids in Link headers, time zone
// offsets in timestamps, settings that are absent rather than disabled.
//
// Where it is simpler than GitHub: the default branch is the only one, token
// endpoints that write (review, revoke) answer 404, narrowing a token to
// repositories and the search syntax of repository_query are refused,
// conditional requests are not simulated.
//
// Without options it never fails and never limits. [Options] add:
//
//   - Limits: PointsPerMinute, GraphQLPointsPerMinute and Concurrent enforce
//     the secondary limits in any Window, RateLimit and GraphQLLimit the
//     primary ones in any PrimaryWindow.
//   - Faults: a list of [Fault] of the kinds in [FaultKinds], by rate or at the
//     n-th request; [AllFaults] has every kind. The same Seed gives the same
//     faults, and they end, so that a client that retries gets everything.
//   - Drift: a list of [Change], each at a moment that depends on what the client
//     has read. [Server.Settle] makes the changes whose moment never came.
//
// [Server.Counters], or GET /_fakegithub/counters from another process, reports
// what a client did, and whether it sent requests while it should have waited.
// [Server.Calm], or POST /_fakegithub/calm, ends the faults and makes the
// remaining changes: what a client collects then is what it should have
// collected before. [Options].Middleware sees every request before it is served,
// for whatever else a test needs.
//
// [Main] is the command cmd/fakegithub.
package fakegithub
