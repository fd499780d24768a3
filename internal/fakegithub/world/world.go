// Package world is the organization that the simulated GitHub serves: people,
// teams, repositories with their settings, tokens, and how they change.
//
// Start with [Generate], which invents a [World] from a seed. [World.AdvanceDay]
// simulates a day, [Edit] is one change of a named kind, and [Update] changes
// worlds while they are served. Everything is deterministic: the same seed, size,
// name, time and changes give the same world.
//
// The package knows what is true in the organization. What a client may see of
// it, and in which form, is decided by internal/fakegithub.
package world

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// World is one simulated organization with everything its API shows. It is safe
// to read while no server serves it; once served, change it only through
// [Update], [World.Update] or [World.AdvanceDay].
type World struct {
	Org          Organization
	Users        []*User       // everybody who is or was related to the organization, ascending id
	Teams        []*Team       // ascending id
	Repositories []*Repository // ascending id
	Rulesets     []*Ruleset    // those of the organization; a repository has its own
	Grants       []*Token      // active fine-grained tokens, ascending grant id
	Requests     []*Token      // pending requests, ascending request id

	mu          sync.RWMutex
	revision    int // incremented by every change
	now         time.Time
	gen         *generator             // makes the next day; nil in a world that was not generated
	byName      map[string]*Repository // lower-case name
	byID        map[int64]*Repository
	byOldName   map[string]*Repository // by a lower-case name that it had here
	grantByID   map[int64]*Token
	requestByID map[int64]*Token
}

// Organization holds the settings of the organization itself.
type Organization struct {
	ID                          int64
	Login, Name, Description    string
	Plan                        string // free, team, enterprise
	Seats, FilledSeats          int
	CreatedAt, UpdatedAt        time.Time
	DefaultRepositoryPermission string // none, read, write, admin
	RequiresTwoFactor           bool
	MembersCanCreatePublic      bool
	MembersCanForkPrivate       bool
	MembersCanDelete            bool
	MembersCanChangeVisibility  bool
	MembersCanInviteOutside     bool
	DeployKeysAllowed           bool
	SignoffRequired             bool
	IsVerified                  bool
}

// The roles a user has in the organization; gone means that only traces
// are left, such as a token that is still listed.
const (
	RoleOwner   = "owner"
	RoleMember  = "member"
	RoleOutside = "outside"
	RoleGone    = "gone"
)

// User is an account. Machine accounts are users too, as on GitHub.
type User struct {
	ID           int64
	Login, Name  string
	Role         string // one of the Role constants
	HasTwoFactor bool
	IsMachine    bool
	CreatedAt    time.Time
}

// Team is a team of the organization with direct access to repositories.
type Team struct {
	ID                      int64
	Name, Slug, Description string
	IsSecret                bool
	Parent                  *Team // nil for a root team
	Members                 []*User
}

// TeamAccess is one team's permission on one repository.
type TeamAccess struct {
	Team       *Team
	Permission string // pull, triage, push, maintain, admin
}

// The three ways a token selects repositories.
const (
	SelectAll    = "all"
	SelectSubset = "subset"
	SelectNone   = "none"
)

// Token is a fine-grained personal access token's grant, or a pending request
// for one (then CreatedAt is the time of the request and Reason may be set).
type Token struct {
	ID           int64 // of the grant or of the request: two id spaces
	TokenID      int64 // of the user's token: joins both
	Name         string
	Owner        *User
	Selection    string        // one of the Select constants
	Repositories []*Repository // only with SelectSubset, ascending id
	Permissions  Permissions
	CreatedAt    time.Time // when access was granted, or asked for
	ExpiresAt    time.Time // zero: never expires (null)
	LastUsedAt   time.Time // zero: never used (null)
	Reason       *string   // requests only; nil: null
}

// Permissions maps permission keys to levels. The maps may be shared between
// tokens: replace them, never write into them.
type Permissions struct {
	Organization, Repository, Other map[string]string
}

