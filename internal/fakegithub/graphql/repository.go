package graphql

import (
	"slices"
	"strings"
	"time"

	"auditor/internal/fakegithub/world"
)

// repositoryNode is a repository as GraphQL's resolvers see it.
type repositoryNode struct {
	w *world.World
	r *world.Repository
}

func (n repositoryNode) fullName() string { return n.w.Org.Login + "/" + n.r.Name }

func repositoryFields() fields {
	f := fields{
		"id":                  plain(func(n repositoryNode) any { return NodeID("Repository", n.r.ID) }),
		"databaseId":          plain(func(n repositoryNode) any { return n.r.ID }),
		"name":                plain(func(n repositoryNode) any { return n.r.Name }),
		"nameWithOwner":       plain(func(n repositoryNode) any { return n.fullName() }),
		"description":         plain(func(n repositoryNode) any { return orNull(n.r.Description) }),
		"owner":               plain(func(n repositoryNode) any { return n.w }),
		"visibility":          plain(func(n repositoryNode) any { return enum(n.r.Visibility) }),
		"diskUsage":           plain(func(n repositoryNode) any { return n.r.Size }),
		"forkCount":           plain(func(n repositoryNode) any { return n.r.Forks }),
		"stargazerCount":      plain(func(n repositoryNode) any { return n.r.Stars }),
		"createdAt":           plain(func(n repositoryNode) any { return n.r.CreatedAt }),
		"updatedAt":           plain(func(n repositoryNode) any { return n.r.UpdatedAt }),
		"pushedAt":            plain(func(n repositoryNode) any { return timeOrNull(n.r.PushedAt) }),
		"archivedAt":          plain(func(n repositoryNode) any { return timeOrNull(n.r.ArchivedAt) }),
		"resourcePath":        plain(func(n repositoryNode) any { return "/" + n.fullName() }),
		"url":                 asked(func(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) { return e.page(n, ""), nil }),
		"planFeatures":        plain(func(repositoryNode) any { return planFeatures }),
		"licenseInfo":         asked(repositoryLicense),
		"primaryLanguage":     plain(func(n repositoryNode) any { return language(n.r) }),
		"languages":           plain(repositoryLanguages),
		"repositoryTopics":    asked(repositoryTopics),
		"environments":        plain(func(repositoryNode) any { return connection{} }),
		"codeowners":          asked(repositoryCodeowners),
		"deployKeys":          asked(repositoryDeployKeys),
		"vulnerabilityAlerts": asked(repositoryAlerts),
		"collaborators":       asked(repositoryCollaborators),
		"hasVulnerabilityAlertsEnabled": asked(func(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
			return n.r.HasVulnerabilityAlerts && e.administers(n.w, n.r), nil // non-null: false without the permission
		}),
		"isSecurityPolicyEnabled": plain(func(n repositoryNode) any { return n.r.HasSecurityPolicy }),
		"securityPolicyUrl": asked(func(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
			if !n.r.HasSecurityPolicy {
				return nil, nil
			}
			return e.page(n, "/security/policy"), nil
		}),
		"defaultBranchRef": plain(func(n repositoryNode) any { return n.ref(n.r.DefaultBranch) }),
		"ref": asked(func(_ *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
			return n.ref(strings.TrimPrefix(args["qualifiedName"].(string), "refs/heads/")), nil
		}),
		"refs":                  asked(repositoryRefs),
		"branchProtectionRules": asked(repositoryProtections),
		"rulesets": asked(func(_ *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
			return rulesetConnection(n.w, n.rulesets(args)), nil
		}),
		"ruleset": asked(func(_ *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
			id, _ := intArgument(args["databaseId"])
			return findRuleset(n.w, n.rulesets(args), id), nil
		}),
	}
	for name, get := range repositoryFlags {
		f[name] = plain(func(n repositoryNode) any { return get(n.r) })
	}
	// What an App never sees, or what no repository here has.
	for _, name := range []string{"homepageUrl", "interactionAbility", "lockReason", "mirrorUrl", "parent", "templateRepository", "viewerPermission"} {
		f[name] = plain(func(repositoryNode) any { return nil })
	}
	return f
}

