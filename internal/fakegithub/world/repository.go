package world

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
)

// The visibilities of a repository.
const (
	Public   = "public"
	Private  = "private"
	Internal = "internal"
)

// Repository is a repository with every setting that the API shows.
type Repository struct {
	ID                                                  int64
	Name, Description, Language, License, DefaultBranch string // "" is null, except Name and DefaultBranch
	Visibility                                          string
	IsFork, IsTemplate, IsArchived, IsDisabled, IsEmpty bool
	CreatedAt, UpdatedAt                                time.Time
	PushedAt, ArchivedAt                                time.Time // zero: null
	Topics                                              []string
	Properties                                          map[string]any // string, []string or nil
	Size, Stars, Forks, OpenIssues                      int
	HasIssues, HasProjects, HasWiki, HasPages           bool
	HasDiscussions, AllowsForking, SignoffRequired      bool
	DeletesBranchOnMerge, AllowsAutoMerge               bool

	// Security is the security_and_analysis block; SecurityBlock says
	// whether the API shows it.
	Security      Security
	SecurityBlock string // "": the API shows the block; otherwise "absent" or "null"

	HasVulnerabilityAlerts bool
	OpenAlerts             int
	IsSecurityFixesPaused  bool
	HasPrivateReporting    bool // private vulnerability reporting, public repositories only
	HasSecurityPolicy      bool
	Codeowners             *Codeowners // nil: no such file
	DeployKeys             []DeployKey
	Protections            []*BranchProtection // classic rules
	Rulesets               []*Ruleset          // the repository's own
	Teams                  []TeamAccess
	Collaborators          []Collaborator // direct ones, from outside
}

// Collaborator is a person's own permission on a repository.
type Collaborator struct {
	User       *User
	Permission string // as in TeamAccess
}

// Security holds the features of security_and_analysis: enabled, disabled, or
// "" where GitHub leaves the sub-object out (not licensed, not offered).
type Security struct {
	AdvancedSecurity, CodeSecurity, DependabotSecurityUpdates string
	SecretScanning, PushProtection, NonProviderPatterns       string
	ValidityChecks, AIDetection                               string
	DelegatedAlertDismissal, DelegatedBypass                  string
	BypassReviewers                                           []int64 // team ids; only with DelegatedBypass
}

// Codeowners is the CODEOWNERS file as GitHub checked it.
type Codeowners struct {
	Path   string
	Errors []CodeownersError
}

// CodeownersError is one line that GitHub could not interpret.
type CodeownersError struct {
	Line, Column          int
	Kind, Source, Message string
	Suggestion            string // "" is null
}

// DeployKey is an SSH key of a repository.
type DeployKey struct {
	ID                            int64
	Title                         string
	IsReadOnly, IsVerified, IsOff bool
	CreatedAt                     time.Time
}

// BranchProtection is a classic branch protection rule.
type BranchProtection struct {
	ID                                                    int64
	Pattern                                               string
	RequiresReviews                                       bool
	ReviewCount                                           int
	RequiresCodeOwners, DismissesStale, RequiresLastPush  bool
	RequiresStatusChecks, RequiresStrict                  bool
	StatusContexts                                        []string
	RequiresSignatures, RequiresLinear                    bool
	RequiresResolution                                    bool // of conversations
	AllowsForcePushes, AllowsDeletions, IsAdminEnforced   bool
	RestrictsPushes, LocksBranch                          bool
	PullRequestBypassers, ForcePushBypassers, PushAllowed []*User
	Creator                                               *User
}

// Ruleset is a repository or organization ruleset for branches.
type Ruleset struct {
	ID                   int64
	Name                 string
	Enforcement          string   // active, evaluate, disabled
	Include, Exclude     []string // ref patterns: ~DEFAULT_BRANCH, ~ALL, refs/heads/…
	Repositories         []string // organization rulesets only: globs on the name, ~ALL
	NotRepositories      []string
	Rules                []Rule
	BypassActors         []BypassActor
	CreatedAt, UpdatedAt time.Time

	Source *Repository // nil: the organization
}

