package queries_test

import (
	"slices"
	"strings"
	"testing"

	"auditor/queries"
)

// The keys and levels of GitHub's permissions as compiled in November 2026
// (OpenAPI app-permissions, documentation of fine-grained tokens, the former
// table of token templates): "key levels", r read, w write, a admin. Bracketed
// levels there are unconfirmed ones; they count all the same.
var known = map[string]string{
	"repository": `
		actions r w
		actions_variables r w
		administration r w
		agent_secrets r w
		agent_variables r w
		artifact_metadata r w
		attestations r w
		checks r w
		code_quality r w
		codespaces r w
		codespaces_lifecycle_admin r w
		codespaces_metadata r
		codespaces_secrets w
		contents r w
		copilot_agent_settings r w
		dependabot_secrets r w
		deployments r w
		discussions r w
		environments r w
		issues r w
		merge_queues r w
		metadata r
		packages r w
		pages r w
		pull_requests r w
		repository_advisories r w
		repository_custom_properties r w
		repository_hooks r w
		repository_projects r w a
		secret_scanning_alerts r w
		secrets r w
		security_events r w
		single_file r w
		statuses r w
		vulnerability_alerts r w
		workflows w`,
	"organization": `
		members r w
		organization_administration r w
		organization_actions_variables r w
		organization_agent_secrets r w
		organization_agent_variables r w
		organization_announcement_banners r w
		organization_api_insights r
		organization_campaigns r w
		organization_code_scanning_dismissal_requests r w
		organization_codespaces r w
		organization_codespaces_secrets r w
		organization_codespaces_settings r w
		organization_copilot_agent_settings r w
		organization_copilot_metrics r
		organization_copilot_seat_management r w
		organization_copilot_spaces r w
		org_copilot_content_exclusion r w
		organization_custom_org_roles r w
		organization_custom_roles r w
		organization_custom_properties r w a
		custom_properties_for_organizations r w
		organization_dependabot_secrets r w
		organization_events r
		organization_hooks r w
		organization_knowledge_bases r w
		organization_models r
		organization_network_configurations r w
		organization_packages r w
		organization_personal_access_tokens r w
		organization_personal_access_token_requests r w
		organization_plan r
		organization_private_registries r w
		organization_projects r w a
		organization_runner_custom_images r w
		organization_secrets r w
		organization_self_hosted_runners r w
		organization_user_blocking r w
		issue_types r w
		issue_fields r w
		team_discussions r w`,
	"other": `
		blocking r w
		codespaces_user_secrets r w
		followers r w
		gpg_keys r w
		interaction_limits r w
		starring r w
		git_signing_ssh_public_keys r w
		knowledge_bases r w
		emails r w
		email_addresses r w
		keys r w
		git_ssh_keys r w
		gists w
		profile w
		copilot_requests w
		copilot_messages r
		copilot_editor_context r
		user_events r
		user_models r
		plan r
		private_repository_invitations r w
		watching r w
		enterprise_custom_properties_for_organizations r w a
		enterprise_administration r w
		enterprise_organization_installations r w
		enterprise_organization_installation_repositories r w`,
}

var levels = map[string]string{"r": "read", "w": "write", "a": "admin"}

func catalog(t *testing.T) []queries.Permission {
	t.Helper()
	permissions, err := queries.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	return permissions
}

func TestCatalogHasEveryKnownPermission(t *testing.T) {
	have := map[[3]string]bool{}
	for _, p := range catalog(t) {
		have[[3]string{p.Scope, p.Permission, p.Level}] = true
	}
	for scope, table := range known {
		for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
			fields := strings.Fields(line)
			for _, letter := range fields[1:] {
				if want := [3]string{scope, fields[0], levels[letter]}; !have[want] {
					t.Errorf("the catalog lacks %v", want)
				}
			}
		}
	}
}

func TestCatalogIsWellFormed(t *testing.T) {
	scopes := []string{"organization", "repository", "other"}
	seen := map[[3]string]bool{}
	for _, p := range catalog(t) {
		key := [3]string{p.Scope, p.Permission, p.Level}
		if seen[key] {
			t.Errorf("%v is listed twice", key)
		}
		seen[key] = true
		if !slices.Contains(scopes, p.Scope) {
			t.Errorf("%v: scope is none of %v", key, scopes)
		}
		if !slices.Contains([]string{"read", "write", "admin"}, p.Level) {
			t.Errorf("%v: level is none of read, write, admin", key)
		}
		if !slices.Contains([]string{"critical", "high", "medium", "low"}, p.Tier) {
			t.Errorf("%v: tier %q is none of critical, high, medium, low", key, p.Tier)
		}
		if len(strings.Fields(p.Why)) < 2 {
			t.Errorf("%v: why %q says nothing", key, p.Why)
		}
	}
}

// Every tier that rules.md places by name; its list says "environments" twice,
// and the higher place binds.
func TestCatalogTiers(t *testing.T) {
	want := map[string]string{
		"critical": `
			repository administration:write workflows:write secrets:write environments:write
			organization organization_administration:write members:write organization_custom_roles:write
			organization organization_custom_org_roles:write organization_secrets:write
			organization organization_self_hosted_runners:write organization_hooks:write
			organization organization_personal_access_tokens:write organization_personal_access_token_requests:write`,
		"high": `
			repository contents:write actions:write pull_requests:write deployments:write repository_hooks:write
			repository codespaces:write codespaces_secrets:write dependabot_secrets:write actions_variables:write
			repository pages:write packages:write attestations:write merge_queues:write
			repository secret_scanning_alerts:read secret_scanning_alerts:write security_events:write
			repository vulnerability_alerts:write repository_advisories:write
			organization organization_codespaces:write organization_codespaces_secrets:write
			organization organization_codespaces_settings:write organization_dependabot_secrets:write
			organization organization_actions_variables:write organization_private_registries:write
			organization organization_network_configurations:write`,
		"medium": `
			repository contents:read actions:read administration:read vulnerability_alerts:read
			repository security_events:read repository_advisories:read statuses:write checks:write
			repository issues:write discussions:write repository_custom_properties:write
			organization organization_administration:read members:read organization_events:read
			organization organization_hooks:read organization_secrets:read organization_custom_properties:write
			organization organization_custom_properties:admin organization_user_blocking:write
			organization organization_projects:write organization_projects:admin organization_announcement_banners:write`,
		"low": `
			repository metadata:read issues:read pull_requests:read discussions:read statuses:read
			repository deployments:read pages:read`,
	}
	tiers := map[string]string{}
	for _, p := range catalog(t) {
		tiers[p.Scope+" "+p.Permission+":"+p.Level] = p.Tier
	}
	for tier, table := range want {
		for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
			fields := strings.Fields(line)
			for _, permission := range fields[1:] {
				if got := tiers[fields[0]+" "+permission]; got != tier {
					t.Errorf("%s %s has tier %q, not %q", fields[0], permission, got, tier)
				}
			}
		}
	}
}
