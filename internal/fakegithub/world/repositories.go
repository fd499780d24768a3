package world

import (
	"slices"
	"strings"
	"time"
)

// repositoryKind is a family of repositories that look alike.
type repositoryKind struct {
	weight                    int
	suffixes                  []string // of the name, after a domain
	language                  string
	public, private, internal int // weights of the visibilities
	topics                    []string
}

var domains = strings.Fields("payments billing checkout ledger invoicing accounts identity auth sso profile catalog search pricing inventory orders shipping returns warehouse fleet routing messaging email push webhooks gateway edge proxy config feature-flags experiments metrics logging tracing alerts reports exports imports etl warehouse-sync lake ml recommendations ranking fraud risk kyc consent privacy support chat tickets knowledge portal admin partner marketplace mobile android ios web storefront cms media images video translations scheduler jobs workers")

var repositoryKinds = []repositoryKind{
	{26, []string{"api", "service", "backend", "worker", "svc"}, "Go", 2, 78, 20, []string{"service", "go"}},
	{14, []string{"web", "frontend", "ui", "dashboard"}, "TypeScript", 6, 76, 18, []string{"frontend"}},
	{10, []string{"sdk", "client", "lib", "go", "js"}, "TypeScript", 55, 30, 15, []string{"sdk", "library"}},
	{10, []string{"infra", "terraform", "helm", "deploy"}, "HCL", 0, 85, 15, []string{"terraform", "infrastructure"}},
	{8, []string{"docs", "handbook", "rfcs"}, "", 30, 40, 30, []string{"documentation"}},
	{9, []string{"pipeline", "models", "notebooks", "jobs"}, "Python", 2, 88, 10, []string{"data"}},
	{6, []string{"app", "android", "ios"}, "Kotlin", 3, 90, 7, []string{"mobile"}},
	{7, []string{"cli", "tools", "scripts", "action"}, "Shell", 25, 50, 25, []string{"tooling"}},
	{6, []string{"legacy", "v1", "monolith", "batch"}, "Java", 0, 97, 3, []string{"legacy"}},
	{4, []string{"poc", "spike", "demo", "hackathon"}, "JavaScript", 12, 78, 10, nil},
}

