-- Token for archived repositories only
--
-- Every repository that the token was given is archived or disabled, so it
-- can change nothing there: its work is done. It can still read them.
--
-- With write on administration it can also unarchive or delete them; then the
-- severity is high.
--
-- severity: low
-- population: live_tokens WHERE assumed_selection = 'subset'
-- remediation: @revoke-token Revoking it breaks nothing but what still reads
--   the archived repositories.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/repositories/archiving-a-github-repository/archiving-repositories

WITH lifeless AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id
  FROM live_tokens AS t
  WHERE t.assumed_selection = 'subset'
    AND NOT EXISTS (
      SELECT 1
      FROM token_repositories AS p
      JOIN repositories AS r
        ON r.org = p.org
        AND r.repository_id = p.repository_id
      WHERE p.org = t.org
        AND p.grant_id = t.grant_id
        AND r.is_archived = 0
        AND r.is_disabled = 0
    )
), listed AS (
  SELECT
    n.org AS org,
    n.grant_id AS grant_id,
    count(*) AS listed_count,
    sum((r.is_archived = 1 OR r.is_disabled = 1) IS TRUE) AS dead_count
  FROM lifeless AS n
  JOIN token_repositories AS p
    ON p.org = n.org
    AND p.grant_id = n.grant_id
  LEFT JOIN repositories AS r
    ON r.org = p.org
    AND r.repository_id = p.repository_id
  GROUP BY
    n.org,
    n.grant_id
)
SELECT
  iif(t.doubt IS NOT NULL OR t.repository_count IS NULL OR l.dead_count < l.listed_count, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.repository_count IS NULL THEN 'whether it reaches archived repositories only is unknown: their list was not read to the end'
    WHEN l.dead_count < l.listed_count THEN 'whether it reaches archived repositories only is unknown: GitHub did not say so of '
      || (l.listed_count - l.dead_count) || ' of its ' || l.listed_count
    WHEN l.listed_count = 1 THEN 'the only repository that it reaches is archived or disabled'
    ELSE 'all ' || l.listed_count || ' repositories that it reaches are archived or disabled'
  END || CASE
      WHEN EXISTS (
        SELECT 1
        FROM token_permissions AS a
        WHERE a.org = t.org
          AND a.grant_id = t.grant_id
          AND a.scope = 'repository'
          AND a.permission = 'administration'
          AND a.level <> 'read'
      ) THEN ', and it can unarchive or delete what it reaches'
      ELSE ''
    END || coalesce('; ' || t.doubt, '') AS reason,
  CASE
    WHEN EXISTS (
      SELECT 1
      FROM token_permissions AS a
      WHERE a.org = t.org
        AND a.grant_id = t.grant_id
        AND a.scope = 'repository'
        AND a.permission = 'administration'
        AND a.level <> 'read'
    ) THEN 'high'
  END AS severity,
  l.dead_count AS archived_repository_count,
  t.repository_count AS repository_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM lifeless AS n
JOIN live_tokens AS t
  ON t.org = n.org
  AND t.grant_id = n.grant_id
LEFT JOIN listed AS l
  ON l.org = n.org
  AND l.grant_id = n.grant_id
WHERE l.listed_count > 0
  OR t.repository_count IS NULL
