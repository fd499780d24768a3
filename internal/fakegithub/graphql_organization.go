package fakegithub

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"auditor/internal/fakegithub/world"
)

// The parents that resolvers work on.
type (
	queryRoot struct{}
	userNode  struct {
		w *world.World
		u *world.User
	}
	teamNode struct {
		w *world.World
		t *world.Team
	}
)

// objectTypes lists the resolvers of every object type that is not a record.
func objectTypes() map[string]fields {
	return map[string]fields{
		"Query": queryFields(), "Organization": organizationFields(), "User": userFields(), "Team": teamFields(),
		"Repository": repositoryFields(), "Ref": refFields(), "BranchProtectionRule": protectionFields(),
		"RepositoryRuleset": rulesetFields(), "RepositoryRule": ruleFields(),
	}
}

// plain resolves a field from its parent alone.
func plain[T any](f func(T) any) fieldFunc {
	return func(_ *execution, parent any, _ map[string]any) (any, *fieldError) { return f(parent.(T)), nil }
}

// asked resolves a field that depends on the arguments or on the caller.
func asked[T any](f func(*execution, T, map[string]any) (any, *fieldError)) fieldFunc {
	return func(e *execution, parent any, args map[string]any) (any, *fieldError) { return f(e, parent.(T), args) }
}

// has reports whether the caller holds a permission in an organization.
func (e *execution) has(w *world.World, key, level string) bool {
	t := e.x.caller.token
	return t.installation.world == w && e.x.caller.has(key, level)
}

func (e *execution) sees(w *world.World, r *world.Repository) bool {
	t := e.x.caller.token
	return r.Visibility == world.Public || t.installation.world == w && t.installation.includes(r)
}

func (e *execution) administers(w *world.World, r *world.Repository) bool {
	return e.has(w, "administration", "read") && e.x.caller.token.installation.includes(r)
}

func queryFields() fields {
	return fields{
		"id":           plain(func(queryRoot) any { return "Query" }),
		"organization": asked(queryOrganization),
		"repository":   asked(queryRepository),
		"rateLimit":    asked(queryRateLimit),
		"node": asked(func(e *execution, _ queryRoot, args map[string]any) (any, *fieldError) {
			return e.node(args["id"].(string))
		}),
		"nodes": asked(func(e *execution, _ queryRoot, args map[string]any) (any, *fieldError) {
			ids, _ := args["ids"].([]any)
			out := make([]any, len(ids))
			for i, id := range ids {
				v, missing := e.node(id.(string))
				if out[i] = v; missing != nil {
					out[i] = missing
				}
			}
			return out, nil
		}),
	}
}

func queryOrganization(e *execution, _ queryRoot, args map[string]any) (any, *fieldError) {
	if w := e.x.s.worldByLogin(args["login"].(string)); w != nil {
		return w, nil
	}
	return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to an Organization with the login of '%s'.", args["login"])}
}

func queryRepository(e *execution, _ queryRoot, args map[string]any) (any, *fieldError) {
	if w := e.x.s.worldByLogin(args["owner"].(string)); w != nil {
		name := args["name"].(string)
		r := w.Repository(name)
		if follows, ok := args["followRenames"].(bool); r == nil && (!ok || follows) {
			if r = w.RepositoryByOldName(name); r != nil && w.RepositoryByID(r.ID) == nil {
				r = nil // transferred to another organization
			}
		}
		if r != nil && e.sees(w, r) {
			return repositoryNode{w, r}, nil
		}
	}
	return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", args["owner"], args["name"])}
}

func queryRateLimit(e *execution, _ queryRoot, _ map[string]any) (any, *fieldError) {
	if e.x.graphqlLimit() < 0 {
		return nil, nil
	}
	return record{"RateLimit", map[string]any{"cost": e.cost, "limit": e.left.limit, "used": e.left.used, "remaining": e.left.remaining(), "resetAt": e.left.reset, "nodeCount": e.nodes}}, nil
}

