package history

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// world is what random organizations really are like; a snapshot sees as much
// of it as its coverage says.
type world struct {
	r      *rand.Rand
	day    int
	lastID int64
	orgs   []*worldOrg
	// isReliable: every resource of every organization is complete.
	isReliable bool
}

type worldOrg struct {
	login        string
	isAbsent     bool // from this day's snapshot
	isTwoFactor  any  // true, false or nil
	permission   string
	tokens       map[int64]*worldToken // by token id
	requests     map[int64]*worldToken // by request id
	repositories map[int64]*worldRepository
	people       map[int64]*worldPerson
	status       map[string]string // of each resource, this day
}

type worldToken struct {
	ID, Grant   int64
	Name        string
	Owner       int64
	Selection   string
	List        map[int64]bool
	Permissions map[string]string // "repository/contents": "write"
	Granted     time.Time
	Expires     any // text or nil
	Used        any
	IsExpired   bool
}

type worldRepository struct {
	ID         int64
	Name       string
	Visibility string
	IsArchived bool
	Settings   map[string]any // of security_and_analysis; nil: not sent
	Pushed     string
	Topic      string
	HasPolicy  bool
	Alerts     bool
	OpenAlerts int
	Codeowners int // -1: no file; else errors
	Keys       int
	Protection map[string]any // a classic rule; nil: none
	Reporting  bool
}

type worldPerson struct{ login, role string }

func newWorld(seed uint64, orgs ...string) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 7)), lastID: 100}
	for _, login := range orgs {
		o := &worldOrg{login: login, isTwoFactor: true, permission: "read", tokens: map[int64]*worldToken{}, requests: map[int64]*worldToken{},
			repositories: map[int64]*worldRepository{}, people: map[int64]*worldPerson{}}
		w.orgs = append(w.orgs, o)
		for range 6 {
			w.addPerson(o)
			w.addRepository(o)
		}
		for range 8 {
			w.addToken(o, o.tokens)
		}
		w.addToken(o, o.requests)
	}
	return w
}

func (w *world) id() int64 {
	w.lastID++
	return w.lastID
}

func (w *world) now() time.Time { return storetest.Start().AddDate(0, 0, w.day) }

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// one draws a key, in an order that does not depend on the map.
func one[T any](w *world, m map[int64]T) (id int64, value T) {
	ids := slices.Sorted(maps.Keys(m))
	id = ids[w.r.IntN(len(ids))]
	return id, m[id]
}

func (w *world) addPerson(o *worldOrg) {
	id := w.id()
	o.people[id] = &worldPerson{login: fmt.Sprintf("user-%d", id), role: pick(w.r, "admin", "member", "member", "outside")}
}

func (w *world) addRepository(o *worldOrg) {
	id := w.id()
	o.repositories[id] = &worldRepository{ID: id, Name: fmt.Sprintf("repo-%d", id), Visibility: pick(w.r, "public", "private", "internal"),
		Settings: map[string]any{"secret_scanning": "enabled", "advanced_security": "disabled"}, Codeowners: -1, Topic: pick(w.r, "pci", "web")}
}

func (w *world) addToken(o *worldOrg, to map[int64]*worldToken) {
	t := &worldToken{ID: w.id(), Grant: w.id(), Name: fmt.Sprintf("token-%d", w.lastID), Selection: pick(w.r, "all", "subset", "subset", "none"),
		List: map[int64]bool{}, Permissions: map[string]string{"repository/metadata": "read"}, Granted: w.now(), Expires: nil}
	t.Owner, _ = one(w, o.people)
	for range w.r.IntN(4) {
		id, _ := one(w, o.repositories)
		t.List[id] = true
	}
	if len(to) > 0 && w.r.IntN(4) == 0 {
		t.Owner = 1 // nobody
	}
	key := t.ID
	if sameMap(to, o.requests) {
		key = t.Grant
	}
	to[key] = t
}

func sameMap(a, b map[int64]*worldToken) bool { return fmt.Sprintf("%p", a) == fmt.Sprintf("%p", b) }

// pass lets a day go by.
func (w *world) pass() {
	w.day++
	for _, o := range w.orgs {
		o.isAbsent = !w.isReliable && w.r.IntN(8) == 0
		for range w.r.IntN(12) {
			worldEdits[w.r.IntN(len(worldEdits))](w, o)
		}
		o.status = map[string]string{}
		for _, resource := range worldResources {
			o.status[resource] = "complete"
			if !w.isReliable && w.r.IntN(8) == 0 {
				o.status[resource] = pick(w.r, "partial", "denied", "failed", "skipped")
			}
		}
	}
}

var worldResources = []string{"org", "tokens", "token_repositories", "token_requests", "token_request_repositories", "repositories", "repository_settings",
	"branch_protection", "codeowners", "deploy_keys", "dependabot_alerts", "private_vulnerability_reporting", "members", "outside_collaborators"}

