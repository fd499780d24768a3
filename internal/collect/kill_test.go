package collect

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/raced"
)

// killed is what the process that is to be killed has to know. The App's key
// comes by its standard input.
type killed struct {
	URL, ClientID, Dir string
	Orgs               []string
}

// adapt makes a plan that of the killed process.
func (k killed) adapt(p *Plan) {
	p.RepositoriesAQuery = 4 // several queries of a small organization
	p.Orgs = k.Orgs
}

const killedVariable = "COLLECT_TEST_KILLED"

// TestKilledCollector is the process that TestKill kills.
func TestKilledCollector(t *testing.T) {
	text := os.Getenv(killedVariable)
	if text == "" {
		t.Skip("run by TestKill in another process")
	}
	var k killed
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		t.Fatal(err)
	}
	key, err := io.ReadAll(os.Stdin)
	if err != nil {
		t.Fatal(err)
	}
	clock := &clock{}
	client, err := github.New(github.Options{
		APIURL: k.URL, App: &github.App{ClientID: k.ClientID, PrivateKey: key}, Now: clock.now, Sleep: clock.sleep,
	})
	if err != nil {
		t.Fatal(err)
	}
	plan := (&site{url: k.URL, dir: k.Dir}).plan()
	k.adapt(&plan)
	if _, err := Run(t.Context(), client, plan); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// killCase is a run that is killed again and again.
type killCase struct {
	name    string
	moments []moment
}

// killCases spread their moments over all resources, over all requests of an
// undisturbed run, and over what comes before the first and after the last.
func killCases(requests int) []killCase {
	cases := []killCase{inRequests("/installation "), inRequests("/access_tokens ")}
	for _, r := range Resources() {
		if r.Shape != Part {
			cases = append(cases, inRequests(lineOf(r)))
		}
	}
	for _, every := range []int{17, 26, 45} {
		c := killCase{name: fmt.Sprintf("every %d requests", every)}
		for i := range 2 * requests / every {
			c.moments = append(c.moments, moment{n: every, isAnswered: i%2 == 0, pause: 1})
		}
		cases = append(cases, c)
	}
	begin, end := killCase{name: "in the beginning"}, killCase{name: "in the end", moments: []moment{{n: requests, isAnswered: true, pause: 1}}}
	for i := range 9 { // a run that has everything only asks where it is installed
		begin.moments = append(begin.moments, moment{n: 1, isAnswered: true, file: "*.[^l]*", pause: time.Duration(i*i) * 100 * time.Microsecond})
		end.moments = append(end.moments, moment{n: 1, isAnswered: true, pause: time.Duration(1+5*i) * time.Millisecond})
	}
	cases = append(cases, begin, end)
	for _, file := range []string{"*.db.sha256.partial", "*.db.sha256", "*.db"} {
		cases = append(cases, killCase{"at " + file, []moment{{n: requests, isAnswered: true, file: file}}})
	}
	return cases
}

// lineOf is what the lines of requests for a resource have in common. Links to
// later pages hold numbers in place of names.
func lineOf(r Resource) string {
	path, _, _ := strings.Cut(r.Path, "?")
	switch before, after, isOne := strings.Cut(path, "{repository}"); {
	case isOne:
		return after + " "
	case r.Shape == Settings:
		return "POST /graphql "
	case r.Shape == Object:
		return strings.ReplaceAll(before, "{org}", "acme") + " "
	}
	before, _, isOne := strings.Cut(strings.TrimPrefix(path, "orgs/{org}"), "{parent}")
	if isOne {
		return before
	}
	return before + " "
}

// inRequests is killed before and after requests whose line holds a text.
func inRequests(text string) killCase {
	return killCase{"at " + strings.Trim(strings.ReplaceAll(text, "/", " "), " "), []moment{
		{text: text, n: 1}, {text: text, n: 1, isAnswered: true}, {text: text, n: 2, isAnswered: true, pause: time.Millisecond},
	}}
}

