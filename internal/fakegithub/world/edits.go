package world

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Edit is one change to a world, of a kind that EditKinds lists.
type Edit struct {
	Kind string
	// Item is the index of the token, request, repository or member that
	// changes: by ascending id, with rename by name. Negative numbers count
	// from the end.
	Item int
	// TokenID is, with revoke and withdraw, the id of the grant or request to
	// remove, instead of Item; 0: none.
	TokenID int64
	// NewName is what rename sets; "": a name that sorts before the others.
	NewName string
}

// EditKind is a kind of edit and what it does.
type EditKind struct{ Name, Does string }

// EditKinds lists every kind that Edit.Kind may be.
func EditKinds() []EditKind {
	var out []EditKind
	for _, k := range editKinds() {
		out = append(out, EditKind{k.name, k.does})
	}
	return out
}

// Apply edits w and reports whether there was something to change. all are the
// worlds on the same server, for transfer. Call it within an [Update] of all. It
// panics for an unknown kind, and for a kind that adds something to a world that
// was not generated.
func (e Edit) Apply(w *World, all []*World) bool {
	kinds := editKinds()
	i := slices.IndexFunc(kinds, func(k editKind) bool { return k.name == e.Kind })
	if i < 0 {
		panic("world: unknown kind of edit " + e.Kind)
	}
	return kinds[i].apply(&editing{w: w, all: all, edit: e})
}

// editKind is a row of the table of edits. apply reports whether there was
// something to change.
type editKind struct {
	name, does string
	apply      func(*editing) bool
}

// editing is what an edit works on.
type editing struct {
	w    *World
	all  []*World
	edit Edit
}

func editKinds() []editKind {
	return []editKind{
		{"revoke", "revoke a token: later ones move up in the list", func(e *editing) bool { return e.dropToken(&e.w.Grants) }},
		{"withdraw", "withdraw a request: later ones move up in the list", func(e *editing) bool { return e.dropToken(&e.w.Requests) }},
		{"grant", "grant a new token: it is the newest in the list", addGrant},
		{"ask", "add a request: it is the newest in the list", addRequest},
		{"create", "create a repository", createRepository},
		{"delete", "delete a repository", deleteRepository},
		{"rename", "rename a repository: its old name answers 301", renameRepository},
		{"transfer", "transfer a repository to the next organization of the server, or out of sight", transferRepository},
		{"join", "add a member", addMember},
		{"leave", "remove a member: the member's tokens stay", removeMember},
	}
}

// index turns an item into an index; false when there is no such item.
func (e *editing) index(length int) (int, bool) {
	i := e.edit.Item
	if i < 0 {
		i += length
	}
	return i, i >= 0 && i < length
}

func (e *editing) dropToken(list *[]*Token) bool {
	i, ok := e.index(len(*list))
	if id := e.edit.TokenID; id != 0 {
		i = slices.IndexFunc(*list, func(t *Token) bool { return t.ID == id })
		ok = i >= 0
	}
	if ok {
		*list = slices.Delete(slices.Clone(*list), i, i+1)
	}
	return ok
}

// generator makes new things.
func (e *editing) generator() *generator {
	if e.w.gen == nil {
		panic("world: only a generated organization can grow")
	}
	e.w.gen.groupPeople()
	return e.w.gen
}

func addGrant(e *editing) bool {
	e.w.Grants = append(slices.Clone(e.w.Grants), e.generator().newGrant())
	return true
}

func addRequest(e *editing) bool {
	e.w.Requests = append(slices.Clone(e.w.Requests), e.generator().newRequest(time.Minute))
	return true
}

func createRepository(e *editing) bool {
	e.generator().addRepository()
	return true
}

// takeRepository removes one from the organization and from the list of every
// token, and returns it; nil when there is no such item.
func (e *editing) takeRepository() *Repository {
	i, ok := e.index(len(e.w.Repositories))
	if !ok {
		return nil
	}
	r := e.w.Repositories[i]
	e.w.Repositories = slices.Delete(slices.Clone(e.w.Repositories), i, i+1)
	for _, t := range slices.Concat(e.w.Grants, e.w.Requests) {
		t.Repositories = slices.DeleteFunc(slices.Clone(t.Repositories), func(other *Repository) bool { return other == r })
	}
	return r
}

func deleteRepository(e *editing) bool { return e.takeRepository() != nil }

// renameRepository counts items by name, as GraphQL lists them: there a new
// name moves a repository to another page.
func renameRepository(e *editing) bool {
	byName := slices.SortedFunc(slices.Values(e.w.Repositories), func(a, b *Repository) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	i, ok := e.index(len(byName))
	if ok {
		r := byName[i]
		e.w.Rename(r, cmp.Or(e.edit.NewName, "0-"+r.Name))
	}
	return ok
}

// transferRepository: GitHub redirects from the old name to the id, wherever
// the repository is now and whether or not the caller may see it there.
func transferRepository(e *editing) bool {
	r := e.takeRepository()
	if r == nil {
		return false
	}
	e.w.rememberName(r)
	r.Teams, r.Collaborators = nil, nil
	for _, w := range e.all {
		if w != e.w {
			w.Repositories = append(slices.Clone(w.Repositories), r)
			slices.SortFunc(w.Repositories, func(a, b *Repository) int { return cmp.Compare(a.ID, b.ID) })
			break
		}
	}
	return true
}

func addMember(e *editing) bool {
	u := e.generator().person(RoleMember)
	e.w.Users = append(slices.Clone(e.w.Users), u)
	return true
}

func removeMember(e *editing) bool {
	members := e.w.People(RoleMember)
	i, ok := e.index(len(members))
	if ok {
		e.w.dismiss(members[i])
	}
	return ok
}
