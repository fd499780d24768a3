package history

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"auditor/internal/finding"
	"auditor/internal/store"
	"auditor/internal/store/storetest"
)

// day publishes what fill stores of acme on a day of November 2026.
func dayOf(t *testing.T, dir string, day int, filters string, fill func(*store.Writer)) *store.Snapshot {
	t.Helper()
	run := storetest.Run()
	run.StartedAt = storetest.Start().AddDate(0, 0, day)
	run.Filters = filters
	w, err := store.Create(t.Context(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	if err := w.AddOrg(t.Context(), store.Org{Login: "acme", Permissions: map[string]string{"administration": "read"}}); err != nil {
		t.Fatal(err)
	}
	fill(w)
	return storetest.PublishAt(t, w, run.StartedAt)
}

// tokenDay has one token, and is complete.
func tokenDay(t *testing.T) func(*store.Writer) {
	return func(w *store.Writer) {
		storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
		storetest.Add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/x"}`)
		storetest.Cover(t, w, "complete", "tokens", "token_repositories")
	}
}

func mergeAll(t *testing.T, h *History, all ...*store.Snapshot) {
	t.Helper()
	for _, s := range all {
		if err := h.Import(t.Context(), s, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// dumpHistory is every row of every base table.
func dumpHistory(t testing.TB, path string) string {
	t.Helper()
	r, err := Read(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b strings.Builder
	for _, name := range testQuery(t, r.file.DB(), "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
		name = strings.Trim(name, `["]`)
		rows := testQuery(t, r.file.DB(), "SELECT * FROM "+name)
		slices.Sort(rows)
		b.WriteString(name + "\n" + strings.Join(rows, "\n") + "\n")
	}
	return b.String()
}

func TestHistoryMergesOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	s := dayOf(t, dir, 0, "", tokenDay(t))
	mergeAll(t, h, s)
	before := dumpHistory(t, h.Path())
	mergeAll(t, h, s, s)
	if after := dumpHistory(t, h.Path()); after != before {
		t.Errorf("the same snapshot merged again:\n%s\nbefore\n%s", after, before)
	}
	if stat, err := os.Stat(h.Path()); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", stat.Mode(), err)
	}
	if _, err := os.Stat(h.Path() + "-journal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal stays: %v", err)
	}
}

func TestHistoryRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	first := dayOf(t, dir, 1, "", tokenDay(t))
	mergeAll(t, h, first)
	before := dumpHistory(t, h.Path())

	filtered := dayOf(t, t.TempDir(), 2, `{"owner":["octo"]}`, tokenDay(t))
	if err := h.Import(t.Context(), filtered, nil, nil); !errors.Is(err, ErrFiltered) {
		t.Errorf("a targeted run: %v", err)
	}

	early := dayOf(t, dir, 0, "", tokenDay(t))
	var order *OutOfOrderError
	if err := h.Import(t.Context(), early, nil, nil); !errors.As(err, &order) || order.Newest != first.Info().File || order.File != early.Info().File {
		t.Errorf("a clock that went back: %v", err)
	}
	if _, err := os.Stat(early.Info().Path); err != nil {
		t.Errorf("the refused snapshot: %v", err)
	}

	// The same name with other contents, once by its checksum file and once by the history.
	path := first.Info().Path
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	file.Close()
	for _, by := range []string{"its .sha256 file", "the history"} {
		s, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var altered *AlteredError
		if err := h.Import(t.Context(), s, nil, nil); !errors.As(err, &altered) || altered.By != by {
			t.Errorf("altered: %v, want by %s", err, by)
		}
		s.Close()
		os.Remove(path + ".sha256")
	}
	if _, err := h.Find(t.Context(), early); !errors.Is(err, ErrNotImported) {
		t.Errorf("one that was not merged: %v", err)
	}
	if after := dumpHistory(t, h.Path()); after != before {
		t.Errorf("something was merged:\n%s\nbefore\n%s", after, before)
	}
}

func TestHistoryOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := openHistory(t, dir).Path()
	header, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := slices.Clone(header)
	binary.BigEndian.PutUint32(newer[60:], Version+1)
	foreign := slices.Clone(header)
	binary.BigEndian.PutUint32(foreign[68:], 0x41554454) // of a snapshot
	for _, c := range []struct {
		name, want string
		text       []byte
	}{
		{"newer", "history has version 2, this program reads up to 1", newer},
		{"a snapshot", "not a history of auditor", foreign},
		{"text", "not a history of auditor", []byte("hello")},
		{"nothing", "not a history of auditor", nil},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, fileName)
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), dir)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := Read(t.Context(), path); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: read: %v", c.name, err)
		}
		if _, err := Rebuild(t.Context(), dir, nobody); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: rebuild: %v", c.name, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != string(c.text) {
			t.Errorf("%s: overwritten", c.name)
		}
	}
	if _, err := Read(t.Context(), filepath.Join(t.TempDir(), fileName)); !errors.Is(err, ErrNone) {
		t.Errorf("none: %v", err)
	}
}

