package world

import (
	"slices"
	"testing"
)

// TestEveryEdit applies each kind once, and once more to an item that does not
// exist.
func TestEveryEdit(t *testing.T) {
	type counts struct{ grants, requests, repositories, members int }
	count := func(w *World) counts {
		return counts{len(w.Grants), len(w.Requests), len(w.Repositories), len(w.People(RoleMember))}
	}
	want := map[string]counts{
		"revoke": {grants: -1}, "withdraw": {requests: -1}, "grant": {grants: 1}, "ask": {requests: 1},
		"create": {repositories: 1}, "delete": {repositories: -1}, "rename": {}, "transfer": {repositories: -1},
		"join": {members: 1}, "leave": {members: -1},
	}
	for _, kind := range EditKinds() {
		w := small()
		before := count(w)
		isDone := false
		Update([]*World{w}, func() { isDone = Edit{Kind: kind.Name}.Apply(w, []*World{w}) })
		after := count(w)
		got := counts{after.grants - before.grants, after.requests - before.requests, after.repositories - before.repositories, after.members - before.members}
		if expected, isKnown := want[kind.Name]; !isDone || !isKnown || got != expected {
			t.Errorf("%s: done %v, changed %+v, want %+v", kind.Name, isDone, got, expected)
		}
		adds := slices.Contains([]string{"grant", "ask", "create", "join"}, kind.Name)
		if (Edit{Kind: kind.Name, Item: 10_000}).Apply(w, nil) != adds || (Edit{Kind: kind.Name, Item: -10_000}).Apply(w, nil) != adds {
			t.Errorf("%s changes an item that does not exist", kind.Name)
		}
	}
}

func TestOldNames(t *testing.T) {
	w, other := small(), Generate(2, Small, "globex", today)
	all := []*World{w, other}
	renamed, transferred := w.Repositories[1], w.Repositories[0]
	oldName := renamed.Name
	Update(all, func() {
		w.Rename(renamed, "moved")
		Edit{Kind: "transfer"}.Apply(w, all)
	})
	if w.RepositoryByOldName(oldName) != renamed || w.Repository(oldName) != nil || w.Repository("MOVED") != renamed {
		t.Error("the renamed repository is not found by its names")
	}
	if w.RepositoryByOldName(transferred.Name) != transferred || w.RepositoryByID(transferred.ID) != nil || other.RepositoryByID(transferred.ID) != transferred {
		t.Error("the transferred repository is not where it should be")
	}
}

func TestUnknownEditPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unknown kind is accepted")
		}
	}()
	w := small()
	Edit{Kind: "explode"}.Apply(w, nil)
}
