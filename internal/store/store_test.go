package store

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// testRun is the run of most tests.
func testRun() Run {
	return Run{
		StartedAt:      start,
		AuditorVersion: "v0.0.0-test",
		APIURL:         "https://api.github.com",
		WebURL:         "https://github.com",
		Fingerprint:    "configuration",
		Catalog: []Permission{
			{"repository", "contents", "write", "high", "push"},
			{"repository", "metadata", "read", "low", "always there"},
			{"organization", "members", "write", "critical", "promote"},
			{"repository", "administration", "read", "medium", "map"},
		},
		Sensitive: Sensitive{
			Names:      []string{"payments-*", "ACME/vault"},
			Topics:     []string{"pci"},
			Properties: map[string][]string{"tier": {"critical"}},
		},
	}
}

// create begins a snapshot of acme in a new folder.
func create(t *testing.T) (*Writer, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "snapshots")
	w, err := Create(t.Context(), dir, testRun())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Discard() })
	if err := w.AddOrg(t.Context(), Org{Login: "acme", Permissions: map[string]string{"administration": "read"}, RepositorySelection: "all"}); err != nil {
		t.Fatal(err)
	}
	return w, dir
}

// add stores one finished page.
func add(t *testing.T, w *Writer, resource, parent string, items ...string) {
	t.Helper()
	var page []json.RawMessage
	for _, item := range items {
		page = append(page, json.RawMessage(item))
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: resource, Parent: parent}, page, "", Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
}

// cover writes a coverage row for each resource.
func cover(t *testing.T, w *Writer, status string, resources ...string) {
	t.Helper()
	for _, resource := range resources {
		if _, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: resource, Status: CoverageStatus(status)}); err != nil {
			t.Fatal(err)
		}
	}
}

// publish publishes and opens.
func publish(t *testing.T, w *Writer) *Snapshot {
	t.Helper()
	return publishAt(t, w, start.Add(time.Hour))
}

// publishAt publishes as finished at a time, and opens.
func publishAt(t testing.TB, w *Writer, at time.Time) *Snapshot {
	t.Helper()
	path, err := w.Publish(context.Background(), at)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// query returns all rows as JSON arrays, one a line.
func query(t *testing.T, s *Snapshot, statement string) string {
	t.Helper()
	rows, err := s.Select(context.Background(), statement, nil)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	var lines []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

const tokenJSON = `{"id":25381,"owner":{"login":"octo","id":1,"node_id":"U_1","url":"https://api.github.com/users/octo","avatar_url":"https://x/a","html_url":"https://github.com/octo","type":"User","site_admin":false},
 "repository_selection":"subset","repositories_url":"https://api.github.com/organizations/652551/personal-access-tokens/25381/repositories",
 "permissions":{"organization":{"members":"read"},"repository":{"metadata":"read","contents":"write"}},
 "access_granted_at":"2023-05-16T08:47:09.000-07:00","token_id":98716,"token_name":"Some Token","token_expired":false,
 "token_expires_at":"2023-11-16T08:47:09.000-07:00","token_last_used_at":null,"brand_new_field":{"deep":[1,{"events_url":"x","kept":true}]}}`

func TestTokenRoundTrip(t *testing.T) {
	w, dir := create(t)
	add(t, w, "tokens", "", tokenJSON)
	add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/x","name":"x","owner":{}}`, `{"id":8,"full_name":"acme/y"}`)
	cover(t, w, "complete", "tokens", "token_repositories")
	s := publish(t, w)
	got := query(t, s, `SELECT org, grant_id, token_id, token_name, owner_login, owner_id, owner_role, repository_selection, repository_count,
		has_upper_bound_reach, highest_tier, access_granted_at, expires_at, is_expired, last_used_at FROM tokens`)
	want := `["acme",25381,98716,"Some Token","octo",1,null,"subset",2,0,"high","2023-05-16T15:47:09Z","2023-11-16T15:47:09Z",0,null]`
	if got != want {
		t.Errorf("tokens:\n got %s\nwant %s", got, want)
	}
	if got := query(t, s, `SELECT raw ->> '$.brand_new_field', raw ->> '$.owner' FROM tokens`); got !=
		`["{\"deep\":[1,{\"kept\":true}]}","{\"login\":\"octo\",\"id\":1,\"node_id\":\"U_1\",\"html_url\":\"https://github.com/octo\",\"type\":\"User\",\"site_admin\":false}"]` {
		t.Errorf("raw: %s", got)
	}
	stock(t, filepath.Join(dir, "20261121T020000Z.db"))
}

// stock asks every public view with Debian's sqlite3.
func stock(t *testing.T, path string) {
	t.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Log("no sqlite3 shell here")
		return
	}
	for _, view := range fileViews() {
		out, err := exec.Command(shell, "-bail", path, "SELECT * FROM "+view.Name).CombinedOutput()
		if err != nil {
			t.Errorf("sqlite3: SELECT * FROM %s: %v: %s", view.Name, err, out)
		}
	}
	if _, err := os.Stat(path + ".sha256"); err != nil {
		t.Error(err)
	}
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
		if e.Name() != lockName {
			names = append(names, e.Name())
		}
	}
	return names
}
