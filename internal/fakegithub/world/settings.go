package world

import (
	"strings"
)

// settings assigns an owning team and sets, by that team's maturity, everything
// that a security audit reads.
func (g *generator) settings(r *Repository) {
	team := pick(g.rng, g.world.Teams)
	m := g.maturity[team]
	if r.Visibility == Public {
		m = min(0.97, m+0.15)
	}
	if r.IsArchived || strings.Contains(r.Name, "legacy") || strings.Contains(r.Name, "poc") {
		m *= 0.5
	}
	g.access(r, team)
	g.properties(r, team)
	r.HasVulnerabilityAlerts = g.chance(m + 0.1)
	g.security(r, m)
	if r.HasVulnerabilityAlerts && !r.IsEmpty && g.chance(0.6) {
		r.OpenAlerts = g.rng.IntN(int(30*(1-m)) + 2)
	}
	r.IsSecurityFixesPaused = r.Security.DependabotSecurityUpdates == "enabled" && r.PushedAt.Before(g.world.now.AddDate(0, -4, 0)) && g.chance(0.5)
	r.HasPrivateReporting = r.Visibility == Public && !r.IsArchived && g.chance(m-0.1)
	r.HasSecurityPolicy = r.Visibility == Public && g.chance(m) || g.chance(0.1)
	r.SignoffRequired = g.chance(0.04)
	if r.IsEmpty {
		return
	}
	g.codeowners(r, m, team)
	g.deployKeys(r)
	g.protect(r, m)
}

func (g *generator) access(r *Repository, team *Team) {
	r.Teams = append(r.Teams, TeamAccess{team, pick(g.rng, []string{"admin", "maintain", "push"})})
	if len(g.groups[RoleOutside]) > 0 && g.chance(0.06) {
		r.Collaborators = append(r.Collaborators, Collaborator{pick(g.rng, g.groups[RoleOutside]), pick(g.rng, []string{"push", "pull"})})
	}
	if other := pick(g.rng, g.world.Teams); other != team && g.chance(0.6) {
		r.Teams = append(r.Teams, TeamAccess{other, pick(g.rng, []string{"pull", "push", "triage"})})
	}
}

func (g *generator) properties(r *Repository, team *Team) {
	switch weighted(g.rng, 60, 20, 20) {
	case 0:
		r.Properties["team"] = team.Slug
		r.Properties["tier"] = pick(g.rng, []string{"critical", "standard", "standard", "experimental"})
	case 1:
		r.Properties["team"], r.Properties["tier"] = team.Slug, nil
	}
	if g.chance(0.25) {
		r.Properties["compliance"] = [][]string{{"soc2"}, {"soc2", "iso27001"}, {"pci", "soc2"}}[g.rng.IntN(3)]
	}
	if strings.HasPrefix(r.Name, "payments") {
		r.Properties["tier"] = "critical"
	}
}

// security sets the security_and_analysis block. Public repositories have the
// free features. Private ones have them only with a licence; without one GitHub
// omits the block, or parts of it, or sends null.
func (g *generator) security(r *Repository, m float64) {
	s := &r.Security
	status := func(p float64) string {
		if g.chance(p) {
			return "enabled"
		}
		return "disabled"
	}
	s.DependabotSecurityUpdates = "disabled"
	if r.HasVulnerabilityAlerts { // the updates need the alerts
		s.DependabotSecurityUpdates = status(m - 0.1)
	}
	if r.IsPrivate() {
		switch weighted(g.rng, 62, 24, 9, 5) {
		case 0: // licensed
			s.AdvancedSecurity, s.CodeSecurity = "enabled", status(m)
		case 1:
			r.SecurityBlock = "absent"
			return
		case 2: // not licensed: only the free features are present
			return
		default:
			r.SecurityBlock = "null"
			return
		}
	}
	s.SecretScanning = status(m + 0.05)
	s.PushProtection, s.NonProviderPatterns, s.ValidityChecks, s.DelegatedAlertDismissal = "disabled", "disabled", "disabled", "disabled"
	if s.SecretScanning == "enabled" {
		s.PushProtection = status(m - 0.05)
		s.NonProviderPatterns, s.ValidityChecks = status(m/3), status(m/2)
		s.DelegatedAlertDismissal = status(m / 8)
	}
	if g.chance(0.7) {
		s.AIDetection = status(m / 3)
	}
	s.DelegatedBypass = "disabled"
	if s.PushProtection == "enabled" && g.chance(0.12) {
		s.DelegatedBypass, s.BypassReviewers = "enabled", []int64{g.world.Teams[0].ID}
	}
}

