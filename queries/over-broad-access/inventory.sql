-- All tokens, the most powerful first
--
-- Every fine-grained token that the organization has granted access, with its
-- owner, permissions, reach and dates. The number of repositories is an upper
-- bound where the token reaches all: it never exceeds what its owner can
-- reach. is_reach_effective says where the bound is reached: the owner is an
-- organization owner, or every member may write to every repository.
-- reach_tier weighs the permissions by what they reach, highest_tier does not.

WITH held AS (
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
  t.org AS org,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.reach_tier AS reach_tier,
  t.highest_tier AS highest_tier,
  h.permissions AS permissions,
  t.repository_selection AS repository_selection,
  t.repository_count AS repository_count,
  t.has_upper_bound_reach AS has_upper_bound_reach,
  t.is_reach_effective AS is_reach_effective,
  t.is_expired AS is_expired,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.grant_id AS grant_id,
  t.token_id AS token_id,
  t.html_url AS html_url
FROM tokens AS t
LEFT JOIN held AS h
  ON h.org = t.org
  AND h.grant_id = t.grant_id
ORDER BY
  CASE t.reach_tier
    WHEN 'critical' THEN 1
    WHEN 'high' THEN 2
    WHEN 'unclassified' THEN 3
    WHEN 'medium' THEN 4
    ELSE 5
  END,
  t.repository_count DESC,
  t.org,
  t.grant_id
