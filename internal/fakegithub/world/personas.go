package world

import "time"

// persona is a typical use of tokens: their names, their permissions, how many
// repositories they list, and how often they are used.
type persona struct {
	weight            int
	names             []string // with the placeholders {repo} {team} {year} {env} {n}
	permissions       []string // see parsePermissions
	all, subset, none int      // weights of the selections
	machine           int      // per cent owned by machine accounts
	owners            bool     // otherwise by organization owners
	use               [4]int   // weights of fresh, weekly, dormant, unused
}

var personas = []persona{
	{weight: 24, names: []string{"laptop", "local dev", "git push", "MacBook Pro", "wsl", "cli", "vscode", "my token", "test", "token-{n}", "temp", "{repo} dev", "work {year}"},
		permissions: []string{"contents=write pull_requests=write issues=write", "contents=write", "contents=write pull_requests=write", "contents=write pull_requests=write workflows=write", "contents=read issues=write"},
		all:         25, subset: 75, use: [4]int{42, 22, 22, 14}},
	{weight: 16, names: []string{"{repo}-deploy", "deploy {env}", "ci-{repo}", "jenkins", "jenkins-{team}", "argo-cd {env}", "buildkite", "{team}-ci"},
		permissions: []string{"contents=read deployments=write", "contents=read statuses=write", "contents=write deployments=write environments=write", "contents=read actions=read checks=write"},
		all:         12, subset: 88, machine: 55, use: [4]int{60, 18, 14, 8}},
	{weight: 14, names: []string{"clone only", "read-only checkout", "{repo} mirror", "docker build", "submodules", "go mod private"},
		permissions: []string{"contents=read", "contents=read", "contents=read packages=read"},
		all:         22, subset: 78, machine: 30, use: [4]int{50, 20, 18, 12}},
	{weight: 9, names: []string{"grafana", "dora-dashboard", "metrics", "sonarqube", "backstage", "snyk import", "cost report", "{team} dashboard"},
		permissions: []string{"contents=read issues=read pull_requests=read", "issues=read pull_requests=read actions=read", "contents=read pull_requests=read | members=read"},
		all:         50, subset: 50, machine: 45, use: [4]int{60, 20, 14, 6}},
	{weight: 6, names: []string{"renovate", "renovate-self-hosted", "dependency updates"},
		permissions: []string{"contents=write pull_requests=write issues=write workflows=write statuses=write vulnerability_alerts=read", "contents=write pull_requests=write issues=write"},
		all:         40, subset: 60, machine: 75, use: [4]int{75, 15, 7, 3}},
	{weight: 6, names: []string{"release-please", "semantic-release", "changelog", "{repo} release"},
		permissions: []string{"contents=write pull_requests=write", "contents=write pull_requests=write issues=write actions=write"},
		all:         8, subset: 92, machine: 60, use: [4]int{45, 30, 18, 7}},
	{weight: 5, names: []string{"project automation", "triage bot", "stale", "standup report", "roadmap sync"},
		permissions: []string{"issues=write pull_requests=write | organization_projects=write", "issues=write", "issues=read pull_requests=read | organization_projects=admin"},
		all:         30, subset: 70, machine: 25, use: [4]int{45, 25, 20, 10}},
	{weight: 4, names: []string{"members export", "seat report", "hr sync", "onboarding script", "offboarding"},
		permissions: []string{"| members=read", "| members=write", "| members=read organization_copilot_seat_management=read", "| organization_plan=read members=read", "| organization_events=read"},
		none:        100, owners: true, use: [4]int{30, 25, 28, 17}},
	{weight: 4, names: []string{"rerun failed", "workflow dispatch", "nightly", "cache cleanup"},
		permissions: []string{"actions=write contents=read", "actions=write", "actions=write contents=write"},
		all:         15, subset: 85, use: [4]int{40, 25, 22, 13}},
	{weight: 3, names: []string{"docs site", "gh-pages", "readthedocs", "handbook publish"},
		permissions: []string{"contents=write pages=write", "contents=read pages=write"},
		all:         4, subset: 96, machine: 35, use: [4]int{40, 30, 20, 10}},
	{weight: 3, names: []string{"compliance evidence", "secret-scanning export", "soc2 {year}", "security review"},
		permissions: []string{"administration=read secret_scanning_alerts=read security_events=read vulnerability_alerts=read | members=read organization_administration=read", "security_events=read vulnerability_alerts=read"},
		all:         75, subset: 25, owners: true, use: [4]int{35, 25, 28, 12}},
	{weight: 2, names: []string{"terraform", "terraform-github", "pulumi", "infra-admin"},
		permissions: []string{"administration=write contents=write secrets=write environments=write repository_hooks=write | members=write organization_administration=write organization_hooks=write", "administration=write contents=read | members=read", "administration=write contents=write actions_variables=write | organization_secrets=write"},
		all:         80, subset: 20, machine: 40, owners: true, use: [4]int{60, 20, 14, 6}},
	{weight: 2, names: []string{"vault-sync", "secret rotation", "runner registration", "arc-runners"},
		permissions: []string{"secrets=write environments=write actions_variables=write | organization_secrets=write", "administration=write | organization_self_hosted_runners=write", "secrets=write dependabot_secrets=write"},
		all:         45, subset: 55, machine: 50, owners: true, use: [4]int{55, 20, 17, 8}},
	{weight: 2, names: []string{"assistant", "mcp", "code review helper", "hackathon {year}"},
		permissions: []string{"contents=read issues=write pull_requests=write", "contents=write pull_requests=write actions=read", "contents=read issues=read pull_requests=write models_gateway=read"},
		all:         60, subset: 40, use: [4]int{50, 20, 15, 15}},
}

