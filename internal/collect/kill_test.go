package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/raced"
	"auditor/internal/store"
)

// killed is what the process that is to be killed has to know. The App's key
// comes by its standard input.
type killed struct {
	URL, ClientID, Dir string
	Orgs               []string
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
	plan.Orgs = k.Orgs
	if _, err := Run(t.Context(), client, plan); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// moment is when a run is killed: at its n-th request whose line holds a text,
// before it is answered or after.
type moment struct {
	text       string // of "GET /path "
	n          int
	isAnswered bool
	file       string        // after the answer: until there is a file of this pattern
	pause      time.Duration // and then as long
}

// isVague holds for moments that a run may be too fast for.
func (m moment) isVague() bool { return m.file != "" || m.pause > 0 }

// killer serves a small organization on small pages, and kills the process that
// asks for it.
type killer struct {
	*site
	orgs   []string
	mu     sync.Mutex
	asked  map[string]int // requests, by what they ask for; of lists, later pages for themselves
	victim *victim        // nil: nobody is to be killed
}

// victim is a process that is to be killed.
type victim struct {
	moment
	process *os.Process
	ended   chan struct{} // closed when it has
	matched int           // its requests that the moment is about
}

// newKiller serves the organization acme and others.
func newKiller(t *testing.T, others ...string) *killer {
	t.Helper()
	k := &killer{orgs: append([]string{"acme"}, others...), asked: map[string]int{}}
	var worlds []*world.World
	for i, org := range k.orgs {
		w := world.Generate(uint64(1+i), "small", org, testNow())
		w.Update(func() { narrow(w) })
		worlds = append(worlds, w)
	}
	k.site = newSiteOf(t, worlds[0], fakegithub.Options{Others: worlds[1:]}, smallPages, k.watch)
	return k
}

// narrow leaves little of an organization, and makes it ask for every resource.
func narrow(w *world.World) {
	w.Repositories = w.Repositories[:13]
	w.Grants, w.Requests = w.Grants[:14], w.Requests[:5]
	for _, r := range w.Repositories {
		r.Properties = nil
	}
	for _, g := range slices.Concat(w.Grants, w.Requests) {
		g.Repositories = slices.DeleteFunc(slices.Clone(g.Repositories), func(r *world.Repository) bool {
			return !slices.Contains(w.Repositories, r)
		})
	}
}

// smallPages makes several pages of a small organization's lists.
func smallPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "per_page=100", "per_page=4", 1)
		if strings.HasSuffix(r.URL.Path, "/graphql") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler) // killed while it sent
			}
			body = bytes.Replace(body, []byte(`"first":50`), []byte(`"first":4`), 1)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		next.ServeHTTP(w, r)
	})
}

// watch kills the process at its moment.
func (k *killer) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := k.arrive(r)
		if v != nil && !v.isAnswered {
			v.kill()
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
		if v != nil {
			http.NewResponseController(w).Flush()
			go v.killLater(k.dir) // the answer ends when this returns
		}
	})
}

// arrive counts a request and returns whom to kill for it, nil for nobody.
func (k *killer) arrive(r *http.Request) *victim {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Method == http.MethodDelete { // of a token, which a killed process leaves
		return nil
	}
	query := r.URL.Query()
	query.Del("page")
	k.asked[r.URL.Path+"?"+query.Encode()]++
	if k.victim == nil || !strings.Contains(r.Method+" "+r.URL.Path+" ", k.victim.text) {
		return nil
	}
	if k.victim.matched++; k.victim.matched != k.victim.n {
		return nil
	}
	return k.victim
}

// kill returns when the process has ended. It may have ended by itself.
func (v *victim) kill() {
	v.process.Kill()
	<-v.ended
}

func (v *victim) killLater(dir string) {
	for v.file != "" && !v.hasEnded() {
		if found, _ := filepath.Glob(filepath.Join(dir, v.file)); len(found) > 0 {
			break
		}
	}
	time.Sleep(v.pause)
	v.kill()
}

func (v *victim) hasEnded() bool {
	select {
	case <-v.ended:
		return true
	default:
		return false
	}
}

// runUntil runs the collector in another process until its moment, or to its
// end where that moment does not come.
func (k *killer) runUntil(m moment) (isKilled bool) {
	k.t.Helper()
	text, err := json.Marshal(killed{k.url, k.server.ClientID(), k.dir, k.orgs})
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledCollector$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), killedVariable+"="+string(text))
	cmd.Stdin = bytes.NewReader(k.server.PrivateKeyPEM())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	k.mu.Lock() // no request passes before its process is known
	err = cmd.Start()
	v := &victim{moment: m, process: cmd.Process, ended: make(chan struct{})}
	k.victim = v
	k.mu.Unlock()
	if err != nil {
		k.t.Fatal(err)
	}
	err = cmd.Wait()
	close(v.ended)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.victim = nil
	isKilled = cmd.ProcessState.ExitCode() == -1
	if !isKilled && err != nil {
		k.t.Fatalf("%v\n%s", err, out.Bytes())
	}
	return isKilled
}

