package store_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

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

func TestTokenRoundTrip(t *testing.T) {
	w, dir := storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	storetest.Add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/x","name":"x","owner":{}}`, `{"id":8,"full_name":"acme/y"}`)
	storetest.Cover(t, w, "complete", "tokens", "token_repositories")
	s := storetest.Publish(t, w)
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
	for _, view := range FileViews() {
		out, err := exec.Command(shell, "-bail", path, "SELECT * FROM "+view.Name).CombinedOutput()
		if err != nil {
			t.Errorf("sqlite3: SELECT * FROM %s: %v: %s", view.Name, err, out)
		}
	}
	if _, err := os.Stat(path + ".sha256"); err != nil {
		t.Error(err)
	}
}
