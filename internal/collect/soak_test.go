package collect

import (
	"testing"
	"time"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/raced"
	"auditor/internal/store"
)

// TestSoak reads the medium organization under every fault that the simulated
// GitHub knows, at once, while it changes, and ends with exactly the data of a
// run without any.
func TestSoak(t *testing.T) {
	t.Parallel()
	if raced.Detector {
		t.Skip("reads the medium organization twice")
	}
	w := world.Generate(1, "medium", "acme", testNow())
	faults := fakegithub.AllFaults(2)
	for i, seldom := range []string{
		"hang", "secondary-silent", "graphql-limited", "graphql-secondary", "graphql-502", "graphql-504", "graphql-resources", "graphql-null-node", "graphql-null-field",
	} {
		faults = append(faults, fakegithub.Fault{Kind: seldom, At: 2 + i})
	}
	var changes []fakegithub.Change
	for _, text := range []string{
		"revoke:after=tokens,page=5,item=5", "revoke:before=token-repos,page=40", "create:after=repos,page=2",
		"rename:after=repos,page=3,item=10,to=zzz-last", "delete:after=graphql,page=1,item=-1",
	} {
		change, err := fakegithub.ParseChange(text)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change)
	}
	s := newSiteOf(t, w, fakegithub.Options{Faults: faults, Drift: changes})
	s.tryTimeout = 2 * time.Second
	result, got := s.mustRun(quick)
	counters := s.server.Counters()
	t.Logf("%d requests, faults %v", counters.Total(), counters.Faults)
	for _, kind := range fakegithub.FaultKinds() {
		if counters.Faults[kind.Name] == 0 && kind.Name != "skew" { // which is not an event
			t.Errorf("%s did not happen", kind.Name)
		}
	}
	for _, row := range result.Coverage {
		if row.Status != store.StatusComplete && row.Status != store.StatusSkipped {
			t.Errorf("%s is %s: %s", row.Resource, row.Status, row.Message)
		}
	}
	if len(counters.Changes) < 4 {
		t.Errorf("changes %v", counters.Changes)
	}
	s.server.Calm()
	s.dir = t.TempDir()
	_, want := s.mustRun(quick)
	wantSame(t, everything(t, want), everything(t, got))
}
