package queries_test

import (
	"fmt"
	"testing"
	"time"

	collector "auditor/internal/collect"
	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/queries"
)

// BenchmarkRules judges the large simulated organization, of 10,000 tokens,
// 5,000 repositories and 200,000 pairs of them, by every rule; then asks the
// saved queries. "all" is every rule once: that is to stay under 3 s on a
// machine that does nothing else, and no rule above 1 s. A third of the time
// goes into handing out findings, so it grows with their number as with rules.
func BenchmarkRules(b *testing.B) {
	snapshot := large(b)
	set, _ := rules.Load(source)
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			fresh, err := store.Open(b.Context(), snapshot.Info().Path) // it remembers what it compiled
			if err != nil {
				b.Fatal(err)
			}
			for _, err := range rules.Results(b.Context(), fresh, time.Minute, set.Rules()...) {
				if err != nil {
					b.Fatal(err)
				}
			}
			fresh.Close()
		}
	})
	for _, rule := range set.Rules() {
		b.Run(rule.ID, func(b *testing.B) {
			for b.Loop() {
				result, err := rules.Run(b.Context(), snapshot, time.Minute, rule)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(result.Findings)), "findings")
			}
		})
	}
	one := one(b, snapshot)
	for _, query := range set.Queries() {
		params := asked(query, now, nil)
		for name := range params {
			if value, ok := one[name]; ok {
				params[name] = value
			}
		}
		b.Run(query.ID, func(b *testing.B) {
			for b.Loop() {
				rows, err := snapshot.Select(b.Context(), query.SQL, params)
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

// large collects the large organization of the simulated GitHub, so that as
// many of its tokens and repositories are at fault as they would be.
func large(b *testing.B) *store.Snapshot {
	b.Helper()
	clock := func() time.Time { return now }
	server := fakegithub.New(world.Generate(1, world.Large, "acme", now), fakegithub.Options{Now: clock, RateLimit: -1, GraphQLLimit: -1})
	url, stop, err := server.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	client, err := github.New(github.Options{APIURL: url, App: &github.App{ClientID: server.ClientID(), PrivateKey: server.PrivateKeyPEM()}, Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close(b.Context())
	result, err := collector.Run(b.Context(), client, collector.Plan{
		Dir: b.TempDir(), Orgs: []string{"acme"}, Optional: collector.Options(), Concurrency: 8, Run: sensitiveRun(b, url), Now: clock,
	})
	if err != nil {
		b.Fatal(err)
	}
	snapshot, err := store.Open(b.Context(), result.Path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { snapshot.Close() })
	checkLarge(b, snapshot)
	return snapshot
}

// sensitiveRun knows the catalog and calls some repositories sensitive.
func sensitiveRun(b *testing.B, url string) store.Run {
	b.Helper()
	run := store.Run{
		StartedAt: now, AuditorVersion: "test", APIURL: url, WebURL: "https://github.com",
		Sensitive: store.Sensitive{Names: []string{"payments*"}, Topics: []string{"pci"}, Properties: map[string][]string{"tier": {"critical"}}},
	}
	permissions, err := queries.Catalog()
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range permissions {
		run.Catalog = append(run.Catalog, store.Permission(p))
	}
	return run
}

// one names a repository and a token to ask about: of "*" the answer would be
// every pair of them.
func one(b *testing.B, snapshot *store.Snapshot) map[string]any {
	b.Helper()
	const sql = "SELECT (SELECT min(r.full_name) FROM repositories AS r) AS repository, (SELECT CAST(min(t.grant_id) AS TEXT) FROM tokens AS t) AS token"
	rows, err := snapshot.Select(b.Context(), sql, nil)
	if err != nil {
		b.Fatal(err)
	}
	given := map[string]any{}
	for row, err := range rows.All() {
		if err != nil {
			b.Fatal(err)
		}
		given["repository"], given["token"] = row[0], row[1]
	}
	return given
}

// checkLarge refuses an organization that is smaller than the figures say.
func checkLarge(b *testing.B, snapshot *store.Snapshot) {
	b.Helper()
	for view, least := range map[string]int64{"tokens": 9_900, "repositories": 4_900, "token_repositories": 180_000} {
		rows, err := snapshot.Select(b.Context(), "SELECT count(*) FROM "+view, nil)
		if err != nil {
			b.Fatal(err)
		}
		for row, err := range rows.All() {
			if err != nil || row[0].(int64) < least {
				b.Fatal(fmt.Errorf("%v %s, not %d (%w)", row[0], view, least, err))
			}
		}
	}
}
