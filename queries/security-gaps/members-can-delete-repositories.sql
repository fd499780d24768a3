-- Members can delete or transfer repositories
--
-- Whoever administers a repository can then delete it or move it out of the
-- organization, with its history, its issues and its settings, and so can
-- whoever takes over the account.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: high
-- population: orgs AS o
-- remediation: Open the organization's Settings > Member privileges, clear
--   Allow members to delete or transfer repositories for this organization and
--   save. `gh api orgs/ORG --jq .members_can_delete_repositories` shows the
--   setting.
-- see: https://docs.github.com/en/organizations/managing-organization-settings/setting-permissions-for-deleting-or-transferring-repositories
-- see: https://docs.github.com/en/rest/orgs/orgs#update-an-organization

SELECT
  iif((o.raw ->> '$.members_can_delete_repositories') = 1, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN (o.raw ->> '$.members_can_delete_repositories') = 1 THEN 'members can delete and transfer repositories that they administer'
    ELSE 'GitHub did not say whether members can delete and transfer repositories that they administer: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  (o.raw ->> '$.members_can_delete_repositories') AS is_allowed,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE (o.raw ->> '$.members_can_delete_repositories') IS NOT 0
