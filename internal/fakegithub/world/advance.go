package world

import (
	"maps"
	"slices"
	"time"
)

// AdvanceDay simulates a day: tokens are used, granted, widened, renewed and
// revoked, requests arrive and are decided, settings change, a private repository
// becomes public, somebody leaves. The result depends only on the seed and the
// number of days so far; a world that was not generated has no seed and panics.
// Safe while the world is served. A server with a clock of its own keeps it.
func (w *World) AdvanceDay() {
	w.Update(func() {
		w.now = w.now.AddDate(0, 0, 1)
		g := w.gen
		g.groupPeople()
		g.useTokens()
		g.revokeTokens()
		g.widenTokens()
		g.renewTokens()
		g.decideRequests()
		g.addGrants()
		g.addRequests()
		g.push()
		g.changeSettings()
		g.publishOne()
		g.archiveOne()
		g.changeMembers()
	})
}

// share is how many of n change in a day: a fraction, but at least one.
func (g *generator) share(n int, fraction float64) int {
	return min(n, max(1, int(float64(n)*fraction+g.rng.Float64())))
}

// useTokens: what was in use yesterday mostly is today; a dormant token is
// rarely used again.
func (g *generator) useTokens() {
	for _, t := range g.world.Grants {
		idle := g.world.now.Sub(t.LastUsedAt).Hours() / 24
		chance := 0.005
		switch {
		case t.IsExpired(g.world.now):
			chance = 0
		case t.LastUsedAt.IsZero():
			chance = 0.01
		case idle < 5:
			chance = 0.8
		case idle < 30:
			chance = 0.15
		}
		if g.chance(chance) {
			t.LastUsedAt = g.ago(0.01, 0.95)
		}
	}
}

func (g *generator) revokeTokens() {
	for range g.share(len(g.world.Grants), 0.003) {
		i := g.rng.IntN(len(g.world.Grants))
		g.world.Grants = slices.Delete(g.world.Grants, i, i+1)
	}
}

// widenTokens gives some tokens more: more repositories, all of them, or write
// in place of read.
func (g *generator) widenTokens() {
	for range g.share(len(g.world.Grants), 0.002) {
		t := pick(g.rng, g.world.Grants)
		switch {
		case t.IsExpired(g.world.now):
		case t.Selection == SelectSubset && g.chance(0.2):
			g.choose(t, SelectAll, 0)
		case t.Selection == SelectSubset && g.chance(0.6):
			g.choose(t, SelectSubset, len(t.Repositories)+1+g.rng.IntN(4))
		default:
			t.Permissions.Repository = raised(t.Permissions.Repository)
		}
	}
}

// raised copies a permission map and replaces the first read by write.
func raised(m map[string]string) map[string]string {
	m = maps.Clone(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if m[key] == "read" && key != "metadata" && key != "secret_scanning_alerts" {
			m[key] = "write"
			break
		}
	}
	return m
}

// renewTokens regenerates tokens that are about to expire, often on their last
// day.
func (g *generator) renewTokens() {
	for _, t := range g.world.Grants {
		left := t.ExpiresAt.Sub(g.world.now)
		if t.ExpiresAt.IsZero() || left <= 0 || left > 72*time.Hour || !g.chance(0.25) {
			continue
		}
		t.ExpiresAt = g.world.now.AddDate(0, 0, int(pick(g.rng, lifetimes[1:]))).Truncate(time.Second)
	}
}

// decideRequests approves most of the old requests: a new grant, or a wider
// one where the token has a grant already.
func (g *generator) decideRequests() {
	kept := g.world.Requests[:0:0]
	for _, r := range g.world.Requests {
		if !g.chance(0.12) {
			kept = append(kept, r)
			continue
		}
		if r.IsExpired(g.world.now) || g.chance(0.25) {
			continue // denied or withdrawn
		}
		known := slices.IndexFunc(g.world.Grants, func(t *Token) bool { return t.TokenID == r.TokenID })
		if known >= 0 {
			t := g.world.Grants[known]
			t.Selection, t.Repositories, t.Permissions = r.Selection, r.Repositories, r.Permissions
			continue
		}
		grant := *r
		grant.ID, grant.Reason, grant.CreatedAt = g.ids.next("Grant"), nil, g.world.now.Add(-time.Minute)
		g.world.Grants = append(g.world.Grants, &grant)
	}
	g.world.Requests = kept
}

func (g *generator) addGrants() {
	for range g.share(len(g.world.Grants), 0.004) {
		g.world.Grants = append(g.world.Grants, g.newGrant())
	}
}

// newGrant makes a token that was granted just now.
func (g *generator) newGrant() *Token {
	t := g.token()
	t.ID, t.TokenID = g.ids.next("Grant"), g.ids.next("Token")
	g.dateToday(t)
	return t
}

// dateToday sets the dates of a token that was created just now; one that never
// expires stays so.
func (g *generator) dateToday(t *Token) {
	t.CreatedAt, t.LastUsedAt = g.world.now.Add(-30*time.Second), time.Time{}
	if !t.ExpiresAt.IsZero() {
		t.ExpiresAt = t.CreatedAt.AddDate(0, 0, int(pick(g.rng, lifetimes)))
	}
}