// worldEdits are what can happen in an organization.
var worldEdits = []func(*world, *worldOrg){
	func(w *world, o *worldOrg) { w.addToken(o, o.tokens) },
	func(w *world, o *worldOrg) { w.addToken(o, o.requests) },
	func(w *world, o *worldOrg) { w.addRepository(o) },
	func(w *world, o *worldOrg) { w.addPerson(o) },
	func(w *world, o *worldOrg) {
		if id, _ := one(w, o.tokens); len(o.tokens) > 3 {
			delete(o.tokens, id)
		}
	},
	func(w *world, o *worldOrg) {
		if len(o.requests) > 0 {
			id, _ := one(w, o.requests)
			delete(o.requests, id)
		}
	},
	func(w *world, o *worldOrg) { // gone, and off the lists
		id, _ := one(w, o.repositories)
		if len(o.repositories) > 3 {
			delete(o.repositories, id)
			for _, t := range o.tokens {
				delete(t.List, id)
			}
			for _, t := range o.requests {
				delete(t.List, id)
			}
		}
	},
	func(w *world, o *worldOrg) {
		if id, _ := one(w, o.people); len(o.people) > 3 {
			delete(o.people, id)
		}
	},
	func(w *world, o *worldOrg) {
		_, p := one(w, o.people)
		p.role = pick(w.r, "admin", "member", "outside")
	},
	func(w *world, o *worldOrg) { _, p := one(w, o.people); p.login = fmt.Sprintf("user-%d", w.id()) },
	func(w *world, o *worldOrg) { o.isTwoFactor = pick[any](w.r, true, false, nil) },
	func(w *world, o *worldOrg) { o.permission = pick(w.r, "read", "write", "none") },
	func(w *world, o *worldOrg) { // granted again
		_, t := one(w, o.tokens)
		t.Grant, t.Granted = w.id(), w.now()
	},
	func(w *world, o *worldOrg) { _, t := one(w, o.tokens); t.Name = fmt.Sprintf("token %d", w.id()) },
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		t.Selection = pick(w.r, "all", "subset", "none")
	},
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		t.Permissions[pick(w.r, "repository/contents", "repository/issues", "organization/members")] = pick(w.r, "read", "write", "admin")
	},
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		delete(t.Permissions, pick(w.r, "repository/contents", "repository/issues", "organization/members"))
	},
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		id, _ := one(w, o.repositories)
		t.List[id] = true
	},
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		for _, id := range slices.Sorted(maps.Keys(t.List))[:len(t.List)/2] {
			delete(t.List, id)
		}
	},
	func(w *world, o *worldOrg) { _, t := one(w, o.tokens); t.Used = timeText(w.now().Add(-time.Hour)) },
	func(w *world, o *worldOrg) { _, t := one(w, o.tokens); t.Used = timeText(w.now().AddDate(0, 0, 200)) },
	func(w *world, o *worldOrg) {
		_, t := one(w, o.tokens)
		t.Expires = pick[any](w.r, nil, timeText(w.now().AddDate(0, 0, w.r.IntN(300))))
		t.IsExpired = w.r.IntN(3) == 0
	},
	func(w *world, o *worldOrg) {
		if len(o.requests) > 0 {
			_, t := one(w, o.requests)
			t.Permissions["repository/contents"] = pick(w.r, "read", "write")
			id, _ := one(w, o.repositories)
			t.List[id] = true
		}
	},
	func(w *world, o *worldOrg) {
		_, r := one(w, o.repositories)
		r.Name = fmt.Sprintf("renamed-%d", w.id())
	},
	func(w *world, o *worldOrg) {
		_, r := one(w, o.repositories)
		r.Visibility = pick(w.r, "public", "private")
	},
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.IsArchived = !r.IsArchived },
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Protection, r.IsArchived = nil, true },
	func(w *world, o *worldOrg) {
		_, r := one(w, o.repositories)
		r.Settings[pick(w.r, "secret_scanning", "code_security", "dependabot_security_updates")] = pick[any](w.r, "enabled", "disabled", nil)
	},
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Topic = pick(w.r, "pci", "web") },
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Pushed = timeText(w.now()) },
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.HasPolicy = !r.HasPolicy },
	func(w *world, o *worldOrg) {
		_, r := one(w, o.repositories)
		r.Alerts, r.OpenAlerts = !r.Alerts, w.r.IntN(9)
	},
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Codeowners = w.r.IntN(4) - 1 },
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Keys = w.r.IntN(3) },
	func(w *world, o *worldOrg) { _, r := one(w, o.repositories); r.Reporting = !r.Reporting },
	protect, protect, protect,
}

func protect(w *world, o *worldOrg) {
	_, r := one(w, o.repositories)
	r.Protection = pick(w.r, nil, map[string]any{"databaseId": r.ID, "pattern": "main", "requiresApprovingReviews": true, "requiredApprovingReviewCount": w.r.IntN(4),
		"isAdminEnforced": w.r.IntN(2) == 0, "allowsForcePushes": w.r.IntN(2) == 0, "allowsDeletions": false, "requiresCommitSignatures": w.r.IntN(2) == 0})
}

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
