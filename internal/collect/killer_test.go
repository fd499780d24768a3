package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	"auditor/internal/store"
)

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
// requests them.
type killer struct {
	site      *site
	orgs      []string
	mu        sync.Mutex
	requested map[string]int // how often, by the request without its page; later pages of lists by themselves
	victim    *victim        // nil: no process is to be killed
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
	k := &killer{orgs: append([]string{"acme"}, others...), requested: map[string]int{}}
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
			go v.killLater(k.site.dir) // the answer ends when this returns
		}
	})
}

// arrive counts a request and returns the process to kill for it, nil for none.
func (k *killer) arrive(r *http.Request) *victim {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Method == http.MethodDelete { // of a token, which a killed process leaves
		return nil
	}
	query := r.URL.Query()
	query.Del("page")
	k.requested[r.URL.Path+"?"+query.Encode()]++
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
	k.site.t.Helper()
	text, err := json.Marshal(killed{k.site.url, k.site.server.ClientID(), k.site.dir, k.orgs})
	if err != nil {
		k.site.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledCollector$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), killedVariable+"="+string(text))
	cmd.Stdin = bytes.NewReader(k.site.server.PrivateKeyPEM())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	k.mu.Lock() // no request passes before its process is known
	err = cmd.Start()
	v := &victim{moment: m, process: cmd.Process, ended: make(chan struct{})}
	k.victim = v
	k.mu.Unlock()
	if err != nil {
		k.site.t.Fatal(err)
	}
	err = cmd.Wait()
	close(v.ended)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.victim = nil
	isKilled = cmd.ProcessState.ExitCode() == -1
	if !isKilled && err != nil {
		k.site.t.Fatalf("%v\n%s", err, out.Bytes())
	}
	return isKilled
}

// finish publishes what the killed runs have left, unless they have.
func (k *killer) finish() *store.Snapshot {
	k.site.t.Helper()
	path, err := store.Newest(k.site.dir)
	if errors.Is(err, store.ErrNoSnapshot) {
		var result *Result
		result, err = k.site.run(killed{Orgs: k.orgs}.adapt)
		if err == nil {
			path = result.Path
		}
	}
	if err != nil {
		k.site.t.Fatal(err)
	}
	k.wantSound(path)
	snapshot, err := store.Open(k.site.t.Context(), path)
	if err != nil {
		k.site.t.Fatal(err)
	}
	k.site.t.Cleanup(func() { snapshot.Close() })
	return snapshot
}

// wantSound wants a published file with its checksum and nothing else.
func (k *killer) wantSound(path string) {
	k.site.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		k.site.t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	line, err := os.ReadFile(path + ".sha256")
	if want := hex.EncodeToString(sum[:]) + "  " + filepath.Base(path) + "\n"; err != nil || string(line) != want {
		k.site.t.Errorf("checksum %q, %v; want %q", line, err, want)
	}
	entries, err := os.ReadDir(k.site.dir)
	if err != nil {
		k.site.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	base := filepath.Base(path)
	if want := []string{".lock", base, base + ".sha256"}; !slices.Equal(names, want) {
		k.site.t.Errorf("in the folder: %v; want %v", names, want)
	}
}

// runUntilAll is runUntil one moment after the other, or until the snapshot is
// published. It counts the kills.
func (k *killer) runUntilAll(moments []moment) (kills int) {
	k.site.t.Helper()
	for _, m := range moments {
		isKilled := k.runUntil(m)
		if isKilled {
			kills++
		} else if !m.isVague() {
			k.site.t.Errorf("not killed at %+v", m)
		}
		if _, err := store.Newest(k.site.dir); err == nil {
			break
		}
	}
	return kills
}

// requests counts them.
func (k *killer) requests() (all int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range k.requested {
		all += n
	}
	return all
}

// wantFew wants that a kill costs the opening of the installation and what the
// process had in hand: of each walk under way one page, and of a list, whose last
// page is not known yet, the first one.
func (k *killer) wantFew(cold *killer, kills int, written string) {
	k.site.t.Helper()
	k.mu.Lock() // what a killed process has sent may still arrive
	asked := maps.Clone(k.requested)
	k.mu.Unlock()
	for what, n := range asked {
		if again := n - cold.requested[what]; again > kills {
			k.site.t.Errorf("killed %d times, asked %d times more for %s", kills, again, what)
		}
	}
	if n, most := k.requests(), cold.requests()+kills*k.inHand(); n > most {
		k.site.t.Errorf("killed %d times, %d requests; want at most %d", kills, n, most)
	}
	// What a snapshot says it took are the requests whose answers are in it.
	if n, err := strconv.Atoi(written); err != nil || n > cold.requests()+kills*len(k.orgs) {
		k.site.t.Errorf("killed %d times, %s requests written down, %d without", kills, written, cold.requests())
	}
	k.site.t.Logf("killed %d times: %d requests, of which %s written down; undisturbed %d", kills, k.requests(), written, cold.requests())
}

// inHand is the most requests that a kill can cost.
func (k *killer) inHand() int {
	all := 2 // the installation and its token
	for _, r := range Resources() {
		walks, pages := 1, 1
		if strings.Contains(r.Path, "{parent}") || strings.Contains(r.Path, "{repository}") {
			walks = k.site.plan().walks()
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
