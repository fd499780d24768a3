package store_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"auditor/internal/raced"
	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// settingsJSON is an object as collect makes it of GraphQL's answer.
const settingsJSON = `{"databaseId":1,"nameWithOwner":"acme/x","isEmpty":false,"hasVulnerabilityAlertsEnabled":true,"isSecurityPolicyEnabled":false,
 "codeowners":{"errors":[{"line":3,"column":7,"kind":"Unknown owner","source":"* @ghost","suggestion":null,"message":"Unknown owner on line 3","path":"CODEOWNERS"}]},
 "vulnerabilityAlerts":{"totalCount":3},
 "deployKeys":{"totalCount":1,"nodes":[{"id":"DK_1","title":"ci","readOnly":false,"verified":true,"enabled":true,"createdAt":"2024-05-16T08:47:09-07:00"}]},
 "defaultBranchRef":{"name":"main",
   "branchProtectionRule":{"databaseId":7,"pattern":"ma*","isAdminEnforced":true,"requiresApprovingReviews":true,"requiredApprovingReviewCount":1,"requiresCodeOwnerReviews":false,"dismissesStaleReviews":false,"requireLastPushApproval":false,"requiresStatusChecks":true,"requiresStrictStatusChecks":false,"requiresCommitSignatures":false,"requiresLinearHistory":false,"requiresConversationResolution":false,"allowsForcePushes":true,"allowsDeletions":false,"bypassPullRequestAllowances":{"totalCount":2}},
   "rules":{"totalCount":4,"nodes":[
     {"type":"PULL_REQUEST","parameters":{"dismissStaleReviewsOnPush":true,"requireCodeOwnerReview":true,"requireLastPushApproval":false,"requiredApprovingReviewCount":2,"requiredReviewThreadResolution":true,"strictRequiredStatusChecksPolicy":null},"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"__typename":"Organization","login":"acme"},"bypassActors":{"totalCount":1}}},
     {"type":"NON_FAST_FORWARD","parameters":null,"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"__typename":"Organization","login":"acme"},"bypassActors":{"totalCount":1}}},
     {"type":"REQUIRED_STATUS_CHECKS","parameters":{"strictRequiredStatusChecksPolicy":true},"repositoryRuleset":{"databaseId":10,"name":"checks","enforcement":"EVALUATE","source":{"__typename":"Repository","nameWithOwner":"acme/x"},"bypassActors":null}}]}},
 "unknown":{}}`

// settings returns an object for acme/x with these members beside its identity.
func settings(members string) string {
	return `{"databaseId":1,"nameWithOwner":"acme/x"` + members + `}`
}

