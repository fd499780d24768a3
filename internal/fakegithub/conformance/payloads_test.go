package conformance

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Payloads as GitHub sends them, taken from the examples in its descriptions,
// which the reduced ones omit.

type object = map[string]any

const api = "https://api.github.com"

// with returns a copy of an object with fields changed; a nil func removes.
func with(o object, changes object) object {
	out := maps.Clone(o)
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == removed })
	return out
}

// removed marks a field that with removes.
const removed = "removed by the test"

// links returns URL fields: "avatar" becomes avatar_url.
func links(base string, names string) object {
	o := object{}
	for _, name := range strings.Fields(names) {
		o[name+"_url"] = base + "/" + name
	}
	return o
}

func user() object {
	return with(links(api+"/users/octocat", "followers following gists starred subscriptions organizations repos events received_events"), object{
		"login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=", "avatar_url": "https://github.com/images/error/octocat_happy.gif",
		"gravatar_id": "", "url": api + "/users/octocat", "html_url": "https://github.com/octocat", "type": "User", "site_admin": false,
	})
}

func grant() object {
	return object{
		"id": 25381, "owner": user(), "repository_selection": "all",
		"repositories_url":  api + "/organizations/652551/personal-access-tokens/25381/repositories",
		"permissions":       object{"organization": object{"members": "read"}, "repository": object{"metadata": "read"}},
		"access_granted_at": "2023-05-16T08:47:09.000-07:00", "token_id": 98716, "token_name": "Some Token", "token_expired": false,
		"token_expires_at": "2023-11-16T08:47:09.000-07:00", "token_last_used_at": nil,
	}
}

func grantRequest() object {
	return with(grant(), object{
		"access_granted_at": removed, "created_at": "2023-05-16T08:47:09.000-07:00", "reason": nil,
		"repositories_url": api + "/organizations/652551/personal-access-token-requests/25381/repositories",
	})
}

func repository() object {
	urls := "archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks" +
		" git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges milestones notifications pulls" +
		" releases stargazers statuses subscribers subscription tags teams trees"
	return with(links(api+"/repos/octocat/Hello-World", urls), object{
		"id": 1296269, "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5", "name": "Hello-World", "full_name": "octocat/Hello-World", "owner": user(),
		"private": false, "html_url": "https://github.com/octocat/Hello-World", "description": nil, "fork": false,
		"url": api + "/repos/octocat/Hello-World", "pushed_at": "2011-01-26T19:06:43Z", "created_at": "2011-01-26T19:01:12Z",
		"archived": false, "disabled": false, "visibility": "public", "topics": []string{"pci"}, "default_branch": "main",
		"custom_properties": object{"tier": "critical", "teams": []string{"a", "b"}, "unset": nil},
		"permissions":       object{"admin": false, "push": false, "pull": true},
		"security_and_analysis": object{
			"secret_scanning":                  object{"status": "enabled"},
			"secret_scanning_push_protection":  object{"status": "disabled"},
			"dependabot_security_updates":      object{"status": "enabled"},
			"secret_scanning_validity_checks":  object{"status": "disabled"},
			"secret_scanning_delegated_bypass": object{"status": "disabled"},
		},
	})
}

func fullRepository() object {
	return with(repository(), object{
		"clone_url": "https://github.com/octocat/Hello-World.git", "git_url": "git:github.com/octocat/Hello-World.git",
		"ssh_url": "git@github.com:octocat/Hello-World.git", "svn_url": "https://svn.github.com/octocat/Hello-World", "mirror_url": nil,
		"homepage": "", "language": nil, "forks": 0, "forks_count": 0, "network_count": 0, "open_issues": 0, "open_issues_count": 0, "size": 1,
		"stargazers_count": 0, "subscribers_count": 0, "watchers": 0, "watchers_count": 0, "license": nil, "updated_at": "2011-01-26T19:14:43Z",
		"has_discussions": false, "has_issues": true, "has_pages": false, "has_projects": true, "has_wiki": true, "has_downloads": true,
	})
}

