package graphql

import (
	"fmt"

	"auditor/internal/fakegithub/world"
)

func userFields() fields {
	return fields{
		"id":          plain(func(n userNode) any { return NodeID("User", n.u.ID) }),
		"databaseId":  plain(func(n userNode) any { return n.u.ID }),
		"login":       plain(func(n userNode) any { return n.u.Login }),
		"name":        plain(func(n userNode) any { return orNull(n.u.Name) }),
		"email":       plain(func(userNode) any { return "" }),
		"createdAt":   plain(func(n userNode) any { return n.u.CreatedAt }),
		"updatedAt":   plain(func(n userNode) any { return n.u.CreatedAt }),
		"isSiteAdmin": plain(func(userNode) any { return false }),
		"avatarUrl":   asked(func(e *execution, n userNode, _ map[string]any) (any, *fieldError) { return e.avatar(n.u.ID), nil }),
		"url": asked(func(e *execution, n userNode, _ map[string]any) (any, *fieldError) {
			return e.site.Web + "/" + n.u.Login, nil
		}),
		"resourcePath": plain(func(n userNode) any { return "/" + n.u.Login }),
		"repositories": plain(func(userNode) any { return connection{more: map[string]any{"totalDiskUsage": 0}} }),
		"repository": asked(func(_ *execution, n userNode, args map[string]any) (any, *fieldError) {
			return nil, &fieldError{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", n.u.Login, args["name"])}
		}),
	}
}

func privacy(t *world.Team) string {
	if t.IsSecret {
		return "SECRET"
	}
	return "VISIBLE"
}

func teamFields() fields {
	return fields{
		"id":           plain(func(n teamNode) any { return NodeID("Team", n.t.ID) }),
		"databaseId":   plain(func(n teamNode) any { return n.t.ID }),
		"name":         plain(func(n teamNode) any { return n.t.Name }),
		"slug":         plain(func(n teamNode) any { return n.t.Slug }),
		"combinedSlug": plain(func(n teamNode) any { return n.w.Org.Login + "/" + n.t.Slug }),
		"description":  plain(func(n teamNode) any { return orNull(n.t.Description) }),
		"privacy":      plain(func(n teamNode) any { return privacy(n.t) }),
		"organization": plain(func(n teamNode) any { return n.w }),
		"createdAt":    plain(func(n teamNode) any { return n.w.Org.CreatedAt }),
		"updatedAt":    plain(func(n teamNode) any { return n.w.Org.CreatedAt }),
		"resourcePath": plain(func(n teamNode) any { return n.path() }),
		"url": asked(func(e *execution, n teamNode, _ map[string]any) (any, *fieldError) {
			return e.site.Web + n.path(), nil
		}),
	}
}

func (n teamNode) path() string { return "/orgs/" + n.w.Org.Login + "/teams/" + n.t.Slug }
