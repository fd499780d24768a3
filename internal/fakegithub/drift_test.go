package fakegithub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub/world"
)

// listed is what a client gets that reads a list once, in its order.
func (c *client) listed(path, key string) []string {
	c.t.Helper()
	var out []string
	for _, item := range c.all(path) {
		out = append(out, fmt.Sprint(item[key]))
	}
	return out
}

// named lists the repositories of GraphQL by name, eleven on a page.
func (c *client) named() []string {
	c.t.Helper()
	const query = `query($after: String) { organization(login: "acme") { repositories(first: 11, after: $after, orderBy: {field: NAME, direction: ASC}) {
		pageInfo { hasNextPage endCursor } nodes { databaseId } } } }`
	var out []string
	var after any
	for {
		var got struct {
			Data struct {
				Organization struct {
					Repositories struct {
						PageInfo struct {
							HasNextPage bool
							EndCursor   string
						}
						Nodes []struct{ DatabaseID int64 }
					}
				}
			}
		}
		r := c.graphql(query, map[string]any{"after": after})
		if err := json.Unmarshal(r.body, &got); err != nil || r.status != 200 {
			c.t.Fatalf("%d %v %.300s", r.status, err, r.body)
		}
		page := got.Data.Organization.Repositories
		for _, n := range page.Nodes {
			out = append(out, itoa(n.DatabaseID))
		}
		if !page.PageInfo.HasNextPage {
			return out
		}
		after = page.PageInfo.EndCursor
	}
}

const (
	tokensWalk   = "/orgs/acme/personal-access-tokens?per_page=20&direction=asc"
	requestsWalk = "/orgs/acme/personal-access-token-requests?per_page=4&direction=asc"
	reposWalk    = "/orgs/acme/repos?per_page=15&sort=created&direction=asc"
	membersWalk  = "/orgs/acme/members?per_page=10"
)

// TestDrift reads a list while it changes, and again afterwards: the difference is
// what a client that reads once gets wrong.
func TestDrift(t *testing.T) {
	rest := func(path, key string) func(*client) []string {
		return func(c *client) []string { return c.listed(path, key) }
	}
	byName := (*client).named
	for script, test := range map[string]struct {
		walk          func(*client) []string
		stale, missed int // items that are gone, items that were skipped
		twice         int // items that were read twice
	}{
		"revoke:after=tokens,page=1":                {rest(tokensWalk, "id"), 1, 1, 0},
		"revoke:after=tokens,page=2,item=3":         {rest(tokensWalk, "id"), 1, 1, 0},
		"revoke:after=tokens,page=1,item=-1":        {rest(tokensWalk, "id"), 0, 0, 0},
		"grant:after=tokens,page=2":                 {rest(tokensWalk, "id"), 0, 0, 0},
		"grant:after=tokens,page=3":                 {rest(tokensWalk, "id"), 0, 1, 0},
		"withdraw:after=requests,page=1":            {rest(requestsWalk, "id"), 1, 1, 0},
		"ask:after=requests,page=1":                 {rest(requestsWalk, "id"), 0, 0, 0},
		"delete:after=repos,page=1":                 {rest(reposWalk, "id"), 1, 1, 0},
		"create:after=repos,page=1":                 {rest(reposWalk, "id"), 0, 0, 0},
		"rename:after=repos,page=1":                 {rest(reposWalk, "id"), 0, 0, 0},
		"transfer:before=repos,page=2":              {rest(reposWalk, "id"), 1, 1, 0},
		"leave:after=members,page=1":                {rest(membersWalk, "id"), 1, 1, 0},
		"join:after=members,page=1":                 {rest(membersWalk, "id"), 0, 0, 0},
		"delete:after=graphql,page=1,item=-1":       {byName, 0, 0, 0},
		"rename:after=graphql,page=2,item=-1":       {byName, 0, 1, 0},
		"rename:after=graphql,item=0,to=zz-the-end": {byName, 0, 0, 1},
		"rename:after=graphql,item=10":              {byName, 0, 0, 0}, // the item of the cursor
		"create:before=graphql,page=9":              {byName, 0, 1, 0}, // after the end: see Settle
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			c := serve(t, small(), Options{Drift: []Change{mustParse(t, script)}})
			before := test.walk(c)
			c.fake.Settle()
			after := test.walk(c)
			stale, missed, twice := compare(before, after)
			if stale != test.stale || missed != test.missed || twice != test.twice {
				t.Errorf("read %d that are gone, missed %d, read %d twice; want %d, %d, %d", stale, missed, twice, test.stale, test.missed, test.twice)
			}
			if again := test.walk(c); !slices.Equal(again, after) {
				t.Error("the change happened twice")
			}
			kind, _, _ := strings.Cut(script, ":")
			if got := c.fake.Counters().Changes; got[kind] != 1 || len(got) != 1 {
				t.Errorf("counted %v", got)
			}
		})
	}
}

