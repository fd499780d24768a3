package world

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The lifetimes of tokens, as of the generation.
const (
	alive    = iota // expires within a year
	expiring        // expires within two weeks
	expired         // has expired, but is still listed
	endless         // never expires
	farAhead        // expires in more than a year
)

// The last use of tokens.
const (
	fresh   = iota // within three days
	weekly         // within three weeks
	dormant        // months ago
	unused         // never
)

// tokens adds the notable ones first, then ordinary ones by persona, and sorts
// all by the date of the grant.
func (g *generator) tokens() {
	for _, n := range notableTokens {
		g.world.Grants = append(g.world.Grants, g.notable(n))
	}
	for len(g.world.Grants) < g.shape.tokens {
		g.world.Grants = append(g.world.Grants, g.token())
	}
	slices.SortStableFunc(g.world.Grants, func(a, b *Token) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, t := range g.world.Grants {
		t.ID, t.TokenID = g.ids.next("Grant"), g.ids.next("Token")
	}
}

// token invents an ordinary one.
func (g *generator) token() *Token {
	p := g.persona()
	t := &Token{Owner: g.tokenOwner(p), Permissions: parsePermissions(pick(g.rng, p.permissions))}
	g.choose(t, []string{SelectAll, SelectSubset, SelectNone}[weighted(g.rng, p.all, p.subset, p.none)], 0)
	t.Name = g.tokenName(p, t)
	life := []int{alive, expiring, expired, endless, farAhead}[weighted(g.rng, 66, 6, 11, 12, 5)]
	use := []int{fresh, weekly, dormant, unused}[weighted(g.rng, p.use[:]...)]
	g.date(t, life, use)
	return t
}

func (g *generator) persona() *persona {
	weights := make([]int, len(personas))
	for i, p := range personas {
		weights[i] = p.weight
	}
	return &personas[weighted(g.rng, weights...)]
}

// tokenOwner draws the owner. Automation belongs to machine accounts,
// administration to owners, the rest to people; a few of them own many tokens.
func (g *generator) tokenOwner(p *persona) *User {
	switch {
	case p.machine > 0 && g.chance(float64(p.machine)/100):
		return skewed(g.rng, g.groups[machines])
	case p.owners:
		return pick(g.rng, g.groups[RoleOwner])
	case g.chance(0.03) && len(g.groups[RoleGone]) > 0:
		return pick(g.rng, g.groups[RoleGone])
	case g.chance(0.03) && len(g.groups[RoleOutside]) > 0:
		return pick(g.rng, g.groups[RoleOutside])
	}
	return skewed(g.rng, g.groups[humans])
}

// choose sets the selection; n is the length of the list, 0 draws a length. The
// selection none leaves only organization permissions.
func (g *generator) choose(t *Token, selection string, n int) {
	t.Selection, t.Repositories = selection, nil
	switch selection {
	case SelectSubset:
		if n == 0 {
			n = g.reachLength()
		}
		t.Repositories = g.sampleRepositories(min(n, len(g.world.Repositories)))
	case SelectNone:
		t.Permissions.Repository = nil
	}
}

func (g *generator) tokenName(p *persona, t *Token) string {
	name := pick(g.rng, p.names)
	repository := pick(g.rng, g.world.Repositories).Name
	if len(t.Repositories) > 0 {
		repository = t.Repositories[0].Name
	}
	return strings.NewReplacer("{repo}", repository, "{team}", pick(g.rng, g.world.Teams).Slug,
		"{year}", strconv.Itoa(g.world.now.Year()-g.rng.IntN(3)), "{n}", strconv.Itoa(1+g.rng.IntN(4)),
		"{env}", pick(g.rng, []string{"prod", "staging", "dev"})).Replace(name)
}

// lifetimes are the expirations that GitHub's form offers, in days.
var lifetimes = []float64{7, 30, 60, 90, 90, 180, 365, 365}

// date sets consistent dates: the grant comes before the last use, the last use
// before the expiry.
func (g *generator) date(t *Token, life, use int) {
	day := func(days float64) time.Duration { return time.Duration(days * 24 * float64(time.Hour)) }
	span := pick(g.rng, lifetimes)
	age := g.rng.Float64() * (span - 1)
	switch life {
	case alive:
		span = max(span, 30)
		age = g.rng.Float64() * (span - 15)
	case expiring:
		age = span - (0.4 + g.rng.Float64()*min(12, span-1))
	case expired:
		age = span + 0.5 + g.rng.Float64()*300
	case endless:
		age, span = 15+g.rng.Float64()*1000, 0
	case farAhead:
		span = pick(g.rng, []float64{730, 1095, 1825})
		age = g.rng.Float64() * (span - 370)
	}
	g.dateFrom(t, use, age, span, day)
}

func (g *generator) dateFrom(t *Token, use int, age, span float64, day func(float64) time.Duration) {
	t.CreatedAt = g.world.now.Add(-day(age)).Truncate(time.Second)
	if span > 0 {
		t.ExpiresAt = t.CreatedAt.Add(day(span)).Truncate(time.Second)
	}
	var idle float64
	switch use {
	case fresh:
		idle = g.rng.Float64() * 3
	case weekly:
		idle = 3 + g.rng.Float64()*18
	case dormant:
		idle = 45 + g.rng.Float64()*400
	case unused:
		return
	}
	if span > 0 {
		idle = max(idle, age-span+0.01) // nobody uses an expired token
	}
	idle = min(idle, age*0.98)
	t.LastUsedAt = g.world.now.Add(-day(idle)).Truncate(time.Second)
}

// parsePermissions reads "contents=write issues=read | members=read": repository
// permissions before the bar, organization permissions after it. Repository
// permissions include metadata=read, as GitHub's form adds it.
func parsePermissions(s string) Permissions {
	repository, organization, _ := strings.Cut(s, "|")
	p := Permissions{Repository: levels(repository), Organization: levels(organization)}
	if p.Repository != nil {
		p.Repository["metadata"] = "read"
	}
	return p
}

func levels(s string) map[string]string {
	var m map[string]string
	for _, f := range strings.Fields(s) {
		if m == nil {
			m = map[string]string{}
		}
		key, level, _ := strings.Cut(f, "=")
		m[key] = level
	}
	return m
}
