package history

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

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
