-- Token with a critical permission
--
-- The token holds a permission that takes over more than data: change who
-- belongs to the organization, replace deployment secrets, rewrite workflows,
-- delete repositories or switch off their protection. One leak of such a token
-- is an incident for the whole organization, whatever the number of its
-- repositories.
--
-- Which permissions are critical is said, with the reason, by the view
-- permission_catalog.
--
-- severity: critical
-- population: live_tokens
-- remediation: @narrow-token @revoke-token Work that needs such a permission
--   belongs to a GitHub App, whose tokens live for an hour.
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

WITH critical AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    count(*) AS permission_count,
    group_concat(p.shown, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.permission || ':' || a.level AS shown
    FROM token_permissions AS a
    WHERE a.tier = 'critical'
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
  iif(t.doubt IS NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'holds ' || c.permission_count || CASE c.permission_count
      WHEN 1 THEN ' critical permission: '
      ELSE ' critical permissions: '
    END || c.permissions || coalesce('; ' || t.doubt, '') AS reason,
  c.permissions AS critical_permissions,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM critical AS c
JOIN live_tokens AS t
  ON t.org = c.org
  AND t.grant_id = c.grant_id
