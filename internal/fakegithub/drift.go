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

// Change is one change of the organization while a client reads it. It happens
// once: after a page was rendered and before it is sent (After), or before an
// answer is rendered (Before). The client's next request sees the changed
// organization, whatever its timing.
type Change struct {
	Kind string // see world.EditKinds; "" only with Do
	// After or Before, only one of them, names a list: tokens, requests,
	// token-repos, request-repos (of one token, of one request), repos,
	// members, outside, properties, private-reporting, security-fixes, graphql.
	After, Before string
	// Page is the page of that list. For GraphQL, and for lists of one token or
	// one repository, it is the n-th request instead. 0: the first.
	Page int
	// Item is the index of the token, request, repository or member that
	// changes; see world.Edit. With the repositories of a token, revoke and
	// withdraw remove that token instead.
	Item int
	To   string // the new name, for rename; "": one that sorts first
	// Do is another change, in place of a Kind. It runs within world.Update.
	Do func(*world.World)
}

// ParseChange parses the form of the command line: a kind and settings, for
// example revoke:after=tokens,page=2 or rename:after=graphql,item=-1,to=0-first.
func ParseChange(s string) (Change, error) {
	kind, rest, _ := strings.Cut(s, ":")
	c := Change{Kind: kind}
	if err := parseSettings(rest, c.set); err != nil {
		return c, fmt.Errorf("change %s: %w", kind, err)
	}
	return c, c.check()
}

// set sets one setting of the text.
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

// check refuses a change that can never happen.
func (c *Change) check() error {
	switch {
	case c.Do == nil && !slices.Contains(changeKinds(), c.Kind):
		return fmt.Errorf("unknown change %q: the kinds are %s", c.Kind, strings.Join(changeKinds(), ", "))
	case (c.After == "") == (c.Before == ""):
		return fmt.Errorf("change %s: exactly one of after and before is required", c.Kind)
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

// drift holds the changes that have not happened yet.
type drift struct {
	mu    sync.Mutex
	steps []*step
}

// step is a Change that has not happened yet.
type step struct {
	change Change
	list   *driftList
	seen   int // requests for the list
}

// newDrift returns nil when there are no changes. It panics for a change that
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

// before makes the changes that are due before an answer is rendered.
func (d *drift) before(x *exchange) {
	d.at(x, func(c *step) bool { return c.change.Before != "" })
}

// after makes the changes that are due after a page was rendered. The page must
// arrive, or the client would ask for it again and see the change.
func (d *drift) after(x *exchange, a answer) {
	if x.route != nil && a.status == http.StatusOK && x.fault == nil {
		d.at(x, func(c *step) bool { return c.change.After != "" })
	}
}

// at makes the changes that are due with this request.
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

// worldAsked is the organization that a request is about, whether or not it was
// resolved.
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

// Settle makes the changes of the drift that are left, in the first organization,
// which is then in its final state.
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

// change edits a world while no request is being answered. token is the id of the
// grant or request in the path; 0: none.
func (s *Server) change(c *Change, w *world.World, token int64) {
	isDone := true
	world.Update(s.worlds, func() {
		if c.Do != nil {
			c.Do(w)
			return
		}
		edit := world.Edit{Kind: c.Kind, Item: c.Item, TokenID: token, NewName: c.To}
		isDone = edit.Apply(w, s.worlds)
	})
	if isDone {
		s.counted.change(cmp.Or(c.Kind, "do"))
	}
}
