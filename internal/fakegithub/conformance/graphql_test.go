package conformance

import (
	"net/http"
	"strings"
	"testing"
)

// settings is a query like those of the auditor.
const settings = `query($login:String!$first:Int!$after:String$order:RepositoryOrder$states:[RepositoryVulnerabilityAlertState!]){
organization(login:$login){repositories(first:$first,after:$after,orderBy:$order){pageInfo{hasNextPage,endCursor},totalCount,nodes{
databaseId,nameWithOwner,visibility,pushedAt,hasVulnerabilityAlertsEnabled,isSecurityPolicyEnabled,
codeowners{errors{line,column,kind,source,suggestion,message,path}},
vulnerabilityAlerts(first:1,states:$states){totalCount},
deployKeys(first:10){totalCount,nodes{id,title,readOnly,createdAt}},
defaultBranchRef{name,branchProtectionRule{databaseId,bypassPullRequestAllowances(first:1){totalCount}},
rules(first:50){nodes{type,parameters{...on PullRequestParameters{requiredApprovingReviewCount},...on RequiredStatusChecksParameters{strictRequiredStatusChecksPolicy}},
repositoryRuleset{name,enforcement,source{__typename,...on Organization{login},...on Repository{nameWithOwner}},bypassActors(first:1){totalCount}}}}}}}},
rateLimit{cost,remaining,resetAt}}`

func settingsVariables() object {
	return object{"login": "acme", "first": 50, "after": nil, "order": object{"field": "NAME", "direction": "ASC"}, "states": []string{"OPEN"}}
}

func TestGraphQLQueries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query string
		variables   object
		want        []string
	}{
		{"settings", settings, settingsVariables(), nil},
		{"optional variables left out", settings, object{"login": "acme", "first": 50}, nil},
		{"one value for a list", settings, with(settingsVariables(), object{"states": "OPEN"}), nil},
		{"number for an ID", `query($id:ID!){node(id:$id){id}}`, object{"id": 1}, nil},
		{"no first or last: beyond the schema", `{organization(login:"acme"){repositories{totalCount}}}`, nil, nil},
		{"ruleset of a repository", `query($ids:[ID!]!){nodes(ids:$ids){...on RepositoryRuleset{databaseId rules(first:30,type:PULL_REQUEST){totalCount} conditions{refName{include exclude}}}}}`, object{"ids": []string{"a"}}, nil},
		{"unknown field", strings.Replace(settings, "databaseId,nameWithOwner", "databaseId,privateVulnerabilityReporting", 1), settingsVariables(), []string{"privateVulnerabilityReporting", "Repository"}},
		{"unknown field of a union's member", strings.Replace(settings, "requiredApprovingReviewCount", "requiredReviews", 1), settingsVariables(), []string{"requiredReviews", "PullRequestParameters"}},
		{"fragment that can never apply", strings.Replace(settings, "...on Repository{nameWithOwner}", "...on Team{slug}", 1), settingsVariables(), []string{"Team"}},
		{"object without a selection", `{organization(login:"acme")}`, nil, []string{"organization", "subfields"}},
		{"unknown argument", `{organization(login:"acme"){repositories(first:1,archived:true){totalCount}}}`, nil, []string{"archived"}},
		{"missing argument", `{organization{login}}`, nil, []string{"login"}},
		{"unknown enum value", `{organization(login:"acme"){repositories(first:1,visibility:SECRET){totalCount}}}`, nil, []string{"SECRET"}},
		{"mutation", `mutation{revokeAll{id}}`, nil, []string{"mutation"}},
		{"not GraphQL", `query{`, nil, []string{"in \"query{\""}},
		{"two operations", `query a{rateLimit{cost}} query b{rateLimit{cost}}`, nil, []string{"one operation"}},
		{"variable of a wrong type in the query", strings.Replace(settings, "$first:Int!", "$first:String!", 1), settingsVariables(), []string{"first"}},
		{"unused variable", `query($x:Int){rateLimit{cost}}`, nil, []string{"x"}},
		{"string for an Int", settings, with(settingsVariables(), object{"first": "50"}), []string{"$first", "Int", `"50"`}},
		{"fraction for an Int", settings, with(settingsVariables(), object{"first": 1.5}), []string{"$first", "1.5"}},
		{"Int of more than 32 bits", settings, with(settingsVariables(), object{"first": 1 << 40}), []string{"$first"}},
		{"number for a String", settings, with(settingsVariables(), object{"login": 7}), []string{"$login", "String", "7"}},
		{"null for a mandatory value", settings, with(settingsVariables(), object{"login": nil}), []string{"$login", "null"}},
		{"missing variable", settings, with(settingsVariables(), object{"login": removed}), []string{"$login", "missing"}},
		{"undeclared variable", settings, with(settingsVariables(), object{"cursor": "x"}), []string{"$cursor", "not declared"}},
		{"enum in lower case", settings, with(settingsVariables(), object{"states": []string{"open"}}), []string{"$states[0]", `"open"`}},
		{"null in a list", settings, with(settingsVariables(), object{"states": []any{nil}}), []string{"$states[0]", "null"}},
		{"text for an input object", settings, with(settingsVariables(), object{"order": "NAME"}), []string{"$order", "RepositoryOrder"}},
		{"unknown field of an input", settings, with(settingsVariables(), object{"order": object{"field": "NAME", "direction": "ASC", "nulls": "LAST"}}), []string{"$order.nulls"}},
		{"missing field of an input", settings, with(settingsVariables(), object{"order": object{"field": "NAME"}}), []string{"$order.direction", "missing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, newValidator(t).CheckGraphQL(c.query, c.variables), c.want...)
		})
	}
}