// node finds what a global id names: an organization, repository, user or team.
func (e *execution) node(id string) (any, *fieldError) {
	kind, n, _ := parseNodeID(id)
	for _, w := range e.x.s.worlds {
		switch kind {
		case "Organization":
			if w.Org.ID == n {
				return w, nil
			}
		case "Repository":
			if r := w.RepositoryByID(n); r != nil && e.sees(w, r) {
				return repositoryNode{w, r}, nil
			}
		case "User":
			if i := slices.IndexFunc(w.Users, func(u *world.User) bool { return u.ID == n }); i >= 0 {
				return userNode{w, w.Users[i]}, nil
			}
		case "Team":
			if i := slices.IndexFunc(w.Teams, func(t *world.Team) bool { return t.ID == n }); i >= 0 && e.has(w, "members", "read") {
				return teamNode{w, w.Teams[i]}, nil
			}
		}
	}
	return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a node with the global id of '%s'", id)}
}

func organizationFields() fields {
	return fields{
		"id":                                plain(func(w *world.World) any { return nodeID("Organization", w.Org.ID) }),
		"databaseId":                        plain(func(w *world.World) any { return w.Org.ID }),
		"login":                             plain(func(w *world.World) any { return w.Org.Login }),
		"name":                              plain(func(w *world.World) any { return orNull(w.Org.Name) }),
		"description":                       plain(func(w *world.World) any { return orNull(w.Org.Description) }),
		"archivedAt":                        plain(func(*world.World) any { return nil }),
		"email":                             plain(func(*world.World) any { return nil }),
		"websiteUrl":                        plain(func(*world.World) any { return nil }),
		"createdAt":                         plain(func(w *world.World) any { return w.Org.CreatedAt }),
		"updatedAt":                         plain(func(w *world.World) any { return w.Org.UpdatedAt }),
		"isVerified":                        plain(func(w *world.World) any { return w.Org.IsVerified }),
		"ipAllowListEnabledSetting":         plain(func(*world.World) any { return "DISABLED" }),
		"membersCanForkPrivateRepositories": plain(func(w *world.World) any { return w.Org.MembersCanForkPrivate }),
		"webCommitSignoffRequired":          plain(func(w *world.World) any { return w.Org.SignoffRequired }),
		"viewerCanAdminister":               plain(func(*world.World) any { return false }),
		"viewerIsAMember":                   plain(func(*world.World) any { return false }),
		"avatarUrl": asked(func(e *execution, w *world.World, _ map[string]any) (any, *fieldError) {
			return e.avatar(w.Org.ID), nil
		}),
		"url": asked(func(e *execution, w *world.World, _ map[string]any) (any, *fieldError) {
			return e.x.links.web + "/" + w.Org.Login, nil
		}),
		"resourcePath": plain(func(w *world.World) any { return "/" + w.Org.Login }),
		"requiresTwoFactorAuthentication": asked(func(e *execution, w *world.World, _ map[string]any) (any, *fieldError) {
			if !e.has(w, "organization_administration", "read") {
				return nil, nil
			}
			return w.Org.RequiresTwoFactor, nil
		}),
		"membersWithRole": asked(organizationMembers),
		"pendingMembers":  plain(func(*world.World) any { return connection{} }),
		"repositories":    asked(organizationRepositories),
		"repository":      asked(organizationRepository),
		"rulesets":        asked(organizationRulesets),
		"ruleset": asked(func(e *execution, w *world.World, args map[string]any) (any, *fieldError) {
			n, _ := intArgument(args["databaseId"])
			return findRuleset(w, w.Rulesets, n), nil
		}),
		"teams": asked(organizationTeams),
		"team": asked(func(e *execution, w *world.World, args map[string]any) (any, *fieldError) {
			i := slices.IndexFunc(w.Teams, func(t *world.Team) bool { return t.Slug == args["slug"] })
			if i < 0 || !e.has(w, "members", "read") {
				return nil, nil
			}
			return teamNode{w, w.Teams[i]}, nil
		}),
	}
}

func (e *execution) avatar(id int64) string {
	return fmt.Sprintf("%s/avatars/u/%d?v=4", e.x.links.web, id)
}

