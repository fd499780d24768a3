package queries_test

import (
	"fmt"
	"testing"
	"time"

	"auditor/internal/rules"
	"auditor/internal/store"
)

// BenchmarkRules judges an organization of 10,000 tokens, 5,000 repositories
// and 200,000 pairs of them by every rule and inventory.
func BenchmarkRules(b *testing.B) {
	snapshot := large(b)
	set, _ := rules.Load(source)
	for _, rule := range set.Rules() {
		b.Run(rule.ID, func(b *testing.B) {
			for b.Loop() {
				result, err := rules.Run(b.Context(), snapshot, rule, time.Minute)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(result.Findings)), "findings")
			}
		})
	}
	one := map[string]map[string]any{"who-can-write": {"repository": "acme/r0042"}, "token": {"token": "42"}}
	for _, query := range set.Queries() {
		b.Run(query.ID, func(b *testing.B) {
			for b.Loop() {
				rows, err := snapshot.Select(b.Context(), query.SQL, asked(query, now, one[query.ID]))
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range rows.All() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

type object = map[string]any

func large(b *testing.B) *store.Snapshot {
	b.Helper()
	f := &fixture{settings: settings{Permissions: map[string]string{"administration": "read"}}, data: object{}}
	f.data["repositories"], f.data["repository_settings"] = largeRepositories()
	f.data["tokens"], f.data["token_repositories"] = largeTokens()
	w := create(b, usualAPI)
	if err := f.insert(b.Context(), w, "acme", f.data, append(derived, resources...)); err != nil {
		b.Fatal(err)
	}
	return publish(b, w)
}

func largeRepositories() (repositories, settings []any) {
	for i := range 5000 {
		name := fmt.Sprintf("r%04d", i)
		repositories = append(repositories, object{"id": i, "name": name, "full_name": "acme/" + name,
			"visibility": pick(i, "public", "private", "internal"), "archived": i%9 == 0, "disabled": false, "fork": i%5 == 0,
			"default_branch": "main", "created_at": nil, "pushed_at": nil,
			"security_and_analysis": object{"secret_scanning": object{"status": pick(i, "enabled", "disabled")}}})
		settings = append(settings, object{"databaseId": i, "nameWithOwner": "acme/" + name, "isEmpty": false,
			"hasVulnerabilityAlertsEnabled": i%3 == 0, "isSecurityPolicyEnabled": false,
			"defaultBranchRef": object{"name": "main", "branchProtectionRule": nil, "rules": object{"totalCount": 0, "nodes": []any{}}}})
	}
	return repositories, settings
}

func largeTokens() (tokens []any, pairs object) {
	pairs = object{}
	for i := range 10000 {
		selection := pick(i, "subset", "all", "none")
		tokens = append(tokens, object{"id": i, "token_id": i, "token_name": "t", "repository_selection": selection,
			"owner": object{"id": i % 700, "login": fmt.Sprintf("u%d", i%700)},
			"permissions": object{
				"repository":   object{"metadata": "read", "contents": pick(i/7, "read", "write"), "issues": "write", "workflows": "write"},
				"organization": object{"members": pick(i/3, "read", "write")},
			},
			"token_expired": i%11 == 0, "access_granted_at": "2026-01-10T09:00:00-07:00", "token_expires_at": nil, "token_last_used_at": nil})
		if selection != "subset" {
			continue
		}
		var list []any
		for j := range 60 {
			id := (i*7 + j*83) % 5000
			list = append(list, object{"id": id, "full_name": fmt.Sprintf("acme/r%04d", id)})
		}
		pairs[fmt.Sprint(i)] = list
	}
	return tokens, pairs
}

func pick(i int, words ...string) string { return words[i%len(words)] }
