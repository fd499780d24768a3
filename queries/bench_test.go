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
	for _, query := range set.Queries() {
		b.Run(query.ID, func(b *testing.B) {
			for b.Loop() {
				rows, err := snapshot.Select(b.Context(), query.SQL, query.Bindings(now))
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

func large(b *testing.B) *store.Snapshot {
	b.Helper()
	f := &fixture{settings: settings{Permissions: map[string]string{"administration": "read"}}}
	w := create(b, usualAPI)
	var repositories, repositorySettings, tokens []any
	pairs := map[string]any{}
	for i := range 5000 {
		name := fmt.Sprintf("acme/r%04d", i)
		repositories = append(repositories, map[string]any{"id": i, "name": name[5:], "full_name": name,
			"visibility": pick(i, "public", "private", "internal"), "archived": i%9 == 0, "disabled": false, "fork": i%5 == 0,
			"default_branch": "main", "created_at": nil, "pushed_at": nil,
			"security_and_analysis": map[string]any{"secret_scanning": map[string]any{"status": pick(i, "enabled", "disabled")}}})
		repositorySettings = append(repositorySettings, map[string]any{"databaseId": i, "nameWithOwner": name, "isEmpty": false,
			"hasVulnerabilityAlertsEnabled": i%3 == 0, "isSecurityPolicyEnabled": false,
			"defaultBranchRef": map[string]any{"name": "main", "branchProtectionRule": nil, "rules": map[string]any{"totalCount": 0, "nodes": []any{}}}})
	}
	for i := range 10000 {
		selection := pick(i, "subset", "all", "none")
		tokens = append(tokens, map[string]any{"id": i, "token_id": i, "token_name": "t", "repository_selection": selection,
			"owner":             map[string]any{"id": i % 700, "login": fmt.Sprintf("u%d", i%700)},
			"permissions":       map[string]any{"repository": map[string]any{"metadata": "read", "contents": pick(i/7, "read", "write"), "issues": "write", "workflows": "write"}, "organization": map[string]any{"members": pick(i/3, "read", "write")}},
			"token_expired":     i%11 == 0,
			"access_granted_at": "2026-01-10T09:00:00-07:00", "token_expires_at": nil, "token_last_used_at": nil})
		if selection != "subset" {
			continue
		}
		var list []any
		for j := range 60 {
			id := (i*7 + j*83) % 5000
			list = append(list, map[string]any{"id": id, "full_name": fmt.Sprintf("acme/r%04d", id)})
		}
		pairs[fmt.Sprint(i)] = list
	}
	data := map[string]any{"repositories": repositories, "repository_settings": repositorySettings, "tokens": tokens, "token_repositories": pairs}
	if err := f.insert(b.Context(), w, "acme", data, append(derived, resources...)); err != nil {
		b.Fatal(err)
	}
	return publish(b, w)
}

func pick(i int, words ...string) string { return words[i%len(words)] }
