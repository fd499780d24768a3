package world

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// today is the date of every world in these tests.
var today = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

func small() *World { return Generate(1, Small, "acme", today) }

// described is everything that a world says, as one text.
func described(t *testing.T, w *World) string {
	t.Helper()
	var b []byte
	add := func(v any) {
		t.Helper()
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b = append(append(b, j...), '\n')
	}
	ruleset := func(s *Ruleset) {
		plain := *s
		plain.Source = nil // leads back to its repository
		add(plain)
	}
	add(w.Org)
	for _, s := range w.Rulesets {
		ruleset(s)
	}
	for _, r := range w.Repositories {
		plain := *r
		plain.Rulesets = nil
		add(plain)
		for _, s := range r.Rulesets {
			ruleset(s)
		}
	}
	for _, k := range slices.Concat(w.Grants, w.Requests) {
		plain := *k
		plain.Repositories = nil
		add(plain)
		for _, r := range k.Repositories {
			add(r.ID)
		}
	}
	add(w.Users)
	add(w.Teams)
	return string(b)
}

func TestGenerateIsDeterministic(t *testing.T) {
	a, b := Generate(7, Medium, "acme", today), Generate(7, Medium, "acme", today)
	if described(t, a) != described(t, b) {
		t.Error("the same seed gives another world")
	}
	for range 5 {
		a.AdvanceDay()
		b.AdvanceDay()
	}
	if described(t, a) != described(t, b) {
		t.Error("the same days give another world")
	}
	if described(t, Generate(8, Small, "acme", today)) == described(t, small()) {
		t.Error("another seed gives the same world")
	}
}

func TestSizes(t *testing.T) {
	for size, want := range map[Size][2]int{Empty: {0, 0}, Small: {60, 40}, Medium: {1_200, 800}, Large: {10_000, 5_000}} {
		start := time.Now()
		w := Generate(1, size, "acme", today)
		if took := time.Since(start); took > 5*time.Second { // under 1 s without the race detector
			t.Errorf("%s took %v", size, took)
		}
		if len(w.Grants) != want[0] || len(w.Repositories) != want[1] {
			t.Errorf("%s has %d tokens and %d repositories", size, len(w.Grants), len(w.Repositories))
		}
		pairs, subsets, long := 0, 0, 0
		for _, k := range w.Grants {
			if k.Selection == SelectSubset {
				subsets++
			}
			pairs += len(k.Repositories)
			if len(k.Repositories) > 100 {
				long++
			}
		}
		if share := float64(subsets) / float64(max(1, len(w.Grants))); len(w.Grants) > 0 && share < 0.4 || share > 0.7 {
			t.Errorf("%s: %.0f %% of the tokens are subset", size, share*100)
		}
		if size == Large && (pairs < 170_000 || pairs > 230_000 || long < 200) {
			t.Errorf("large has %d pairs, %d lists of over 100", pairs, long)
		}
		if size == Medium && long < 3 {
			t.Errorf("medium has %d lists of over 100", long)
		}
		for _, list := range [][]int64{idsOf(w.Grants, func(k *Token) int64 { return k.ID }), idsOf(w.Requests, func(k *Token) int64 { return k.ID }),
			idsOf(w.Repositories, func(r *Repository) int64 { return r.ID }), idsOf(w.Users, func(u *User) int64 { return u.ID })} {
			if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
				t.Errorf("%s: ids are not ascending", size)
			}
		}
	}
}

func idsOf[T any](list []T, id func(T) int64) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = id(v)
	}
	return out
}