// organizationMembers is empty, without an error, for an App without the members
// permission, as branchProtectionRules is.
func organizationMembers(e *execution, w *world.World, _ map[string]any) (any, *fieldError) {
	var items []any
	if e.has(w, "members", "read") {
		for _, u := range w.People(world.RoleOwner, world.RoleMember) {
			items = append(items, userNode{w, u})
		}
	}
	return connection{items: items, id: func(v any) int64 { return v.(userNode).u.ID }, edge: func(v any) map[string]any {
		role := "MEMBER"
		if v.(userNode).u.Role == world.RoleOwner {
			role = "ADMIN"
		}
		return map[string]any{"role": role, "hasTwoFactorEnabled": v.(userNode).u.HasTwoFactor}
	}}, nil
}

func organizationRepository(e *execution, w *world.World, args map[string]any) (any, *fieldError) {
	if r := w.Repository(args["name"].(string)); r != nil && e.sees(w, r) {
		return repositoryNode{w, r}, nil
	}
	return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", w.Org.Login, args["name"])}
}

// organizationRulesets require write, as the REST endpoint does.
func organizationRulesets(e *execution, w *world.World, _ map[string]any) (any, *fieldError) {
	if !e.has(w, "organization_administration", "write") {
		return nil, forbidden
	}
	return rulesetConnection(w, w.Rulesets), nil
}

func organizationTeams(e *execution, w *world.World, args map[string]any) (any, *fieldError) {
	var items []any
	if e.has(w, "members", "read") {
		query, _ := args["query"].(string)
		rootsOnly, _ := args["rootTeamsOnly"].(bool)
		for _, t := range w.Teams {
			if (args["privacy"] == nil || args["privacy"] == privacy(t)) && !(rootsOnly && t.Parent != nil) && strings.Contains(t.Slug, strings.ToLower(query)) {
				items = append(items, teamNode{w, t})
			}
		}
	}
	return connection{items: items, id: func(v any) int64 { return v.(teamNode).t.ID }}, nil
}

func organizationRepositories(e *execution, w *world.World, args map[string]any) (any, *fieldError) {
	own := e.x.caller.token.installation.world == w
	var repos []*world.Repository
	for _, r := range w.Repositories {
		listed := own && e.x.caller.token.installation.includes(r) || !own && r.Visibility == world.Public
		if listed && isSelected(r, args) {
			repos = append(repos, r)
		}
	}
	if order, ok := args["orderBy"].(map[string]any); ok {
		orderRepositories(repos, order["field"].(string), order["direction"] == "DESC")
	}
	items, size := make([]any, len(repos)), 0
	for i, r := range repos {
		items[i] = repositoryNode{w, r}
		size += r.Size
	}
	out := connection{items: items, id: func(v any) int64 { return v.(repositoryNode).r.ID }, more: map[string]any{"totalDiskUsage": size}}
	if order, ok := args["orderBy"].(map[string]any); ok && order["field"] == "NAME" && order["direction"] == "ASC" {
		out.key = func(v any) string { return strings.ToLower(v.(repositoryNode).r.Name) }
	}
	return out, nil
}

// isSelected reports whether the arguments select a repository. The organization
// owns all of its repositories: affiliations matter only without OWNER.
func isSelected(r *world.Repository, args map[string]any) bool {
	for _, flag := range [...]struct {
		name string
		is   bool
	}{{"isArchived", r.IsArchived}, {"isFork", r.IsFork}, {"isLocked", false}, {"hasIssuesEnabled", r.HasIssues}} {
		if want, ok := args[flag.name].(bool); ok && want != flag.is {
			return false
		}
	}
	for _, name := range []string{"affiliations", "ownerAffiliations"} {
		if list, ok := args[name].([]any); ok && !slices.Contains(list, "OWNER") {
			return false
		}
	}
	if v, ok := args["visibility"].(string); ok && v != enum(r.Visibility) {
		return false
	}
	v, ok := args["privacy"].(string)
	return !ok || (v == "PRIVATE") == r.IsPrivate()
}

func orderRepositories(repos []*world.Repository, field string, descending bool) {
	switch field {
	case "NAME":
		sortRepositories(repos, "full_name", descending)
	case "STARGAZERS":
		slices.SortStableFunc(repos, func(a, b *world.Repository) int { return cmp.Compare(a.Stars, b.Stars) })
		if descending {
			slices.Reverse(repos)
		}
	default: // CREATED_AT, UPDATED_AT, PUSHED_AT
		sortRepositories(repos, strings.ToLower(strings.TrimSuffix(field, "_AT")), descending)
	}
}