// codeownersMistakes are common errors, in the words of GitHub.
var codeownersMistakes = []CodeownersError{
	{3, 1, "Invalid pattern", "***/*.rb @monalisa", "Invalid pattern on line 3: Did you mean `**/*.rb`?\n\n  ***/*.rb @monalisa\n  ^", "Did you mean `**/*.rb`?"},
	{7, 7, "Invalid owner", "*.txt docs@", "Invalid owner on line 7:\n\n  *.txt docs@\n        ^", ""},
	{12, 9, "Unknown owner", "/deploy @ghost-of-2019", "Unknown owner on line 12: make sure @ghost-of-2019 exists and has write access to the repository\n\n  /deploy @ghost-of-2019\n          ^", "make sure @ghost-of-2019 exists and has write access to the repository"},
	{1, 3, "Unknown owner", "* @platform-old", "Unknown owner on line 1: make sure the team @platform-old exists, is publicly visible, and has write access to the repository\n\n  * @platform-old\n    ^", "make sure the team @platform-old exists, is publicly visible, and has write access to the repository"},
}

func (g *generator) codeowners(r *Repository, m float64, team *Team) {
	if !g.chance(m - 0.1) {
		return
	}
	r.Codeowners = &Codeowners{Path: pick(g.rng, []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"})}
	if g.chance(0.2) {
		for range 1 + g.rng.IntN(3) {
			r.Codeowners.Errors = append(r.Codeowners.Errors, pick(g.rng, codeownersMistakes))
		}
	}
}

func (g *generator) deployKeys(r *Repository) {
	if !g.chance(0.22) {
		return
	}
	for range 1 + g.rng.IntN(2) {
		r.DeployKeys = append(r.DeployKeys, DeployKey{
			ID: g.ids.next("DeployKey"), Title: pick(g.rng, []string{"argo-cd", "jenkins", "ci", "deploy", "backup server", "staging checkout"}),
			IsReadOnly: g.chance(0.7), IsVerified: g.chance(0.95), IsOff: g.chance(0.04), CreatedAt: g.ago(5, 1200),
		})
	}
}

// protect adds a classic rule for the default branch, a ruleset of the
// repository, both or none. Organization rulesets apply in addition.
func (g *generator) protect(r *Repository, m float64) {
	if g.chance(m - 0.08) {
		r.Protections = append(r.Protections, g.classic(r, m))
	}
	if g.chance(0.2) {
		r.Rulesets = append(r.Rulesets, g.ownRuleset(r, m))
	}
	if g.chance(0.05) {
		p := g.classic(r, m)
		p.Pattern = "release/*"
		r.Protections = append(r.Protections, p)
	}
}

func (g *generator) classic(r *Repository, m float64) *BranchProtection {
	p := &BranchProtection{ID: g.ids.next("BranchProtectionRule"), Pattern: r.DefaultBranch, RequiresReviews: g.chance(m + 0.2),
		RequiresStatusChecks: g.chance(m), RequiresSignatures: g.chance(0.1), RequiresLinear: g.chance(0.25), RequiresResolution: g.chance(m / 2),
		AllowsForcePushes: g.chance(0.08), AllowsDeletions: g.chance(0.05), IsAdminEnforced: g.chance(m - 0.3), Creator: pick(g.rng, g.groups[humans])}
	if p.RequiresReviews {
		p.ReviewCount = []int{0, 1, 2}[weighted(g.rng, 6, 74, 20)]
		p.RequiresCodeOwners = r.Codeowners != nil && g.chance(0.5)
		p.DismissesStale, p.RequiresLastPush = g.chance(m-0.1), g.chance(m/3)
		if g.chance(0.1) {
			p.PullRequestBypassers = []*User{pick(g.rng, g.groups[humans])}
		}
	}
	if p.RequiresStatusChecks {
		p.StatusContexts, p.RequiresStrict = []string{"build", "test"}, g.chance(0.5)
	}
	return p
}

func (g *generator) ownRuleset(r *Repository, m float64) *Ruleset {
	s := g.ruleset(pick(g.rng, []string{"main", "protect default", "Default branch"}), []string{"active", "evaluate", "disabled"}[weighted(g.rng, 75, 15, 10)])
	s.Source = r
	s.Rules = append(s.Rules, g.rule("DELETION"), g.rule("NON_FAST_FORWARD"))
	if g.chance(m + 0.1) {
		s.Rules = append(s.Rules, g.pullRequestRule(PullRequestRule{ReviewCount: 1 + g.rng.IntN(2), DismissesStale: g.chance(m), RequiresCodeOwners: r.Codeowners != nil && g.chance(0.4)}))
	}
	if g.chance(0.3) {
		s.BypassActors = append(s.BypassActors, BypassActor{ID: g.ids.next("Rule"), Mode: "ALWAYS", RepositoryRole: "admin"})
	}
	return s
}

// rulesets adds those of the organization: a baseline, a strict one for
// payments, one that is only evaluated and one that is disabled.
func (g *generator) rulesets() {
	baseline := g.ruleset("baseline", "active")
	baseline.Repositories = []string{"*-api", "*-service", "*-svc", "infrastructure"}
	baseline.Rules = []Rule{g.rule("DELETION"), g.rule("NON_FAST_FORWARD"), g.pullRequestRule(PullRequestRule{ReviewCount: 1, DismissesStale: true})}
	baseline.BypassActors = []BypassActor{{ID: g.ids.next("Rule"), Mode: "ALWAYS", IsOrganizationAdmin: true}}
	strict := g.ruleset("payments-strict", "active")
	strict.Repositories, strict.NotRepositories = []string{"payments-*", "ledger-*"}, []string{"payments-docs"}
	checks := g.rule("REQUIRED_STATUS_CHECKS")
	checks.StatusChecks = &StatusChecksRule{Contexts: []string{"build", "sast"}, IsStrict: true}
	strict.Rules = []Rule{g.pullRequestRule(PullRequestRule{ReviewCount: 2, DismissesStale: true, RequiresCodeOwners: true, RequiresLastPush: true, RequiresResolution: true}),
		checks, g.rule("REQUIRED_SIGNATURES"), g.rule("DELETION"), g.rule("NON_FAST_FORWARD")}
	trial := g.ruleset("signed commits (trial)", "evaluate")
	trial.Repositories, trial.Rules = []string{"~ALL"}, []Rule{g.rule("REQUIRED_SIGNATURES")}
	frozen := g.ruleset("release freeze", "disabled")
	frozen.Repositories, frozen.Rules = []string{"~ALL"}, []Rule{g.rule("UPDATE")}
	g.world.Rulesets = append(g.world.Rulesets, baseline, strict, trial, frozen)
}

func (g *generator) ruleset(name, enforcement string) *Ruleset {
	at := g.ago(30, 600)
	return &Ruleset{ID: g.ids.next("Ruleset"), Name: name, Enforcement: enforcement, Include: []string{"~DEFAULT_BRANCH"}, CreatedAt: at, UpdatedAt: at}
}

func (g *generator) rule(kind string) Rule { return Rule{ID: g.ids.next("Rule"), Type: kind} }

func (g *generator) pullRequestRule(p PullRequestRule) Rule {
	r := g.rule("PULL_REQUEST")
	r.PullRequest = &p
	return r
}
