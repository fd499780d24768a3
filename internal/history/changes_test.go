package history

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"auditor/internal/finding"
	"auditor/internal/raced"
)

// believed is what one knows who read a first snapshot and all changes since:
// kind and identity to values; "list" is the names of a token's repositories.
type believed map[string]map[string]any

func (b believed) clone() believed {
	out := believed{}
	for id, state := range b {
		out[id] = maps.Clone(state)
		if permissions, ok := state["permissions"].(map[string]any); ok {
			out[id]["permissions"] = maps.Clone(permissions)
		}
		if list, ok := state["list"].(map[string]bool); ok {
			out[id]["list"] = maps.Clone(list)
		}
	}
	return out
}

// truth reads what the history says as of a snapshot. Names in lists are the
// last known ones, as in changes.
func truth(t testing.TB, h *History, id int) believed {
	t.Helper()
	all := believed{}
	for _, kind := range stateKinds {
		const query = "SELECT org_ref, ref, state FROM _%s_states WHERE valid_from <= ?1 AND valid_to > ?1"
		for _, line := range testQuery(t, h.db, fmt.Sprintf(query, kind), id) {
			var row [3]any
			state := map[string]any{}
			if json.Unmarshal([]byte(line), &row) != nil || json.Unmarshal([]byte(row[2].(string)), &state) != nil {
				t.Fatal(line)
			}
			key := fmt.Sprintf("%s %v", kind, row[1])
			switch kind {
			case "repository":
				key = fmt.Sprintf("%s %v", kind, state["repository_id"])
			case "org":
				key = fmt.Sprintf("%s %s", kind, map[any]string{1.0: "acme", 2.0: "beta"}[row[0]])
			case "token":
				key = fmt.Sprintf("%s %v", kind, state["grant_id"])
				state["list"] = listOf(t, h, id, row[1])
			}
			state["org"] = map[any]string{1.0: "acme", 2.0: "beta"}[row[0]]
			all[key] = state
		}
	}
	return all
}

func listOf(t testing.TB, h *History, id int, token any) map[string]bool {
	list := map[string]bool{}
	const query = `SELECT r.full_name FROM _pair_ver AS v JOIN _repository_ids AS r ON r.repository_ref = v.repository_ref
		WHERE v.token_ref = ?2 AND v.valid_from <= ?1 AND v.valid_to > ?1`
	for _, line := range testQuery(t, h.db, query, id, token) {
		list[strings.Trim(line, `["]`)] = true
	}
	return list
}

// apply brings b up to date by one change.
func (b believed) apply(t testing.TB, c finding.Change) {
	t.Helper()
	key := c.Subject.Kind + " " + c.Subject.ID
	before, after := map[string]any{}, map[string]any{}
	if c.Before != "" && json.Unmarshal([]byte(c.Before), &before) != nil || c.After != "" && json.Unmarshal([]byte(c.After), &after) != nil {
		t.Fatalf("%+v", c)
	}
	switch c.Change {
	case "new":
		if b[key] != nil {
			t.Fatalf("%+v: it was there", c)
		}
		after["list"], after["org"] = map[string]bool{}, c.Org
		b[key] = after
		return
	case "gone":
		if b[key] == nil {
			t.Fatalf("%+v: it was not there", c)
		}
		delete(b, key)
		return
	case "awake":
		return
	}
	state := b[key]
	if state == nil {
		t.Fatalf("%+v: nothing known of it", c)
	}
	for name := range after {
		switch name {
		case "permissions":
			for permission, level := range after[name].(map[string]any) {
				state[name].(map[string]any)[permission] = level
				if level == nil {
					delete(state[name].(map[string]any), permission)
				}
			}
		case "repositories":
			for _, repository := range after[name].([]any) {
				state["list"].(map[string]bool)[repository.(string)] = true
			}
		default:
			if fmt.Sprint(state[name]) != fmt.Sprint(before[name]) {
				t.Fatalf("%+v: %s was %v", c, name, state[name])
			}
			state[name] = after[name]
		}
	}
	if gone, ok := before["repositories"].([]any); ok {
		for _, repository := range gone {
			delete(state["list"].(map[string]bool), repository.(string))
		}
	}
}

// rekey moves tokens that were granted again to the id that identifies them.
func (b believed) rekey(changes []finding.Change) {
	for _, c := range changes {
		var before struct {
			Grant *int64 `json:"grant_id"`
		}
		if json.Unmarshal([]byte(c.Before), &before) == nil && c.Change == "renewed" && before.Grant != nil {
			old := fmt.Sprintf("token %d", *before.Grant)
			b["token "+c.Subject.ID] = b[old]
			delete(b, old)
		}
	}
}

