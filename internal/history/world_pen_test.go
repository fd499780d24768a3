package history

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// publish writes what a run of that day would see.
func (w *world) publish(t testing.TB, dir string) *store.Snapshot {
	t.Helper()
	run := storetest.Run()
	run.StartedAt = w.now()
	run.Catalog = append(run.Catalog, store.Permission{Scope: "repository", Permission: "contents", Level: "read", Tier: "medium", Why: "clone"})
	if w.day%7 == 0 { // a later version of the auditor knows better
		run.Catalog = append(run.Catalog, store.Permission{Scope: "repository", Permission: "issues", Level: "write", Tier: "low", Why: "talk"})
	}
	out, err := store.Create(context.Background(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Discard()
	for _, o := range w.orgs {
		if !o.isAbsent {
			(&worldPen{t: t, world: w, org: o, out: out}).write()
		}
	}
	return storetest.PublishAt(t, out, w.now().Add(time.Hour))
}

// worldPen writes an organization as far as its coverage goes.
type worldPen struct {
	t     testing.TB
	world *world
	org   *worldOrg
	out   *store.Writer
}

// sees reports whether one object of a resource is read this day.
func (p *worldPen) sees(resource string) bool {
	switch p.org.status[resource] {
	case "complete":
		return true
	case "partial":
		return p.world.r.IntN(2) == 0
	}
	return false
}

func (p *worldPen) add(resource, parent, next string, objects ...any) {
	p.t.Helper()
	var page []json.RawMessage
	for _, object := range objects {
		text, err := json.Marshal(object)
		if err != nil {
			p.t.Fatal(err)
		}
		page = append(page, text)
	}
	if err := p.out.Add(context.Background(), store.Walk{Org: p.org.login, Resource: resource, Parent: parent}, page, next, store.Cost{Requests: 1}); err != nil {
		p.t.Fatal(err)
	}
}

type object = map[string]any

func (p *worldPen) write() {
	ctx := context.Background()
	if err := p.out.AddOrg(ctx, store.Org{Login: p.org.login, Permissions: map[string]string{"administration": "read"}, RepositorySelection: "all"}); err != nil {
		p.t.Fatal(err)
	}
	if p.sees("org") {
		p.add("org", "", "", object{"id": 1, "login": p.org.login, "two_factor_requirement_enabled": p.org.isTwoFactor, "default_repository_permission": p.org.permission})
	}
	p.people()
	p.repositories()
	p.tokens("tokens", "token_repositories", p.org.tokens)
	p.tokens("token_requests", "token_request_repositories", p.org.requests)
	for _, resource := range worldResources {
		if _, err := p.out.Cover(ctx, store.Coverage{Org: p.org.login, Resource: resource, Status: store.CoverageStatus(p.org.status[resource]), IsRequired: resource == "tokens"}); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *worldPen) people() {
	for _, id := range slices.Sorted(maps.Keys(p.org.people)) {
		person := p.org.people[id]
		user := object{"id": id, "login": person.login}
		switch {
		case person.role == "outside" && p.sees("outside_collaborators"):
			p.add("outside_collaborators", "", "", user)
		case person.role != "outside" && p.sees("members"):
			p.add("members", person.role, "", user)
		}
	}
}

func (p *worldPen) repositories() {
	for _, id := range slices.Sorted(maps.Keys(p.org.repositories)) {
		r := p.org.repositories[id]
		if !p.sees("repositories") {
			continue
		}
		settings := object{}
		for name, value := range r.Settings {
			if value != nil {
				settings[name] = object{"status": value}
			}
		}
		repository := object{"id": id, "name": r.Name, "full_name": p.org.login + "/" + r.Name, "private": r.Visibility != "public", "visibility": r.Visibility,
			"html_url": "https://github.com/" + p.org.login + "/" + r.Name, "archived": r.IsArchived, "disabled": false, "fork": false, "is_template": false,
			"default_branch": "main", "created_at": "2020-01-01T00:00:00Z", "topics": []string{r.Topic}, "security_and_analysis": settings, "custom_properties": object{}}
		if r.Pushed != "" {
			repository["pushed_at"] = r.Pushed
		}
		p.add("repositories", "", "", repository)
		p.settings(r)
		if r.Visibility == "public" && p.sees("private_vulnerability_reporting") {
			p.add("private_vulnerability_reporting", fmt.Sprint(id), "", object{"enabled": r.Reporting})
		}
	}
}

func (p *worldPen) settings(r *worldRepository) {
	if !p.sees("repository_settings") {
		return
	}
	unknown := object{}
	settings := object{"databaseId": r.ID, "nameWithOwner": p.org.login + "/" + r.Name, "isEmpty": false, "hasVulnerabilityAlertsEnabled": r.Alerts,
		"isSecurityPolicyEnabled": r.HasPolicy, "codeowners": nil, "vulnerabilityAlerts": object{"totalCount": r.OpenAlerts},
		"deployKeys":       object{"totalCount": r.Keys, "nodes": []any{}},
		"defaultBranchRef": object{"name": "main", "branchProtectionRule": nil, "rules": object{"totalCount": 0, "nodes": []any{}}}, "unknown": unknown}
	if r.Codeowners >= 0 {
		settings["codeowners"] = object{"errors": slices.Repeat([]any{object{"path": "CODEOWNERS", "line": 1}}, r.Codeowners)}
	}
	if r.Protection != nil {
		settings["defaultBranchRef"].(object)["branchProtectionRule"] = r.Protection
	}
	for part, key := range map[string]string{"branch_protection": "defaultBranchRef", "codeowners": "codeowners", "deploy_keys": "deployKeys", "dependabot_alerts": "vulnerabilityAlerts"} {
		if p.org.status[part] != "complete" {
			delete(settings, key)
			if p.org.status[part] != "skipped" {
				unknown[part] = "refused"
			}
		}
	}
	p.add("repository_settings", "", "", settings)
}

func (p *worldPen) tokens(resource, lists string, tokens map[int64]*worldToken) {
	for _, key := range slices.Sorted(maps.Keys(tokens)) {
		t := tokens[key]
		if !p.sees(resource) {
			continue
		}
		permissions := object{"organization": object{}, "repository": object{}}
		for name, level := range t.Permissions {
			scope, permission, _ := strings.Cut(name, "/")
			permissions[scope].(object)[permission] = level
		}
		owner := object{"id": t.Owner, "login": "nobody"}
		if person := p.org.people[t.Owner]; person != nil {
			owner["login"] = person.login
		}
		p.add(resource, "", "", object{"id": t.Grant, "token_id": t.ID, "token_name": t.Name, "owner": owner, "repository_selection": t.Selection, "permissions": permissions,
			"access_granted_at": timeText(t.Granted), "created_at": timeText(t.Granted), "reason": "because", "token_expired": t.IsExpired,
			"token_expires_at": t.Expires, "token_last_used_at": t.Used})
		if t.Selection != "subset" || p.org.status[lists] == "failed" || p.org.status[lists] == "denied" || p.org.status[lists] == "skipped" {
			continue
		}
		var page []any
		for _, id := range slices.Sorted(maps.Keys(t.List)) {
			page = append(page, object{"id": id, "full_name": p.org.login + "/" + p.org.repositories[id].Name})
		}
		next := ""
		if p.org.status[lists] == "partial" && p.world.r.IntN(2) == 0 {
			page, next = page[:len(page)/2], "page=2"
		}
		p.add(lists, fmt.Sprint(t.Grant), next, page...)
	}
}