// TestVariety names what a reader must find in every organization, also in a
// small one, whatever the seed.
func TestVariety(t *testing.T) {
	old, now := today.AddDate(0, 0, -30), today
	live := func(k *Token) bool { return !k.IsExpired(now) }
	tokens := map[string]func(*Token) bool{
		"never used, granted long ago": func(k *Token) bool { return live(k) && k.LastUsedAt.IsZero() && k.CreatedAt.Before(old) },
		"unused for 90 days": func(k *Token) bool {
			return live(k) && !k.LastUsedAt.IsZero() && k.LastUsedAt.Before(today.AddDate(0, 0, -90))
		},
		"used today":               func(k *Token) bool { return k.LastUsedAt.After(today.AddDate(0, 0, -1)) },
		"never expires":            func(k *Token) bool { return k.ExpiresAt.IsZero() },
		"expires in over 366 days": func(k *Token) bool { return k.ExpiresAt.After(today.AddDate(0, 0, 366)) },
		"expires soon, in use": func(k *Token) bool {
			return live(k) && !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(today.AddDate(0, 0, 14)) && k.LastUsedAt.After(old)
		},
		"expired":                     func(k *Token) bool { return k.IsExpired(now) },
		"owner left":                  func(k *Token) bool { return k.Owner.Role == RoleGone },
		"owner is outside":            func(k *Token) bool { return k.Owner.Role == RoleOutside },
		"owner owns the organization": func(k *Token) bool { return k.Owner.Role == RoleOwner },
		"a machine's":                 func(k *Token) bool { return k.Owner.IsMachine },
		"all":                         func(k *Token) bool { return k.Selection == SelectAll },
		"subset":                      func(k *Token) bool { return k.Selection == SelectSubset && len(k.Repositories) > 0 },
		"none":                        func(k *Token) bool { return k.Selection == SelectNone && k.Permissions.Repository == nil },
		"critical, endless": func(k *Token) bool {
			return k.ExpiresAt.IsZero() && k.Permissions.Repository["administration"] == "write"
		},
		"toxic pair": func(k *Token) bool {
			return k.Permissions.Repository["contents"] == "write" && k.Permissions.Repository["workflows"] == "write"
		},
		"organization write": func(k *Token) bool { return k.Permissions.Organization["organization_hooks"] == "write" },
		"unknown permission": func(k *Token) bool { return k.Permissions.Repository["models_gateway"] != "" },
		"read only": func(k *Token) bool {
			return reflect.DeepEqual(k.Permissions.Repository, map[string]string{"contents": "read", "metadata": "read"})
		},
	}
	requests := map[string]func(*Token) bool{
		"old":     func(k *Token) bool { return k.CreatedAt.Before(today.AddDate(0, 0, -7)) },
		"expired": func(k *Token) bool { return k.IsExpired(now) },
		"hostile reason": func(k *Token) bool {
			return k.Reason != nil && strings.Contains(*k.Reason, "\x1b[31m") && (*k.Reason)[0] == '='
		},
		"no reason": func(k *Token) bool { return k.Reason == nil },
		"critical permission": func(k *Token) bool {
			return k.Permissions.Repository["workflows"] == "write" && k.Selection == SelectAll
		},
		"with an expiry ahead": func(k *Token) bool { return live(k) && !k.ExpiresAt.IsZero() },
	}
	repositories := map[string]func(*Repository) bool{
		"public": func(r *Repository) bool { return r.Visibility == Public }, "private": func(r *Repository) bool { return r.Visibility == Private },
		"internal": func(r *Repository) bool { return r.Visibility == Internal }, "archived": func(r *Repository) bool { return r.IsArchived },
		"disabled": func(r *Repository) bool { return r.IsDisabled }, "fork": func(r *Repository) bool { return r.IsFork },
		"template": func(r *Repository) bool { return r.IsTemplate }, "empty": func(r *Repository) bool { return r.IsEmpty },
		"odd name":      func(r *Repository) bool { return strings.HasPrefix(r.Name, ".") },
		"topics":        func(r *Repository) bool { return slices.Contains(r.Topics, "pci") },
		"property text": func(r *Repository) bool { return r.Properties["tier"] == "critical" },
		"no block":      func(r *Repository) bool { return r.SecurityBlock == "absent" },
		"scanning on":   func(r *Repository) bool { return r.Security.SecretScanning == "enabled" },
		"scanning off":  func(r *Repository) bool { return r.Security.SecretScanning == "disabled" },
		"push protection off": func(r *Repository) bool {
			return r.Security.PushProtection == "disabled" && r.Security.SecretScanning == "enabled"
		},
		"alerts off":         func(r *Repository) bool { return !r.HasVulnerabilityAlerts },
		"open alerts":        func(r *Repository) bool { return r.OpenAlerts > 0 },
		"no codeowners":      func(r *Repository) bool { return r.Codeowners == nil && !r.IsEmpty },
		"good codeowners":    func(r *Repository) bool { return r.Codeowners != nil && len(r.Codeowners.Errors) == 0 },
		"classic protection": func(r *Repository) bool { return r.Protection() != nil },
		"deploy key":         func(r *Repository) bool { return len(r.DeployKeys) > 0 },
	}
	for seed := range uint64(20) {
		w := Generate(seed, Small, "acme", today)
		mustFind(t, seed, "token", w.Grants, tokens)
		mustFind(t, seed, "request", w.Requests, requests)
		mustFind(t, seed, "repository", w.Repositories, repositories)
	}
	w := Generate(1, Medium, "acme", today)
	mustFind(t, 1, "repository", w.Repositories, map[string]func(*Repository) bool{
		"null block": func(r *Repository) bool { return r.SecurityBlock == "null" }, "property list": func(r *Repository) bool { return r.Properties["compliance"] != nil },
		"property null":    func(r *Repository) bool { v, ok := r.Properties["tier"]; return ok && v == nil },
		"codeowners error": func(r *Repository) bool { return r.Codeowners != nil && len(r.Codeowners.Errors) > 0 },
		"paused fixes":     func(r *Repository) bool { return r.IsSecurityFixesPaused }, "writable key": func(r *Repository) bool { return len(r.DeployKeys) > 0 && !r.DeployKeys[0].IsReadOnly },
		"evaluate only": func(r *Repository) bool { return len(r.Rulesets) > 0 && r.Rulesets[0].Enforcement == "evaluate" },
		"own ruleset":   func(r *Repository) bool { return len(r.Rulesets) > 0 && r.Rulesets[0].Enforcement == "active" },
		"both":          func(r *Repository) bool { return r.Protection() != nil && len(w.ActiveRules(r, r.DefaultBranch)) > 0 },
		"unprotected":   func(r *Repository) bool { return r.Protection() == nil && len(w.ActiveRules(r, r.DefaultBranch)) == 0 },
		"license off":   func(r *Repository) bool { return r.SecurityBlock == "" && r.Security.SecretScanning == "" },
		"force push":    func(r *Repository) bool { return r.Protection() != nil && r.Protection().AllowsForcePushes },
		"master":        func(r *Repository) bool { return r.DefaultBranch == "master" }, "delegated bypass": func(r *Repository) bool { return len(r.Security.BypassReviewers) > 0 },
	})
	for _, r := range w.Repositories {
		if r.PushedAt.Before(r.CreatedAt) || r.UpdatedAt.After(today) || r.Security.DependabotSecurityUpdates == "enabled" && !r.HasVulnerabilityAlerts {
			t.Errorf("%s: created %v, pushed %v, updated %v", r.Name, r.CreatedAt, r.PushedAt, r.UpdatedAt)
		}
	}
	for _, k := range append(slices.Clone(w.Grants), w.Requests...) {
		if !k.LastUsedAt.IsZero() && (k.LastUsedAt.After(today) || !k.ExpiresAt.IsZero() && k.LastUsedAt.After(k.ExpiresAt)) || k.CreatedAt.After(today) {
			t.Errorf("%s: granted %v, used %v, expires %v", k.Name, k.CreatedAt, k.LastUsedAt, k.ExpiresAt)
		}
	}
}

func mustFind[T any](t *testing.T, seed uint64, what string, list []T, wanted map[string]func(T) bool) {
	t.Helper()
	for name, is := range wanted {
		if !slices.ContainsFunc(list, is) {
			t.Errorf("seed %d has no %s: %s", seed, what, name)
		}
	}
}

func BenchmarkGenerateLarge(b *testing.B) {
	for b.Loop() {
		Generate(1, Large, "acme", today)
	}
}