// repositories adds the notable ones that every organization has, then ordinary
// ones, and sorts all by age.
func (g *generator) repositories() {
	g.world.Repositories = append(g.world.Repositories, g.notableRepositories()...)
	for len(g.world.Repositories) < g.shape.repositories {
		g.world.Repositories = append(g.world.Repositories, g.repository())
	}
	slices.SortStableFunc(g.world.Repositories, func(a, b *Repository) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, r := range g.world.Repositories {
		r.ID = g.ids.next("Repository")
	}
	for _, r := range g.world.Repositories {
		g.settings(r)
	}
}

// repository invents an ordinary one.
func (g *generator) repository() *Repository {
	weights := make([]int, len(repositoryKinds))
	for i, k := range repositoryKinds {
		weights[i] = k.weight
	}
	k := &repositoryKinds[weighted(g.rng, weights...)]
	domain := pick(g.rng, domains)
	name := domain + []string{"-", "_", "."}[weighted(g.rng, 90, 6, 4)] + pick(g.rng, k.suffixes)
	r := g.plain(g.unique(name), []string{Public, Private, Internal}[weighted(g.rng, k.public, k.private, k.internal)])
	r.Language = k.language
	r.Description = title(strings.ReplaceAll(domain, "-", " ")) + " " + strings.TrimLeft(name[len(domain):], "-_.")
	if g.chance(0.25) {
		r.Description = ""
	}
	r.Topics = append(r.Topics, k.topics...)
	switch {
	case g.chance(0.09):
		r.IsArchived, r.ArchivedAt = true, g.ago(20, 700)
		r.PushedAt = minTime(r.PushedAt, r.ArchivedAt.Add(-time.Hour))
		r.CreatedAt = minTime(r.CreatedAt, r.PushedAt.AddDate(0, -7, 0))
	case g.chance(0.02):
		r.IsEmpty, r.PushedAt, r.Size = true, r.CreatedAt, 0 // a repository's creation counts as a push
	case g.chance(0.03):
		r.IsFork = true
	case g.chance(0.012):
		r.IsTemplate = true
	case g.chance(0.004):
		r.IsDisabled = true
	}
	if strings.HasPrefix(name, "payments") || strings.HasPrefix(name, "billing") || strings.HasPrefix(name, "ledger") || strings.HasPrefix(name, "kyc") {
		r.Topics = append(r.Topics, "pci")
	}
	return r
}

// plain is a repository with ordinary facts and no settings yet.
func (g *generator) plain(name, visibility string) *Repository {
	created := g.ago(3, 2100)
	r := &Repository{Name: name, Visibility: visibility, DefaultBranch: "main", CreatedAt: created, Properties: map[string]any{},
		HasIssues: true, HasProjects: true, HasWiki: g.chance(0.4), HasDiscussions: g.chance(0.1), AllowsForking: visibility == Public || g.chance(0.2),
		DeletesBranchOnMerge: g.chance(0.5), AllowsAutoMerge: g.chance(0.3), Size: 40 + g.rng.IntN(90_000), OpenIssues: g.rng.IntN(40)}
	if created.Before(g.world.now.AddDate(-4, 0, 0)) && g.chance(0.6) {
		r.DefaultBranch = "master"
	}
	if g.chance(0.02) {
		r.DefaultBranch = "develop"
	}
	r.PushedAt = g.pushed(created)
	r.UpdatedAt = minTime(g.world.now, r.PushedAt.Add(time.Duration(g.rng.IntN(3600))*time.Second))
	if visibility == Public {
		r.Stars, r.Forks = g.rng.IntN(400), g.rng.IntN(60)
		r.License = pick(g.rng, []string{"MIT", "Apache-2.0", "MIT", ""})
	}
	return r
}

// pushed draws the last push: most repositories are in use, some are dormant, a
// few are abandoned.
func (g *generator) pushed(created time.Time) time.Time {
	var at time.Time
	switch weighted(g.rng, 55, 25, 20) {
	case 0:
		at = g.ago(0.05, 21)
	case 1:
		at = g.ago(21, 300)
	default:
		at = g.ago(366, 1500)
	}
	if at.Before(created) {
		return created.Add(time.Hour)
	}
	return at
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// notableRepositories are the ones a reader looks for: special names, and each
// state at least once even in a small organization.
func (g *generator) notableRepositories() []*Repository {
	login := g.world.Org.Login
	var out []*Repository
	for _, n := range [...]struct {
		name, visibility, language string
		make                       func(*Repository)
	}{
		{".github", Public, "", func(r *Repository) { r.Description = "Default community health files" }},
		{login + ".github.io", Public, "HTML", func(r *Repository) { r.HasPages = true }},
		{"payments-api", Private, "Go", func(r *Repository) {
			r.Topics = []string{"pci", "service", "go"}
			r.PushedAt = g.ago(0.1, 2)
		}},
		{"payments-gateway", Private, "Go", func(r *Repository) { r.Topics = []string{"pci", "service"} }},
		{"infrastructure", Internal, "HCL", func(r *Repository) {
			r.Topics = []string{"terraform", "infrastructure"}
			r.PushedAt = g.ago(0.1, 4)
		}},
		{"design-system", Public, "TypeScript", func(r *Repository) {
			r.Topics = []string{"frontend", "design"}
			r.PushedAt = g.ago(0.5, 9)
		}},
		{"service-template", Internal, "Go", func(r *Repository) { r.IsTemplate = true }},
		{"nginx-ingress", Public, "Go", func(r *Repository) { r.IsFork, r.Description = true, "Fork with our patches" }},
		{"Old.NET_Billing--2014", Private, "C#", func(r *Repository) {
			r.CreatedAt, r.DefaultBranch = g.ago(2000, 2100), "master"
			r.PushedAt, r.IsArchived, r.ArchivedAt = g.ago(1200, 1500), true, g.ago(600, 900)
		}},
		{"playground", Private, "", func(r *Repository) { r.IsEmpty, r.PushedAt, r.Size = true, r.CreatedAt, 0 }},
		{"crypto_export.test", Private, "C", func(r *Repository) { r.IsDisabled = true }},
		{"x", Private, "", func(r *Repository) { r.PushedAt = g.ago(500, 900) }},
	} {
		r := g.plain(g.unique(n.name), n.visibility)
		r.Language = n.language
		n.make(r)
		if !r.PushedAt.IsZero() && r.CreatedAt.After(r.PushedAt) {
			r.CreatedAt = r.PushedAt.AddDate(0, -5, 0)
		}
		out = append(out, r)
	}
	return out
}
