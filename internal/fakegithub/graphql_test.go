package fakegithub

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"auditor/internal/fakegithub/graphql"
	"auditor/internal/fakegithub/schema"
)

// deepQueries select what the queries of everyField do not reach.
var deepQueries = []string{
	`query($login: String!) { organization(login: $login) { repositories(first: 50) { totalCount totalDiskUsage nodes { nameWithOwner
		deployKeys(first: 5) { totalCount nodes { id title key readOnly verified enabled createdAt } }
		codeowners { errors { line column kind source suggestion message path } }
		vulnerabilityAlerts(states: OPEN, first: 2) { totalCount nodes { id number state createdAt repository { name } vulnerableManifestPath } }
		collaborators(first: 5) { totalCount edges { permission node { login } } }
		defaultBranchRef { name refUpdateRule { pattern requiredApprovingReviewCount } branchProtectionRule { ...bpr } rules(first: 20) { totalCount nodes { ...rule } } }
		branchProtectionRules(first: 5) { nodes { ...bpr } }
		rulesets(first: 5) { nodes { name enforcement target conditions { refName { include exclude } repositoryName { include } } rules(first: 20) { nodes { ...rule } } } } } } } }
	fragment bpr on BranchProtectionRule { id databaseId pattern requiredStatusChecks { context } creator { __typename login } bypassPullRequestAllowances(first: 3) { totalCount nodes { id actor { ... on User { login } } } } matchingRefs(first: 2) { nodes { name } } }
	fragment rule on RepositoryRule { id type parameters { __typename ... on PullRequestParameters { requiredApprovingReviewCount dismissStaleReviewsOnPush } ... on RequiredStatusChecksParameters { strictRequiredStatusChecksPolicy requiredStatusChecks { context } } }
		repositoryRuleset { databaseId name enforcement source { __typename ... on Organization { login } ... on Repository { nameWithOwner } } bypassActors(first: 5) { totalCount nodes { bypassMode } } } }`,
	`query($login: String!) { organization(login: $login) { membersWithRole(first: 5) { edges { role hasTwoFactorEnabled node { login } } } teams(first: 3) { nodes { slug combinedSlug organization { login } } } } rateLimit { cost limit remaining used resetAt nodeCount } }`,
}

// everyField selects all fields of a type, down to a depth, with a page of two in
// each connection.
func everyField(typeName string, depth int) string {
	g := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.GraphQL})
	return "query($login: String!) { organization(login: $login) " + selectAll(g, g.Types[typeName], depth) + " }"
}

func selectAll(g *ast.Schema, d *ast.Definition, depth int) string {
	b := strings.Builder{}
	b.WriteString("{ __typename ")
	if d.IsAbstractType() {
		return "{ __typename }"
	}
	for _, f := range d.Fields {
		if strings.HasPrefix(f.Name, "__") || slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil }) {
			continue
		}
		below := g.Types[f.Type.Name()]
		if below.IsCompositeType() && depth == 0 {
			continue
		}
		b.WriteString(f.Name)
		if f.Arguments.ForName("first") != nil {
			b.WriteString("(first: 2)")
		}
		if below.IsCompositeType() {
			b.WriteString(" " + selectAll(g, below, depth-1))
		}
		b.WriteString(" ")
	}
	return b.String() + "}"
}

// errorsOf returns the types of the errors of an answer, and the paths.
func errorsOf(t *testing.T, r reply) (types, paths []string) {
	t.Helper()
	errs, _ := r.object(t)["errors"].([]any)
	for _, e := range errs {
		e := e.(map[string]any)
		kind, _ := e["type"].(string)
		types = append(types, kind)
		paths = append(paths, fmt.Sprint(e["path"]))
	}
	return types, paths
}

