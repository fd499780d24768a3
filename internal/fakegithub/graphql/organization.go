package graphql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"auditor/internal/fakegithub/world"
)

func organizationFields() fields {
	return fields{
		"id":                                plain(func(w *world.World) any { return NodeID("Organization", w.Org.ID) }),
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
			return e.site.Web + "/" + w.Org.Login, nil
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
	return fmt.Sprintf("%s/avatars/u/%d?v=4", e.site.Web, id)
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
		return nil, forbidden()
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
	own := e.site.Viewer.World == w
	var repos []*world.Repository
	for _, r := range w.Repositories {
		listed := own && e.site.Viewer.Includes(r) || !own && r.Visibility == world.Public
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
		world.SortRepositories(repos, "full_name", descending)
	case "STARGAZERS":
		slices.SortStableFunc(repos, func(a, b *world.Repository) int { return cmp.Compare(a.Stars, b.Stars) })
		if descending {
			slices.Reverse(repos)
		}
	default: // CREATED_AT, UPDATED_AT, PUSHED_AT
		world.SortRepositories(repos, strings.ToLower(strings.TrimSuffix(field, "_AT")), descending)
	}
}
