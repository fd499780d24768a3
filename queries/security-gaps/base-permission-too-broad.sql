-- Every member can write to every repository
--
-- The base permission is what every member may do in every repository of the
-- organization, private ones too. At write or admin each account, and each
-- token of selection all, reaches all code, whatever the teams say.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: high
-- population: orgs AS o
-- remediation: Open the organization's Settings > Member privileges, set Base
--   permissions to Read or No permission, and give write through teams. By the
--   API: `gh api --method PATCH orgs/ORG -f
--   default_repository_permission=read`.
-- see: https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/setting-base-permissions-for-an-organization
-- see: https://docs.github.com/en/rest/orgs/orgs#update-an-organization

SELECT
  iif(o.default_repository_permission IN ('write', 'admin'), 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN o.default_repository_permission IN ('write', 'admin') THEN printf('every member has the permission %s in every repository', o.default_repository_permission)
    ELSE 'GitHub did not say what the base permission is: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  o.default_repository_permission AS default_repository_permission,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE o.default_repository_permission IS NULL
  OR o.default_repository_permission NOT IN ('none', 'read')