// Rule is one rule of a ruleset; Type is GitHub's GraphQL enumeration value.
type Rule struct {
	ID           int64
	Type         string
	PullRequest  *PullRequestRule  // only with PULL_REQUEST
	StatusChecks *StatusChecksRule // only with REQUIRED_STATUS_CHECKS
}

// PullRequestRule holds the parameters of a PULL_REQUEST rule.
type PullRequestRule struct {
	ReviewCount                                                              int
	DismissesStale, RequiresCodeOwners, RequiresLastPush, RequiresResolution bool
}

// StatusChecksRule holds the parameters of a REQUIRED_STATUS_CHECKS rule.
type StatusChecksRule struct {
	Contexts []string
	IsStrict bool
}

// BypassActor may bypass a ruleset.
type BypassActor struct {
	ID                  int64
	Mode                string // ALWAYS or PULL_REQUEST
	Team                *Team  // nil unless the actor is a team
	RepositoryRole      string // admin, maintain, write; "" unless a role
	IsOrganizationAdmin bool
}

// IsPrivate is GitHub's notion of private: everything that is not public.
func (r *Repository) IsPrivate() bool { return r.Visibility != Public }

// Protection is the classic rule that applies to the default branch, or nil.
func (r *Repository) Protection() *BranchProtection {
	for _, p := range r.Protections {
		if ok, _ := path.Match(p.Pattern, r.DefaultBranch); ok {
			return p
		}
	}
	return nil
}

// RulesetsOf lists the repository's own rulesets, preceded with parents by those
// of the organization that target it.
func (w *World) RulesetsOf(r *Repository, parents bool) []*Ruleset {
	var out []*Ruleset
	if parents {
		for _, s := range w.Rulesets {
			if s.targets(r) {
				out = append(out, s)
			}
		}
	}
	return append(out, r.Rulesets...)
}

// targets reports whether an organization ruleset names the repository.
func (s *Ruleset) targets(r *Repository) bool {
	return matches(s.Repositories, r.Name, "") && !matches(s.NotRepositories, r.Name, "")
}

// includes reports whether the ruleset's conditions include the branch.
func (s *Ruleset) includes(branch, defaultBranch string) bool {
	return matches(s.Include, "refs/heads/"+branch, "refs/heads/"+defaultBranch) &&
		!matches(s.Exclude, "refs/heads/"+branch, "refs/heads/"+defaultBranch)
}

func matches(patterns []string, name, defaultName string) bool {
	for _, p := range patterns {
		if p == "~ALL" || p == "~DEFAULT_BRANCH" && name == defaultName {
			return true
		}
		if ok, _ := path.Match(strings.ToLower(p), strings.ToLower(name)); ok {
			return true
		}
	}
	return false
}

// ActiveRule is a rule in force, with the ruleset it comes from.
type ActiveRule struct {
	Rule    Rule
	Ruleset *Ruleset
}

// ActiveRules are the rules in force on a branch, from all levels. Rulesets that
// are disabled or only evaluated contribute none, as on GitHub.
func (w *World) ActiveRules(r *Repository, branch string) []ActiveRule {
	var out []ActiveRule
	for _, s := range w.RulesetsOf(r, true) {
		if s.Enforcement != "active" || !s.includes(branch, r.DefaultBranch) {
			continue
		}
		for _, rule := range s.Rules {
			out = append(out, ActiveRule{rule, s})
		}
	}
	return out
}

// SortRepositories sorts by created, updated, pushed or full_name, and those that are
// equal by id.
func SortRepositories(repos []*Repository, by string, descending bool) {
	times := map[string]func(*Repository) time.Time{
		"created": func(r *Repository) time.Time { return r.CreatedAt },
		"updated": func(r *Repository) time.Time { return r.UpdatedAt },
		"pushed":  func(r *Repository) time.Time { return r.PushedAt },
	}
	slices.SortStableFunc(repos, func(a, b *Repository) int {
		c := 0
		if at := times[by]; at != nil {
			c = at(a).Compare(at(b))
		} else {
			c = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		if c = cmp.Or(c, cmp.Compare(a.ID, b.ID)); descending {
			return -c
		}
		return c
	})
}
