package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"auditor/internal/store"
)

// Scale is the size of an invented organization. Pairs are those of a token and
// a repository that it names.
type Scale struct{ Tokens, Repositories, Pairs, Members int }

// Large is the organization of the figures in the specification.
func Large() Scale { return Scale{Tokens: 10_000, Repositories: 5_000, Pairs: 200_000, Members: 3_000} }

// Small has the shares of Large, and is filled in a moment.
func Small() Scale { return Scale{Tokens: 200, Repositories: 100, Pairs: 1_500, Members: 60} }

// Organization makes objects as long as GitHub's own: the same at every call of
// [Invent] with a scale.
type Organization struct {
	scale   Scale
	r       *rand.Rand
	subsets []int // grant ids with an explicit list
}

// Invent begins an organization of a size.
func Invent(s Scale) *Organization {
	return &Organization{scale: s, r: rand.New(rand.NewPCG(1, 2))}
}

func user(id int) string {
	login := fmt.Sprintf("engineer-%05d", id)
	var b strings.Builder
	fmt.Fprintf(&b, `{"login":%q,"id":%d,"node_id":"MDQ6VXNlcj%06d","avatar_url":"https://avatars.githubusercontent.com/u/%d?v=4","gravatar_id":"","url":"https://api.github.com/users/%s","html_url":"https://github.com/%s"`, login, 100000+id, id, id, login, login)
	for _, k := range []string{"followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events"} {
		fmt.Fprintf(&b, `,"%s_url":"https://api.github.com/users/%s/%s"`, k, login, k)
	}
	b.WriteString(`,"type":"User","user_view_type":"public","site_admin":false}`)
	return b.String()
}

// token is the i-th one; it remembers those that need a list of repositories.
func (o *Organization) token(i int) string {
	selection := "subset"
	switch i % 10 {
	case 0, 1, 2:
		selection = "all"
	case 3:
		selection = "none"
	default:
		o.subsets = append(o.subsets, 400000+i)
	}
	var permissions []string
	for _, p := range []string{"actions", "administration", "contents", "deployments", "environments", "issues", "pull_requests", "secrets", "workflows"} {
		if o.r.IntN(3) == 0 {
			permissions = append(permissions, fmt.Sprintf("%q:%q", p, pick(o.r, "read", "write")))
		}
	}
	permissions = append(permissions, `"metadata":"read"`)
	used := `null`
	if o.r.IntN(4) > 0 {
		used = fmt.Sprintf(`"2026-%02d-%02dT08:47:09.000-07:00"`, 1+o.r.IntN(10), 1+o.r.IntN(28))
	}
	return fmt.Sprintf(`{"id":%d,"owner":%s,"repository_selection":%q,"repositories_url":"https://api.github.com/organizations/652551/personal-access-tokens/%d/repositories","permissions":{"organization":{"members":"read"},"repository":{%s}},"access_granted_at":"2025-05-16T08:47:09.000-07:00","token_id":%d,"token_name":"deployment of service %d","token_expired":false,"token_expires_at":"2026-12-16T08:47:09.000-07:00","token_last_used_at":%s}`,
		400000+i, user(o.r.IntN(o.scale.Members+o.scale.Members/10)), selection, 400000+i, strings.Join(permissions, ","), 9000000+i, i, used)
}

// Repository is the i-th one, with or without security_and_analysis.
func (o *Organization) Repository(i int, withSettings bool) string {
	name := fmt.Sprintf("service-%05d-backend", i)
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":%d,"node_id":"R_kgDOAB%06d","name":%q,"full_name":"acme/%s","private":%t,"owner":%s,"html_url":"https://github.com/acme/%s","description":"The backend of service %d, owned by the platform team; see the handbook","fork":false,"url":"https://api.github.com/repos/acme/%s"`,
		700000+i, i, name, name, i%4 != 0, strings.Replace(user(0), "engineer-00000", "acme", -1), name, i, name)
	for _, k := range []string{"archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks", "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees", "git", "ssh", "clone", "svn", "mirror"} {
		fmt.Fprintf(&b, `,"%s_url":"https://api.github.com/repos/acme/%s/%s{/sha}"`, k, name, k)
	}
	fmt.Fprintf(&b, `,"homepage":"","language":"Go","forks_count":9,"stargazers_count":80,"watchers_count":80,"size":108,"default_branch":"main","open_issues_count":0,"is_template":false,"topics":["backend","tier-%d"],"has_issues":true,"has_projects":true,"has_wiki":false,"has_pages":false,"has_discussions":false,"archived":%t,"disabled":false,"visibility":%q,"pushed_at":"2026-01-26T19:06:43Z","created_at":"2021-01-26T19:01:12Z","updated_at":"2026-01-26T19:14:43Z","permissions":{"admin":false,"maintain":false,"push":false,"triage":false,"pull":true},"role_name":"read","allow_forking":true,"web_commit_signoff_required":false,"custom_properties":{"tier":%q,"team":"platform"},"forks":9,"open_issues":0,"watchers":80,"license":{"key":"mit","name":"MIT License","spdx_id":"MIT","url":"https://api.github.com/licenses/mit","node_id":"MDc6TGljZW5zZW1pdA=="}`,
		i%3, i%20 == 0, pick(o.r, "private", "internal", "public"), pick(o.r, "critical", "standard"))
	if withSettings {
		b.WriteString(`,"security_and_analysis":{`)
		for n, k := range []string{"advanced_security", "code_security", "secret_scanning", "secret_scanning_push_protection", "secret_scanning_non_provider_patterns", "secret_scanning_validity_checks", "secret_scanning_ai_detection", "dependabot_security_updates"} {
			if n > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `%q:{"status":%q}`, k, pick(o.r, "enabled", "disabled"))
		}
		b.WriteByte('}')
	}
	b.WriteByte('}')
	return b.String()
}

