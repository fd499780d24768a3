-- Token that can write in many ways
--
-- The token holds many different rights to change things. A token for one job
-- needs few; a long list usually means that everything was ticked because it
-- was quicker than finding out.
--
-- severity: medium
-- param: count integer 10 -- write permissions that a token may hold before
--   it counts
-- population: live_tokens
-- remediation: Ask the owner what the token does and which permissions that
--   needs; GitHub's table names them by endpoint. @narrow-token @revoke-token
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

WITH writing AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    sum(p.level IN ('write', 'admin')) AS write_count,
    count(*) AS possible_count,
    group_concat(p.permission || ':' || p.level, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.permission AS permission,
      a.level AS level
    FROM token_permissions AS a
    WHERE a.level <> 'read'
    ORDER BY
      a.org,
      a.grant_id,
      a.scope,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
)
SELECT
  iif(t.doubt IS NOT NULL OR w.write_count <= :count, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'can write in ' || w.write_count || ' ways' || CASE
      WHEN w.write_count <= :count THEN printf(
        ', and perhaps in %d more, whose level is not known; together more than %d',
        w.possible_count - w.write_count,
        :count
      )
      ELSE ', more than ' || :count
    END || ': ' || w.permissions || coalesce('; ' || t.doubt, '') AS reason,
  w.permissions AS write_permissions,
  w.write_count AS write_permission_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM writing AS w
JOIN live_tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE w.possible_count > :count
