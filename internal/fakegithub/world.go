package fakegithub

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// World is one simulated organization with everything its API would tell
// about it. It is safe to read while no Server serves it; once served, change
// it only through [World.Update] or [World.AdvanceDay].
type World struct {
	Org          Organization
	Users        []*User       // everybody who is or was near the organization, ascending id
	Teams        []*Team       // ascending id
	Repositories []*Repository // ascending id
	Rulesets     []*Ruleset    // those of the organization; a repository has its own
	Grants       []*Token      // active fine-grained tokens, ascending grant id
	Requests     []*Token      // pending requests, ascending request id

	mu        sync.RWMutex
	revision  int // bumped by every change: rendered pages of an older revision are void
	now       time.Time
	rng       *rand.Rand
	gen       *generator // what makes the next day
	ids       *identities
	byName    map[string]*Repository // lower-case name
	byID      map[int64]*Repository
	formerly  map[string]*Repository // by a lower-case name that it had here
	grantByID map[int64]*Token
	reqByID   map[int64]*Token
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

// The roles a user has in the organization; gone means that only traces (a
// token that is still listed) are left.
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

// IsExpired tells whether the token is past its expiry at the given time.
func (t *Token) IsExpired(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now)
}

// Now is the world's own date: the one it was generated for, moved on by every
// AdvanceDay.
func (w *World) Now() time.Time {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now
}

// Update changes the world while no request is being answered. Pages already
// rendered are forgotten.
func (w *World) Update(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.reindex()
}

// Repository finds a repository by its name without owner, or nil.
func (w *World) Repository(name string) *Repository { return w.byName[strings.ToLower(name)] }

// Grant finds an active token by grant id, or nil.
func (w *World) Grant(id int64) *Token { return w.grantByID[id] }

// Request finds a pending request by its id, or nil.
func (w *World) Request(id int64) *Token { return w.reqByID[id] }

func (w *World) reindex() {
	w.revision++
	w.byName = make(map[string]*Repository, len(w.Repositories))
	w.byID = make(map[int64]*Repository, len(w.Repositories))
	for _, r := range w.Repositories {
		w.byName[strings.ToLower(r.Name)] = r
		w.byID[r.ID] = r
	}
	w.grantByID = byTokenID(w.Grants)
	w.reqByID = byTokenID(w.Requests)
}

func byTokenID(list []*Token) map[int64]*Token {
	m := make(map[int64]*Token, len(list))
	for _, t := range list {
		m[t.ID] = t
	}
	return m
}

// people lists the users of the given roles in ascending id.
func (w *World) people(roles ...string) []*User {
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