func (g *generator) addRequests() {
	for range g.share(g.shape.requests, 0.08) {
		g.world.Requests = append(g.world.Requests, g.newRequest(time.Hour))
	}
}

// newRequest makes a request of the given age for a token that has a grant, or
// one of just now for a new token.
func (g *generator) newRequest(age time.Duration) *Token {
	r := g.request()
	r.ID, r.CreatedAt = g.ids.next("Request"), g.world.now.Add(-age)
	if r.TokenID == 0 {
		r.TokenID = g.ids.next("Token")
		g.dateToday(r)
	}
	return r
}

// push updates the repositories in use and creates a new one.
func (g *generator) push() {
	for _, r := range g.world.Repositories {
		idle := g.world.now.Sub(r.PushedAt).Hours() / 24
		if !r.IsArchived && !r.IsDisabled && !r.IsEmpty && (idle < 10 && g.chance(0.6) || g.chance(0.004)) {
			r.PushedAt = g.ago(0.01, 0.95)
			r.UpdatedAt = r.PushedAt
		}
	}
	for range g.share(len(g.world.Repositories), 0.001) {
		g.addRepository()
	}
}

func (g *generator) addRepository() {
	r := g.repository()
	r.CreatedAt, r.UpdatedAt, r.PushedAt = g.world.now.Add(-2*time.Hour), g.world.now.Add(-time.Hour), g.world.now.Add(-time.Hour)
	r.IsArchived, r.ArchivedAt, r.IsDisabled = false, time.Time{}, false
	r.ID = g.ids.next("Repository")
	g.settings(r)
	g.world.Repositories = append(g.world.Repositories, r)
}

// changeSettings turns some protections on and some off.
func (g *generator) changeSettings() {
	if len(g.world.Repositories) == 0 {
		return
	}
	for range max(3, g.share(len(g.world.Repositories), 0.006)) {
		r := pick(g.rng, g.world.Repositories)
		if r.IsArchived || r.IsDisabled {
			continue
		}
		g.changeSetting(r)
		r.UpdatedAt = g.world.now.Add(-time.Hour)
	}
}

func (g *generator) changeSetting(r *Repository) {
	toggle := func(s *string) {
		switch *s {
		case "enabled":
			*s = "disabled"
		case "disabled":
			*s = "enabled"
		}
	}
	switch g.rng.IntN(6) {
	case 0:
		toggle(&r.Security.SecretScanning)
		if r.Security.SecretScanning == "disabled" {
			r.Security.PushProtection = "disabled"
		}
	case 1:
		toggle(&r.Security.PushProtection)
	case 2:
		if r.HasVulnerabilityAlerts = !r.HasVulnerabilityAlerts; !r.HasVulnerabilityAlerts {
			r.Security.DependabotSecurityUpdates = "disabled"
		}
	case 3:
		if r.HasVulnerabilityAlerts {
			toggle(&r.Security.DependabotSecurityUpdates)
		}
	case 4:
		r.HasPrivateReporting = !r.HasPrivateReporting && r.Visibility == Public
	default:
		if r.Protections = slices.DeleteFunc(slices.Clone(r.Protections), func(p *BranchProtection) bool { return p.Pattern == r.DefaultBranch }); len(r.Protections) == 0 && !r.IsEmpty && g.chance(0.5) {
			r.Protections = append(r.Protections, g.classic(r, 0.9))
		}
	}
}

// publishOne makes a private repository public.
func (g *generator) publishOne() {
	private := slices.DeleteFunc(slices.Clone(g.world.Repositories), func(r *Repository) bool {
		return !r.IsPrivate() || r.IsArchived || r.IsDisabled || r.IsEmpty || r.CreatedAt.After(g.world.now.AddDate(0, 0, -14))
	})
	if len(private) > 0 {
		r := pick(g.rng, private)
		r.Visibility, r.AllowsForking, r.SecurityBlock = Public, true, ""
		if r.Security.SecretScanning == "" {
			r.Security.SecretScanning, r.Security.PushProtection = "disabled", "disabled"
		}
		r.Security.AdvancedSecurity = ""
	}
}

// archiveOne archives a repository without a push in three years.
func (g *generator) archiveOne() {
	for _, r := range g.world.Repositories {
		if !r.IsArchived && r.PushedAt.Before(g.world.now.AddDate(-3, 0, 0)) && !r.IsDisabled {
			r.IsArchived, r.ArchivedAt = true, g.world.now.Add(-3*time.Hour)
			return
		}
	}
}

// changeMembers removes a member, whose tokens stay, and adds another.
func (g *generator) changeMembers() {
	if people := g.groups[RoleMember]; len(people) > 5 && g.chance(0.7) {
		g.world.dismiss(pick(g.rng, people))
	}
	if g.chance(0.6) {
		g.world.Users = append(g.world.Users, g.person(RoleMember))
	}
}