func TestCheckGraphQLLeavesVariablesAlone(t *testing.T) {
	t.Parallel()
	variables := settingsVariables()
	wantError(t, newValidator(t).CheckGraphQL(settings, variables))
	if variables["first"] != 50 || variables["order"].(object)["field"] != "NAME" {
		t.Errorf("changed to %v", variables)
	}
}

func TestGraphQLRequests(t *testing.T) {
	t.Parallel()
	good := string(marshal(t, object{"query": settings, "variables": settingsVariables()}))
	for _, c := range []struct {
		name, method, url, body string
		want                    []string
	}{
		{"good", "POST", "/graphql", good, nil},
		{"of GHES", "POST", "/api/graphql", good, nil},
		{"no variables", "POST", "/graphql", `{"query":"{rateLimit{cost}}"}`, nil},
		{"below the REST prefix", "POST", "/api/v3/graphql", good, []string{"no such path"}},
		{"GET", "GET", "/graphql", "", []string{"POST only"}},
		{"query parameters", "POST", "/graphql?first=1", good, []string{"first=1"}},
		{"not JSON", "POST", "/graphql", "{rateLimit{cost}}", []string{"not JSON"}},
		{"nothing", "POST", "/graphql", `{"query":null}`, []string{"query and variables"}},
		{"variables as text", "POST", "/graphql", `{"query":"{rateLimit{cost}}","variables":"{}"}`, []string{"query and variables"}},
		{"unknown field of the body", "POST", "/graphql", `{"query":"{rateLimit{cost}}","vars":{}}`, []string{`"vars"`}},
		{"bad query", "POST", "/graphql", `{"query":"{viewer{login}}"}`, []string{"viewer", "POST /graphql"}},
		{"bad variable", "POST", "/graphql", `{"query":"query($i:[ID!]!){nodes(ids:$i){id}}","variables":{"i":[true]}}`, []string{"$i[0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			wantError(t, newValidator(t).CheckRequest(request(c.method, c.url, c.body)), c.want...)
		})
	}
}

// settingsNode is one repository as the settings query asks for it.
func settingsNode() object {
	return object{
		"databaseId": 1, "nameWithOwner": "acme/x", "visibility": "PUBLIC", "pushedAt": nil, "hasVulnerabilityAlertsEnabled": true, "isSecurityPolicyEnabled": nil,
		"codeowners":          object{"errors": []any{object{"line": 1, "column": 1, "kind": "Unknown owner", "source": "* @x", "suggestion": nil, "message": "m", "path": "CODEOWNERS"}}},
		"vulnerabilityAlerts": object{"totalCount": 3},
		"deployKeys":          object{"totalCount": 1, "nodes": []any{object{"id": "x", "title": "ci", "readOnly": false, "createdAt": "2026-01-01T00:00:00Z"}, nil}},
		"defaultBranchRef":    object{"name": "main", "branchProtectionRule": nil, "rules": object{"nodes": []any{rule()}}},
	}
}