// hold compares what is believed with the truth and adopts what no change can
// tell: what was never known before. It returns what is wrong.
func (b believed) hold(t testing.TB, h *History, old int, truth believed) (wrong []string) {
	t.Helper()
	watched := map[string]string{}
	for _, line := range testQuery(t, h.db, "SELECT kind || ' ' || key, COALESCE(null_means, '') FROM _watched") {
		var row [2]string
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		watched[row[0]] = row[1]
	}
	known := map[string]bool{}
	for _, line := range testQuery(t, h.db, "SELECT o.org || ' ' || k.resource FROM _known_since AS k JOIN _orgs AS o ON o.org_ref = k.org_ref WHERE k.snapshot_id <= ?", old) {
		known[strings.Trim(line, `["]`)] = true
	}
	for key := range b {
		if truth[key] == nil {
			wrong = append(wrong, key+" is believed to be there")
		}
	}
	for key, state := range truth {
		kind, _, _ := strings.Cut(key, " ")
		org := state["org"].(string)
		mine := b[key]
		if mine == nil {
			resource := map[string]string{"token": "tokens", "request": "token_requests", "repository": "repositories", "member": "members"}[kind]
			if kind == "member" && state["role"] == "outside" {
				resource = "outside_collaborators"
			}
			if kind != "org" && known[org+" "+resource] {
				wrong = append(wrong, key+" is not believed to be there")
			}
			b[key] = believed{key: state}.clone()[key]
			continue
		}
		for name, value := range state {
			nullMeans, isWatched := watched[kind+" "+name]
			switch {
			case name == "permissions":
				if fmt.Sprint(mine[name]) != fmt.Sprint(value) {
					wrong = append(wrong, fmt.Sprintf("%s: %s: %v, not %v", key, name, mine[name], value))
				}
			case name == "list" && state["repository_selection"] == "subset" && known[org+" token_repositories"] && mine["told"] == true:
				if fmt.Sprint(mine[name]) != fmt.Sprint(value) {
					wrong = append(wrong, fmt.Sprintf("%s: %s: %v, not %v", key, name, mine[name], value))
				}
			case !isWatched, value == nil && nullMeans == "":
			case mine[name] == nil && nullMeans == "":
				mine[name] = value
			case fmt.Sprint(mine[name]) != fmt.Sprint(value):
				wrong = append(wrong, fmt.Sprintf("%s: %s: %v, not %v", key, name, mine[name], value))
			}
		}
		mine["told"] = state["repository_selection"] == "subset"
		mine["list"] = maps.Clone(listIn(state))
	}
	slices.Sort(wrong)
	return wrong
}

func listIn(state map[string]any) map[string]bool {
	list, _ := state["list"].(map[string]bool)
	return list
}

func diffOf(t testing.TB, h *History, old, new int) []finding.Change {
	t.Helper()
	changes, err := h.Diff(context.Background(), int64(old), int64(new))
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// Who knows a snapshot and the changes since knows the later one, be it the
// next or a distant one.
func TestHistoryChangesAreTheWholeDifference(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	const days = 18
	kinds := map[string]int{}
	for _, isReliable := range []bool{true, false} {
		dir := t.TempDir()
		w := newWorld(2, "acme", "beta")
		w.isReliable = isReliable
		h := openHistory(t, dir)
		live(t, w, h, dir, days)
		b := truth(t, h, 1)
		remembered := map[int]believed{1: b.clone()}
		for id := 2; id <= days; id++ {
			changes := diffOf(t, h, id-1, id)
			b.rekey(changes)
			for _, c := range changes {
				b.apply(t, c)
				kinds[c.Kind+" "+c.Change]++
			}
			if wrong := b.hold(t, h, id-1, truth(t, h, id)); wrong != nil {
				t.Fatalf("reliable %t: after the changes of snapshot %d:\n%s", isReliable, id, strings.Join(wrong, "\n"))
			}
			remembered[id] = b.clone()
		}
		for _, pair := range [][2]int{{1, 5}, {3, 14}, {10, 12}, {1, days}, {12, 17}} {
			b := remembered[pair[0]].clone()
			changes := diffOf(t, h, pair[0], pair[1])
			b.rekey(changes)
			for _, c := range changes {
				b.apply(t, c)
			}
			if wrong := b.hold(t, h, pair[0], truth(t, h, pair[1])); wrong != nil {
				t.Fatalf("reliable %t: from snapshot %d to %d:\n%s", isReliable, pair[0], pair[1], strings.Join(wrong, "\n"))
			}
		}
	}
	for _, want := range []string{"token new", "token gone", "token widened", "token narrowed", "token renewed", "token awake", "token renamed", "token changed",
		"request new", "request gone", "repository new", "repository gone", "repository renamed", "repository published", "repository archived", "repository changed",
		"setting enabled", "setting disabled", "setting changed", "protection weakened", "protection strengthened", "member new", "member gone", "member changed", "member renamed"} {
		if kinds[want] == 0 {
			t.Errorf("no change was ever %s", want)
		}
	}
}

// The view and the comparison of distant snapshots are one text over different
// pairs: for neighbours both say the same.
func TestHistoryNeighboursBothWays(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	dir := t.TempDir()
	w := newWorld(3, "acme", "beta")
	h := openHistory(t, dir)
	live(t, w, h, dir, 10)
	for id := 2; id <= 10; id++ {
		distant, err := h.distant(t.Context(), int64(id-1), int64(id))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(distant, finding.Change.Compare)
		if near := diffOf(t, h, id-1, id); !slices.Equal(near, distant) {
			t.Fatalf("snapshot %d:\nas neighbours %+v\nas distant ones %+v", id, near, distant)
		}
	}
}