func TestBranchProtection(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","default_branch":"main"}`)
	storetest.Add(t, w, "repository_settings", "", strings.Replace(settingsJSON, `"totalCount":4`, `"totalCount":3`, 1))
	s := storetest.Publish(t, w)
	got := query(t, s, `SELECT full_name, branch, source, source_name, source_url, is_pull_request_required, required_approval_count, is_stale_review_dismissed,
		is_code_owner_review_required, is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required, is_linear_history_required,
		is_conversation_resolution_required, is_admin_bound, is_force_push_allowed, is_deletion_allowed, bypass_actor_count FROM branch_protection ORDER BY source`)
	want := `["acme/x","main","classic","ma*","https://github.com/acme/x/settings/branch_protection_rules/7",1,1,0,0,0,1,0,0,0,0,1,1,0,2]
["acme/x","main","ruleset","base","https://github.com/organizations/acme/settings/rules/9",1,2,1,1,0,0,0,0,0,1,0,0,1,1]`
	if got != want {
		t.Errorf("branch_protection\n got %s\nwant %s", got, want)
	}
	got = query(t, s, `SELECT full_name, branch, is_protected, source_count, is_pull_request_required, required_approval_count, is_stale_review_dismissed,
		is_code_owner_review_required, is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required, is_linear_history_required,
		is_conversation_resolution_required, is_admin_bound, is_force_push_allowed, is_deletion_allowed, bypass_actor_count FROM default_branch_protection`)
	if want := `["acme/x","main",1,2,1,2,1,1,0,1,0,0,0,1,1,0,0,1]`; got != want {
		t.Errorf("default_branch_protection\n got %s\nwant %s", got, want)
	}
	for statement, want := range map[string]string{
		"SELECT path, line, column, kind, source, suggestion, message FROM codeowners_errors":                                                                              `["CODEOWNERS",3,7,"Unknown owner","* @ghost",null,"Unknown owner on line 3"]`,
		"SELECT key_id, title, is_read_only, is_verified, is_enabled, created_at FROM deploy_keys":                                                                         `["DK_1","ci",0,1,1,"2024-05-16T15:47:09Z"]`,
		"SELECT has_codeowners, codeowners_error_count, open_dependabot_alert_count, deploy_key_count, dependabot_alerts, has_security_policy, is_empty FROM repositories": `[1,1,3,1,"enabled",0,0]`,
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

// sight says what is known of what the installation may see.
type sight struct {
	permissions map[string]string
	block       bool // the repository carries security_and_analysis
}

// Unknown never looks like none, and none is believed only of those who would see.
func TestWhatAbsenceMeans(t *testing.T) {
	t.Parallel()
	admin := sight{map[string]string{"administration": "read"}, false}
	blind := sight{map[string]string{"metadata": "read"}, true}
	guessed := sight{nil, true}
	guessedBlind := sight{nil, false}
	const protection = "SELECT p.is_protected, p.is_pull_request_required, p.required_approval_count, p.is_force_push_allowed, p.is_admin_bound FROM default_branch_protection AS p"
	const none = `,"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":0,"nodes":[]}}`
	const ruleset = `,"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":1,"nodes":[{"type":"PULL_REQUEST","parameters":{"requiredApprovingReviewCount":2},"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"login":"acme"},"bypassActors":null}}]}}`
	const silent = `,"defaultBranchRef":{"name":"main","branchProtectionRule":{"databaseId":7,"pattern":"main"},"rules":{"totalCount":0,"nodes":[]}}`
	const settled = `,"defaultBranchRef":{"name":"main","branchProtectionRule":{"databaseId":7,"pattern":"main"},"rules":{"totalCount":2,"nodes":[
		{"type":"REQUIRED_SIGNATURES","repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"login":"acme"},"bypassActors":{"totalCount":0}}},
		{"type":"NON_FAST_FORWARD","repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"ACTIVE","source":{"login":"acme"},"bypassActors":{"totalCount":0}}}]}}`
	const effects = "SELECT p.is_protected, p.is_signature_required, p.is_linear_history_required, p.is_force_push_allowed, p.is_deletion_allowed, p.bypass_actor_count, p.sources, p.source_url FROM default_branch_protection AS p"
	const evaluate = `,"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":1,"nodes":[{"type":"DELETION","parameters":null,"repositoryRuleset":{"databaseId":9,"name":"base","enforcement":"EVALUATE"}}]}}`
	cases := []struct {
		name, item string
		sight      sight
		coverage   string // of the middle resources, "" complete
		statement  string
		want       string
	}{
		{"alerts off", `,"hasVulnerabilityAlertsEnabled":false`, admin, "", "SELECT dependabot_alerts FROM repositories", `["disabled"]`},
		{"alerts off, blind", `,"hasVulnerabilityAlertsEnabled":false`, blind, "", "SELECT dependabot_alerts FROM repositories", `[null]`},
		{"alerts off, guessed", `,"hasVulnerabilityAlertsEnabled":false`, guessed, "", "SELECT dependabot_alerts FROM repositories", `["disabled"]`},
		{"alerts off, guessed blind", `,"hasVulnerabilityAlertsEnabled":false`, guessedBlind, "", "SELECT dependabot_alerts FROM repositories", `[null]`},
		{"alerts on, blind", `,"hasVulnerabilityAlertsEnabled":true`, blind, "", "SELECT dependabot_alerts FROM repositories", `["enabled"]`},
		{"alerts absent", ``, admin, "", "SELECT dependabot_alerts, has_security_policy, is_empty FROM repositories", `[null,null,null]`},
		{"alert count", `,"vulnerabilityAlerts":{"totalCount":0}`, blind, "", "SELECT open_dependabot_alert_count FROM repositories", `[0]`},
		{"alert count null", `,"vulnerabilityAlerts":null`, admin, "", "SELECT open_dependabot_alert_count FROM repositories", `[null]`},
		{"alert count refused", `,"vulnerabilityAlerts":{"totalCount":0},"unknown":{"dependabot_alerts":"refused"}`, admin, "", "SELECT open_dependabot_alert_count FROM repositories", `[null]`},
		{"no codeowners", `,"codeowners":null`, blind, "", "SELECT has_codeowners, codeowners_error_count FROM repositories", `[0,null]`},
		{"codeowners without errors", `,"codeowners":{"errors":[]}`, blind, "", "SELECT has_codeowners, codeowners_error_count FROM repositories", `[1,0]`},
		{"codeowners absent", ``, admin, "", "SELECT has_codeowners, codeowners_error_count FROM repositories", `[null,null]`},
		{"codeowners refused", `,"codeowners":null,"unknown":{"codeowners":"refused"}`, admin, "", "SELECT has_codeowners, codeowners_error_count FROM repositories", `[null,null]`},
		{"codeowners switched off", `,"codeowners":null`, admin, "skipped", "SELECT has_codeowners, codeowners_error_count FROM repositories", `[null,null]`},
		{"no deploy keys", `,"deployKeys":{"totalCount":0,"nodes":[]}`, admin, "", "SELECT deploy_key_count FROM repositories", `[0]`},
		{"no deploy keys, blind", `,"deployKeys":{"totalCount":0,"nodes":[]}`, blind, "", "SELECT deploy_key_count FROM repositories", `[null]`},
		{"deploy keys refused", `,"deployKeys":null,"unknown":{"deploy_keys":"refused"}`, admin, "", "SELECT deploy_key_count FROM repositories", `[null]`},
		{"unprotected", none, admin, "", protection, `[0,0,0,1,0]`},
		{"unprotected, blind", none, blind, "", protection, `[null,null,null,null,null]`},
		{"unprotected, guessed", none, guessed, "", protection, `[0,0,0,1,0]`},
		{"unprotected, refused", none + `,"unknown":{"branch_protection":"refused"}`, admin, "", protection, `[null,null,null,null,null]`},
		{"unprotected, switched off", none, admin, "skipped", protection, `[null,null,null,null,null]`},
		{"protection absent", ``, admin, "", protection, `[null,null,null,null,null]`},
		{"protection not asked for", `,"defaultBranchRef":{"name":"main"}`, admin, "", protection, `[null,null,null,null,null]`},
		{"rules cut off", `,"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":70,"nodes":[]}}`, admin, "", protection, `[null,null,null,null,null]`},
		{"an empty repository", `,"isEmpty":true,"defaultBranchRef":null`, admin, "", protection, `[0,0,0,1,0]`},
		{"a source that does not say", silent, admin, "", effects, `[1,null,null,null,null,null,"classic main","https://github.com/acme/x/settings/branch_protection_rules/7"]`},
		{"another source settles it", settled, admin, "", effects, `[1,1,null,0,null,0,"classic main, ruleset base","https://github.com/acme/x/settings/branch_protection_rules/7"]`},
		{"no source", none, admin, "", effects, `[0,0,0,1,1,null,null,null]`},
		{"a ruleset", ruleset, admin, "", protection, `[1,1,2,1,null]`},
		{"a ruleset, blind", ruleset, blind, "", protection, `[1,1,2,null,null]`},
		{"a ruleset that only evaluates", evaluate, admin, "", protection, `[0,0,0,1,0]`},
	}
	w, _ := storetest.Create(t)
	for i, c := range cases {
		org := fmt.Sprintf("org-%d", i)
		if err := w.AddOrg(t.Context(), Org{Login: org, Permissions: c.sight.permissions}); err != nil {
			t.Fatal(err)
		}
		block := ""
		if c.sight.block {
			block = `,"security_and_analysis":{}`
		}
		for resource, item := range map[string]string{
			"repositories":        `{"id":1,"name":"x","full_name":"acme/x"` + block + `}`,
			"repository_settings": settings(c.item),
		} {
			if err := w.Add(t.Context(), Walk{Org: org, Resource: resource}, []json.RawMessage{json.RawMessage(item)}, "", Cost{Requests: 1}); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		status := cmp.Or(c.coverage, "complete")
		for _, resource := range []string{"branch_protection", "codeowners", "deploy_keys", "dependabot_alerts"} {
			if _, err := w.Cover(t.Context(), Coverage{Org: org, Resource: resource, Status: CoverageStatus(status)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := storetest.Publish(t, w)
	for i, c := range cases {
		if got := query(t, s, fmt.Sprintf("%s WHERE org = 'org-%d'", c.statement, i)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSettingsSeenAgainAreToldAnew(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`)
	storetest.Add(t, w, "repository_settings", "", settingsJSON, settings(`,"codeowners":null`))
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT count(*) FROM branch_protection":                               "[0]",
		"SELECT count(*) FROM deploy_keys":                                     "[0]",
		"SELECT count(*) FROM codeowners_errors":                               "[0]",
		"SELECT is_protected FROM default_branch_protection":                   "[null]",
		"SELECT has_codeowners, open_dependabot_alert_count FROM repositories": "[0,null]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestOwnerRole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ members, outside, want string }{
		{"complete", "complete", `[1,"owner"] [2,"member"] [3,"outside"] [4,"gone"] [5,null]`},
		{"partial", "complete", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
		{"complete", "denied", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
		{"complete", "", `[1,"owner"] [2,"member"] [3,"outside"] [4,null] [5,null]`},
	} {
		w, _ := storetest.Create(t)
		storetest.Add(t, w, "members", "member", `{"id":1,"login":"a"}`, `{"id":2,"login":"b"}`)
		storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
		storetest.Add(t, w, "members", "member", `{"id":1,"login":"a"}`)
		storetest.Add(t, w, "outside_collaborators", "", `{"id":3,"login":"c"}`)
		for i := 1; i <= 4; i++ {
			storetest.Add(t, w, "tokens", "", strings.NewReplacer("25381", fmt.Sprint(i), `"id":1,"node_id"`, fmt.Sprintf(`"id":%d,"node_id"`, i)).Replace(storetest.TokenJSON))
		}
		storetest.Add(t, w, "tokens", "", `{"id":5,"token_id":1,"repository_selection":"none","permissions":{},"owner":null}`)
		if c.members != "" {
			storetest.Cover(t, w, c.members, "members")
		}
		if c.outside != "" {
			storetest.Cover(t, w, c.outside, "outside_collaborators")
		}
		s := storetest.Publish(t, w)
		if got := strings.ReplaceAll(query(t, s, "SELECT grant_id, owner_role FROM tokens ORDER BY 1"), "\n", " "); got != c.want {
			t.Errorf("%s, %s: %s", c.members, c.outside, got)
		}
		if got := query(t, s, "SELECT group_concat(login || '=' || role) FROM (SELECT * FROM members ORDER BY user_id)"); got != `["a=owner,b=member,c=outside"]` {
			t.Errorf("members: %s", got)
		}
	}
}

// Granted reach is effective where the owner's own rights cover it. Owners: 1
// an organization owner, 2 a member, 3 outside, 4 in neither list, 5 not told,
// 6 a member whose token reaches nothing.
func TestReachIsEffective(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, c := range []struct{ base, members, outside, want string }{
		{"read", "complete", "complete", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"none", "complete", "complete", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"write", "complete", "complete", `[1,1] [2,1] [3,0] [4,0] [5,1] [6,0]`},
		{"admin", "complete", "complete", `[1,1] [2,1] [3,0] [4,0] [5,1] [6,0]`},
		{"", "complete", "complete", `[1,1] [2,null] [3,0] [4,0] [5,null] [6,0]`},
		{"read", "complete", "denied", `[1,1] [2,0] [3,0] [4,0] [5,null] [6,0]`},
		{"write", "partial", "complete", `[1,1] [2,1] [3,0] [4,1] [5,1] [6,0]`},
		{"read", "partial", "complete", `[1,1] [2,0] [3,0] [4,null] [5,null] [6,0]`},
		{"write", "denied", "denied", `[1,1] [2,1] [3,1] [4,1] [5,1] [6,0]`},
		{"read", "denied", "denied", `[1,null] [2,null] [3,null] [4,null] [5,null] [6,0]`},
		{"", "denied", "denied", `[1,null] [2,null] [3,null] [4,null] [5,null] [6,0]`},
	} {
		w, _ := storetest.Create(t)
		if c.members != "denied" {
			storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
			storetest.Add(t, w, "members", "member", `{"id":2,"login":"b"}`, `{"id":6,"login":"f"}`)
		}
		if c.outside != "denied" {
			storetest.Add(t, w, "outside_collaborators", "", `{"id":3,"login":"c"}`)
		}
		if c.base != "" {
			storetest.Add(t, w, "org", "", `{"id":7,"login":"acme","default_repository_permission":"`+c.base+`"}`)
		}
		for i, token := range []string{`"all","owner":{"id":1}`, `"subset","owner":{"id":2}`, `"all","owner":{"id":3}`, `"subset","owner":{"id":4}`, `"all","owner":null`, `"none","owner":{"id":6}`} {
			item := fmt.Sprintf(`{"id":%d,"token_id":1,"permissions":{},"repository_selection":%s}`, i+1, token)
			storetest.Add(t, w, "tokens", "", item)
			storetest.Add(t, w, "token_requests", "", item)
		}
		storetest.Cover(t, w, c.members, "members")
		storetest.Cover(t, w, c.outside, "outside_collaborators")
		s := storetest.Publish(t, w)
		for _, statement := range []string{"SELECT grant_id, is_reach_effective FROM tokens ORDER BY 1", "SELECT request_id, is_reach_effective FROM token_requests ORDER BY 1"} {
			if got := strings.ReplaceAll(query(t, s, statement), "\n", " "); got != c.want {
				t.Errorf("base %q, members %s, outside %s: %s\n got %s\nwant %s", c.base, c.members, c.outside, statement, got, c.want)
			}
		}
	}
}

func TestRepositoryCount(t *testing.T) {
	t.Parallel()
	token := func(id int, selection string) string {
		return strings.NewReplacer("25381", fmt.Sprint(id), "subset", selection).Replace(storetest.TokenJSON)
	}
	for _, repositories := range []string{"complete", "partial"} {
		w, _ := storetest.Create(t)
		storetest.Add(t, w, "tokens", "", token(1, "all"), token(2, "none"), token(3, "subset"), token(4, "subset"), token(5, "subset"))
		storetest.Add(t, w, "repositories", "", `{"id":1,"name":"a","full_name":"acme/a"}`, `{"id":2,"name":"b","full_name":"acme/b"}`, `{"id":2,"name":"b","full_name":"acme/b"}`)
		storetest.Add(t, w, "token_repositories", "3", `{"id":1,"full_name":"acme/a"}`, `{"id":77,"full_name":"acme/hidden"}`)
		storetest.Add(t, w, "token_repositories", "4")
		if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "token_repositories", Parent: "5"}, Cost{Requests: 1}, "500", 500); err != nil {
			t.Fatal(err)
		}
		storetest.Cover(t, w, repositories, "repositories")
		s := storetest.Publish(t, w)
		all := "2"
		if repositories != "complete" {
			all = "null"
		}
		got := strings.ReplaceAll(query(t, s, "SELECT grant_id, repository_count, has_upper_bound_reach FROM tokens ORDER BY 1"), "\n", " ")
		if want := "[1," + all + ",1] [2,0,0] [3,2,0] [4,0,0] [5,null,0]"; got != want {
			t.Errorf("%s: got %s, want %s", repositories, got, want)
		}
		got = query(t, s, "SELECT group_concat(grant_id || ' ' || full_name || ' ' || via) FROM (SELECT * FROM token_reach ORDER BY grant_id, repository_id)")
		if want := `["1 acme/a all,1 acme/b all,3 acme/a subset,3 acme/hidden subset"]`; got != want {
			t.Errorf("reach: got %s, want %s", got, want)
		}
	}
}

func TestRepositories(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "",
		`{"id":1,"name":"Payments-API","full_name":"acme/Payments-API","html_url":"https://github.com/acme/Payments-API","visibility":"public","private":false,"archived":false,"disabled":false,"fork":true,"is_template":false,"default_branch":"main","created_at":"2021-01-26T19:01:12Z","pushed_at":"2021-01-26T19:01:12+05:30",
		  "security_and_analysis":{"secret_scanning":{"status":"enabled"},"secret_scanning_push_protection":{"status":"disabled"},"dependabot_security_updates":{"status":"paused"},"brand_new":{"status":"maybe"},"advanced_security":null}}`,
		`{"id":2,"name":"vault","full_name":"acme/vault","private":true}`,
		`{"id":3,"name":"c","full_name":"acme/c","topics":["go","pci"]}`,
		`{"id":4,"name":"d","full_name":"acme/d","custom_properties":{"Tier":["low","Critical"],"n":7}}`,
		`{"id":5,"name":"e","full_name":"acme/e","custom_properties":{"tier":null,"critical":"tier"},"topics":["pci-not"],"security_and_analysis":null}`)
	storetest.Add(t, w, "private_vulnerability_reporting", "1", `{"enabled":true}`)
	storetest.Add(t, w, "private_vulnerability_reporting", "2", `{"enabled":false}`)
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT group_concat(repository_id || ':' || is_sensitive) FROM repositories": `["1:1,2:1,3:1,4:1,5:0"]`,
		"SELECT name, html_url, visibility, is_archived, is_disabled, is_fork, is_template, default_branch, created_at, pushed_at, advanced_security, secret_scanning, secret_scanning_push_protection, dependabot_security_updates, private_vulnerability_reporting, raw ->> '$.security_and_analysis.brand_new.status' FROM repositories WHERE repository_id = 1": `["Payments-API","https://github.com/acme/Payments-API","public",0,0,1,0,"main","2021-01-26T19:01:12Z","2021-01-26T13:31:12Z",null,"enabled","disabled","paused","enabled","maybe"]`,
		"SELECT html_url, visibility, is_archived, secret_scanning, private_vulnerability_reporting, pushed_at FROM repositories WHERE repository_id = 2":                                                                                                                                                                                                           `["https://github.com/acme/vault","private",null,null,"disabled",null]`,
		"SELECT visibility, private_vulnerability_reporting FROM repositories WHERE repository_id = 3":                                                                                                                                                                                                                                                              `[null,null]`,
		"SELECT full_name, property, value FROM repository_properties ORDER BY 1, 2, 3":                                                                                                                                                                                                                                                                             "[\"acme/d\",\"Tier\",\"Critical\"]\n[\"acme/d\",\"Tier\",\"low\"]\n[\"acme/d\",\"n\",\"7\"]\n[\"acme/e\",\"critical\",\"tier\"]\n[\"acme/e\",\"tier\",null]",
		"SELECT full_name, topic FROM repository_topics ORDER BY 2":                                                                                                                                                                                                                                                                                                 "[\"acme/c\",\"go\"]\n[\"acme/c\",\"pci\"]\n[\"acme/e\",\"pci-not\"]",
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestOrgsAndSubjects(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	if err := w.AddOrg(t.Context(), Org{Login: "refused"}); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "org", "", `{"login":"acme","id":652551,"name":null,"plan":{"name":"team","seats":5},"two_factor_requirement_enabled":true,"default_repository_permission":"read","members_url":"x"}`)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	storetest.Add(t, w, "token_requests", "", `{"id":9,"reason":"=cmd()","owner":{"login":"octo","id":1},"repository_selection":"none","permissions":{},"created_at":"2026-05-16T08:47:09.000-07:00","token_id":5,"token_name":"n","token_expired":true,"token_expires_at":null,"token_last_used_at":null}`)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`)
	s := storetest.Publish(t, w)
	for statement, want := range map[string]string{
		"SELECT org, org_id, name, plan, is_two_factor_required, default_repository_permission, html_url FROM orgs ORDER BY 1":    "[\"acme\",652551,null,\"team\",1,\"read\",\"https://github.com/acme\"]\n[\"refused\",null,null,null,null,null,\"https://github.com/refused\"]",
		"SELECT request_id, token_id, reason, created_at, expires_at, is_expired, repository_count, html_url FROM token_requests": `[9,5,"=cmd()","2026-05-16T15:47:09Z",null,1,0,"https://github.com/organizations/acme/settings/personal-access-token-requests/9"]`,
		"SELECT * FROM subjects ORDER BY 1": `["org/acme","org/acme","org","acme","acme","acme","https://github.com/acme",null]
["org/refused","org/refused","org","refused","refused","refused","https://github.com/refused",null]
["repository/1","repository/1","repository","1","acme","acme/x","https://github.com/acme/x",null]
["request/9","request/9","request","9","acme","n","https://github.com/organizations/acme/settings/personal-access-token-requests/9","octo"]
["token/25381","token/98716","token","25381","acme","Some Token","https://github.com/organizations/acme/settings/personal-access-tokens/25381","octo"]`,
	} {
		if got := query(t, s, statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
}

func TestPropertiesOfTheirOwnList(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`, `{"id":2,"name":"y","full_name":"acme/y"}`)
	if todo, err := w.Todo(t.Context(), "acme", "properties"); len(todo) != 1 || err != nil {
		t.Errorf("todo: %v, %v", todo, err)
	}
	storetest.Add(t, w, "properties", "", `{"repository_id":1,"repository_name":"x","properties":[{"property_name":"tier","value":["critical","eu"]},{"property_name":"team","value":null}]}`,
		`{"repository_id":99,"properties":[{"property_name":"tier","value":"critical"}]}`)
	s := storetest.Publish(t, w)
	if got, want := query(t, s, "SELECT full_name, property, value FROM repository_properties ORDER BY 1, 2, 3"),
		"[\"acme/x\",\"team\",null]\n[\"acme/x\",\"tier\",\"critical\"]\n[\"acme/x\",\"tier\",\"eu\"]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := query(t, s, "SELECT group_concat(name) FROM repositories WHERE is_sensitive"); got != `["x"]` {
		t.Errorf("sensitive: %s", got)
	}
}

// is_sensitive is of the name, topics and properties that were seen last.
func TestSensitiveAsSeenLast(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	property := func(value string) {
		storetest.Add(t, w, "properties", "", `{"repository_id":1,"properties":[{"property_name":"tier","value":"`+value+`"}]}`)
	}
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"an ordinary one", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":["go"]}`)
		}, 0},
		{"with the topic", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":["go","PCI"]}`)
		}, 1},
		{"without it", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","topics":[]}`)
		}, 0},
		{"renamed", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"payments-x","full_name":"acme/payments-x"}`)
		}, 1},
		{"renamed again", func() { storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`) }, 0},
		{"with the property", func() { property("Critical") }, 1},
		{"with another value", func() { property("low") }, 0},
		{"with the property again", func() { property("critical") }, 1},
		{"properties read anew", func() {
			if err := w.Restart(t.Context(), Walk{Org: "acme", Resource: "properties"}, Cost{}); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"sensitive by name", func() { storetest.Add(t, w, "repositories", "", `{"id":1,"name":"vault","full_name":"acme/vault"}`) }, 1},
		{"properties read anew once more", func() {
			if err := w.Restart(t.Context(), Walk{Org: "acme", Resource: "properties"}, Cost{}); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		step.do()
		var got int
		if err := w.DB().QueryRow("SELECT r.is_sensitive FROM repositories AS r").Scan(&got); err != nil || got != step.want {
			t.Errorf("%s: %d, %v, want %d", step.name, got, err, step.want)
		}
	}
}

// A statement reads the resource properties only where the repository list came
// without them: else its coverage would make rules incomplete for nothing.
func TestPropertiesAreReadWhereTheListLacksThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, repository, status, want string }{
		{"in the list, switched off", `{"id":1,"name":"x","full_name":"acme/x","custom_properties":{"tier":"low"}}`, "skipped", "repositories"},
		{"none set, refused", `{"id":1,"name":"x","full_name":"acme/x","custom_properties":{}}`, "denied", "repositories"},
		{"no repositories", "", "complete", "repositories"},
		{"not in the list, switched off", `{"id":1,"name":"x","full_name":"acme/x"}`, "skipped", "properties repositories"},
		{"not in the list, refused", `{"id":1,"name":"x","full_name":"acme/x"}`, "denied", "properties repositories"},
		{"not in the list, read", `{"id":1,"name":"x","full_name":"acme/x"}`, "complete", "properties repositories"},
	} {
		w, _ := storetest.Create(t)
		if c.repository != "" {
			storetest.Add(t, w, "repositories", "", c.repository)
		}
		storetest.Cover(t, w, "complete", "repositories")
		storetest.Cover(t, w, c.status, "properties")
		storetest.Cover(t, w, c.status, "properties") // of a resumed run
		s := storetest.Publish(t, w)
		for statement, want := range map[string]string{
			"SELECT * FROM repository_properties":                   c.want,
			"SELECT full_name FROM repositories WHERE is_sensitive": c.want,
			"SELECT full_name, raw FROM repositories":               "repositories",
		} {
			if got, err := s.Reads(t.Context(), statement); err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %s reads %v, want %s (%v)", c.name, statement, got, want, err)
			}
		}
	}
}

// Names are under an attacker's control: they come out as they came in, and
// spoil nothing.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	names := map[int]string{
		1: `=HYPERLINK(\"x\")`,
		2: `a\u0000b`,
		3: `\u202egnp.exe\u001b[31m`,
		4: `'; DROP TABLE _tokens; --`,
		5: strings.Repeat("x", 40_000),
		6: `\ud800 lone`,
		7: `{\"url\":1}`,
	}
	for id, name := range names {
		storetest.Add(t, w, "tokens", "", strings.NewReplacer("25381", fmt.Sprint(id), "Some Token", name).Replace(storetest.TokenJSON))
	}
	s := storetest.Publish(t, w)
	for id, name := range names {
		if id == 6 {
			continue // no text has it: whatever SQLite makes of it
		}
		var got, want []string
		if err := json.Unmarshal([]byte(query(t, s, fmt.Sprintf("SELECT token_name FROM tokens WHERE grant_id = %d", id))), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(`["`+name+`"]`), &want); err != nil {
			t.Fatal(err)
		}
		if got[0] != want[0] {
			t.Errorf("%.60q came out as %.60q", want[0], got[0])
		}
	}
	if got := query(t, s, "SELECT count(*) FROM tokens"); got != "[7]" {
		t.Errorf("%s tokens", got)
	}
	stock(t, s.Info().Path)
}

