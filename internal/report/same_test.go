package report_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	"auditor/internal/raced"
	"auditor/internal/rules"
	"auditor/internal/store"
)

// The same snapshot and configuration give the same bytes, however many
// processors there are, in whatever order maps are walked. Not parallel, for it
// sets the number of processors.
func TestTheSameSnapshotGivesTheSameBytes(t *testing.T) {
	before, now := crowd(t, 20, longAgo), crowd(t, 21, "")
	o := options{Options: rules.Options{AuditorVersion: "v1"}}
	for _, org := range []string{"org-1", "org-2", "org-3"} {
		o.Exceptions = append(o.Exceptions,
			finding.Exception{Rule: "old/unused", Org: org, Owner: "guest", Reason: "known", Until: "2027-01-01"},
			finding.Exception{Rule: "old/*", Org: org, TokenID: "4", Reason: "known", Until: "2026-10-01"},
			finding.Exception{Rule: "old/none", Org: org, Owner: "nobody", Reason: "none", Until: "2027-01-01"})
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want [2]string
	for _, processors := range []int{1, 8} {
		runtime.GOMAXPROCS(processors)
		for range 2 {
			r := build(t, now, before, o)
			got := [2]string{string(jsonOf(t, r)), markdownOf(t, r)}
			if want[0] == "" {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("on %d processors:\n%s", processors, diff)
			}
		}
	}
	if n := strings.Count(want[0], "\n    {\"key\":"); n < 100 {
		t.Errorf("only %d findings were compared", n)
	}
}

// The same facts give the same report, in whatever order they arrived: only the
// file and its checksum differ.
func TestTheOrderOfCollectionDoesNotShow(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	var want string
	before := crowd(t, 20, longAgo)
	for range 3 { // organizations arrive in the order of a map
		r := build(t, crowd(t, 21, ""), before, options{})
		r.Snapshot.SHA256 = ""
		got := string(jsonOf(t, r))
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// crowd is a snapshot of many organizations; the tokens of mona were last used
// at the given time.
func crowd(t *testing.T, day int, used string) *store.Snapshot {
	t.Helper()
	orgs := map[string][]token{}
	for i := range 12 {
		var tokens []token
		for k := range 6 {
			tokens = append(tokens, token{10*i + k + 1, "guest", longAgo}, token{1000 + 10*i + k, "mona", used})
		}
		orgs[fmt.Sprintf("org-%d", i)] = tokens
	}
	return snapshot(t, day, "", "complete", orgs)
}
