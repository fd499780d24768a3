// Package storetest makes snapshots for the tests of this and other packages. It
// is for tests only.
//
// Start with [Create], [Add] and [Publish] for a snapshot of a few objects, or
// with [Published] for one of a whole organization, that [Organization] invents.
package storetest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"auditor/internal/sqlite"
	"auditor/internal/store"
)

// Start is when the run of most tests begins.
func Start() time.Time { return time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC) }

// Run is the run of most tests.
func Run() store.Run {
	return store.Run{
		StartedAt:      Start(),
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

// Add stores one finished page of acme.
func Add(t testing.TB, w *store.Writer, resource, parent string, items ...string) {
	t.Helper()
	var page []json.RawMessage
	for _, item := range items {
		page = append(page, json.RawMessage(item))
	}
	if err := w.Add(t.Context(), store.Walk{Org: "acme", Resource: resource, Parent: parent}, page, "", store.Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
}

// Cover writes a coverage row for each resource.
func Cover(t testing.TB, w *store.Writer, status string, resources ...string) {
	t.Helper()
	for _, resource := range resources {
		if _, err := w.Cover(t.Context(), store.Coverage{Org: "acme", Resource: resource, Status: store.CoverageStatus(status)}); err != nil {
			t.Fatal(err)
		}
	}
}

// Publish publishes an hour after the start, and opens.
func Publish(t testing.TB, w *store.Writer) *store.Snapshot {
	t.Helper()
	return PublishAt(t, w, Start().Add(time.Hour))
}

// PublishAt publishes as finished at a time, and opens.
func PublishAt(t testing.TB, w *store.Writer, at time.Time) *store.Snapshot {
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

// Create begins a snapshot of acme in a new folder.
func Create(t testing.TB) (w *store.Writer, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "snapshots")
	w, err := store.Create(t.Context(), dir, Run())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Discard() })
	if err := w.AddOrg(t.Context(), store.Org{Login: "acme", Permissions: map[string]string{"administration": "read"}, RepositorySelection: "all"}); err != nil {
		t.Fatal(err)
	}
	return w, dir
}

// Published publishes a snapshot of an invented organization and returns its
// path.
func Published(tb testing.TB, s Scale) string {
	tb.Helper()
	w, err := store.Create(context.Background(), filepath.Join(tb.TempDir(), "snapshots"), Run())
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Discard()
	Invent(s).Fill(tb, w)
	path, err := w.Publish(context.Background(), Start().Add(time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// Files names the files of a folder, less the lock that every run leaves.
func Files(t testing.TB, dir string) []string {
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

// Drain reads all rows of a statement and counts them.
func Drain(b *testing.B, s *sqlite.Database, statement string) (rows int) {
	b.Helper()
	answer, err := s.Select(b.Context(), statement, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, err := range answer.All() {
		if err != nil {
			b.Fatal(err)
		}
		rows++
	}
	return rows
}

// TokenJSON is a token as GitHub sends it, with fields that the program does not
// know.
const TokenJSON = `{"id":25381,"owner":{"login":"octo","id":1,"node_id":"U_1","url":"https://api.github.com/users/octo","avatar_url":"https://x/a","html_url":"https://github.com/octo","type":"User","site_admin":false},
 "repository_selection":"subset","repositories_url":"https://api.github.com/organizations/652551/personal-access-tokens/25381/repositories",
 "permissions":{"organization":{"members":"read"},"repository":{"metadata":"read","contents":"write"}},
 "access_granted_at":"2023-05-16T08:47:09.000-07:00","token_id":98716,"token_name":"Some Token","token_expired":false,
 "token_expires_at":"2023-11-16T08:47:09.000-07:00","token_last_used_at":null,"brand_new_field":{"deep":[1,{"events_url":"x","kept":true}]}}`