func TestGraphQLRefusals(t *testing.T) {
	c := serve(t, small(), Options{})
	for query, want := range map[string]string{
		`{ organization(login: "acme") { repositories { totalCount } } }`:                                                                                "MISSING_PAGINATION_BOUNDARIES",
		`{ organization(login: "acme") { repositories(first: 0) { totalCount } } }`:                                                                      "MISSING_PAGINATION_BOUNDARIES",
		`{ organization(login: "acme") { repositories(first: 101) { totalCount } } }`:                                                                    "EXCESSIVE_PAGINATION",
		`{ organization(login: "acme") { repositories(last: 101) { totalCount } } }`:                                                                     "EXCESSIVE_PAGINATION",
		`{ organization(login: "nobody") { login } }`:                                                                                                    "NOT_FOUND",
		`{ repository(owner: "acme", name: "none") { name } }`:                                                                                           "NOT_FOUND",
		`{ organization(login: "acme") { repository(name: "none") { name } } }`:                                                                          "NOT_FOUND",
		`{ node(id: "nonsense") { id } }`:                                                                                                                "NOT_FOUND",
		`{ organization(login: "acme") { repositories(first: 1, after: "nonsense") { totalCount } } }`:                                                   "INVALID_CURSOR_ARGUMENTS",
		`{ organization(login: "acme") { rulesets(first: 1) { totalCount } } }`:                                                                          "FORBIDDEN",
		`{ organization(login: "acme") { repositories(first: 100) { nodes { rulesets(first: 100) { nodes { rules(first: 100) { totalCount } } } } } } }`: "MAX_NODE_LIMIT_EXCEEDED",
		`{ organization(login: "acme") { nonsense } }`:                                                                                                   "",
		`{ organization { login } }`:                                                                                                                     "",
		`{ organization(login: 7) { login } }`:                                                                                                           "",
		`{ organization(login: "acme") `:                                                                                                                 "",
		`query($n: Int!) { organization(login: "acme") { repositories(first: $n) { totalCount } } }`:                                                     "",
		`mutation { x }`: "",
		`query A { rateLimit { cost } } query B { rateLimit { cost } }`: "",
	} {
		r := c.graphql(query, nil)
		types, _ := errorsOf(t, r)
		if r.status != 200 || len(types) == 0 || types[0] != want {
			t.Errorf("%s: got %d %s, want %q", query, r.status, r.body, want)
		}
	}
	c.wants(c.do("POST", "/graphql", c.token, "no json"), 400, "Problems parsing JSON")
	c.wants(c.do("POST", "/graphql", c.token, "{}"), 200, "A query attribute must be specified")
	c.wants(c.do("POST", "/graphql", "", "{}"), 401, "Bad credentials")
	c.wants(c.do("GET", "/graphql", c.token, ""), 404, "Not Found")
}

func TestGraphQLPages(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	const query = `query($login: String!, $after: String, $archived: Boolean) { organization(login: $login) { page: repositories(first: 7, after: $after, isArchived: $archived, orderBy: {field: NAME, direction: ASC}) {
		totalCount pageInfo { hasNextPage endCursor } edges { cursor } nodes { ...names } } } }
		fragment names on Repository { name databaseId }`
	var names []string
	after := any(nil)
	for {
		page := valueAt(t, c.graphql(query, map[string]any{"login": "acme", "after": after}), "data", "organization", "page").(map[string]any)
		if page["totalCount"] != 40.0 {
			t.Fatalf("totalCount is %v", page["totalCount"])
		}
		for _, n := range page["nodes"].([]any) {
			names = append(names, strings.ToLower(n.(map[string]any)["name"].(string)))
		}
		info := page["pageInfo"].(map[string]any)
		if info["hasNextPage"] == false {
			break
		}
		after = info["endCursor"]
	}
	if len(names) != 40 || !slices.IsSorted(names) || len(slices.Compact(names)) != 40 {
		t.Errorf("walked %d: %v", len(names), names)
	}
	archived := 0
	for _, r := range w.Repositories {
		if r.IsArchived {
			archived++
		}
	}
	page := valueAt(t, c.graphql(query, map[string]any{"login": "acme", "archived": true}), "data", "organization", "page").(map[string]any)
	if page["totalCount"] != float64(archived) {
		t.Errorf("%v archived, want %d", page["totalCount"], archived)
	}
	last := valueAt(t, c.graphql(`{ organization(login: "acme") { repositories(last: 1, orderBy: {field: NAME, direction: ASC}) { nodes { name } pageInfo { hasPreviousPage } } } }`, nil), "data", "organization", "repositories", "nodes").([]any)
	if got := last[0].(map[string]any)["name"]; !strings.EqualFold(got.(string), names[39]) {
		t.Errorf("last is %v, want %v", got, names[39])
	}
}

// valueAt returns the value at a path of keys in an answer.
func valueAt(t *testing.T, r reply, keys ...string) any {
	t.Helper()
	v := any(r.object(t))
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("no %s in %s", k, r.body)
		}
		v = m[k]
	}
	return v
}

func TestGraphQLShowsTheWorld(t *testing.T) {
	w := small()
	c := serve(t, w, Options{})
	const query = `query($id: ID!, $deep: Boolean!) { node(id: $id) { ... on Repository { name isEmpty visibility hasVulnerabilityAlertsEnabled codeowners { errors { path } } deployKeys(first: 5) { totalCount }
		vulnerabilityAlerts(first: 1, states: OPEN) { totalCount } defaultBranchRef @include(if: $deep) { name branchProtectionRule { pattern } rules(first: 30) { nodes { repositoryRuleset { enforcement } } } } skipped: name @skip(if: $deep) } } }`
	for _, r := range w.Repositories {
		got := valueAt(t, c.graphql(query, map[string]any{"id": graphql.NodeID("Repository", r.ID), "deep": true}), "data", "node").(map[string]any)
		var rules []any
		for _, rule := range w.ActiveRules(r, r.DefaultBranch) {
			rules = append(rules, map[string]any{"repositoryRuleset": map[string]any{"enforcement": strings.ToUpper(rule.Ruleset.Enforcement)}})
		}
		want := map[string]any{"name": r.Name, "isEmpty": r.IsEmpty, "visibility": strings.ToUpper(r.Visibility), "hasVulnerabilityAlertsEnabled": r.HasVulnerabilityAlerts,
			"deployKeys": map[string]any{"totalCount": len(r.DeployKeys)}, "vulnerabilityAlerts": map[string]any{"totalCount": r.OpenAlerts}, "codeowners": nil, "defaultBranchRef": nil}
		if r.Codeowners != nil {
			errs := []any{}
			for range r.Codeowners.Errors {
				errs = append(errs, map[string]any{"path": r.Codeowners.Path})
			}
			want["codeowners"] = map[string]any{"errors": errs}
		}
		if !r.IsEmpty {
			branch := map[string]any{"name": r.DefaultBranch, "branchProtectionRule": nil, "rules": map[string]any{"nodes": append([]any{}, rules...)}}
			if p := r.Protection(); p != nil {
				branch["branchProtectionRule"] = map[string]any{"pattern": p.Pattern}
			}
			want["defaultBranchRef"] = branch
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	}
}

func TestGraphQLWithoutPermissions(t *testing.T) {
	w := small()
	const query = `{ organization(login: "acme") { login requiresTwoFactorAuthentication membersWithRole(first: 1) { totalCount } repositories(first: 3) { nodes { name hasVulnerabilityAlertsEnabled branchProtectionRules(first: 1) { totalCount }
		vulnerabilityAlerts(first: 1) { totalCount } defaultBranchRef { branchProtectionRule { id } } %s } } } }`
	poor := Options{MissingPermissions: []string{"administration", "members", "organization_administration", "vulnerability_alerts"}}
	c := serve(t, w, poor)
	r := c.graphql(fmt.Sprintf(query, ""), nil)
	types, paths := errorsOf(t, r)
	if !slices.Equal(slices.Compact(types), []string{"FORBIDDEN"}) || !slices.Contains(paths, "[organization repositories nodes 0 vulnerabilityAlerts]") {
		t.Errorf("errors %v at %v", types, paths)
	}
	text := string(r.body)
	for _, no := range []string{`"hasVulnerabilityAlertsEnabled":true`, `"branchProtectionRule":{`, `"totalCount":1`, `"requiresTwoFactorAuthentication":true`} {
		if strings.Contains(text, no) {
			t.Errorf("without permission: %s in %s", no, text)
		}
	}
	// A refused non-null field makes the repository null, or stays.
	swallowed := c.graphql(fmt.Sprintf(query, "deployKeys(first: 1) { totalCount }"), nil)
	if _, paths := errorsOf(t, swallowed); !slices.Contains(paths, "[organization repositories nodes 2 deployKeys]") || !strings.Contains(string(swallowed.body), `"nodes":[null,null,null]`) {
		t.Errorf("refused deploy keys: %s", swallowed.body)
	}
	poor.NullsStay = true
	stays := serve(t, w, poor).graphql(fmt.Sprintf(query, "deployKeys(first: 1) { totalCount }"), nil)
	if !strings.Contains(string(stays.body), `"deployKeys":null`) {
		t.Errorf("refused deploy keys: %s", stays.body)
	}
}

func TestGraphQLCost(t *testing.T) {
	c := serve(t, small(), Options{GraphQLLimit: 5})
	// 301 requests are 3 points.
	const query = `{ organization(login: "acme") { repositories(first: 100) { nodes { repositoryTopics(first: 20) { totalCount } vulnerabilityAlerts(first: 1) { totalCount } deployKeys(first: 10) { totalCount } } } } rateLimit { cost remaining nodeCount limit } }`
	r := c.graphql(query, nil)
	limit := valueAt(t, r, "data", "rateLimit").(map[string]any)
	if limit["cost"] != 3.0 || limit["remaining"] != 2.0 || limit["nodeCount"] != 3200.0 || limit["limit"] != 5.0 {
		t.Errorf("rateLimit is %v", limit)
	}
	if r.header.Get("X-RateLimit-Resource") != "graphql" || r.header.Get("X-RateLimit-Remaining") != "2" {
		t.Errorf("headers %v", r.header)
	}
	exceeded := c.graphql(query, nil)
	if types, _ := errorsOf(t, exceeded); exceeded.status != 200 || len(types) != 1 || types[0] != "RATE_LIMITED" {
		t.Errorf("beyond the limit: %d %s", exceeded.status, exceeded.body)
	}
}
