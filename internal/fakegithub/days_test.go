package fakegithub

import (
	"slices"
	"sync"
	"testing"

	"auditor/internal/fakegithub/world"
)

// TestServesTheNewDay checks that the server answers with the new day, not with
// what it rendered before.
func TestServesTheNewDay(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	tokens, repos := c.listed("/orgs/acme/personal-access-tokens", "id"), c.all("/orgs/acme/repos")
	w.AdvanceDay()
	c.token, _ = c.fake.InstallationToken("acme") // yesterday's has expired
	var want []string
	for _, k := range w.Grants {
		want = append(want, itoa(k.ID))
	}
	got := c.listed("/orgs/acme/personal-access-tokens?per_page=100&direction=asc", "id")
	slices.Reverse(tokens)
	if len(got) != len(want) || slices.Equal(got, tokens) {
		t.Errorf("%d tokens are listed, want %d and not those of yesterday", len(got), len(want))
	}
	public := func(list []map[string]any) int {
		return len(slices.DeleteFunc(list, func(r map[string]any) bool { return r["visibility"] != world.Public }))
	}
	before := public(repos)
	if after := public(c.all("/orgs/acme/repos")); after < before+1 {
		t.Errorf("%d public repositories are listed after %d", after, before)
	}
}

// TestServesWhileDaysPass is for the race detector.
func TestServesWhileDaysPass(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 15 {
				c.get("/orgs/acme/repos?per_page=100")
				c.get("/orgs/acme/personal-access-tokens")
				c.graphql(`{ organization(login: "acme") { repositories(first: 20) { nodes { name deployKeys(first: 3) { totalCount } defaultBranchRef { rules(first: 5) { totalCount } } } } } }`, nil)
			}
		})
	}
	for range 20 {
		w.AdvanceDay()
	}
	group.Wait()
	if n := len(c.fake.Requests()); n != 4*15*3 {
		t.Errorf("%d requests are logged", n)
	}
}