// finish publishes what the killed runs have left, unless they have.
func (k *killer) finish() *store.Snapshot {
	k.t.Helper()
	path, err := store.Newest(k.dir)
	if errors.Is(err, store.ErrNoSnapshot) {
		var result *Result
		result, err = k.run(func(p *Plan) { p.Orgs = k.orgs })
		if err == nil {
			path = result.Path
		}
	}
	if err != nil {
		k.t.Fatal(err)
	}
	k.wantSound(path)
	snapshot, err := store.Open(k.t.Context(), path)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { snapshot.Close() })
	return snapshot
}

// wantSound wants a published file with its checksum and nothing else.
func (k *killer) wantSound(path string) {
	k.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		k.t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	line, err := os.ReadFile(path + ".sha256")
	if want := hex.EncodeToString(sum[:]) + "  " + filepath.Base(path) + "\n"; err != nil || string(line) != want {
		k.t.Errorf("checksum %q, %v; want %q", line, err, want)
	}
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		k.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	base := filepath.Base(path)
	if want := []string{".lock", base, base + ".sha256"}; !slices.Equal(names, want) {
		k.t.Errorf("in the folder: %v; want %v", names, want)
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
			wantSame(t, want, strings.ReplaceAll(everything(t, got), k.url, cold.url))
			k.wantFew(cold, kills, answers(t, got, "SELECT request_count FROM snapshot"))
		})
	}
}

// Of two organizations each goes on where it was.
func TestKillOrganizations(t *testing.T) {
	t.Parallel()
	if raced.Detector {
		t.Skip("collects four organizations")
	}
	cold, k := newKiller(t, "umbrella"), newKiller(t, "umbrella")
	want := everything(t, cold.finish())
	kills := k.runUntilAll([]moment{{n: 45}, {n: 35, isAnswered: true}, {text: "/orgs/umbrella/installation ", n: 1}, {n: 1, isAnswered: true, pause: 1}})
	got := k.finish()
	wantSame(t, want, strings.ReplaceAll(everything(t, got), k.url, cold.url))
	k.wantFew(cold, kills, answers(t, got, "SELECT request_count FROM snapshot"))
}

// runUntilAll is runUntil one moment after the other, or until the snapshot is
// published. It counts the kills.
func (k *killer) runUntilAll(moments []moment) (kills int) {
	k.t.Helper()
	for _, m := range moments {
		isKilled := k.runUntil(m)
		if isKilled {
			kills++
		} else if !m.isVague() {
			k.t.Errorf("not killed at %+v", m)
		}
		if _, err := store.Newest(k.dir); err == nil {
			break
		}
	}
	return kills
}

// requests counts them.
func (k *killer) requests() (all int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range k.asked {
		all += n
	}
	return all
}

// wantFew wants that a kill costs the opening of the installation and what the
// process had in hand: of each walk under way one page, and of a list, whose last
// page is not known yet, the first one.
func (k *killer) wantFew(cold *killer, kills int, written string) {
	k.t.Helper()
	k.mu.Lock() // what a killed process has sent may still arrive
	asked := maps.Clone(k.asked)
	k.mu.Unlock()
	for what, n := range asked {
		if again := n - cold.asked[what]; again > kills {
			k.t.Errorf("killed %d times, asked %d times more for %s", kills, again, what)
		}
	}
	if n, most := k.requests(), cold.requests()+kills*k.inHand(); n > most {
		k.t.Errorf("killed %d times, %d requests; want at most %d", kills, n, most)
	}
	// What a snapshot says it took are the requests whose answers are in it.
	if n, err := strconv.Atoi(written); err != nil || n > cold.requests()+kills*len(k.orgs) {
		k.t.Errorf("killed %d times, %s requests written down, %d without", kills, written, cold.requests())
	}
	k.t.Logf("killed %d times: %d requests, of which %s written down; undisturbed %d", kills, k.requests(), written, cold.requests())
}

// inHand is the most requests that a kill can cost.
func (k *killer) inHand() int {
	all := 2 // the installation and its token
	for _, r := range Resources() {
		walks, pages := 1, 1
		if strings.Contains(r.Path, "{parent}") || strings.Contains(r.Path, "{repository}") {
			walks = k.plan().walks()
		}
		if r.Shape == List {
			pages = 2
		}
		if r.Shape != Part {
			all += walks * pages
		}
	}
	return all * len(k.orgs)
}

// What changes while the run is dead is in the snapshot as if the run had begun
// afterwards, as far as something has yet to be asked that tells; what was read
// before stays as it was.
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
			k.world.Update(func() { c.change(k.world) })
			got := k.finish()
			wantAnswer(t, got, "SELECT is_complete FROM snapshot", "1")
			k.dir = t.TempDir()
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
