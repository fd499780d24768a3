-- Members can publish new repositories
--
-- One wrong choice in a form, and internal code is in the open, where it is
-- copied within minutes. Where only owners create public repositories,
-- publishing is a decision.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: medium
-- population: orgs AS o
-- remediation: Open the organization's Settings > Member privileges, clear
--   Public under Repository creation and save. By the API: `gh api --method
--   PATCH orgs/ORG -F members_can_create_public_repositories=false`, and ask
--   again afterwards: not every plan lets it be changed this way.
-- see: https://docs.github.com/en/organizations/managing-organization-settings/restricting-repository-creation-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/orgs#update-an-organization

SELECT
  iif((o.raw ->> '$.members_can_create_public_repositories') = 1, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN (o.raw ->> '$.members_can_create_public_repositories') = 1 THEN 'members can create public repositories'
    ELSE 'GitHub did not say whether members can create public repositories: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  (o.raw ->> '$.members_can_create_public_repositories') AS is_allowed,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE (o.raw ->> '$.members_can_create_public_repositories') IS NOT 0