// Killed at any moment and as often as one likes, a run ends with the snapshot
// that it would have made in one go, and asks again for what it had in hand.
func TestKill(t *testing.T) {
	t.Parallel()
	cold := newKiller(t)
	want := everything(t, cold.finish())
	cases := killCases(cold.requests())
	if raced.Detector {
		cases = cases[len(cases)-6 : len(cases)-5]
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKiller(t)
			kills := k.runUntilAll(c.moments)
			got := k.finish()
			wantSame(t, want, strings.ReplaceAll(everything(t, got), k.site.url, cold.site.url))
			k.wantFew(cold, kills, answers(t, got, "SELECT request_count FROM snapshot"))
		})
	}
}

// Each of two organizations resumes where it was.
func TestKillOrganizations(t *testing.T) {
	t.Parallel()
	if raced.Detector {
		t.Skip("collects four organizations")
	}
	cold, k := newKiller(t, "umbrella"), newKiller(t, "umbrella")
	want := everything(t, cold.finish())
	kills := k.runUntilAll([]moment{{n: 45}, {n: 35, isAnswered: true}, {text: "/orgs/umbrella/installation ", n: 1}, {n: 1, isAnswered: true, pause: 1}})
	got := k.finish()
	wantSame(t, want, strings.ReplaceAll(everything(t, got), k.site.url, cold.site.url))
	k.wantFew(cold, kills, answers(t, got, "SELECT request_count FROM snapshot"))
}

// What changes after the run was killed is in the snapshot as if the run had
// begun afterwards, as far as later requests show it; what was read before stays
// as it was.
func TestKillAndChange(t *testing.T) {
	t.Parallel()
	const tokens, ofTokens, ofRequests, settings = "/personal-access-tokens ", "/personal-access-tokens/", "/personal-access-token-requests/", "POST /graphql "
	cases := []struct {
		name   string
		moment moment
		change func(*world.World)
	}{
		{"token before its repositories", moment{text: ofTokens, n: 1}, revoke(world.SelectSubset, 0)},
		{"token of a list under way", moment{text: tokens, n: 4}, revoke(world.SelectAll, 0)},
		{"token that was read of a list under way", moment{text: tokens, n: 4}, revoke(world.SelectSubset, -1)},
		{"request before its repositories", moment{text: ofRequests, n: 1}, withdraw},
		{"repository of a list under way", moment{text: "/repos ", n: 4}, remove(0)},
		{"repository before all settings", moment{text: settings, n: 1}, remove(0)},
		{"repository of settings under way", moment{text: settings, n: 3}, remove(-1)},
	}
	if raced.Detector {
		cases = cases[:1]
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKiller(t)
			if !k.runUntil(c.moment) {
				t.Fatal("not killed")
			}
			k.site.world.Update(func() { c.change(k.site.world) })
			got := k.finish()
			wantAnswer(t, got, "SELECT is_complete FROM snapshot", "1")
			k.site.dir = t.TempDir()
			wantSame(t, everything(t, k.finish()), everything(t, got))
		})
	}
}

// revoke takes the n-th token of a selection away, from the end where n is
// negative.
func revoke(selection string, n int) func(*world.World) {
	return func(w *world.World) { w.Grants = without(w.Grants, selection, n) }
}

func withdraw(w *world.World) { w.Requests = without(w.Requests, world.SelectSubset, 0) }

func without(tokens []*world.Token, selection string, n int) []*world.Token {
	some := slices.DeleteFunc(slices.Clone(tokens), func(t *world.Token) bool { return t.Selection != selection })
	one := some[(n+len(some))%len(some)]
	return slices.DeleteFunc(slices.Clone(tokens), func(t *world.Token) bool { return t == one })
}

// remove deletes the n-th repository by name, of those that no token lists: its
// list may have been read.
func remove(n int) func(*world.World) {
	return func(w *world.World) {
		var some []*world.Repository
		for _, r := range w.Repositories {
			lists := func(t *world.Token) bool { return slices.Contains(t.Repositories, r) }
			if !slices.ContainsFunc(slices.Concat(w.Grants, w.Requests), lists) {
				some = append(some, r)
			}
		}
		slices.SortFunc(some, func(a, b *world.Repository) int {
			return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		})
		one := some[(n+len(some))%len(some)]
		w.Repositories = slices.DeleteFunc(slices.Clone(w.Repositories), func(r *world.Repository) bool { return r == one })
	}
}