func rule() object {
	return object{"type": "PULL_REQUEST", "parameters": object{"requiredApprovingReviewCount": 2}, "repositoryRuleset": object{
		"name": "base", "enforcement": "ACTIVE", "source": object{"__typename": "Organization", "login": "acme"}, "bypassActors": nil}}
}

func settingsData(nodes ...any) object {
	return object{
		"organization": object{"repositories": object{"pageInfo": object{"hasNextPage": false, "endCursor": nil}, "totalCount": 1, "nodes": nodes}},
		"rateLimit":    object{"cost": 1, "remaining": 4999, "resetAt": "2026-01-01T00:00:00Z"},
	}
}

func withRule(changes object) any {
	return with(settingsNode(), object{"defaultBranchRef": object{"name": "main", "branchProtectionRule": nil, "rules": object{"nodes": []any{with(rule(), changes)}}}})
}

func TestGraphQLResponses(t *testing.T) {
	t.Parallel()
	data := func(nodes ...any) object { return object{"data": settingsData(nodes...)} }
	forbidden := []any{object{"type": "FORBIDDEN", "path": []any{"organization"}, "locations": []any{object{"line": 1, "column": 2}}, "message": "Resource not accessible by integration"}}
	source := func(o object) any {
		return withRule(object{"repositoryRuleset": with(rule()["repositoryRuleset"].(object), object{"source": o})})
	}
	const node = "data.organization.repositories.nodes[0]"
	for _, c := range []struct {
		name   string
		status int
		answer any
		want   []string
	}{
		{"good", 200, data(settingsNode(), nil), nil},
		{"empty repository", 200, data(with(settingsNode(), object{"defaultBranchRef": nil, "codeowners": nil})), nil},
		{"parameters of a type that was not asked for", 200, data(withRule(object{"parameters": object{}})), nil},
		{"no parameters", 200, data(withRule(object{"parameters": nil})), nil},
		{"partial", 200, object{"data": settingsData(with(settingsNode(), object{"vulnerabilityAlerts": nil})), "errors": forbidden}, nil},
		{"nothing but errors", 200, object{"data": nil, "errors": forbidden}, nil},
		{"secondary limit", 403, refusal("secondary rate limit"), nil},
		{"timeout", 502, object{"message": "We couldn't respond to your request in time."}, nil},
		{"missing field", 200, data(with(settingsNode(), object{"nameWithOwner": removed})), []string{node + ".nameWithOwner", "missing"}},
		{"field that was not asked for", 200, data(with(settingsNode(), object{"url": "https://x"})), []string{node + ".url", "not asked for"}},
		{"null in a non-null field", 200, data(with(settingsNode(), object{"hasVulnerabilityAlertsEnabled": nil})), []string{node + ".hasVulnerabilityAlertsEnabled", "null"}},
		{"text for a number", 200, data(with(settingsNode(), object{"databaseId": "1"})), []string{node + ".databaseId", `"1"`}},
		{"number for an ID", 200, data(with(settingsNode(), object{"deployKeys": object{"totalCount": 1, "nodes": []any{object{"id": 1, "title": "t", "readOnly": true, "createdAt": "2026-01-01T00:00:00Z"}}}})), []string{"deployKeys.nodes[0].id"}},
		{"unknown enum value", 200, data(with(settingsNode(), object{"visibility": "public"})), []string{node + ".visibility", `"public"`}},
		{"text that is not a time", 200, data(with(settingsNode(), object{"pushedAt": "yesterday"})), []string{node + ".pushedAt", "yesterday"}},
		{"object for a list", 200, data(with(settingsNode(), object{"codeowners": object{"errors": object{}}})), []string{node + ".codeowners.errors"}},
		{"list for an object", 200, data(with(settingsNode(), object{"vulnerabilityAlerts": []any{}})), []string{node + ".vulnerabilityAlerts"}},
		{"fields of two members at once", 200, data(withRule(object{"parameters": object{"requiredApprovingReviewCount": 2, "strictRequiredStatusChecksPolicy": true}})), []string{"parameters", "not asked for"}},
		{"wrong value in a member", 200, data(withRule(object{"parameters": object{"requiredApprovingReviewCount": "2"}})), []string{"parameters.requiredApprovingReviewCount"}},
		{"type that the union lacks", 200, data(source(object{"__typename": "User", "login": "x"})), []string{"source", "User"}},
		{"fields of another type than it says", 200, data(source(object{"__typename": "Repository", "login": "x"})), []string{"source.login", "source.nameWithOwner"}},
		{"type left out", 200, data(source(object{"login": "x"})), []string{"source"}},
		{"more nodes than asked for", 200, data(with(settingsNode(), object{"deployKeys": object{"totalCount": 11, "nodes": make([]any, 11)}})), []string{node + ".deployKeys.nodes", "first 10", "11"}},
		{"more nodes than a variable says", 200, data(make([]any, 51)...), []string{"repositories.nodes", "first 50", "51"}},
		{"neither data nor errors", 200, object{"data": nil}, []string{"neither"}},
		{"empty errors", 200, object{"data": settingsData(), "errors": []any{}}, []string{"/errors", "not empty"}},
		{"error without message", 200, object{"data": nil, "errors": []any{object{"type": "FORBIDDEN"}}}, []string{"/errors/0/message"}},
		{"path of an error as text", 200, object{"data": nil, "errors": []any{object{"message": "m", "path": "organization"}}}, []string{"/errors/0/path"}},
		{"type of an error as a number", 200, object{"data": nil, "errors": []any{object{"message": "m", "type": 1}}}, []string{"/errors/0/type"}},
		{"something beside data", 200, with(data(), object{"message": "m"}), []string{"/message"}},
		{"a list", 200, []any{}, []string{"data and errors"}},
		{"created", 201, data(), []string{"201"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request("POST", "/graphql", string(marshal(t, object{"query": settings, "variables": settingsVariables()})))
			for range 2 { // the query is left to be read again
				wantError(t, newValidator(t).CheckResponse(r, c.status, jsonHeader(), marshal(t, c.answer)), c.want...)
			}
		})
	}
}