// That there is no protection is believed as long as there is reason to.
func TestProtectionIsBelievedAsLongAsItCan(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x"}`, `{"id":2,"name":"y","full_name":"acme/y"}`)
	none := `,"defaultBranchRef":{"name":"main","branchProtectionRule":null,"rules":{"totalCount":0,"nodes":[]}}`
	org := func(permissions map[string]string) {
		t.Helper()
		if err := w.AddOrg(t.Context(), Org{Login: "acme", Permissions: permissions}); err != nil {
			t.Fatal(err)
		}
	}
	admin := map[string]string{"administration": "read"}
	for _, step := range []struct {
		name string
		do   func()
		want string // is_protected of the first repository; of the second nothing is ever known
	}{
		{"not asked for", func() {}, "<nil>"},
		{"asked for", func() { storetest.Add(t, w, "repository_settings", "", settings(none)) }, "0"},
		{"covered", func() { storetest.Cover(t, w, "complete", "branch_protection") }, "0"},
		{"partly covered", func() { storetest.Cover(t, w, "partial", "branch_protection") }, "0"},
		{"another resource refused", func() { storetest.Cover(t, w, "denied", "codeowners") }, "0"},
		{"refused", func() { storetest.Cover(t, w, "denied", "branch_protection") }, "<nil>"},
		{"seen again while refused", func() { storetest.Add(t, w, "repository_settings", "", settings(none)) }, "<nil>"},
		{"covered after all", func() { storetest.Cover(t, w, "complete", "branch_protection") }, "0"},
		{"no longer an administrator", func() { org(map[string]string{"metadata": "read"}) }, "<nil>"},
		{"an administrator again", func() { org(admin) }, "0"},
		{"permissions not told", func() { org(nil) }, "<nil>"},
		{"what administrators see", func() {
			storetest.Add(t, w, "repositories", "", `{"id":1,"name":"x","full_name":"acme/x","security_and_analysis":{}}`)
		}, "0"},
		{"a part refused", func() {
			storetest.Add(t, w, "repository_settings", "", settings(none+`,"unknown":{"branch_protection":"refused"}`))
		}, "<nil>"},
	} {
		step.do()
		for id, want := range map[int]string{1: step.want, 2: "<nil>"} {
			var isProtected any
			if err := w.DB().QueryRow("SELECT p.is_protected FROM default_branch_protection AS p WHERE p.repository_id = ?", id).Scan(&isProtected); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(isProtected); got != want {
				t.Errorf("%s: repository %d: %s, want %s", step.name, id, got, want)
			}
		}
	}
}
