package fakegithub

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"auditor/internal/fakegithub/world"
)

// Change is one step of a script that changes the world while it is read. It
// happens once, right after a page was put together and before it is sent
// (After), or right before an answer is put together (Before): the client's
// next request meets the changed world, whatever its timing.
type Change struct {
	Kind string // see ChangeKinds; "" only with Do
	// After and Before name a list, one of them: tokens, requests,
	// token-repos, request-repos (of one token, of one request), repos,
	// members, outside, properties, private-reporting, security-fixes, graphql.
	After, Before string
	// Page is the page of that list; of lists that are asked for per token,
	// and of GraphQL, it is the n-th request instead. 0: the first.
	Page int
	// Item is which token, request, repository or member changes, in the
	// order of the list; negative numbers count from the end. Rename counts
	// repositories by name, the others by id. With Before of a token's
	// repositories, revoke and withdraw take that token.
	Item int
	To   string // the new name, for rename; "": one that is listed first
	// Do is a change of one's own, in place of a Kind.
	Do func(*world.World)
}

// ParseChange reads the form of the command line: a kind, then settings, as in
// revoke:after=tokens,page=2 or rename:after=graphql,item=-1,to=0-first.
func ParseChange(s string) (Change, error) {
	kind, rest, _ := strings.Cut(s, ":")
	c := Change{Kind: kind}
	if err := parseSettings(rest, c.set); err != nil {
		return c, fmt.Errorf("change %s: %w", kind, err)
	}
	return c, c.check()
}

// set is one setting of a change's text.
func (c *Change) set(key, value string) error {
	var err error
	switch key {
	case "after":
		c.After = value
	case "before":
		c.Before = value
	case "to":
		c.To = value
	case "page":
		c.Page, err = positive(value)
	case "item":
		c.Item, err = strconv.Atoi(value)
	default:
		return fmt.Errorf("unknown setting %q: the settings are after, before, page, item, to", key)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %w", key, value, err)
	}
	return nil
}

// check refuses what can never happen.
func (c *Change) check() error {
	switch {
	case c.Do == nil && !slices.Contains(changeKinds(), c.Kind):
		return fmt.Errorf("unknown change %q: the kinds are %s", c.Kind, strings.Join(changeKinds(), ", "))
	case (c.After == "") == (c.Before == ""):
		return fmt.Errorf("change %s: either after or before is needed", c.Kind)
	case findList(c.After+c.Before) == nil:
		return fmt.Errorf("change %s: unknown list %q: the lists are %s", c.Kind, c.After+c.Before, strings.Join(listNames(), ", "))
	}
	return nil
}

func changeKinds() []string {
	var names []string
	for _, k := range world.EditKinds() {
		names = append(names, k.Name)
	}
	return names
}

// driftList is a list at which a change can happen.
type driftList struct {
	name, method, pattern string
	isPaged               bool // Change.Page is a page; otherwise a count of requests
}

func driftLists() []driftList {
	const orgs, tokens, requests = "/orgs/{org}", "/orgs/{org}/personal-access-tokens", "/orgs/{org}/personal-access-token-requests"
	return []driftList{
		{"tokens", "GET", tokens, true},
		{"requests", "GET", requests, true},
		{"token-repos", "GET", tokens + "/{pat}/repositories", false},
		{"request-repos", "GET", requests + "/{pat}/repositories", false},
		{"repos", "GET", orgs + "/repos", true},
		{"members", "GET", orgs + "/members", true},
		{"outside", "GET", orgs + "/outside_collaborators", true},
		{"properties", "GET", orgs + "/properties/values", true},
		{"private-reporting", "GET", "/repos/{owner}/{repo}/private-vulnerability-reporting", false},
		{"security-fixes", "GET", "/repos/{owner}/{repo}/automated-security-fixes", false},
		{"graphql", "POST", "/graphql", false},
	}
}

func findList(name string) *driftList {
	for _, l := range driftLists() {
		if l.name == name {
			return &l
		}
	}
	return nil
}

