-- Members can make private repositories public
--
-- Whoever administers a private repository can then publish it with its whole
-- history, in which old secrets lie; making it private again does not call the
-- copies back.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: medium
-- population: orgs AS o
-- remediation: Open the organization's Settings > Member privileges, clear
--   Allow members to change repository visibilities for this organization and
--   save. `gh api orgs/ORG --jq .members_can_change_repo_visibility` shows the
--   setting.
-- see: https://docs.github.com/en/organizations/managing-organization-settings/restricting-repository-visibility-changes-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/orgs#update-an-organization

SELECT
  iif((o.raw ->> '$.members_can_change_repo_visibility') = 1, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN (o.raw ->> '$.members_can_change_repo_visibility') = 1 THEN 'members can change the visibility of repositories that they administer'
    ELSE 'GitHub did not say whether members can change the visibility of repositories that they administer: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  (o.raw ->> '$.members_can_change_repo_visibility') AS is_allowed,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE (o.raw ->> '$.members_can_change_repo_visibility') IS NOT 0