func compare(before, after []string) (stale, missed, twice int) {
	seen := map[string]int{}
	for _, id := range before {
		seen[id]++
		if seen[id] == 2 {
			twice++
		}
		if seen[id] == 1 && !slices.Contains(after, id) {
			stale++
		}
	}
	for _, id := range after {
		if seen[id] == 0 {
			missed++
		}
	}
	return stale, missed, twice
}

func mustParse(t *testing.T, script string) Change {
	t.Helper()
	c, err := ParseChange(script)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTokenIsGoneBeforeItsRepositories removes the token of the n-th request for
// repositories of a token.
func TestTokenIsGoneBeforeItsRepositories(t *testing.T) {
	for _, list := range []struct{ script, path string }{
		{"revoke:before=token-repos,page=2", "/orgs/acme/personal-access-tokens"},
		{"withdraw:before=request-repos,page=2", "/orgs/acme/personal-access-token-requests"},
	} {
		c := serve(t, small(), Options{Drift: []Change{mustParse(t, list.script)}})
		tokens := c.listed(list.path+"?direction=asc", "id")
		var got []int
		for _, id := range tokens[3:6] {
			got = append(got, c.get(list.path+"/"+id+"/repositories").status)
		}
		if want := []int{200, 404, 200}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", list.script, got, want)
		}
		if left := c.listed(list.path+"?direction=asc&per_page=100", "id"); slices.Contains(left, tokens[4]) {
			t.Errorf("%s: %s is still listed", list.script, tokens[4])
		}
	}
}

func TestDeletedRepositoryLeavesTokens(t *testing.T) {
	w := small()
	i := slices.IndexFunc(w.Grants, func(k *world.Token) bool { return k.Selection == world.SelectSubset && len(k.Repositories) > 1 })
	token, gone := w.Grants[i], w.Grants[i].Repositories[0]
	at := slices.Index(w.Repositories, gone)
	c := serve(t, w, Options{Drift: []Change{{Kind: "delete", Before: "token-repos", Item: at}}})
	listed := c.listed("/orgs/acme/personal-access-tokens/"+itoa(token.ID)+"/repositories?per_page=100", "name")
	if slices.Contains(listed, gone.Name) || len(listed) == 0 {
		t.Errorf("lists %v", listed)
	}
	c.wants(c.get("/repos/acme/"+gone.Name), 404, "Not Found")
}