func organization() object {
	return object{
		"login": "github", "id": 1, "node_id": "MDEyOk9yZ2FuaXphdGlvbjE=", "url": api + "/orgs/github", "repos_url": api + "/orgs/github/repos",
		"events_url": api + "/orgs/github/events", "hooks_url": api + "/orgs/github/hooks", "issues_url": api + "/orgs/github/issues",
		"members_url": api + "/orgs/github/members{/member}", "public_members_url": api + "/orgs/github/public_members{/member}",
		"avatar_url": "https://github.com/images/error/octocat_happy.gif", "description": "A great organization", "blog": "", "name": "github",
		"has_organization_projects": true, "has_repository_projects": true, "public_repos": 2, "public_gists": 1, "followers": 20, "following": 0,
		"html_url": "https://github.com/octocat", "type": "Organization", "created_at": "2008-01-14T04:33:35Z", "updated_at": "2014-03-03T18:58:10Z",
		"archived_at": nil, "two_factor_requirement_enabled": nil, "default_repository_permission": "read",
		"plan": object{"name": "enterprise", "space": 400, "private_repos": 20},
	}
}

func installation() object {
	return object{
		"id": 1, "account": with(user(), object{"type": "Organization"}), "repository_selection": "all", "app_id": 1, "app_slug": "auditor",
		"access_tokens_url": api + "/app/installations/1/access_tokens", "repositories_url": api + "/installation/repositories",
		"html_url": "https://github.com/organizations/github/settings/installations/1", "target_id": 1, "target_type": "Organization",
		"permissions": object{"metadata": "read", "organization_network_configurations": "read"}, "events": []string{},
		"created_at": "2017-07-08T16:18:44-04:00", "updated_at": "2017-07-08T16:18:44-04:00", "single_file_name": nil,
		"suspended_by": nil, "suspended_at": nil,
	}
}

func app() object {
	return object{
		"id": 37, "slug": "auditor", "node_id": "MDExOkludGVncmF0aW9uMQ==", "owner": user(), "name": "auditor", "description": nil,
		"client_id": "Iv1.25b5d1e65ffc4022", "external_url": "https://example.com", "html_url": "https://github.com/apps/auditor",
		"created_at": "2017-07-08T16:18:44-04:00", "updated_at": "2017-07-08T16:18:44-04:00",
		"permissions": object{"metadata": "read", "organization_personal_access_tokens": "read"}, "events": []string{},
	}
}

func team() object {
	return object{
		"id": 1, "node_id": "MDQ6VGVhbTE=", "url": api + "/teams/1", "html_url": "https://github.com/orgs/github/teams/justice-league",
		"name": "Justice League", "slug": "justice-league", "description": nil, "privacy": "closed", "permission": "admin", "parent": nil,
		"members_url": api + "/teams/1/members{/member}", "repositories_url": api + "/teams/1/repos", "type": "organization",
	}
}

func rates() object {
	core := object{"limit": 5000, "used": 1, "remaining": 4999, "reset": 1691591363}
	return object{"resources": object{"core": core, "search": core, "graphql": core}, "rate": core}
}

func refusal(message string) object {
	return object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": "403"}
}

// jwt has the form of an App's token; nothing here checks the signature.
func jwt() string {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return encode(`{"alg":"RS256","typ":"JWT"}`) + "." + encode(`{"iss":"1"}`) + "." + encode("signature")
}

// stateless has the form of an installation token since April 2026: dots, but
// no JWT by itself.
func stateless() string { return "ghs" + "_1_" + jwt() }

// request is a request as a careful client sends it.
func request(method, url, body string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("User-Agent", "auditor/test")
	r.Header.Set("Accept", "application/vnd.github+json")
	r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	credential := stateless()
	if strings.Contains(url, "/app") || strings.HasSuffix(url, "/installation") {
		credential = jwt()
	}
	r.Header.Set("Authorization", "Bearer "+credential)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newValidator(t testing.TB) *Validator {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantError fails unless err mentions everything in want; an empty want means no
// error.
func wantError(t testing.TB, err error, want ...string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
		return
	}
	if err == nil {
		t.Errorf("no error, want one about %q", want)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got %q, want it to mention %q", err, w)
		}
	}
}
