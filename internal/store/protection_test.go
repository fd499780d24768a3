package store_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

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

func TestSettingsSeenAgainReplaceTheOldOnes(t *testing.T) {
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
		{"permissions unknown", func() { org(nil) }, "<nil>"},
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
