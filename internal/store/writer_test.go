package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// rows counts the rows of a base table.
func rows(t *testing.T, w *Writer, resource string) (n int) {
	t.Helper()
	if err := w.DB().QueryRow("SELECT count(*) FROM _" + resource).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddUpdatesWhatWasSeen(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	storetest.Add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/old"}`, `{"id":7,"full_name":"acme/new"}`, `{"id":8,"full_name":"acme/y"}`)
	storetest.Add(t, w, "repositories", "", `{"id":7,"name":"old","full_name":"acme/old","topics":["a","b"],"custom_properties":{"p":["1","2"],"q":null}}`,
		`{"id":7,"name":"new","full_name":"acme/new","topics":["b","b","c"],"custom_properties":{"p":"3"}}`)
	again := strings.NewReplacer(`"contents":"write"`, `"administration":"read"`, `"subset"`, `"all"`, `"token_last_used_at":null`, `"token_last_used_at":"2026-11-20T23:30:00.999-07:00"`).Replace(storetest.TokenJSON)
	storetest.Add(t, w, "tokens", "", again)
	storetest.Cover(t, w, "complete", "tokens", "token_repositories", "repositories")
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT repository_selection, repository_count, has_upper_bound_reach, last_used_at, highest_tier FROM tokens": `["all",1,1,"2026-11-21T06:30:00Z","unclassified"]`,
		"SELECT permission, level, tier FROM token_permissions ORDER BY 1":                                             "[\"administration\",\"read\",\"medium\"]\n[\"members\",\"read\",\"unclassified\"]\n[\"metadata\",\"read\",\"low\"]",
		"SELECT count(*) FROM token_repositories":                                                                      "[0]",
		"SELECT full_name, via FROM token_reach":                                                                       `["acme/new","all"]`,
		"SELECT name, full_name FROM repositories":                                                                     `["new","acme/new"]`,
		"SELECT topic FROM repository_topics ORDER BY 1":                                                               "[\"b\"]\n[\"c\"]",
		"SELECT property, value FROM repository_properties":                                                            `["p","3"]`,
		"SELECT resource, row_count, request_count FROM coverage ORDER BY 1":                                           "[\"repositories\",1,1]\n[\"token_repositories\",0,1]\n[\"tokens\",1,2]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestTodo(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	todo := func(resource string) string {
		t.Helper()
		walks, err := w.Todo(t.Context(), "acme", resource)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, walk := range walks {
			if walk.Org != "acme" || walk.Resource != resource {
				t.Errorf("%+v", walk)
			}
			all = append(all, fmt.Sprintf("%s|%s|%s", walk.Parent, walk.Repository, walk.Next))
		}
		return strings.Join(all, " ")
	}
	expect := func(resource, want string) {
		t.Helper()
		if got := todo(resource); got != want {
			t.Errorf("todo of %s: %q, want %q", resource, got, want)
		}
	}
	token := func(id int, selection string) string {
		return strings.NewReplacer("25381", fmt.Sprint(id), "subset", selection).Replace(storetest.TokenJSON)
	}
	expect("tokens", "||")
	expect("members", "admin|| member||")
	expect("token_repositories", "")
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(token(100, "subset"))}, "https://api/page=2", Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
	expect("tokens", "||https://api/page=2")
	storetest.Add(t, w, "tokens", "", token(20, "subset"), token(3, "all"), token(4, "none"))
	expect("tokens", "")
	expect("token_repositories", "20|| 100||")
	if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "20"}, Cost{Requests: 3}, "502 Bad Gateway", 502); err != nil {
		t.Fatal(err)
	}
	expect("token_repositories", "20|| 100||")
	storetest.Add(t, w, "token_repositories", "20")
	if err := w.Gone(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "100"}, Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
	expect("token_repositories", "")
	storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
	expect("members", "member||")
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"a","full_name":"acme/a","visibility":"public"}`, `{"id":2,"name":"b","full_name":"acme/b","visibility":"private"}`,
		`{"id":3,"name":"c","full_name":"acme/c","visibility":"public","archived":true}`, `{"id":4,"name":"d","full_name":"acme/d","private":false,"archived":false}`, `{"id":5,"name":"e","full_name":"acme/e"}`)
	expect("private_vulnerability_reporting", "1|acme/a| 4|acme/d|")
	if _, err := w.Todo(t.Context(), "acme", "weather"); err == nil {
		t.Error("an unknown resource has something to do")
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "weather"}, nil, "", Cost{Requests: 1}); err == nil {
		t.Error("an unknown resource was stored")
	}
	if err := w.Add(t.Context(), Walk{Org: "unknown", Resource: "tokens"}, nil, "", Cost{Requests: 1}); err == nil {
		t.Error("an unknown organization was stored")
	}
}

func TestGone(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON, strings.Replace(storetest.TokenJSON, "25381", "25382", 1))
	storetest.Add(t, w, "token_requests", "", strings.Replace(storetest.TokenJSON, "25381", "5", 1))
	storetest.Add(t, w, "repositories", "", `{"id":7,"name":"x","full_name":"acme/x","visibility":"public","topics":["t"]}`)
	// The first page of the list came, then the token was revoked.
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "25381"}, []json.RawMessage{json.RawMessage(`{"id":7,"full_name":"acme/x"}`)}, "page2", Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
	for _, walk := range []Walk{
		{Org: "acme", Resource: "token_repositories", Parent: "25381"},
		{Org: "acme", Resource: "token_request_repositories", Parent: "5"},
		{Org: "acme", Resource: "repositories", Parent: "7"},
	} {
		for range 2 { // read twice: a resume
			if err := w.Gone(t.Context(), walk, Cost{Requests: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Pages that were on their way say nothing of what has gone.
	storetest.Add(t, w, "token_repositories", "25381", `{"id":8,"full_name":"acme/y"}`)
	storetest.Add(t, w, "token_request_repositories", "5", `{"id":8,"full_name":"acme/y"}`)
	storetest.Add(t, w, "private_vulnerability_reporting", "7", `{"enabled":true}`)
	storetest.Add(t, w, "teams", "7", `{"id":1,"slug":"a"}`)
	storetest.Cover(t, w, "complete", "tokens", "token_repositories")
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT grant_id FROM tokens":                                                           "[25382]",
		"SELECT DISTINCT grant_id FROM token_permissions":                                       "[25382]",
		"SELECT count(*) FROM token_repositories":                                               "[0]",
		"SELECT count(*) FROM token_reach":                                                      "[0]",
		"SELECT count(*) FROM token_requests":                                                   "[0]",
		"SELECT count(*) FROM repositories":                                                     "[0]",
		"SELECT count(*) FROM repository_topics":                                                "[0]",
		"SELECT resource, row_count, request_count FROM coverage ORDER BY 1":                    "[\"token_repositories\",0,4]\n[\"tokens\",1,1]",
		"SELECT resource, parent, raw ->> '$.token_id', raw ->> '$.name' FROM _gone ORDER BY 1": "[\"repositories\",\"7\",null,\"x\"]\n[\"token_repositories\",\"25381\",98716,null]\n[\"token_request_repositories\",\"5\",98716,null]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

// With a repository that was deleted everything about it leaves the views, also
// what a page brings that arrives later.
func TestGoneRepository(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	gone := Walk{Org: "acme", Resource: "repositories", Parent: "1"}
	const repository = `{"id":1,"name":"x","full_name":"acme/x","visibility":"public"}`
	addAll := func() {
		storetest.Add(t, w, "repository_settings", "", settingsJSON)
		storetest.Add(t, w, "teams", "1", `{"id":1,"slug":"a"}`)
		storetest.Add(t, w, "private_vulnerability_reporting", "1", `{"enabled":true}`)
		storetest.Add(t, w, "automated_security_fixes", "1", `{"enabled":true,"paused":false}`)
	}
	storetest.Add(t, w, "repositories", "", repository)
	storetest.Add(t, w, "properties", "", `{"repository_id":1,"properties":[{"property_name":"a","value":"b"}]}`)
	addAll()
	if err := w.Gone(t.Context(), gone, Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
	addAll()
	for _, resource := range []string{"repositories", "repository_settings", "properties", "teams", "private_vulnerability_reporting", "automated_security_fixes"} {
		if row, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: resource, Status: "complete"}); row.RowCount != 0 || err != nil {
			t.Errorf("%s: %d rows, %v", resource, row.RowCount, err)
		}
	}
	storetest.Add(t, w, "repositories", "", repository)
	for _, resource := range []string{"teams", "private_vulnerability_reporting", "automated_security_fixes"} {
		if todo, err := w.Todo(t.Context(), "acme", resource); len(todo) != 1 || err != nil {
			t.Errorf("%s of a repository that is back: %v, %v", resource, todo, err)
		}
	}
	addAll()
	s := storetest.Publish(t, w)
	if got := query(t, s, "SELECT count(*), (SELECT count(*) FROM repository_teams), (SELECT count(*) FROM _gone) FROM default_branch_protection"); got != "[1,1,0]" {
		t.Errorf("got %s", got)
	}
}

// A token that is listed again after it had gone is asked about once more.
func TestGoneAndBack(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	walk := Walk{Org: "acme", Resource: "token_repositories", Parent: "25381"}
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	if err := w.Gone(t.Context(), walk, Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	if todo, err := w.Todo(t.Context(), "acme", "token_repositories"); len(todo) != 1 || err != nil {
		t.Errorf("todo: %v, %v", todo, err)
	}
	storetest.Add(t, w, "token_repositories", "25381", `{"id":8,"full_name":"acme/y"}`)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON) // seen once more: nothing to ask again
	s := storetest.Publish(t, w)
	if got := query(t, s, "SELECT repository_count, (SELECT count(*) FROM _gone) FROM tokens"); got != "[1,0]" {
		t.Errorf("got %s", got)
	}
}

func TestCreateFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), filepath.Join(file, "snapshots"), storetest.Run()); err == nil {
		t.Error("made a folder in a file")
	}
	run := storetest.Run()
	run.Catalog[0].Tier = "dire"
	dir := t.TempDir()
	if _, err := Create(t.Context(), dir, run); err == nil || !strings.Contains(err.Error(), `tier "dire"`) {
		t.Errorf("unknown tier: %v", err)
	}
	if left := storetest.Files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Concurrent pages share transactions; one that has no identity spoils no other.
func TestAddConcurrently(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			item := strings.Replace(storetest.TokenJSON, "25381", fmt.Sprint(1000+i), 1)
			if i%10 == 3 {
				item = strings.Replace(item, `"id":`, `"was":`, 1)
			}
			err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens", Parent: fmt.Sprint(i)}, []json.RawMessage{json.RawMessage(item)}, "", Cost{Requests: 1})
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	if n := rows(t, w, "tokens"); n != 36 {
		t.Errorf("%d rows", n)
	}
	if n := rows(t, w, "walks"); n != 40 {
		t.Errorf("%d walks", n)
	}
}

// A full disk is no oddity; what was stored before stays and can be resumed.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w, dir := storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	var pages int
	if err := w.DB().QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB().Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+2)); err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(storetest.TokenJSON, "Some Token", strings.Repeat("x", 100_000), 1)
	err := w.Add(t.Context(), Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(strings.Replace(long, "25381", "2", 1))}, "", Cost{Requests: 1})
	if err == nil || !strings.Contains(err.Error(), "store tokens of acme: ") || !strings.Contains(err.Error(), "full") {
		t.Errorf("got %v", err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	again, err := Create(t.Context(), dir, storetest.Run())
	if err != nil || !again.IsResumed() {
		t.Fatal(err)
	}
	defer again.Discard()
	if n := rows(t, again, "tokens"); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// A cancelled context stores nothing of its own page and leaves the Writer whole.
func TestAddCancelled(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Add(ctx, Walk{Org: "acme", Resource: "tokens"}, []json.RawMessage{json.RawMessage(storetest.TokenJSON)}, "", Cost{Requests: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := rows(t, w, "tokens"); n != 0 {
		t.Errorf("%d tokens", n)
	}
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
}

// A list that is read again holds what came the second time, and what both
// readings cost.
func TestRestart(t *testing.T) {
	w, _ := storetest.Create(t)
	token := func(id int) string { return strings.Replace(storetest.TokenJSON, "25381", fmt.Sprint(id), 1) }
	request := func(id int) string {
		return strings.Replace(token(id), `"access_granted_at"`, `"reason":null,"created_at"`, 1)
	}
	repository := func(id int) string { return fmt.Sprintf(`{"id":%d,"name":"x%d","full_name":"acme/x%d"}`, id, id, id) }
	once := Cost{Requests: 2, Retries: 1, Waited: 1500 * time.Millisecond}
	lists := []struct{ resource, parent, first, second, view string }{
		{"tokens", "", token(1), token(2), "tokens"},
		{"token_repositories", "2", `{"id":7,"full_name":"acme/x"}`, `{"id":8,"full_name":"acme/y"}`, "token_repositories"},
		{"token_requests", "", request(1), request(2), "token_requests"},
		{"token_request_repositories", "2", `{"id":7,"full_name":"acme/x"}`, `{"id":8,"full_name":"acme/y"}`, "token_request_repositories"},
		{"repositories", "", repository(7), repository(8), "repositories"},
		{"members", "admin", `{"login":"a","id":1}`, `{"login":"b","id":2}`, "members WHERE role = 'owner'"},
		{"members", "member", `{"login":"c","id":3}`, `{"login":"d","id":4}`, "members WHERE role = 'member'"},
		{"outside_collaborators", "", `{"login":"e","id":5}`, `{"login":"f","id":6}`, "members WHERE role = 'outside'"},
		{"teams", "8", `{"id":1,"slug":"a","name":"a","permission":"push"}`, `{"id":2,"slug":"b","name":"b","permission":"push"}`, "repository_teams"},
		{"properties", "", `{"repository_id":8,"properties":[{"property_name":"a","value":"1"}]}`, `{"repository_id":8,"properties":[{"property_name":"b","value":"2"}]}`, "repository_properties"},
	}
	for _, l := range lists {
		walk := Walk{Org: "acme", Resource: l.resource, Parent: l.parent}
		for _, err := range []error{
			w.Add(t.Context(), walk, []json.RawMessage{json.RawMessage(l.first)}, "https://api/2", once),
			w.Restart(t.Context(), walk, once),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if l.parent == "" {
			todo, err := w.Todo(t.Context(), "acme", l.resource)
			if err != nil || len(todo) != 1 || todo[0].Next != "" {
				t.Errorf("%s is to resume at %v, %v", l.resource, todo, err)
			}
		}
		if err := w.Add(t.Context(), walk, []json.RawMessage{json.RawMessage(l.second)}, "", once); err != nil {
			t.Fatal(err)
		}
		row, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: l.resource, Status: "complete", Duration: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		readings := int64(1)
		if l.parent == "member" {
			readings = 2 // of the two roles
		}
		if row.RequestCount != 6*readings || row.RetryCount != 3*readings || row.RereadCount != readings || row.Waited != time.Duration(readings)*4500*time.Millisecond {
			t.Errorf("%s cost %+v", l.resource, row)
		}
	}
	if err := w.Spend(t.Context(), "acme", Cost{Requests: 3}); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"org", "repository_settings", "private_vulnerability_reporting"} {
		if err := w.Restart(t.Context(), Walk{Org: "acme", Resource: resource}, Cost{}); err == nil {
			t.Errorf("%s was read again, though it is no list", resource)
		}
	}
	s := storetest.Publish(t, w)
	for _, l := range lists {
		if got := query(t, s, "SELECT count(*) FROM "+l.view); got != "[1]" {
			t.Errorf("%s: %s rows", l.view, got)
		}
	}
	if got := query(t, s, "SELECT request_count, retry_count, wait_seconds FROM snapshot"); got != "[63,30,45]" {
		t.Errorf("the snapshot cost %s", got)
	}
	if got := query(t, s, "SELECT wait_seconds, duration_seconds, reread_count FROM coverage WHERE resource = 'tokens'"); got != "[4.5,2,1]" {
		t.Errorf("tokens cost %s", got)
	}
}
