package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// tierRun knows the permissions that reach_tier tells apart.
func tierRun() Run {
	run := storetest.Run()
	run.Catalog = []Permission{
		{"repository", "contents", "write", "high", "push"},
		{"repository", "contents", "read", "medium", "source"},
		{"repository", "actions", "read", "medium", "logs"},
		{"repository", "metadata", "read", "low", "always there"},
		{"repository", "secret_scanning_alerts", "read", "high", "secrets"},
		{"repository", "statuses", "write", "medium", "checks"},
		{"organization", "members", "read", "medium", "reconnaissance"},
		{"organization", "members", "write", "critical", "promote"},
	}
	return run
}

// Repositories of the organizations of TestReachTier, by id.
const (
	publicOne  = `{"id":1,"name":"a","full_name":"acme/a","visibility":"public"}`
	publicTwo  = `{"id":2,"name":"b","full_name":"acme/b","private":false}`
	privateOne = `{"id":3,"name":"c","full_name":"acme/c","visibility":"private"}`
	internal   = `{"id":4,"name":"d","full_name":"acme/d","visibility":"internal"}`
	unknown    = `{"id":5,"name":"e","full_name":"acme/e"}`
)

func TestReachTier(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		selection    string
		permissions  string
		repositories []string
		coverage     string // of repositories
		list         []int  // of selection subset
		isUnread     bool   // the list has another page
		want         string // highest_tier and reach_tier
	}{
		{name: "no permissions", selection: "all", permissions: `{}`, coverage: "complete", want: `[null,null]`},
		{name: "push to all", selection: "all", permissions: `{"repository":{"contents":"write"}}`, repositories: []string{publicOne}, coverage: "complete", want: `["high","critical"]`},
		{name: "push to all, nothing known", selection: "all", permissions: `{"repository":{"contents":"write"}}`, coverage: "denied", want: `["high","critical"]`},
		{name: "administer contents of all", selection: "all", permissions: `{"repository":{"contents":"admin"}}`, coverage: "complete", want: `["unclassified","critical"]`},
		{name: "push to some", selection: "subset", permissions: `{"repository":{"contents":"write"}}`, repositories: []string{privateOne}, coverage: "complete", list: []int{3}, want: `["high","high"]`},
		{name: "push to public ones", selection: "subset", permissions: `{"repository":{"contents":"write"}}`, repositories: []string{publicOne}, coverage: "complete", list: []int{1}, want: `["high","high"]`},
		{name: "read all, some private", selection: "all", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne, privateOne}, coverage: "complete", want: `["medium","high"]`},
		{name: "read all, some internal, list cut off", selection: "all", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{internal}, coverage: "partial", want: `["medium","high"]`},
		{name: "read all, all public", selection: "all", permissions: `{"repository":{"contents":"read","actions":"read"}}`, repositories: []string{publicOne, publicTwo}, coverage: "complete", want: `["medium","low"]`},
		{name: "read all, all seen are public", selection: "all", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne}, coverage: "partial", want: `["medium","medium"]`},
		{name: "read all, one unknown", selection: "all", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne, unknown}, coverage: "complete", want: `["medium","medium"]`},
		{name: "read all, none known", selection: "all", permissions: `{"repository":{"contents":"read"}}`, coverage: "failed", want: `["medium","medium"]`},
		{name: "logs of all, some private", selection: "all", permissions: `{"repository":{"actions":"read"}}`, repositories: []string{publicOne, privateOne}, coverage: "complete", want: `["medium","medium"]`},
		{name: "read public only", selection: "none", permissions: `{"repository":{"contents":"read","metadata":"read"}}`, repositories: []string{privateOne}, coverage: "complete", want: `["medium","low"]`},
		{name: "alerts of public ones", selection: "none", permissions: `{"repository":{"secret_scanning_alerts":"read","contents":"read"}}`, coverage: "complete", want: `["high","high"]`},
		{name: "a level nobody judged", selection: "none", permissions: `{"repository":{"issues":"read"}}`, coverage: "complete", want: `["unclassified","unclassified"]`},
		{name: "write to public ones", selection: "none", permissions: `{"repository":{"statuses":"write"}}`, coverage: "complete", want: `["medium","medium"]`},
		{name: "the organization beside public ones", selection: "none", permissions: `{"repository":{"contents":"read"},"organization":{"members":"read"}}`, coverage: "complete", want: `["medium","medium"]`},
		{name: "the worst counts", selection: "all", permissions: `{"repository":{"contents":"read"},"organization":{"members":"write"}}`, repositories: []string{publicOne}, coverage: "complete", want: `["critical","critical"]`},
		{name: "a public list", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne, publicTwo, privateOne}, coverage: "partial", list: []int{1, 2}, want: `["medium","low"]`},
		{name: "a public list cut off", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne}, coverage: "complete", list: []int{1}, isUnread: true, want: `["medium","medium"]`},
		{name: "a list never read", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne}, coverage: "complete", isUnread: true, want: `["medium","medium"]`},
		{name: "a list with a private one", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne, privateOne}, coverage: "complete", list: []int{1, 3}, want: `["medium","medium"]`},
		{name: "a list with an unknown one", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne, unknown}, coverage: "complete", list: []int{1, 5}, want: `["medium","medium"]`},
		{name: "a list with one that was not seen", selection: "subset", permissions: `{"repository":{"contents":"read"}}`, repositories: []string{publicOne}, coverage: "complete", list: []int{1, 77}, want: `["medium","medium"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, err := Create(t.Context(), t.TempDir(), tierRun())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.Discard() })
			if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
				t.Fatal(err)
			}
			storetest.Add(t, w, "repositories", "", c.repositories...)
			token := fmt.Sprintf(`{"id":9,"token_id":1,"permissions":%s,"repository_selection":%q}`, c.permissions, c.selection)
			storetest.Add(t, w, "tokens", "", token)
			storetest.Add(t, w, "token_requests", "", token)
			for _, resource := range []string{"token_repositories", "token_request_repositories"} {
				if c.selection == "subset" && (!c.isUnread || c.list != nil) {
					addList(t, w, resource, c.list, c.isUnread)
				}
			}
			storetest.Cover(t, w, c.coverage, "repositories")
			s := storetest.Publish(t, w)
			for _, view := range []string{"tokens", "token_requests"} {
				if got := query(t, s, "SELECT highest_tier, reach_tier FROM "+view); got != c.want {
					t.Errorf("%s: got %s, want %s", view, got, c.want)
				}
			}
		})
	}
}

// addList stores a page of the list of token or request 9.
func addList(t *testing.T, w *Writer, resource string, ids []int, isUnread bool) {
	t.Helper()
	var page []json.RawMessage
	for _, id := range ids {
		page = append(page, json.RawMessage(fmt.Sprintf(`{"id":%d,"full_name":"acme/r%d"}`, id, id)))
	}
	next := ""
	if isUnread {
		next = "page2"
	}
	if err := w.Add(t.Context(), Walk{Org: "acme", Resource: resource, Parent: "9"}, page, next, Cost{Requests: 1}); err != nil {
		t.Fatal(err)
	}
}

// The organization's repositories are public or not as they were seen last.
func TestReachTierFollowsVisibility(t *testing.T) {
	t.Parallel()
	w, err := Create(t.Context(), t.TempDir(), tierRun())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Discard() })
	if err := w.AddOrg(t.Context(), Org{Login: "acme"}); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "tokens", "", `{"id":9,"token_id":1,"permissions":{"repository":{"contents":"read"}},"repository_selection":"all"}`)
	storetest.Cover(t, w, "complete", "repositories")
	tier := func() (tier string) {
		t.Helper()
		if err := w.DB().QueryRow("SELECT t.reach_tier FROM tokens AS t").Scan(&tier); err != nil {
			t.Fatal(err)
		}
		return tier
	}
	made := func(visibility string) string {
		return strings.Replace(publicOne, `"public"`, visibility, 1)
	}
	for _, step := range []struct{ visibility, want string }{
		{`"public"`, "low"}, {`"private"`, "high"}, {`null`, "medium"}, {`"internal"`, "high"}, {`"public"`, "low"},
	} {
		storetest.Add(t, w, "repositories", "", made(step.visibility), publicTwo)
		if got := tier(); got != step.want {
			t.Errorf("seen as %s: %s, want %s", step.visibility, got, step.want)
		}
	}
	storetest.Add(t, w, "repositories", "", privateOne)
	if err := w.Gone(t.Context(), Walk{Org: "acme", Resource: "repositories", Parent: "3"}, Cost{}); err != nil {
		t.Fatal(err)
	}
	if got := tier(); got != "low" {
		t.Errorf("the private one has gone: %s", got)
	}
}

// repository_count is of a list that is there and was read to its end, whatever
// happened before.
func TestReachCount(t *testing.T) {
	t.Parallel()
	const subset, all = "subset", "all"
	token := func(selection string) string {
		return fmt.Sprintf(`{"id":9,"token_id":1,"permissions":{"repository":{"contents":"read"}},"repository_selection":%q}`, selection)
	}
	for _, c := range []struct {
		resource, list, view, id string
	}{
		{"tokens", "token_repositories", "tokens", "grant_id"},
		{"token_requests", "token_request_repositories", "token_requests", "request_id"},
	} {
		w, _ := storetest.Create(t)
		storetest.Add(t, w, "repositories", "", publicOne)
		walk := Walk{Org: "acme", Resource: c.list, Parent: "9"}
		restart := func(walk Walk) {
			t.Helper()
			if err := w.Restart(t.Context(), walk, Cost{}); err != nil {
				t.Fatal(err)
			}
		}
		steps := []struct {
			name string
			do   func()
			want string // repository_count and how many lists are to be asked for
		}{
			{"listed", func() { storetest.Add(t, w, c.resource, "", token(subset)) }, "[null,1]"},
			{"a page", func() { addList(t, w, c.list, []int{1, 2}, true) }, "[null,1]"},
			{"the last page", func() { addList(t, w, c.list, []int{2, 3}, false) }, "[3,0]"},
			{"the last page again", func() { addList(t, w, c.list, []int{3, 4}, false) }, "[4,0]"},
			{"seen again", func() { storetest.Add(t, w, c.resource, "", token(subset)) }, "[4,0]"},
			{"failed later", func() {
				if err := w.Fail(t.Context(), walk, Cost{}, "500", 500); err != nil {
					t.Fatal(err)
				}
			}, "[4,0]"},
			{"the list read again", func() { restart(walk) }, "[null,1]"},
			{"its page", func() { addList(t, w, c.list, []int{1}, false) }, "[1,0]"},
			{"seen for all", func() { storetest.Add(t, w, c.resource, "", token(all)) }, "[null,0]"},
			{"seen with a list again", func() { storetest.Add(t, w, c.resource, "", token(subset)) }, "[null,1]"},
			{"half of it", func() { addList(t, w, c.list, []int{1}, true) }, "[null,1]"},
			{"for all, and with a list", func() { storetest.Add(t, w, c.resource, "", token(all), token(subset)) }, "[null,1]"},
			{"an empty list", func() { addList(t, w, c.list, nil, false) }, "[0,0]"},
			{"all read again", func() { restart(Walk{Org: "acme", Resource: c.resource}) }, ""},
			{"listed again", func() { storetest.Add(t, w, c.resource, "", token(subset)) }, "[null,1]"},
			{"its list", func() { addList(t, w, c.list, []int{1, 2}, false) }, "[2,0]"},
			{"gone", func() {
				if err := w.Gone(t.Context(), walk, Cost{}); err != nil {
					t.Fatal(err)
				}
			}, ""},
			{"back", func() { storetest.Add(t, w, c.resource, "", token(subset)) }, "[null,1]"},
			{"and its list", func() { addList(t, w, c.list, []int{1}, false) }, "[1,0]"},
		}
		for _, step := range steps {
			step.do()
			if got := countAndTodo(t, w, c.view, c.list); got != step.want {
				t.Errorf("%s, %s: got %s, want %s", c.resource, step.name, got, step.want)
			}
		}
		var orphans int
		if err := w.DB().QueryRow("SELECT count(*) FROM _reach_counts AS n WHERE n.repository_count <> (SELECT count(*) FROM _reach_members AS m WHERE m.org = n.org AND m.set_id = n.set_id)").Scan(&orphans); err != nil || orphans != 0 {
			t.Errorf("%s: %d counts are wrong, %v", c.resource, orphans, err)
		}
	}
}

// countAndTodo tells repository_count of the only token or request, "" where
// there is none, and how many lists are to be asked for.
func countAndTodo(t *testing.T, w *Writer, view, list string) string {
	t.Helper()
	var count *int
	err := w.DB().QueryRow("SELECT t.repository_count FROM " + view + " AS t").Scan(&count)
	if err != nil {
		return ""
	}
	todo, err := w.Todo(t.Context(), "acme", list)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{count, len(todo)})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
