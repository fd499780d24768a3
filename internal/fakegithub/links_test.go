package fakegithub

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"auditor/internal/fakegithub/world"
)

// relations are those of a Link header, in its order.
func (r reply) relations() []string {
	var out []string
	for part := range strings.SplitSeq(r.header.Get("Link"), ", ") {
		if _, rel, ok := strings.Cut(part, `rel="`); ok {
			out = append(out, strings.TrimSuffix(rel, `"`))
		}
	}
	return out
}

func pageOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("page")
}

// TestLinksOfEveryList reads each list in short pages. It expects first and prev on
// all pages but the first, next and last on all but the last, and last to point to
// the last page.
func TestLinksOfEveryList(t *testing.T) {
	w := small()
	c := serve(t, w, Options{UserAccounts: []string{"mona", "hubot", "octo"}})
	long := slices.MaxFunc(w.Grants, func(a, b *world.Token) int { return len(a.Repositories) - len(b.Repositories) })
	wide := slices.MaxFunc(w.Requests, func(a, b *world.Token) int { return len(a.Repositories) - len(b.Repositories) })
	shared := slices.MaxFunc(w.Repositories, func(a, b *world.Repository) int { return len(a.Teams) - len(b.Teams) })
	app := c.jwt(nil)
	for _, path := range []string{
		"/app/installations", "/orgs/acme/personal-access-tokens", "/orgs/acme/personal-access-token-requests",
		"/orgs/acme/personal-access-tokens/" + itoa(long.ID) + "/repositories", "/orgs/acme/personal-access-token-requests/" + itoa(wide.ID) + "/repositories",
		"/orgs/acme/repos", "/orgs/acme/members", "/orgs/acme/outside_collaborators", "/orgs/acme/properties/values", "/repos/acme/" + shared.Name + "/teams",
	} {
		credential := c.token
		if strings.HasPrefix(path, "/app") {
			credential = app
		}
		pages := 0
		var last []string
		for next := path + "?per_page=1"; next != ""; pages++ {
			r := c.do("GET", next, credential, "")
			if r.status != 200 || len(r.array(t)) != 1 {
				t.Fatalf("%s: %d %.200s", next, r.status, r.body)
			}
			if next = r.link("next"); next != "" {
				last = append(last, pageOf(t, r.link("last")))
			}
			want := []string{"prev", "next", "last", "first"}
			switch {
			case pages == 0 && next == "":
				want = nil
			case pages == 0:
				want = want[1:3]
			case next == "":
				want = []string{"prev", "first"}
			}
			if got := r.relations(); !slices.Equal(got, want) {
				t.Errorf("%s, page %d: %v, want %v", path, pages+1, got, want)
			}
		}
		if pages < 2 {
			t.Errorf("%s has %d pages: nothing to link", path, pages)
		}
		for i, got := range last {
			if got != itoa(int64(pages)) {
				t.Errorf("%s, page %d: the last is %s, want %d", path, i+1, got, pages)
			}
		}
	}
}
