-- Members can invite outside collaborators
--
-- Whoever administers a repository can then let people from outside in, who are
-- bound by no contract and leave with no offboarding. Where only owners invite,
-- somebody keeps the list.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: medium
-- population: orgs AS o
-- remediation: Open the organization's Settings > Member privileges, clear
--   Allow repository administrators to invite outside collaborators to
--   repositories for this organization and save. `gh api orgs/ORG --jq
--   .members_can_invite_outside_collaborators` shows the setting.
-- see: https://docs.github.com/en/organizations/managing-organization-settings/setting-permissions-for-adding-outside-collaborators
-- see: https://docs.github.com/en/rest/orgs/orgs#update-an-organization

SELECT
  iif((o.raw ->> '$.members_can_invite_outside_collaborators') = 1, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN (o.raw ->> '$.members_can_invite_outside_collaborators') = 1 THEN 'members can invite outside collaborators'
    ELSE 'GitHub did not say whether members can invite outside collaborators: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  (o.raw ->> '$.members_can_invite_outside_collaborators') AS is_allowed,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE (o.raw ->> '$.members_can_invite_outside_collaborators') IS NOT 0