func TestGraphQLAnswersToWhatIsWrong(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	bad := request("POST", "/graphql", `{"query":"{viewer{login}}"}`)
	wantError(t, v.CheckResponse(bad, 200, jsonHeader(), []byte(`{"data":{"viewer":{"login":"x"}}}`)), "without errors")
	wantError(t, v.CheckResponse(bad, 200, jsonHeader(), []byte(`{"errors":[{"message":"Field 'viewer' doesn't exist"}]}`)))
}

func TestGraphQLDirectives(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	const query = `query($c:Boolean!$d:Boolean=true){a:rateLimit{...r used@include(if:$d) ...on RateLimit@include(if:$c){nodeCount}}} fragment r on RateLimit{cost limit@skip(if:$c)}`
	ask := func(c string) *http.Request {
		return request("POST", "/graphql", `{"query":"`+query+`","variables":{"c":`+c+`}}`)
	}
	with, without := `{"data":{"a":{"cost":1,"used":3,"nodeCount":4}}}`, `{"data":{"a":{"cost":1,"limit":2,"used":3}}}`
	wantError(t, v.CheckResponse(ask("true"), 200, jsonHeader(), []byte(with)))
	wantError(t, v.CheckResponse(ask("false"), 200, jsonHeader(), []byte(without)))
	wantError(t, v.CheckResponse(ask("true"), 200, jsonHeader(), []byte(without)), "data.a.limit: was not asked for", "data.a.nodeCount: was asked for")
	wantError(t, v.CheckResponse(ask("false"), 200, jsonHeader(), []byte(with)), "data.a.limit: was asked for", "data.a.nodeCount: was not asked for")
	wantError(t, v.CheckResponse(ask("true"), 200, jsonHeader(), []byte(`{"data":{"a":{"cost":1,"nodeCount":4}}}`)), "data.a.used: was asked for")
}
