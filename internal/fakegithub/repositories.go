package fakegithub

import (
	"net/http"
	"sync"

	"auditor/internal/fakegithub/world"
)

// pageCache keeps the part of rendered repositories that does not depend on the
// caller. A changed world, or another host, is rendered again.
type pageCache struct {
	mu    sync.RWMutex
	bytes map[renderKey][]byte
	marks map[*world.World]int
}

type renderKey struct {
	host string
	repo *world.Repository
}

func newPageCache() *pageCache {
	return &pageCache{bytes: map[renderKey][]byte{}, marks: map[*world.World]int{}}
}

// repository returns the rendered part and renders it when necessary.
func (c *pageCache) repository(l links, w *world.World, r *world.Repository) []byte {
	key := renderKey{l.api, r}
	c.mu.RLock()
	b, fresh := c.bytes[key], c.marks[w] == w.Revision()
	c.mu.RUnlock()
	if fresh && b != nil {
		return b
	}
	b = l.appendRepository(nil, &w.Org, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.marks[w] != w.Revision() {
		clear(c.bytes)
		c.marks[w] = w.Revision()
	}
	c.bytes[key] = b
	return b
}

// appendMinimal writes a repository as token endpoints list it: without the
// security block, which is for administrators.
func (x *exchange) appendMinimal(b []byte, r *world.Repository) []byte {
	b = append(b, x.s.rendered.repository(x.links, x.world, r)...)
	if x.version == version2022 {
		b = append(b, `,"has_downloads":true`...)
	}
	return append(b, '}')
}

// appendListed adds the security block where the caller may see it.
func (x *exchange) appendListed(b []byte, r *world.Repository) []byte {
	b = x.appendMinimal(b, r)
	if !x.administers(r) {
		return b
	}
	return append(appendSecurity(b[:len(b)-1], r, x.s.o.GHES), '}')
}

func listRepositories(x *exchange) answer {
	kind, refused, ok := x.choice("type", "all", "all", "public", "private", "forks", "sources", "member")
	if !ok {
		return refused
	}
	sort, refused, ok := x.choice("sort", "created", "created", "updated", "pushed", "full_name")
	if !ok {
		return refused
	}
	preset := "desc"
	if sort == "full_name" {
		preset = "asc"
	}
	direction, refused, ok := x.choice("direction", preset, "asc", "desc")
	if !ok {
		return refused
	}
	var repos []*world.Repository
	for _, r := range x.world.Repositories {
		if x.isListed(r) && isOfType(r, kind) {
			repos = append(repos, r)
		}
	}
	world.SortRepositories(repos, sort, direction == "desc")
	return list(x, x.organizationPath("/repos"), repos, x.appendListed)
}

// isListed reports whether lists show a repository to the caller: what the
// installation covers, and of another organization what is public.
func (x *exchange) isListed(r *world.Repository) bool {
	if x.isOwnWorld() {
		return x.caller.token.installation.includes(r)
	}
	return r.Visibility == world.Public
}

// isOfType reports whether the parameter type selects the repository.
func isOfType(r *world.Repository, name string) bool {
	switch name {
	case "public":
		return r.Visibility == world.Public
	case "private":
		return r.IsPrivate()
	case "forks":
		return r.IsFork
	case "sources":
		return !r.IsFork
	case "member": // an App is no collaborator
		return false
	}
	return true
}

// getRepository answers a full-repository without the merge settings: those need
// contents write, which a read-only audit does not have.
func getRepository(x *exchange) answer {
	r, org := x.repo, &x.world.Org
	b := x.appendListed(nil, r)
	o := &object{b: b[:len(b)-1]}
	o.number("network_count", r.Forks)
	o.number("subscribers_count", r.Stars/3)
	o.key("organization")
	o.b = x.links.appendUser(o.b, org.ID, org.Login, "Organization")
	return answer{http.StatusOK, o.end()}
}

// getPrivateReporting: the feature exists for public repositories only.
func getPrivateReporting(x *exchange) answer {
	if x.repo.Visibility != world.Public {
		return x.notFound()
	}
	o := begin(nil)
	o.flag("enabled", x.repo.HasPrivateReporting)
	return answer{http.StatusOK, o.end()}
}

func getSecurityFixes(x *exchange) answer {
	if x.repo.Security.DependabotSecurityUpdates != "enabled" {
		return x.notFound()
	}
	o := begin(nil)
	o.flag("enabled", true)
	o.flag("paused", x.repo.IsSecurityFixesPaused)
	return answer{http.StatusOK, o.end()}
}

func getVulnerabilityAlerts(x *exchange) answer {
	if !x.repo.HasVulnerabilityAlerts {
		return x.notFound()
	}
	return answer{status: http.StatusNoContent}
}

func getCodeownersErrors(x *exchange) answer {
	c := x.repo.Codeowners
	if ref := x.query.Get("ref"); c == nil || ref != "" && ref != x.repo.DefaultBranch {
		return x.notFound()
	}
	o := begin(nil)
	o.key("errors")
	o.b = append(o.b, '[')
	for i, e := range c.Errors {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		in := begin(o.b)
		in.number("line", e.Line)
		in.number("column", e.Column)
		in.text("kind", e.Kind)
		in.text("source", e.Source)
		in.textOrNull("suggestion", e.Suggestion)
		in.text("message", e.Message)
		in.text("path", c.Path)
		o.b = in.end()
	}
	o.b = append(o.b, ']')
	return answer{http.StatusOK, o.end()}
}
