package fakegithub

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// edit is a row of the table of changes. do tells whether there was something
// to change. Worlds are locked meanwhile and indexed anew afterwards.
type edit struct {
	name, does string
	do         func(*editing) bool
}

// editing is what an edit works on.
type editing struct {
	s     *Server
	w     *World
	c     *Change
	token int64 // the one being asked for, 0: none
}

func edits() []edit {
	return []edit{
		{"revoke", "a token is revoked: later ones move up", func(e *editing) bool { return e.dropToken(&e.w.Grants) }},
		{"withdraw", "a request is withdrawn, likewise", func(e *editing) bool { return e.dropToken(&e.w.Requests) }},
		{"grant", "a token is granted: the newest of the list", grantOne},
		{"ask", "a request is made: the newest of the list", askOne},
		{"create", "a repository is created", createOne},
		{"delete", "a repository is deleted", deleteOne},
		{"rename", "a repository is renamed: its old name answers 301", renameOne},
		{"transfer", "a repository goes to the next organization of the server, or out of sight", transferOne},
		{"join", "somebody becomes a member", joinOne},
		{"leave", "a member leaves, the tokens stay", leaveOne},
	}
}

func findEdit(name string) *edit {
	all := edits()
	i := slices.IndexFunc(all, func(e edit) bool { return e.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

func editNames() []string {
	var names []string
	for _, e := range edits() {
		names = append(names, e.name)
	}
	return names
}

// position turns an item of a change into an index; false past the ends.
func position(item, length int) (int, bool) {
	if item < 0 {
		item += length
	}
	return item, item >= 0 && item < length
}

func (e *editing) dropToken(list *[]*Token) bool {
	i, ok := position(e.c.Item, len(*list))
	if e.token != 0 {
		i = slices.IndexFunc(*list, func(t *Token) bool { return t.ID == e.token })
		ok = i >= 0
	}
	if ok {
		*list = slices.Delete(slices.Clone(*list), i, i+1)
	}
	return ok
}

// generator is what makes new things; a world that was put together by hand
// has none.
func (e *editing) generator() *generator {
	if e.w.gen == nil {
		panic("fakegithub: only a generated organization can grow")
	}
	e.w.gen.crowds()
	return e.w.gen
}

func grantOne(e *editing) bool {
	g := e.generator()
	t := g.token()
	t.ID, t.TokenID = g.ids.next("Grant"), g.ids.next("Token")
	g.bornToday(t)
	e.w.Grants = append(slices.Clone(e.w.Grants), t)
	return true
}

func askOne(e *editing) bool {
	g := e.generator()
	r := g.request()
	r.ID, r.CreatedAt = g.ids.next("Request"), e.w.now.Add(-time.Minute)
	if r.TokenID == 0 {
		r.TokenID = g.ids.next("Token")
		g.bornToday(r)
	}
	e.w.Requests = append(slices.Clone(e.w.Requests), r)
	return true
}

func createOne(e *editing) bool {
	e.generator().newRepository()
	return true
}

// takeRepository takes one out of the organization and off every token's list.
func (e *editing) takeRepository() *Repository {
	i, ok := position(e.c.Item, len(e.w.Repositories))
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

func deleteOne(e *editing) bool { return e.takeRepository() != nil }

// renameOne counts items in the order of names: that is how GraphQL lists
// them, and where a new name moves one to another page.
func renameOne(e *editing) bool {
	byName := slices.SortedFunc(slices.Values(e.w.Repositories), func(a, b *Repository) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	i, ok := position(e.c.Item, len(byName))
	if !ok {
		return false
	}
	r := byName[i]
	e.w.forward(r)
	r.Name = cmp.Or(e.c.To, "0-"+r.Name)
	return true
}

// transferOne: GitHub forwards from the old name to the id, wherever that is
// now and whether or not the caller may see it there.
func transferOne(e *editing) bool {
	r := e.takeRepository()
	if r == nil {
		return false
	}
	e.w.forward(r)
	r.Teams, r.Collaborators = nil, nil
	for _, w := range e.s.worlds {
		if w != e.w {
			w.Repositories = append(slices.Clone(w.Repositories), r)
			slices.SortFunc(w.Repositories, func(a, b *Repository) int { return cmp.Compare(a.ID, b.ID) })
			break
		}
	}
	return true
}

// forward remembers a name that a repository is about to lose.
func (w *World) forward(r *Repository) {
	if w.formerly == nil {
		w.formerly = map[string]*Repository{}
	}
	w.formerly[strings.ToLower(r.Name)] = r
}

func joinOne(e *editing) bool {
	g := e.generator()
	e.w.Users = append(slices.Clone(e.w.Users), g.person(RoleMember))
	return true
}

func leaveOne(e *editing) bool {
	members := e.w.people(RoleMember)
	i, ok := position(e.c.Item, len(members))
	if ok {
		e.w.dismiss(members[i])
	}
	return ok
}
