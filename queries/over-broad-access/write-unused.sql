-- Token that can write and is not used
--
-- The token can change something, yet nobody has used it for a while, or
-- ever. It is a risk without a use: revoking it most likely breaks nothing.
--
-- GitHub keeps the last use by the day. Tokens whose access is younger than
-- the limit are left out.
--
-- severity: high
-- param: days integer 30 -- days since the grant, and without use, after
--   which a token that can write counts
-- population: live_tokens
-- remediation: Ask the owner whether the token is still needed (a yearly job
--   may use it rarely), and whether reading would do. @revoke-token Its owner
--   gets an e-mail and can ask again when the token is needed.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

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
    WHERE a.level <> 'read'
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
  iif(t.doubt IS NOT NULL OR t.access_granted_at IS NULL OR w.write_count = 0, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE w.write_count
    WHEN 0 THEN 'has a level that is not known on '
    ELSE 'has write on '
  END || w.permissions || ', and was ' || t.use_text || coalesce('; ' || t.grant_text, '; GitHub did not say since when it is granted')
    || coalesce('; ' || t.doubt, '') AS reason,
  w.permissions AS write_permissions,
  w.write_count AS write_permission_count,
  t.last_used_at AS last_used_at,
  t.unused_days AS unused_days,
  t.access_granted_at AS access_granted_at,
  t.granted_days AS granted_days,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.html_url AS html_url
FROM writing AS w
JOIN live_tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE (
    t.last_used_at IS NULL
    OR unixepoch(:now) - unixepoch(t.last_used_at) > :days * 86400
  )
  AND (
    t.access_granted_at IS NULL
    OR unixepoch(:now) - unixepoch(t.access_granted_at) > :days * 86400
  )