func listNames() []string {
	var names []string
	for _, l := range driftLists() {
		names = append(names, l.name)
	}
	return names
}

// drift is the script of changes that have not happened yet.
type drift struct {
	mu    sync.Mutex
	steps []*step
}

// step is a Change that waits for its moment.
type step struct {
	change Change
	list   *driftList
	seen   int // requests for the list
}

// newDrift returns nil when nothing is to change. It panics for a change that
// ParseChange would refuse.
func newDrift(changes []Change) *drift {
	var d *drift
	for _, c := range changes {
		if err := c.check(); err != nil {
			panic("fakegithub: " + err.Error())
		}
		if d == nil {
			d = &drift{}
		}
		c.Page = max(1, c.Page)
		d.steps = append(d.steps, &step{change: c, list: findList(c.After + c.Before)})
	}
	return d
}

// before takes the steps that come before an answer is put together.
func (d *drift) before(x *exchange) {
	d.at(x, func(c *step) bool { return c.change.Before != "" })
}

// after takes the steps that come after a page was put together: one that
// arrives, or the client would ask for it again and see the change.
func (d *drift) after(x *exchange, a answer) {
	if x.route != nil && a.status == http.StatusOK && x.fault == nil {
		d.at(x, func(c *step) bool { return c.change.After != "" })
	}
}

// at takes the steps whose moment the request is.
func (d *drift) at(x *exchange, isKind func(*step) bool) {
	var due []*step
	d.mu.Lock()
	d.steps = slices.DeleteFunc(d.steps, func(c *step) bool {
		isDue := isKind(c) && c.isDue(x)
		if isDue {
			due = append(due, c)
		}
		return isDue
	})
	d.mu.Unlock()
	for _, c := range due {
		x.s.change(&c.change, x.worldAsked(), x.tokenAsked())
	}
}

func (c *step) isDue(x *exchange) bool {
	if x.route.method != c.list.method || x.route.pattern != c.list.pattern {
		return false
	}
	if c.list.isPaged {
		page, _ := strconv.Atoi(x.r.URL.Query().Get("page"))
		return max(1, page) == c.change.Page
	}
	c.seen++
	return c.seen == c.change.Page
}

// worldAsked is the organization that a request is about, before or after it
// was resolved.
func (x *exchange) worldAsked() *world.World {
	w := x.world
	for _, find := range []func() *world.World{
		func() *world.World { return x.s.worldByID(x.params["organization_id"]) },
		func() *world.World { return x.s.worldByLogin(x.params["org"] + x.params["owner"]) },
	} {
		if w == nil {
			w = find()
		}
	}
	_, secret, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if t := x.s.tokens.known(secret); w == nil && t != nil {
		w = t.installation.world
	}
	if w == nil {
		w = x.s.worlds[0]
	}
	return w
}

// tokenAsked is the grant or the request in the path; 0: none.
func (x *exchange) tokenAsked() int64 {
	id, _ := strconv.ParseInt(x.params["pat"], 10, 64) // absent is 0
	return id
}

// Settle takes the steps of the drift that were not taken yet, in the first
// organization, so that it is as it will be in the end.
func (s *Server) Settle() {
	if s.drift == nil {
		return
	}
	s.drift.mu.Lock()
	rest := s.drift.steps
	s.drift.steps = nil
	s.drift.mu.Unlock()
	for _, c := range rest {
		s.change(&c.change, s.worlds[0], 0)
	}
}

// change edits a world while no request is being answered. token is the one
// that is being asked for; 0: none.
func (s *Server) change(c *Change, w *world.World, token int64) {
	done := true
	world.Update(s.worlds, func() {
		if c.Do != nil {
			c.Do(w)
			return
		}
		edit := world.Edit{Kind: c.Kind, Item: c.Item, TokenID: token, NewName: c.To}
		done = edit.Apply(w, s.worlds)
	})
	if done {
		s.counted.change(cmp.Or(c.Kind, "do"))
	}
}