// IsExpired reports whether the token is past its expiry at the given time.
func (t *Token) IsExpired(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now)
}

// Now is the world's own date: the one it was generated for, plus one day for
// every AdvanceDay.
func (w *World) Now() time.Time {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now
}

// Update changes the world while no server reads it. Indexes are rebuilt
// afterwards, and what a server rendered before is out of date.
func (w *World) Update(change func()) { Update([]*World{w}, change) }

// Update is [World.Update] for several worlds at once: a transfer changes two.
func Update(worlds []*World, change func()) {
	for _, w := range worlds {
		w.mu.Lock()
		defer w.mu.Unlock()
	}
	change()
	for _, w := range worlds {
		w.reindex()
	}
}

// Freeze delays every Update of the worlds until release is called. The caller
// must not call Now before, because Now would wait for a waiting Update.
func Freeze(worlds []*World) (release func()) {
	for _, w := range worlds {
		w.mu.RLock()
	}
	return func() {
		for _, w := range worlds {
			w.mu.RUnlock()
		}
	}
}

// Revision differs after every change: whatever was computed from the world at
// another revision is out of date.
func (w *World) Revision() int { return w.revision }

// Repository finds a repository by its name without owner, or nil.
func (w *World) Repository(name string) *Repository { return w.byName[strings.ToLower(name)] }

// RepositoryByID finds a repository, or nil.
func (w *World) RepositoryByID(id int64) *Repository { return w.byID[id] }

// RepositoryByOldName finds the repository that had the name here before it was
// renamed or transferred, or nil. It may belong to another world by now.
func (w *World) RepositoryByOldName(name string) *Repository {
	return w.byOldName[strings.ToLower(name)]
}

// Grant finds an active token by grant id, or nil.
func (w *World) Grant(id int64) *Token { return w.grantByID[id] }

// Request finds a pending request by its id, or nil.
func (w *World) Request(id int64) *Token { return w.requestByID[id] }

// People lists the users of the given roles in ascending id.
func (w *World) People(roles ...string) []*User {
	var out []*User
	for _, u := range w.Users {
		for _, role := range roles {
			if u.Role == role {
				out = append(out, u)
			}
		}
	}
	return out
}

// Reaches reports whether the token may access a repository of that name: every
// one with selection all, the listed ones with subset.
func (t *Token) Reaches(name string) bool {
	return t.Selection == SelectAll || slices.ContainsFunc(t.Repositories, func(r *Repository) bool { return strings.EqualFold(r.Name, name) })
}

// Rename changes a repository's name and remembers the old one. Call it within
// an Update.
func (w *World) Rename(r *Repository, name string) {
	w.rememberName(r)
	r.Name = name
}

// rememberName keeps a name that a repository is about to lose.
func (w *World) rememberName(r *Repository) {
	if w.byOldName == nil {
		w.byOldName = map[string]*Repository{}
	}
	w.byOldName[strings.ToLower(r.Name)] = r
}

// dismiss turns a member into a former one.
func (w *World) dismiss(u *User) {
	u.Role = RoleGone
	for _, t := range w.Teams {
		t.Members = slices.DeleteFunc(slices.Clone(t.Members), func(m *User) bool { return m == u })
	}
}

func (w *World) reindex() {
	w.revision++
	w.byName = make(map[string]*Repository, len(w.Repositories))
	w.byID = make(map[int64]*Repository, len(w.Repositories))
	for _, r := range w.Repositories {
		w.byName[strings.ToLower(r.Name)] = r
		w.byID[r.ID] = r
	}
	w.grantByID = tokensByID(w.Grants)
	w.requestByID = tokensByID(w.Requests)
}

func tokensByID(list []*Token) map[int64]*Token {
	m := make(map[int64]*Token, len(list))
	for _, t := range list {
		m[t.ID] = t
	}
	return m
}
