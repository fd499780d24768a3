-- Token of an organization owner
--
-- The owner of the token is an owner of the organization, who may do
-- everything in it. Tokens of owners work at once, without anybody's approval,
-- and what they grant is not bounded by lesser rights: access to all
-- repositories means all of them.
--
-- It is worse where the token can also change the organization; then the
-- severity is high. Where the list of members could not be read, the owner's
-- role is unknown, and so is the finding.
--
-- severity: medium
-- population: live_tokens
-- remediation: Let owners use tokens of a second account that is only a
--   member, or a GitHub App, for daily work, and keep the number of owners
--   small (the organization's People page, filtered by the role Owner, or
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method GET orgs/ORG/members -f
--   role=admin`). @revoke-token
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/roles-in-an-organization
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

WITH writing AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    group_concat(p.permission || ':' || p.level, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.permission AS permission,
      a.level AS level
    FROM token_permissions AS a
    WHERE a.scope = 'organization'
      AND a.level <> 'read'
    ORDER BY
      a.org,
      a.grant_id,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
)
SELECT
  iif(t.doubt IS NULL AND t.owner_role IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.owner_id IS NULL THEN 'whether its owner is an owner of ' || t.org
      || ' is unknown: GitHub did not say who that is'
    WHEN t.owner_role IS NULL THEN 'whether ' || coalesce(t.owner_login, 'its owner') || ' is an owner of ' || t.org
      || ' is unknown: the lists of members and outside collaborators are not complete'
    ELSE coalesce(t.owner_login, 'its owner') || ' is an owner of ' || t.org || ', so no right is missing to what it grants'
  END || CASE t.repository_selection
      WHEN 'all' THEN '; it reaches all repositories'
      WHEN 'subset' THEN '; it reaches selected repositories'
      ELSE ''
    END || CASE
      WHEN w.permissions IS NULL THEN ''
      ELSE '; it can change the organization: ' || w.permissions
    END || coalesce('; ' || t.doubt, '') AS reason,
  iif(w.permissions IS NULL, NULL, 'high') AS severity,
  w.permissions AS organization_write_permissions,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM live_tokens AS t
LEFT JOIN writing AS w
  ON w.org = t.org
  AND w.grant_id = t.grant_id
WHERE (
    t.owner_role = 'owner'
    OR t.owner_role IS NULL
  )
