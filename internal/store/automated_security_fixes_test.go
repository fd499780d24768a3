package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// The list tells whether Dependabot security updates are on; the repository's
// own answer tells what the list left out, and whether they are paused.
func TestSecurityUpdates(t *testing.T) {
	t.Parallel()
	const (
		on       = `{"enabled":true,"paused":false}`
		paused   = `{"enabled":true,"paused":true}`
		off      = `{"enabled":false,"paused":false}`
		notFound = `{"message":"Not Found"}`
	)
	admin, nobody := map[string]string{"administration": "read"}, map[string]string{}
	cases := []struct {
		list, own   string
		permissions map[string]string
		want        string
	}{
		{"enabled", "", admin, `"enabled"`},
		{"enabled", on, admin, `"enabled"`},
		{"enabled", paused, admin, `"paused"`},
		{"enabled", notFound, admin, `"enabled"`}, // the list is the plainer answer
		{"disabled", "", admin, `"disabled"`},
		{"", "", admin, "null"},
		{"", on, admin, `"enabled"`},
		{"", paused, admin, `"paused"`},
		{"", off, admin, `"disabled"`},
		{"", notFound, admin, `"disabled"`},
		{"", notFound, nobody, "null"},
	}
	w, _ := storetest.Create(t)
	for i, c := range cases {
		block := ""
		if c.list != "" {
			block = fmt.Sprintf(`,"security_and_analysis":{"dependabot_security_updates":{"status":%q}}`, c.list)
		}
		org := fmt.Sprintf("org-%02d", i)
		if err := w.AddOrg(t.Context(), Org{Login: org, Permissions: c.permissions}); err != nil {
			t.Fatal(err)
		}
		add := func(resource, parent, item string) {
			if err := w.Add(t.Context(), Walk{Org: org, Resource: resource, Parent: parent}, []json.RawMessage{json.RawMessage(item)}, "", Cost{Requests: 1}); err != nil {
				t.Fatal(err)
			}
		}
		add("repositories", "", fmt.Sprintf(`{"id":1,"name":"x","full_name":"%s/x"%s}`, org, block))
		if c.own != "" {
			add("automated_security_fixes", "1", c.own)
		}
	}
	s := storetest.Publish(t, w)
	for i, c := range cases {
		statement := fmt.Sprintf("SELECT dependabot_security_updates FROM repositories WHERE org = 'org-%02d'", i)
		if got := query(t, s, statement); got != "["+c.want+"]" {
			t.Errorf("list %q, own %s: %s, want %s", c.list, c.own, got, c.want)
		}
	}
}

// Asked for are those of which the list does not say all.
func TestSecurityUpdatesToAskFor(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "",
		`{"id":1,"name":"a","full_name":"acme/a"}`,
		`{"id":2,"name":"b","full_name":"acme/b","security_and_analysis":{"dependabot_security_updates":{"status":"enabled"}}}`,
		`{"id":3,"name":"c","full_name":"acme/c","security_and_analysis":{"dependabot_security_updates":{"status":"disabled"}}}`,
		`{"id":4,"name":"d","full_name":"acme/d","archived":true}`,
		`{"id":5,"name":"e","full_name":"acme/e","disabled":true}`)
	walks, err := w.Todo(t.Context(), "acme", "automated_security_fixes")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, walk := range walks {
		got = append(got, walk.Parent+" "+walk.Repository)
	}
	if want := "[1 acme/a 2 acme/b]"; fmt.Sprint(got) != want {
		t.Errorf("asked for %v, want %s", got, want)
	}
}

// A run that was not told to ask is not incomplete for it.
func TestSecurityUpdatesAreReadWhereAsked(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{"skipped": "[repositories]", "partial": "[automated_security_fixes repositories]"} {
		w, _ := storetest.Create(t)
		storetest.Cover(t, w, status, "automated_security_fixes")
		got, err := storetest.Publish(t, w).Reads(t.Context(), "SELECT dependabot_security_updates FROM repositories")
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", status, got, err, want)
		}
	}
}
