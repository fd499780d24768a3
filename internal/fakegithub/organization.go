package fakegithub

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/world"
)

// getOrganization answers the public view, with organization_administration also
// what administrators see.
func getOrganization(x *exchange) answer {
	g := &x.world.Org
	self := x.links.api + "/orgs/" + g.Login
	o := begin(nil)
	o.text("login", g.Login)
	o.id("id", g.ID)
	o.text("node_id", graphql.NodeID("Organization", g.ID))
	o.text("url", self)
	for _, link := range [...]struct{ key, suffix string }{
		{"repos_url", "/repos"}, {"events_url", "/events"}, {"hooks_url", "/hooks"}, {"issues_url", "/issues"},
		{"members_url", "/members{/member}"}, {"public_members_url", "/public_members{/member}"},
	} {
		o.text(link.key, self+link.suffix)
	}
	o.text("avatar_url", x.links.web+"/avatars/u/"+strconv.FormatInt(g.ID, 10)+"?v=4")
	o.textOrNull("description", g.Description)
	o.text("name", g.Name)
	o.null("twitter_username")
	o.flag("is_verified", g.IsVerified)
	o.flag("has_organization_projects", true)
	o.flag("has_repository_projects", true)
	public := publicCount(x.world)
	o.number("public_repos", public)
	o.number("public_gists", 0)
	o.number("followers", 12)
	o.number("following", 0)
	o.text("html_url", x.links.web+"/"+g.Login)
	o.time("created_at", g.CreatedAt)
	o.time("updated_at", g.UpdatedAt)
	o.null("archived_at")
	o.text("type", "Organization")
	if x.isOwnWorld() && x.caller.has("organization_administration", "read") {
		x.administratorsView(o, g, len(x.world.Repositories)-public)
	}
	if x.isOwnWorld() && x.caller.has("organization_plan", "read") {
		appendPlan(o, g)
	}
	return answer{http.StatusOK, o.end()}
}

func publicCount(w *world.World) int {
	n := 0
	for _, r := range w.Repositories {
		if r.Visibility == world.Public {
			n++
		}
	}
	return n
}

func appendPlan(o *object, g *world.Organization) {
	o.key("plan")
	in := begin(o.b)
	in.text("name", g.Plan)
	in.number("space", 976_562_499)
	in.number("private_repos", 999_999)
	in.number("filled_seats", g.FilledSeats)
	in.number("seats", g.Seats)
	o.b = in.end()
}

func (x *exchange) administratorsView(o *object, g *world.Organization, private int) {
	o.number("total_private_repos", private)
	o.number("owned_private_repos", private)
	o.number("private_gists", 0)
	o.number("disk_usage", 4_811_002)
	o.number("collaborators", len(x.world.People(world.RoleOutside)))
	o.text("billing_email", "billing@"+g.Login+".example")
	o.text("default_repository_permission", g.DefaultRepositoryPermission)
	o.text("default_repository_branch", "main")
	o.flag("two_factor_requirement_enabled", g.RequiresTwoFactor)
	o.flag("members_can_create_repositories", true)
	o.text("members_allowed_repository_creation_type", "all")
	for _, f := range [...]struct {
		key string
		on  bool
	}{
		{"members_can_create_public_repositories", g.MembersCanCreatePublic},
		{"members_can_create_private_repositories", true},
		{"members_can_create_internal_repositories", g.Plan == "enterprise"},
		{"members_can_create_pages", true}, {"members_can_create_public_pages", true}, {"members_can_create_private_pages", true},
		{"members_can_fork_private_repositories", g.MembersCanForkPrivate},
		{"members_can_delete_repositories", g.MembersCanDelete},
		{"members_can_change_repo_visibility", g.MembersCanChangeVisibility},
		{"members_can_invite_outside_collaborators", g.MembersCanInviteOutside},
		{"members_can_delete_issues", false}, {"display_commenter_full_name_setting_enabled", false},
		{"readers_can_create_discussions", true}, {"members_can_create_teams", true}, {"members_can_view_dependency_insights", true},
		{"web_commit_signoff_required", g.SignoffRequired},
		{"deploy_keys_enabled_for_repositories", g.DeployKeysAllowed},
		{"advanced_security_enabled_for_new_repositories", false}, {"dependabot_alerts_enabled_for_new_repositories", true},
		{"dependabot_security_updates_enabled_for_new_repositories", false}, {"dependency_graph_enabled_for_new_repositories", true},
		{"secret_scanning_enabled_for_new_repositories", false}, {"secret_scanning_push_protection_enabled_for_new_repositories", false},
	} {
		o.flag(f.key, f.on)
	}
	if x.version == version2022 {
		o.flag("secret_scanning_push_protection_custom_link_enabled", false)
	}
	o.null("secret_scanning_push_protection_custom_link")
}