// TestMoved checks that a renamed or transferred repository redirects from its old
// name to its id, which answers 404 where the caller may not see it.
func TestMoved(t *testing.T) {
	stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	public := slices.IndexFunc(small().Repositories, func(r *world.Repository) bool { return r.Visibility == world.Public })
	private := slices.IndexFunc(small().Repositories, func(r *world.Repository) bool { return r.IsPrivate() })
	for name, test := range map[string]struct {
		kind     string
		item     int
		hasOther bool
		status   int // in the end
		owner    string
	}{
		"renamed":            {"rename", public, false, 200, "acme/moved"},
		"public, elsewhere":  {"transfer", public, true, 200, "globex/"},
		"private, elsewhere": {"transfer", private, true, 404, "Not Found"},
		"gone out of sight":  {"transfer", public, false, 404, "Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			w := small()
			r := w.Repositories[test.item]
			o := Options{Drift: []Change{{Kind: test.kind, Before: "members", Item: test.item, To: "moved"}}}
			if test.kind == "rename" {
				o.Drift[0].Kind, o.Drift[0].Do = "", func(w *world.World) { w.Rename(r, "moved") }
			}
			if test.hasOther {
				o.Others = []*world.World{world.Generate(2, world.Small, "globex", today)}
			}
			c := serve(t, w, o)
			old := r.Name
			c.get("/orgs/acme/members")
			req, _ := http.NewRequest("GET", c.url+"/repos/acme/"+old+"/teams?per_page=7", nil)
			req.Header.Set("Authorization", "Bearer "+c.token)
			resp, err := stop.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if want := c.url + "/repositories/" + itoa(r.ID) + "/teams?per_page=7"; resp.StatusCode != 301 || resp.Header.Get("Location") != want {
				t.Errorf("%d to %s, want 301 to %s", resp.StatusCode, resp.Header.Get("Location"), want)
			}
			c.wants(c.get("/repos/acme/"+old), test.status, test.owner)
			c.wants(c.graphql(`query($n: String!) { repository(owner: "acme", name: $n) { name } }`, map[string]any{"n": old}), 200, map[bool]string{true: "moved", false: "NOT_FOUND"}[test.kind == "rename"])
			c.wants(c.graphql(`query($n: String!) { repository(owner: "acme", name: $n, followRenames: false) { name } }`, map[string]any{"n": old}), 200, "NOT_FOUND")
		})
	}
}

// TestDriftWaitsForAPageThatArrives checks that a client that repeats the request
// for a page that it did not get does not see the change in it.
func TestDriftWaitsForAPageThatArrives(t *testing.T) {
	c := serve(t, small(), Options{
		Drift:  []Change{mustParse(t, "revoke:after=tokens")},
		Faults: []Fault{{Kind: "json-cut", Rate: 1, Path: "/orgs/acme/personal-access-tokens"}},
	})
	for i, want := range []int{0, 0, 1} {
		c.get(tokensWalk)
		if got := c.fake.Counters().Changes["revoke"]; got != want {
			t.Errorf("after %d tries %d changes, want %d", i+1, got, want)
		}
	}
}

// TestFinalWorldIsTheSame checks that servers with the same changes have the same
// result, whenever they happened.
func TestFinalWorldIsTheSame(t *testing.T) {
	var drift []Change
	for _, e := range world.EditKinds() {
		drift = append(drift, mustParse(t, e.Name+":after=repos,page=2"))
	}
	end := func(ask ...string) []string {
		c := serve(t, small(), Options{Drift: drift})
		for _, path := range ask {
			c.get(path)
		}
		c.fake.Calm()
		if got := c.fake.Counters().Changes; len(got) != len(drift) {
			t.Errorf("happened: %v", got)
		}
		var out []string
		for _, walk := range []string{tokensWalk, requestsWalk, reposWalk, membersWalk} {
			for _, item := range c.all(walk) {
				out = append(out, strings.ReplaceAll(text(t, item), strings.TrimPrefix(c.url, "http://"), "host"))
			}
		}
		return out
	}
	if a, b := end("/orgs/acme/repos?per_page=5", "/orgs/acme/repos?per_page=5&page=2"), end(); !slices.Equal(a, b) {
		t.Error("the final world depends on the moment of the changes")
	}
}

func TestParseChange(t *testing.T) {
	got := mustParse(t, "rename:before=graphql,page=3,item=-2,to=new")
	if got.Kind != "rename" || got.Before != "graphql" || got.Page != 3 || got.Item != -2 || got.To != "new" {
		t.Errorf("%+v", got)
	}
	for text, want := range map[string]string{
		"explode:after=repos": "the kinds are revoke,", "revoke": "exactly one of after and before", "revoke:after=repos,before=repos": "exactly one of after and before",
		"revoke:after=nothing": "the lists are tokens,", "revoke:after=repos,page=0": "below 1", "revoke:item=x": "item=x", "revoke:when=now": "the settings are after,",
	} {
		if _, err := ParseChange(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New accepts an unknown change")
		}
	}()
	New(small(), Options{Drift: []Change{{Kind: "explode", After: "repos"}}})
}
