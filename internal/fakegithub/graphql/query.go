package graphql

import (
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

// has reports whether the viewer holds a permission in an organization.
func (e *execution) has(w *world.World, key, level string) bool {
	return e.site.Viewer.World == w && e.site.Viewer.Has(key, level)
}

// sees reports whether the viewer may know that a repository exists.
func (e *execution) sees(w *world.World, r *world.Repository) bool {
	return r.Visibility == world.Public || e.site.Viewer.World == w && e.site.Viewer.Includes(r)
}

func (e *execution) administers(w *world.World, r *world.Repository) bool {
	return e.has(w, "administration", "read") && e.site.Viewer.Includes(r)
}

// organization finds a world by its login, or nil.
func (e *execution) organization(login string) *world.World {
	for _, w := range e.site.Worlds {
		if strings.EqualFold(w.Org.Login, login) {
			return w
		}
	}
	return nil
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
	if w := e.organization(args["login"].(string)); w != nil {
		return w, nil
	}
	return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to an Organization with the login of '%s'.", args["login"])}
}

func queryRepository(e *execution, _ queryRoot, args map[string]any) (any, *fieldError) {
	if w := e.organization(args["owner"].(string)); w != nil {
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
	l := e.site.RateLimit
	if l == nil {
		return nil, nil
	}
	return record{"RateLimit", map[string]any{"cost": e.query.Cost, "limit": l.Limit, "used": l.Used, "remaining": l.Remaining, "resetAt": l.ResetAt, "nodeCount": e.query.Nodes}}, nil
}

// node finds what a global id names: an organization, repository, user or team.
func (e *execution) node(id string) (any, *fieldError) {
	kind, n, _ := parseNodeID(id)
	for _, w := range e.site.Worlds {
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
