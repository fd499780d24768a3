-- Token that can write to all repositories
--
-- The token reaches every repository that its owner can reach, those included
-- that will be made tomorrow, and can change them. Nobody decided on each of
-- these repositories; the choice was made once, for convenience.
--
-- What GitHub grants is an upper bound: the token never does more than its
-- owner may; the inventory of this report says for which tokens the bound is
-- reached.
--
-- severity: high
-- population: live_tokens WHERE (repository_selection = 'all' OR
--   repository_selection IS NULL)
-- remediation: @select-repositories @revoke-token
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens

WITH writing AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    sum(p.level IN ('write', 'admin')) AS write_count,
    group_concat(p.shown, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.level AS level,
      CASE a.level
        WHEN 'write' THEN a.permission
        ELSE printf('%s (%s)', a.permission, a.level)
      END AS shown
    FROM token_permissions AS a
    WHERE a.scope = 'repository'
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
  iif(t.doubt IS NOT NULL OR t.repository_selection IS NULL OR w.write_count = 0, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.repository_selection IS NULL THEN 'reaches repositories that GitHub did not name, with '
    ELSE 'reaches all repositories with '
  END || CASE w.write_count
      WHEN 0 THEN 'a level that is not known on '
      ELSE 'write on '
    END || w.permissions || coalesce('; ' || t.doubt, '') AS reason,
  w.permissions AS write_permissions,
  w.write_count AS write_permission_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM writing AS w
JOIN live_tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE (
    t.repository_selection = 'all'
    OR t.repository_selection IS NULL
  )