func listMembers(x *exchange) answer {
	// The two-factor filters are for owners; an App gets 422.
	if _, refused, ok := x.choice("filter", "all", "all"); !ok {
		return refused
	}
	role, refused, ok := x.choice("role", "all", "all", "admin", "member")
	if !ok {
		return refused
	}
	roles := map[string][]string{"all": {world.RoleOwner, world.RoleMember}, "admin": {world.RoleOwner}, "member": {world.RoleMember}}[role]
	return x.listUsers("/members", x.world.People(roles...))
}

func listOutside(x *exchange) answer {
	if _, refused, ok := x.choice("filter", "all", "all"); !ok {
		return refused
	}
	return x.listUsers("/outside_collaborators", x.world.People(world.RoleOutside))
}

func (x *exchange) listUsers(below string, users []*world.User) answer {
	return list(x, x.organizationPath(below), users, func(b []byte, u *world.User) []byte {
		return x.links.appendUser(b, u.ID, u.Login, "User")
	})
}

// listProperties omits the repositories that an installation does not cover. The
// search syntax of repository_query is refused rather than ignored.
func listProperties(x *exchange) answer {
	if x.query.Get("repository_query") != "" {
		return x.invalid("repository_query", "invalid", "is not simulated")
	}
	repos := slices.DeleteFunc(slices.Clone(x.world.Repositories), func(r *world.Repository) bool { return !x.isListed(r) })
	return list(x, x.organizationPath("/properties/values"), repos, func(b []byte, r *world.Repository) []byte {
		o := begin(b)
		o.id("repository_id", r.ID)
		o.text("repository_name", r.Name)
		o.text("repository_full_name", x.world.Org.Login+"/"+r.Name)
		o.any("properties", propertyValues(r))
		return o.end()
	})
}

type propertyValue struct {
	Name  string `json:"property_name"`
	Value any    `json:"value"`
}

func propertyValues(r *world.Repository) []propertyValue {
	out := []propertyValue{}
	for name, v := range r.Properties {
		out = append(out, propertyValue{name, v})
	}
	slices.SortFunc(out, func(a, b propertyValue) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func listTeams(x *exchange) answer {
	return list(x, x.repositoryPath("/teams"), x.repo.Teams, func(b []byte, a world.TeamAccess) []byte {
		o := x.team(b, a.Team, a.Permission)
		levels := []string{"pull", "triage", "push", "maintain", "admin"}
		rank := slices.Index(levels, a.Permission)
		o.key("permissions")
		in := begin(o.b)
		for i, level := range levels {
			in.flag(level, i <= rank)
		}
		o.b = in.end()
		o.text("access_source", "direct")
		if a.Team.Parent == nil {
			o.null("parent")
		} else {
			o.key("parent")
			o.b = x.team(o.b, a.Team.Parent, "pull").end()
		}
		return o.end()
	})
}

// team starts a team object; the caller ends it.
func (x *exchange) team(b []byte, t *world.Team, permission string) *object {
	self := x.links.api + x.organizationPath("/team/"+strconv.FormatInt(t.ID, 10))
	o := begin(b)
	o.id("id", t.ID)
	o.text("node_id", graphql.NodeID("Team", t.ID))
	o.text("url", self)
	o.text("html_url", x.links.web+"/orgs/"+x.world.Org.Login+"/teams/"+t.Slug)
	o.text("members_url", self+"/members{/member}")
	o.text("repositories_url", self+"/repos")
	o.text("name", t.Name)
	o.text("slug", t.Slug)
	o.textOrNull("description", t.Description)
	privacy := "closed"
	if t.IsSecret {
		privacy = "secret"
	}
	o.text("privacy", privacy)
	o.text("notification_setting", "notifications_enabled")
	o.text("permission", permission)
	o.text("type", "organization")
	o.id("organization_id", x.world.Org.ID)
	return o
}
