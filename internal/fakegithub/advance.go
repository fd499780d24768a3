package fakegithub

import (
	"maps"
	"slices"
	"time"
)

// AdvanceDay lets a day pass: tokens are used, made, widened, renewed and
// revoked, requests come and are decided, settings flip, a private repository
// is made public, somebody leaves. Deterministic from the world's seed and the
// number of days so far; only a generated world has a seed. Safe while the world is served; the clock of a Server
// whose Options.Now is set is not moved by it.
func (w *World) AdvanceDay() {
	w.Update(func() {
		w.now = w.now.AddDate(0, 0, 1)
		g := w.gen
		g.crowds()
		g.useTokens()
		g.revokeTokens()
		g.widenTokens()
		g.renewTokens()
		g.decideRequests()
		g.grantTokens()
		g.askForTokens()
		g.work()
		g.flipSettings()
		g.publish()
		g.leave()
	})
}

// share is how many of n change in a day: a fraction, but one at least.
func (g *generator) share(n int, fraction float64) int {
	return min(n, max(1, int(float64(n)*fraction+g.rng.Float64())))
}

// useTokens: what was in use yesterday mostly is today; now and then a
// sleeper wakes.
func (g *generator) useTokens() {
	for _, t := range g.Grants {
		idle := g.now.Sub(t.LastUsedAt).Hours() / 24
		chance := 0.005
		switch {
		case t.IsExpired(g.now):
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
	for range g.share(len(g.Grants), 0.003) {
		i := g.rng.IntN(len(g.Grants))
		g.Grants = slices.Delete(g.Grants, i, i+1)
	}
}

// widenTokens: more repositories, a read that becomes a write, or everything.
func (g *generator) widenTokens() {
	for range g.share(len(g.Grants), 0.002) {
		t := pick(g.rng, g.Grants)
		switch {
		case t.IsExpired(g.now):
		case t.Selection == SelectSubset && g.chance(0.2):
			g.choose(t, SelectAll, 0)
		case t.Selection == SelectSubset && g.chance(0.6):
			g.choose(t, SelectSubset, len(t.Repositories)+1+g.rng.IntN(4))
		default:
			t.Permissions.Repository = raised(t.Permissions.Repository)
		}
	}
}

// raised is a copy of a permission map with the first read made a write.
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

// renewTokens: a token in use that is about to expire is regenerated, often
// on its last day.
func (g *generator) renewTokens() {
	for _, t := range g.Grants {
		left := t.ExpiresAt.Sub(g.now)
		if t.ExpiresAt.IsZero() || left <= 0 || left > 72*time.Hour || !g.chance(0.25) {
			continue
		}
		t.ExpiresAt = g.now.AddDate(0, 0, int(pick(g.rng, lifetimes[1:]))).Truncate(time.Second)
	}
}

// decideRequests approves most of the old requests: a new grant, or a wider
// one where the token has a grant already.
func (g *generator) decideRequests() {
	kept := g.Requests[:0:0]
	for _, r := range g.Requests {
		if !g.chance(0.12) {
			kept = append(kept, r)
			continue
		}
		if r.IsExpired(g.now) || g.chance(0.25) {
			continue // denied or withdrawn
		}
		known := slices.IndexFunc(g.Grants, func(t *Token) bool { return t.TokenID == r.TokenID })
		if known >= 0 {
			t := g.Grants[known]
			t.Selection, t.Repositories, t.Permissions = r.Selection, r.Repositories, r.Permissions
			continue
		}
		grant := *r
		grant.ID, grant.Reason, grant.CreatedAt = g.ids.next("Grant"), nil, g.now.Add(-time.Minute)
		g.Grants = append(g.Grants, &grant)
	}
	g.Requests = kept
}

func (g *generator) grantTokens() {
	for range g.share(len(g.Grants), 0.004) {
		t := g.token()
		t.ID, t.TokenID = g.ids.next("Grant"), g.ids.next("Token")
		g.bornToday(t)
		g.Grants = append(g.Grants, t)
	}
}

// bornToday dates a token anew; only an endless one keeps its lack of an end.
func (g *generator) bornToday(t *Token) {
	t.CreatedAt, t.LastUsedAt = g.now.Add(-30*time.Second), zeroTime
	if !t.ExpiresAt.IsZero() {
		t.ExpiresAt = t.CreatedAt.AddDate(0, 0, int(pick(g.rng, lifetimes)))
	}
}

func (g *generator) askForTokens() {
	for range g.share(g.shape.requests, 0.08) {
		r := g.request()
		r.ID, r.CreatedAt = g.ids.next("Request"), g.now.Add(-time.Hour)
		if r.TokenID == 0 {
			r.TokenID = g.ids.next("Token")
			g.bornToday(r)
		}
		g.Requests = append(g.Requests, r)
	}
}

// work pushes to the repositories that are alive and creates a new one.
func (g *generator) work() {
	for _, r := range g.World.Repositories {
		idle := g.now.Sub(r.PushedAt).Hours() / 24
		if !r.IsArchived && !r.IsDisabled && !r.IsEmpty && (idle < 10 && g.chance(0.6) || g.chance(0.004)) {
			r.PushedAt = g.ago(0.01, 0.95)
			r.UpdatedAt = r.PushedAt
		}
	}
	for range g.share(len(g.World.Repositories), 0.001) {
		g.newRepository()
	}
}

func (g *generator) newRepository() {
	r := g.repository()
	r.CreatedAt, r.UpdatedAt, r.PushedAt = g.now.Add(-2*time.Hour), g.now.Add(-time.Hour), g.now.Add(-time.Hour)
	r.IsArchived, r.ArchivedAt, r.IsDisabled = false, zeroTime, false
	r.ID = g.ids.next("Repository")
	g.settings(r)
	g.World.Repositories = append(g.World.Repositories, r)
}

// flipSettings turns some protections on and some off.
func (g *generator) flipSettings() {
	if len(g.World.Repositories) == 0 {
		return
	}
	for range max(3, g.share(len(g.World.Repositories), 0.006)) {
		r := pick(g.rng, g.World.Repositories)
		if r.IsArchived || r.IsDisabled {
			continue
		}
		g.flip(r)
		r.UpdatedAt = g.now.Add(-time.Hour)
	}
}

func (g *generator) flip(r *Repository) {
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

// publish makes one private repository public, as happens, and archives one
// that nobody touched for long.
func (g *generator) publish() {
	private := slices.DeleteFunc(slices.Clone(g.World.Repositories), func(r *Repository) bool {
		return !r.IsPrivate() || r.IsArchived || r.IsDisabled || r.IsEmpty || r.CreatedAt.After(g.now.AddDate(0, 0, -14))
	})
	if len(private) > 0 {
		r := pick(g.rng, private)
		r.Visibility, r.AllowsForking, r.SecurityBlock = Public, true, ""
		if r.Security.SecretScanning == "" {
			r.Security.SecretScanning, r.Security.PushProtection = "disabled", "disabled"
		}
		r.Security.AdvancedSecurity = ""
	}
	for _, r := range g.World.Repositories {
		if !r.IsArchived && r.PushedAt.Before(g.now.AddDate(-3, 0, 0)) && !r.IsDisabled {
			r.IsArchived, r.ArchivedAt = true, g.now.Add(-3*time.Hour)
			return
		}
	}
}

// leave lets a member go, with the tokens still there, and another come.
func (g *generator) leave() {
	if people := g.crowd[RoleMember]; len(people) > 5 && g.chance(0.7) {
		g.dismiss(pick(g.rng, people))
	}
	if g.chance(0.6) {
		g.World.Users = append(g.World.Users, g.person(RoleMember))
	}
}

// dismiss makes a member somebody who was one.
func (w *World) dismiss(gone *User) {
	gone.Role = RoleGone
	for _, t := range w.Teams {
		t.Members = slices.DeleteFunc(slices.Clone(t.Members), func(u *User) bool { return u == gone })
	}
}