func (o *Organization) settings(i int) string {
	return fmt.Sprintf(`{"databaseId":%d,"nameWithOwner":"acme/service-%05d-backend","isEmpty":false,"hasVulnerabilityAlertsEnabled":%t,"isSecurityPolicyEnabled":true,
 "codeowners":{"errors":[{"line":1,"column":1,"kind":"Unknown owner","source":"* @acme/nobody","suggestion":"make sure the team exists","message":"Unknown owner on line 1: make sure the team exists","path":".github/CODEOWNERS"}]},
 "vulnerabilityAlerts":{"totalCount":%d},"deployKeys":{"totalCount":1,"nodes":[{"id":"DK_%d","title":"ci","readOnly":%t,"verified":true,"enabled":true,"createdAt":"2024-01-01T00:00:00Z"}]},
 "defaultBranchRef":{"name":"main","branchProtectionRule":{"databaseId":%d,"pattern":"main","isAdminEnforced":true,"requiresApprovingReviews":true,"requiredApprovingReviewCount":1,"requiresCodeOwnerReviews":false,"dismissesStaleReviews":false,"requireLastPushApproval":false,"requiresStatusChecks":false,"requiresStrictStatusChecks":false,"requiresCommitSignatures":false,"requiresLinearHistory":false,"requiresConversationResolution":false,"allowsForcePushes":false,"allowsDeletions":false,"bypassPullRequestAllowances":{"totalCount":0}},
 "rules":{"totalCount":2,"nodes":[{"type":"PULL_REQUEST","parameters":{"dismissStaleReviewsOnPush":true,"requireCodeOwnerReview":true,"requireLastPushApproval":true,"requiredApprovingReviewCount":2,"requiredReviewThreadResolution":true,"strictRequiredStatusChecksPolicy":null},"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"__typename":"Organization","login":"acme"},"bypassActors":{"totalCount":1}}},{"type":"DELETION","parameters":null,"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"__typename":"Organization","login":"acme"},"bypassActors":{"totalCount":1}}}]}},"unknown":{}}`,
		700000+i, i, i%5 != 0, i%7, i, i%9 == 0, i)
}

// Fill stores the whole organization in pages, as collect does, and returns the
// number of its rows.
func (o *Organization) Fill(tb testing.TB, w *store.Writer) (rows int) {
	tb.Helper()
	ctx := context.Background()
	err := w.AddOrg(ctx, store.Org{Login: "acme", Permissions: map[string]string{"administration": "read"}, RepositorySelection: "all"})
	if err != nil {
		tb.Fatal(err)
	}
	pages := func(resource, parent string, n, size int, item func(int) string) {
		for from := 0; from < n; from += size {
			page := make([]json.RawMessage, min(size, n-from))
			for i := range page {
				page[i] = json.RawMessage(item(from + i))
			}
			next := ""
			if from+size < n {
				next = fmt.Sprintf("page=%d", from/size+2)
			}
			if err := w.Add(ctx, store.Walk{Org: "acme", Resource: resource, Parent: parent}, page, next, store.Cost{Requests: 1}); err != nil {
				tb.Error(err)
			}
		}
	}
	pages("repositories", "", o.scale.Repositories, 100, func(i int) string { return o.Repository(i, true) })
	pages("repository_settings", "", o.scale.Repositories, 50, o.settings)
	pages("members", "admin", o.scale.Members/100, 100, user)
	pages("members", "member", o.scale.Members-o.scale.Members/100, 100, func(i int) string { return user(o.scale.Members/100 + i) })
	pages("outside_collaborators", "", o.scale.Members/20, 100, func(i int) string { return user(o.scale.Members + i) })
	pages("tokens", "", o.scale.Tokens, 100, o.token)
	texts := make([]string, o.scale.Repositories)
	for i := range texts {
		texts[i] = o.Repository(i, false)
	}
	var workers errgroup.Group
	workers.SetLimit(8)
	for i, grant := range o.subsets {
		n := o.scale.Pairs / len(o.subsets)
		if i < o.scale.Pairs%len(o.subsets) {
			n++
		}
		first := o.r.IntN(o.scale.Repositories)
		workers.Go(func() error {
			pages("token_repositories", fmt.Sprint(grant), n, 100, func(k int) string { return texts[(first+k*37)%len(texts)] })
			return nil
		})
	}
	workers.Wait()
	for _, resource := range []string{"tokens", "token_repositories", "repositories", "repository_settings", "branch_protection", "codeowners", "deploy_keys", "dependabot_alerts", "members", "outside_collaborators"} {
		if _, err := w.Cover(ctx, store.Coverage{Org: "acme", Resource: resource, Status: "complete", IsRequired: true}); err != nil {
			tb.Fatal(err)
		}
	}
	return o.scale.Tokens + 2*o.scale.Repositories + o.scale.Pairs + o.scale.Members + o.scale.Members/20
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }
