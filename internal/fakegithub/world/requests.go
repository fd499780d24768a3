package world

import (
	"slices"
	"strings"
	"time"
)

var reasons = []string{
	"Need this for the release pipeline of my team.", "CI for the new service", "Renovate setup, agreed with platform.",
	"access for the quarterly compliance export", "rotating my old token", "local development", "as discussed in #platform-help",
	"Dashboard of open pull requests", "please approve, blocked since yesterday",
}

// requests adds pending requests: old and new, with and without a reason, for
// new tokens, for wider access of known ones, for tokens that expired while the
// request was pending.
func (g *generator) requests() {
	for i := range g.shape.requests {
		r := g.request()
		switch i {
		case 0:
			r.Reason = g.hostileReason()
		case 1: // old, and broad
			r.CreatedAt, r.ExpiresAt, r.LastUsedAt = g.ago(20, 60), time.Time{}, time.Time{}
			r.Permissions = parsePermissions("contents=write workflows=write administration=write")
			g.choose(r, SelectAll, 0)
		case 2: // expired while pending
			r.CreatedAt = g.ago(35, 50)
			r.ExpiresAt = r.CreatedAt.AddDate(0, 0, 30)
			r.LastUsedAt = time.Time{}
		case 3:
			r.Reason = nil
		}
		g.world.Requests = append(g.world.Requests, r)
	}
	slices.SortStableFunc(g.world.Requests, func(a, b *Token) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, r := range g.world.Requests {
		r.ID = g.ids.next("Request")
		if r.TokenID == 0 {
			r.TokenID = g.ids.next("Token")
		}
	}
}

// request invents one; a fifth of them are for tokens that already have a grant.
func (g *generator) request() *Token {
	r := g.token()
	for r.Owner.Role == RoleOwner || r.Owner.Role == RoleGone { // owners need no approval
		r = g.token()
	}
	r.CreatedAt = []func() time.Time{
		func() time.Time { return g.ago(0.02, 4) }, func() time.Time { return g.ago(4, 20) }, func() time.Time { return g.ago(20, 90) },
	}[weighted(g.rng, 60, 28, 12)]()
	r.ExpiresAt, r.LastUsedAt = r.CreatedAt.AddDate(0, 0, int(pick(g.rng, lifetimes[1:]))), time.Time{}
	if g.chance(0.2) {
		known := pick(g.rng, g.world.Grants)
		if known.Owner.Role == RoleMember && !known.IsExpired(g.world.now) {
			r.Owner, r.TokenID, r.Name, r.LastUsedAt, r.ExpiresAt = known.Owner, known.TokenID, known.Name, known.LastUsedAt, known.ExpiresAt
		}
	}
	switch weighted(g.rng, 70, 15, 15) {
	case 0:
		text := pick(g.rng, reasons)
		r.Reason = &text
	case 1:
		text := ""
		r.Reason = &text
	}
	return r
}

// hostileReason is what an attacker or a tester writes: formulas, markup,
// mentions, terminal escapes, control characters, quotes, and far too long.
func (g *generator) hostileReason() *string {
	text := `=HYPERLINK("http://127.0.0.1/","open") +1+1 @everyone <script>alert('x')</script> | cell | **bold** [x](javascript:alert(1)) ` +
		"\x1b[31mred\x1b[0m \u202etxt.exe\u202c bell\x07 tab\there 'quote' \"double\" \\ back\nsecond line; DROP TABLE tokens;-- "
	text += strings.Repeat("please ", max(0, g.shape.hostileReason-len(text))/7)
	return &text
}