func nobody(*store.Snapshot) (iter.Seq[*finding.Finding], []finding.Run, error) { return nil, nil, nil }

func TestHistoryTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := dayOf(t, dir, 0, "", tokenDay(t))
	var runs sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		runs.Go(func() {
			h, err := Open(context.Background(), dir)
			if err == nil {
				err = errors.Join(h.Import(context.Background(), s, nil, nil), h.Close())
			}
			errs[i] = err
		})
	}
	runs.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	h := openHistory(t, dir)
	if all, err := h.Snapshots(t.Context()); len(all) != 1 || err != nil {
		t.Errorf("%v, %v", all, err)
	}

	lock, err := lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Import(ctx, s, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting is given up: %v", err)
	}
	if testing.Short() {
		t.Skip("the rest waits for the patience of a run")
	}
	if err := h.Import(t.Context(), s, nil, nil); !errors.Is(err, store.ErrInUse) {
		t.Errorf("another run is at work: %v", err)
	}
}

// What could not be read stays as it was, and is no change; what is known
// again is held against what was known last.
func TestHistoryInventsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	repository := func(scanning string) string {
		if scanning != "" {
			scanning = `"secret_scanning":{"status":"` + scanning + `"}`
		}
		return `{"id":7,"name":"x","full_name":"acme/x","private":true,"default_branch":"main","security_and_analysis":{` + scanning + `}}`
	}
	settings := func(policy string) string {
		return `{"databaseId":7,"nameWithOwner":"acme/x","isSecurityPolicyEnabled":` + policy + `,"hasVulnerabilityAlertsEnabled":true}`
	}
	days := []func(*store.Writer){
		func(w *store.Writer) {
			tokenDay(t)(w)
			storetest.Add(t, w, "repositories", "", repository("enabled"))
			storetest.Add(t, w, "repository_settings", "", settings("true"))
			storetest.Add(t, w, "members", "admin", `{"id":1,"login":"octo"}`)
			storetest.Cover(t, w, "complete", "repositories", "repository_settings", "members", "outside_collaborators")
		},
		func(w *store.Writer) { // nothing could be read
			storetest.Cover(t, w, "failed", "tokens", "token_repositories", "repositories", "repository_settings", "members", "outside_collaborators")
		},
		func(w *store.Writer) { // the token without its list, the repository without its settings
			storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
			storetest.Add(t, w, "repositories", "", repository(""))
			storetest.Cover(t, w, "complete", "tokens", "repositories")
			storetest.Cover(t, w, "denied", "token_repositories", "repository_settings", "members", "outside_collaborators")
		},
		func(w *store.Writer) { // known again, and worse
			tokenDay(t)(w)
			storetest.Add(t, w, "repositories", "", repository("disabled"))
			storetest.Add(t, w, "repository_settings", "", settings("false"))
			storetest.Add(t, w, "members", "member", `{"id":1,"login":"octo"}`)
			storetest.Cover(t, w, "complete", "repositories", "repository_settings", "members", "outside_collaborators")
		},
	}
	for i, fill := range days {
		mergeAll(t, h, dayOf(t, dir, i, "", fill))
	}
	const asOf = `SELECT snapshot_id, (SELECT count(*) FROM token_repositories AS p WHERE p.snapshot_id = t.snapshot_id), owner_role, repository_count,
		(SELECT r.has_security_policy || ' ' || r.dependabot_alerts || ' ' || COALESCE(r.secret_scanning, '') FROM repositories AS r WHERE r.snapshot_id = t.snapshot_id) FROM tokens AS t ORDER BY snapshot_id`
	want := []string{`[1,1,"owner",1,"1 enabled enabled"]`, `[2,1,"owner",1,"1 enabled enabled"]`, `[3,1,"owner",1,"1 enabled "]`, `[4,1,"member",1,"0 enabled disabled"]`}
	if got := testQuery(t, h.db, asOf); !slices.Equal(got, want) {
		t.Errorf("as of:\n got %v\nwant %v", got, want)
	}
	const changes = "SELECT snapshot_id, kind, change, subject_kind, subject_name, subject_url, before, after, detail FROM changes ORDER BY snapshot_id, kind, change, detail"
	want = []string{
		`[4,"member","changed","member","octo","https://github.com/octo","{\"role\":\"owner\"}","{\"role\":\"member\"}","role was owner, is member"]`,
		`[4,"setting","disabled","repository","acme/x","https://github.com/acme/x","{\"has_security_policy\":1}","{\"has_security_policy\":0}","has_security_policy was yes, is no"]`,
		`[4,"setting","disabled","repository","acme/x","https://github.com/acme/x","{\"secret_scanning\":\"enabled\"}","{\"secret_scanning\":\"disabled\"}","secret_scanning was enabled, is disabled"]`,
		`[4,"token","changed","token","Some Token","https://github.com/organizations/acme/settings/personal-access-tokens/25381","{\"owner_role\":\"owner\"}","{\"owner_role\":\"member\"}","owner_role was owner, is member"]`,
	}
	if got := testQuery(t, h.db, changes); !slices.Equal(got, want) {
		t.Errorf("changes:\n got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var why []string
	notCompared, err := h.NotCompared(t.Context(), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notCompared {
		if slices.Contains([]string{"members", "tokens", "token_repositories", "token_requests"}, n.Resource) {
			why = append(why, n.Org+" "+n.Resource+": "+n.Why)
		}
	}
	want = []string{"acme members: it is denied in the later snapshot", "acme token_repositories: it is denied in the later snapshot", "acme token_requests: it was not asked for"}
	if !slices.Equal(why, want) {
		t.Errorf("not compared: %q", why)
	}
}

// What appears with the first complete list is not new, and what an
// organization has that a snapshot is not about is not gone.
func TestHistoryFirstSightIsNotNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := openHistory(t, dir)
	for i, fill := range []func(*store.Writer){
		func(w *store.Writer) { storetest.Cover(t, w, "denied", "tokens") },
		tokenDay(t),
		func(w *store.Writer) {
			storetest.Add(t, w, "tokens", "", storetest.TokenJSON, strings.NewReplacer("25381", "25382", "98716", "98717").Replace(storetest.TokenJSON))
			storetest.Cover(t, w, "complete", "tokens")
		},
		func(w *store.Writer) { storetest.Cover(t, w, "complete", "tokens") },
	} {
		mergeAll(t, h, dayOf(t, dir, i, "", fill))
	}
	run := storetest.Run()
	run.StartedAt = storetest.Start().AddDate(0, 0, 9)
	w, err := store.Create(t.Context(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddOrg(t.Context(), store.Org{Login: "beta"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Cover(t.Context(), store.Coverage{Org: "beta", Resource: "tokens", Status: "complete"}); err != nil {
		t.Fatal(err)
	}
	path, err := w.Publish(t.Context(), run.StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mergeAll(t, h, s)
	want := []string{`[3,"new","25382"]`, `[4,"gone","25381"]`, `[4,"gone","25382"]`}
	if got := testQuery(t, h.db, "SELECT snapshot_id, change, subject_id FROM changes ORDER BY 1, 2, 3"); !slices.Equal(got, want) {
		t.Errorf("changes: %v", got)
	}
	if got := testQuery(t, h.db, "SELECT snapshot_id, count(*) FROM orgs GROUP BY 1"); !slices.Equal(got, []string{"[1,1]", "[2,1]", "[3,1]", "[4,1]", "[5,2]"}) {
		t.Errorf("orgs: %v", got)
	}
	all, err := h.Snapshots(t.Context())
	if err != nil || len(all) != 5 || !slices.Equal(all[4].Orgs, []string{"beta"}) || all[2].TokenCount != 2 {
		t.Errorf("snapshots: %+v, %v", all, err)
	}
	notCompared, err := h.NotCompared(t.Context(), 4, 5)
	if err != nil || len(notCompared) == 0 || notCompared[0] != (finding.NotCompared{Org: "acme", Resource: "tokens", Why: "the later snapshot is not about this organization"}) {
		t.Errorf("not compared: %+v, %v", notCompared, err)
	}
}
