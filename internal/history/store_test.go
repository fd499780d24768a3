package history

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"auditor/internal/store"
)

var start = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// testRun is the run of most tests.
func testRun() store.Run {
	return store.Run{
		StartedAt:      start,
		AuditorVersion: "v0.0.0-test",
		APIURL:         "https://api.github.com",
		WebURL:         "https://github.com",
		Fingerprint:    "configuration",
		Catalog: []store.Permission{
			{Scope: "repository", Permission: "contents", Level: "write", Tier: "high", Why: "push"},
			{Scope: "repository", Permission: "metadata", Level: "read", Tier: "low", Why: "always there"},
			{Scope: "organization", Permission: "members", Level: "write", Tier: "critical", Why: "promote"},
			{Scope: "repository", Permission: "administration", Level: "read", Tier: "medium", Why: "map"},
		},
		Sensitive: store.Sensitive{
			Names:      []string{"payments-*", "ACME/vault"},
			Topics:     []string{"pci"},
			Properties: map[string][]string{"tier": {"critical"}},
		},
	}
}

// add stores one finished page.
func add(t *testing.T, w *store.Writer, resource, parent string, items ...string) {
	t.Helper()
	var page []json.RawMessage
	for _, item := range items {
		page = append(page, json.RawMessage(item))
	}
	if err := w.Add(t.Context(), store.Walk{Org: "acme", Resource: resource, Parent: parent}, page, "", store.Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
}

// cover writes a coverage row for each resource.
func cover(t *testing.T, w *store.Writer, status string, resources ...string) {
	t.Helper()
	for _, resource := range resources {
		if _, err := w.Cover(t.Context(), store.Coverage{Org: "acme", Resource: resource, Status: store.CoverageStatus(status)}); err != nil {
			t.Fatal(err)
		}
	}
}

// publishAt publishes as finished at a time, and opens.
func publishAt(t testing.TB, w *store.Writer, at time.Time) *store.Snapshot {
	t.Helper()
	path, err := w.Publish(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// list names the files of a folder, less the lock that every run leaves.
func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

const tokenJSON = `{"id":25381,"owner":{"login":"octo","id":1,"node_id":"U_1","url":"https://api.github.com/users/octo","avatar_url":"https://x/a","html_url":"https://github.com/octo","type":"User","site_admin":false},
 "repository_selection":"subset","repositories_url":"https://api.github.com/organizations/652551/personal-access-tokens/25381/repositories",
 "permissions":{"organization":{"members":"read"},"repository":{"metadata":"read","contents":"write"}},
 "access_granted_at":"2023-05-16T08:47:09.000-07:00","token_id":98716,"token_name":"Some Token","token_expired":false,
 "token_expires_at":"2023-11-16T08:47:09.000-07:00","token_last_used_at":null,"brand_new_field":{"deep":[1,{"events_url":"x","kept":true}]}}`

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }
