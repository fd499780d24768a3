package fakegithub

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"auditor/internal/fakegithub/world"
)

// credential says which kind of credential a route wants.
type credential int

const (
	asInstallation credential = iota // an installation token
	asApp                            // a JWT signed by the App
	asAnybody                        // any valid credential
)

// route is one operation of the API.
type route struct {
	method, pattern string
	parts           []string // of the pattern, see New
	as              credential
	permission      string // "key=level" that the installation must have; "": none
	hides           bool   // a missing permission answers 404 instead of 403
	query           []string
	docs            string
	cloudOnly       bool // not on GHES
	graphql         bool // spends GraphQL points instead of a REST request
	handle          func(*exchange) answer
}

func (r *route) knows(parameter string) bool { return slices.Contains(r.query, parameter) }

var (
	paged      = []string{"per_page", "page"}
	patFilters = []string{"per_page", "page", "sort", "direction", "owner[]", "repository", "permission",
		"last_used_before", "last_used_after", "token_id[]"}
)

const (
	docsPAT   = "rest/orgs/personal-access-tokens"
	docsApps  = "rest/apps/apps"
	docsRepos = "rest/repos/repos"
)

// routes lists every operation. GraphQL is outside the prefix; see path.
func routes() []route {
	return []route{
		{method: "GET", pattern: "/app", as: asApp, docs: docsApps + "#get-the-authenticated-app", handle: getApp},
		{method: "GET", pattern: "/app/installations", as: asApp, query: []string{"per_page", "page", "since", "outdated"}, docs: docsApps + "#list-installations-for-the-authenticated-app", handle: listInstallations},
		{method: "GET", pattern: "/orgs/{org}/installation", as: asApp, docs: docsApps + "#get-an-organization-installation-for-the-authenticated-app", handle: getInstallation},
		{method: "POST", pattern: "/app/installations/{installation}/access_tokens", as: asApp, docs: docsApps + "#create-an-installation-access-token-for-an-app", handle: createToken},
		{method: "DELETE", pattern: "/installation/token", docs: "rest/apps/installations#revoke-an-installation-access-token", handle: revokeToken},
		{method: "GET", pattern: "/rate_limit", as: asAnybody, docs: "rest/rate-limit/rate-limit", handle: getRateLimit},

		{method: "GET", pattern: "/orgs/{org}/personal-access-tokens", permission: "organization_personal_access_tokens=read", query: patFilters, docs: docsPAT + "#list-fine-grained-personal-access-tokens-with-access-to-organization-resources", handle: listGrants},
		{method: "GET", pattern: "/orgs/{org}/personal-access-tokens/{pat}/repositories", permission: "organization_personal_access_tokens=read", query: paged, docs: docsPAT + "#list-repositories-a-fine-grained-personal-access-token-has-access-to", handle: listGrantRepositories},
		{method: "GET", pattern: "/orgs/{org}/personal-access-token-requests", permission: "organization_personal_access_token_requests=read", query: patFilters, docs: docsPAT + "#list-requests-to-access-organization-resources-with-fine-grained-personal-access-tokens", handle: listRequests},
		{method: "GET", pattern: "/orgs/{org}/personal-access-token-requests/{pat}/repositories", permission: "organization_personal_access_token_requests=read", query: paged, docs: docsPAT + "#list-repositories-requested-to-be-accessed-by-a-fine-grained-personal-access-token", handle: listRequestRepositories},

		{method: "GET", pattern: "/orgs/{org}", docs: "rest/orgs/orgs#get-an-organization", handle: getOrganization},
		{method: "GET", pattern: "/orgs/{org}/repos", permission: "metadata=read", query: []string{"per_page", "page", "type", "sort", "direction"}, docs: docsRepos + "#list-organization-repositories", handle: listRepositories},
		{method: "GET", pattern: "/orgs/{org}/members", permission: "members=read", query: []string{"per_page", "page", "filter", "role"}, docs: "rest/orgs/members#list-organization-members", handle: listMembers},
		{method: "GET", pattern: "/orgs/{org}/outside_collaborators", permission: "members=read", query: []string{"per_page", "page", "filter"}, docs: "rest/orgs/outside-collaborators#list-outside-collaborators-for-an-organization", handle: listOutside},
		{method: "GET", pattern: "/orgs/{org}/properties/values", permission: "organization_custom_properties=read", query: []string{"per_page", "page", "repository_query"}, docs: "rest/orgs/custom-properties", handle: listProperties},

		{method: "GET", pattern: "/repos/{owner}/{repo}", permission: "metadata=read", docs: docsRepos + "#get-a-repository", handle: getRepository},
		{method: "GET", pattern: "/repos/{owner}/{repo}/private-vulnerability-reporting", permission: "metadata=read", cloudOnly: true, docs: docsRepos + "#check-if-private-vulnerability-reporting-is-enabled-for-a-repository", handle: getPrivateReporting},
		// On the next two, off, not permitted and not visible give the same answer.
		{method: "GET", pattern: "/repos/{owner}/{repo}/automated-security-fixes", permission: "administration=read", hides: true, docs: docsRepos + "#check-if-dependabot-security-updates-are-enabled-for-a-repository", handle: getSecurityFixes},
		{method: "GET", pattern: "/repos/{owner}/{repo}/vulnerability-alerts", permission: "administration=read", hides: true, docs: docsRepos + "#check-if-vulnerability-alerts-are-enabled-for-a-repository", handle: getVulnerabilityAlerts},
		{method: "GET", pattern: "/repos/{owner}/{repo}/codeowners/errors", permission: "contents=read", query: []string{"ref"}, docs: docsRepos + "#list-codeowners-errors", handle: getCodeownersErrors},
		{method: "GET", pattern: "/repos/{owner}/{repo}/teams", permission: "administration=read", query: paged, docs: docsRepos + "#list-repository-teams", handle: listTeams},

		{method: "POST", pattern: "/graphql", docs: "graphql", graphql: true, handle: postGraphQL},
	}
}