// repositoryFlags are the fields that are plain facts.
var repositoryFlags = map[string]func(*world.Repository) bool{
	"allowUpdateBranch":        func(*world.Repository) bool { return false },
	"autoMergeAllowed":         func(r *world.Repository) bool { return r.AllowsAutoMerge },
	"deleteBranchOnMerge":      func(r *world.Repository) bool { return r.DeletesBranchOnMerge },
	"forkingAllowed":           func(r *world.Repository) bool { return r.AllowsForking },
	"hasDiscussionsEnabled":    func(r *world.Repository) bool { return r.HasDiscussions },
	"hasIssuesEnabled":         func(r *world.Repository) bool { return r.HasIssues },
	"hasProjectsEnabled":       func(r *world.Repository) bool { return r.HasProjects },
	"hasWikiEnabled":           func(r *world.Repository) bool { return r.HasWiki },
	"isArchived":               func(r *world.Repository) bool { return r.IsArchived },
	"isDisabled":               func(r *world.Repository) bool { return r.IsDisabled },
	"isEmpty":                  func(r *world.Repository) bool { return r.IsEmpty },
	"isFork":                   func(r *world.Repository) bool { return r.IsFork },
	"isInOrganization":         func(*world.Repository) bool { return true },
	"isLocked":                 func(*world.Repository) bool { return false },
	"isMirror":                 func(*world.Repository) bool { return false },
	"isPrivate":                func(r *world.Repository) bool { return r.IsPrivate() },
	"isTemplate":               func(r *world.Repository) bool { return r.IsTemplate },
	"mergeCommitAllowed":       func(*world.Repository) bool { return true },
	"rebaseMergeAllowed":       func(*world.Repository) bool { return true },
	"squashMergeAllowed":       func(*world.Repository) bool { return true },
	"viewerCanAdminister":      func(*world.Repository) bool { return false },
	"webCommitSignoffRequired": func(r *world.Repository) bool { return r.SignoffRequired },
}

var planFeatures = record{"RepositoryPlanFeatures", map[string]any{
	"codeowners": true, "draftPullRequests": true, "maximumAssignees": 10, "maximumManualReviewRequests": 15, "teamReviewRequests": true,
}}

