// Package github is how the auditor talks to GitHub: REST over go-github,
// GraphQL over githubv4, both through one chain that authenticates, waits for
// rate limits, retries and keeps secrets out of every text.
//
// Start with [New], which returns a [Client]. [Client.Installation] opens a
// [Session] with one organization; [Session.Pages], [Session.Get] and
// [Session.Query] read from it. [Client.Close] revokes the tokens that were
// minted on the way.
//
// # The chain
//
// A request passes these links, one file each:
//
//	retry.go   repeats what failed on the way, waits for rate limits to end
//	auth.go    adds the credential, renews it once on 401
//	flight.go  admits: concurrency, pace, and nothing while limited
//	whole.go   sends one try under a deadline and reads its whole body
//
// limit.go recognizes a rate limit in an answer; gate.go remembers it for all
// workers of an installation; pace.go spreads requests over the minute. The
// chain only carries reads, GraphQL queries, the minting and the revoking of
// installation tokens: all of these may be repeated, so all of them are.
package github