// path returns the path below the API's root; false outside of it.
func (x *exchange) path() (string, bool) {
	p := x.r.URL.EscapedPath()
	if !x.s.o.GHES {
		return p, true
	}
	if p == "/api/graphql" {
		return "/graphql", true
	}
	p, ok := strings.CutPrefix(p, "/api/v3")
	return p, ok && p != "/graphql"
}

// findRoute matches path and method. A path with another method answers 404, as on
// GitHub for most.
func (x *exchange) findRoute() (answer, bool) {
	p, ok := x.path()
	if !ok {
		return x.notFound(), false
	}
	segments, ok := split(p)
	if !ok {
		return x.notFound(), false
	}
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range x.s.routes {
		r := &x.s.routes[i]
		if r.method != method || r.cloudOnly && x.s.o.GHES {
			continue
		}
		if params, ok := match(r.parts, segments); ok {
			x.route, x.params = r, params
			return answer{}, true
		}
	}
	return x.notFound(), false
}

// split unescapes the segments of a path; a slash within one is %2F. Paths with an
// empty segment or a trailing slash have no route.
func split(p string) ([]string, bool) {
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, part := range parts {
		s, err := url.PathUnescape(part)
		if err != nil || s == "" {
			return nil, false
		}
		parts[i] = s
	}
	return parts, true
}

// match fills the parameters of a pattern. The numeric forms that Link
// headers use, /organizations/{id}/… and /repositories/{id}/…, match the
// patterns of /orgs/{org}/… and /repos/{owner}/{repo}/….
func match(parts, segments []string) (map[string]string, bool) {
	kind, id := "", ""
	switch {
	case segments[0] == "organizations" && len(segments) > 1 && parts[0] == "orgs":
		kind, id = "organization_id", segments[1]
		segments, parts = segments[2:], parts[2:]
	case segments[0] == "repositories" && len(segments) > 1 && parts[0] == "repos":
		kind, id = "repository_id", segments[1]
		segments, parts = segments[2:], parts[3:]
	}
	if len(parts) != len(segments) {
		return nil, false
	}
	for i, part := range parts {
		if part[0] != '{' && part != segments[i] {
			return nil, false
		}
	}
	params := map[string]string{}
	if kind != "" {
		params[kind] = id
	}
	for i, part := range parts {
		if part[0] == '{' {
			params[part[1:len(part)-1]] = segments[i]
		}
	}
	return params, true
}

// resolve finds the organization and the repository of the path.
func (x *exchange) resolve() (answer, bool) {
	p := x.params
	switch {
	case p["organization_id"] != "":
		x.world = x.s.worldByID(p["organization_id"])
	case p["org"] != "":
		x.world = x.s.worldByLogin(p["org"])
	case p["repository_id"] != "":
		x.world, x.repo = x.s.repositoryByID(p["repository_id"])
	case p["owner"] != "":
		if x.world = x.s.worldByLogin(p["owner"]); x.world != nil {
			x.repo = x.world.Repository(p["repo"])
		}
	default:
		return answer{}, true
	}
	if a, isMoved := x.moved(); isMoved {
		return a, false
	}
	missing := x.world == nil || strings.HasPrefix(x.route.pattern, "/repos/") && (x.repo == nil || !x.canSee(x.repo))
	if missing {
		return x.notFound(), false
	}
	return answer{}, true
}

// moved redirects from a former name of a repository to its id, with the same rest
// of the path.
func (x *exchange) moved() (answer, bool) {
	name := x.params["repo"]
	if x.world == nil || x.repo != nil || name == "" {
		return answer{}, false
	}
	r := x.world.RepositoryByOldName(name)
	if r == nil || !x.isOwnWorld() {
		return answer{}, false
	}
	p, _ := x.path()
	to := x.links.api + "/repositories/" + strconv.FormatInt(r.ID, 10)
	if rest := strings.SplitN(strings.TrimPrefix(p, "/"), "/", 4); len(rest) == 4 {
		to += "/" + rest[3]
	}
	if q := x.r.URL.RawQuery; q != "" {
		to += "?" + q
	}
	x.header.Set("Location", to)
	o := begin(nil)
	o.text("message", "Moved Permanently")
	o.text("url", to)
	o.text("documentation_url", documentation("rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects"))
	return answer{http.StatusMovedPermanently, o.end()}, true
}

func (s *Server) worldByLogin(login string) *world.World {
	for _, w := range s.worlds {
		if strings.EqualFold(w.Org.Login, login) {
			return w
		}
	}
	return nil
}

func (s *Server) worldByID(id string) *world.World {
	for _, w := range s.worlds {
		if strconv.FormatInt(w.Org.ID, 10) == id {
			return w
		}
	}
	return nil
}

func (s *Server) repositoryByID(id string) (*world.World, *world.Repository) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, nil
	}
	for _, w := range s.worlds {
		if r := w.RepositoryByID(n); r != nil {
			return w, r
		}
	}
	return nil, nil
}