func (e *execution) page(n repositoryNode, below string) string {
	return e.site.Web + "/" + n.fullName() + below
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func repositoryLicense(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
	if n.r.License == "" {
		return nil, nil
	}
	key := strings.ToLower(n.r.License)
	return record{"License", map[string]any{"id": NodeID("License", int64(len(key))), "key": key, "name": n.r.License + " License", "spdxId": n.r.License, "url": e.site.Web + "/licenses/" + key}}, nil
}

func language(r *world.Repository) any {
	if r.Language == "" {
		return nil
	}
	return record{"Language", map[string]any{"id": NodeID("Language", int64(len(r.Language))), "name": r.Language}}
}

func repositoryLanguages(n repositoryNode) any {
	c := connection{more: map[string]any{"totalSize": n.r.Size * 1000}}
	if l := language(n.r); l != nil {
		c.items = []any{l}
	}
	return c
}

func repositoryTopics(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
	var items []any
	for i, topic := range n.r.Topics {
		items = append(items, record{"RepositoryTopic", map[string]any{
			"id": NodeID("RepositoryTopic", n.r.ID*100+int64(i)), "resourcePath": "/topics/" + topic, "url": e.site.Web + "/topics/" + topic,
			"topic": record{"Topic", map[string]any{"id": NodeID("Topic", int64(len(topic))), "name": topic}},
		}})
	}
	return connection{items: items}, nil
}

// repositoryCodeowners is null when the branch has no such file.
func repositoryCodeowners(e *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
	if n.r.IsPrivate() && !e.has(n.w, "contents", "read") {
		return nil, forbidden()
	}
	c := n.r.Codeowners
	if ref, _ := args["refName"].(string); c == nil || ref != "" && strings.TrimPrefix(ref, "refs/heads/") != n.r.DefaultBranch {
		return nil, nil
	}
	errs := make([]any, 0, len(c.Errors))
	for _, x := range c.Errors {
		errs = append(errs, record{"RepositoryCodeownersError", map[string]any{
			"line": x.Line, "column": x.Column, "kind": x.Kind, "source": x.Source, "message": x.Message, "path": c.Path, "suggestion": orNull(x.Suggestion),
		}})
	}
	return record{"RepositoryCodeowners", map[string]any{"errors": errs}}, nil
}

// repositoryDeployKeys are for administrators. The schema declares the field
// non-null; see Options.NullsStay for the effect of a refusal.
func repositoryDeployKeys(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
	if !e.administers(n.w, n.r) {
		return nil, forbidden()
	}
	var items []any
	for _, k := range n.r.DeployKeys {
		items = append(items, record{"DeployKey", map[string]any{
			"id": NodeID("DeployKey", k.ID), "title": k.Title, "readOnly": k.IsReadOnly, "verified": k.IsVerified, "enabled": !k.IsOff,
			"createdAt": k.CreatedAt, "key": "ssh-ed25519 simulated",
		}})
	}
	return connection{items: items}, nil
}

// repositoryAlerts lists open alerts; no others are simulated.
func repositoryAlerts(e *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
	if !e.has(n.w, "vulnerability_alerts", "read") || !e.site.Viewer.Includes(n.r) {
		return nil, forbidden()
	}
	count := n.r.OpenAlerts
	if states, ok := args["states"].([]any); !n.r.HasVulnerabilityAlerts || ok && len(states) > 0 && !slices.Contains(states, "OPEN") {
		count = 0
	}
	var items []any
	for i := range count {
		items = append(items, record{"RepositoryVulnerabilityAlert", map[string]any{
			"id": NodeID("RepositoryVulnerabilityAlert", n.r.ID*1000+int64(i)), "number": i + 1, "state": "OPEN", "createdAt": n.r.CreatedAt,
			"dismissedAt": nil, "fixedAt": nil, "repository": n, "vulnerableManifestFilename": "go.mod", "vulnerableManifestPath": "go.mod",
		}})
	}
	return connection{items: items}, nil
}

func repositoryProtections(e *execution, n repositoryNode, _ map[string]any) (any, *fieldError) {
	var items []any
	if e.administers(n.w, n.r) { // otherwise empty, without an error
		for _, p := range n.r.Protections {
			items = append(items, protectionNode{n, p})
		}
	}
	return connection{items: items}, nil
}

func repositoryRefs(_ *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
	var items []any
	if ref := n.ref(n.r.DefaultBranch); ref != nil && strings.HasPrefix("refs/heads/", args["refPrefix"].(string)) {
		items = append(items, ref)
	}
	return connection{items: items}, nil
}

// rulesets applies the arguments includeParents and targets.
func (n repositoryNode) rulesets(args map[string]any) []*world.Ruleset {
	parents, given := args["includeParents"].(bool)
	if targets, ok := args["targets"].([]any); ok && !slices.Contains(targets, "BRANCH") {
		return nil
	}
	return n.w.RulesetsOf(n.r, parents || !given)
}

// graphqlPermissions are GraphQL's words for the roles of a repository.
var graphqlPermissions = map[string]string{"pull": "READ", "triage": "TRIAGE", "push": "WRITE", "maintain": "MAINTAIN", "admin": "ADMIN"}

// repositoryCollaborators are the owners, the outside collaborators and the members
// of the teams.
func repositoryCollaborators(e *execution, n repositoryNode, args map[string]any) (any, *fieldError) {
	if !e.administers(n.w, n.r) {
		return nil, forbidden()
	}
	var items []any
	levels := map[int64]string{}
	add := func(u *world.User, permission string, isDirect bool) {
		if levels[u.ID] != "" || args["affiliation"] == "DIRECT" && !isDirect || args["affiliation"] == "OUTSIDE" && u.Role != world.RoleOutside {
			return
		}
		if login, ok := args["login"].(string); ok && !strings.EqualFold(login, u.Login) {
			return
		}
		levels[u.ID] = graphqlPermissions[permission]
		items = append(items, userNode{n.w, u})
	}
	for _, u := range n.w.People(world.RoleOwner) {
		add(u, "admin", false)
	}
	for _, c := range n.r.Collaborators {
		add(c.User, c.Permission, true)
	}
	for _, a := range n.r.Teams {
		for _, u := range a.Team.Members {
			add(u, a.Permission, false)
		}
	}
	return connection{items: items, id: func(v any) int64 { return v.(userNode).u.ID }, edge: func(v any) map[string]any {
		return map[string]any{"permission": levels[v.(userNode).u.ID], "permissionSources": nil}
	}}, nil
}