// notable is a token that a reader should find in every organization.
type notable struct {
	name, role, permissions, selection string
	length                             int // of the list with subset; 0 draws one
	life, use                          int
	minAge                             float64 // days since the grant, at least
}

var notableTokens = []notable{
	{name: "terraform-github", role: RoleOwner, permissions: "administration=write contents=write secrets=write environments=write repository_hooks=write | members=write organization_administration=write organization_hooks=write", selection: SelectAll, life: endless, use: fresh},
	{name: "old laptop", role: RoleGone, permissions: "contents=write pull_requests=write", selection: SelectAll, life: endless, use: dormant},
	{name: "migration {year}", role: RoleGone, permissions: "contents=read", selection: SelectSubset, length: 5, life: alive, use: unused, minAge: 40},
	{name: "never got round to it", role: RoleMember, permissions: "contents=write", selection: SelectSubset, length: 2, life: alive, use: unused, minAge: 60},
	{name: "renovate-self-hosted", role: RoleMember, permissions: "contents=write pull_requests=write issues=write workflows=write statuses=write vulnerability_alerts=read", selection: SelectAll, life: expiring, use: fresh},
	{name: "release signing", role: RoleMember, permissions: "contents=write", selection: SelectSubset, length: 3, life: endless, use: weekly},
	{name: "grafana", role: RoleMember, permissions: "contents=read issues=read pull_requests=read", selection: SelectAll, life: farAhead, use: fresh},
	{name: "contractor onboarding", role: RoleOutside, permissions: "contents=write pull_requests=write", selection: SelectSubset, length: 2, life: alive, use: weekly},
	{name: "preview feature", role: RoleMember, permissions: "contents=read models_gateway=write", selection: SelectSubset, length: 1, life: alive, use: fresh},
	{name: "members export", role: RoleOwner, permissions: "| members=read organization_administration=read", selection: SelectNone, life: alive, use: dormant},
	{name: "hooks for data team", role: RoleOwner, permissions: "repository_hooks=write | organization_hooks=write", selection: SelectAll, life: alive, use: dormant, minAge: 120},
	{name: "ci", role: RoleMember, permissions: "contents=read deployments=write", selection: SelectSubset, length: 1, life: expired, use: weekly},
	{name: "secret-scanning export", role: RoleOwner, permissions: "secret_scanning_alerts=read administration=read", selection: SelectAll, life: alive, use: fresh},
	{name: "monorepo mirror", role: RoleMember, permissions: "contents=read", selection: SelectSubset, length: 180, life: alive, use: fresh},
}

func (g *generator) notable(n notable) *Token {
	t := &Token{Name: n.name, Permissions: parsePermissions(n.permissions)}
	t.Owner = pick(g.rng, g.groups[n.role])
	g.choose(t, n.selection, min(n.length, len(g.world.Repositories)*3/4))
	t.Name = g.tokenName(&persona{names: []string{n.name}}, t)
	for range 200 { // draw until the grant is old enough; the last draw counts
		t.ExpiresAt, t.LastUsedAt = time.Time{}, time.Time{}
		if g.date(t, n.life, n.use); g.world.now.Sub(t.CreatedAt).Hours() >= n.minAge*24 {
			break
		}
	}
	return t
}
