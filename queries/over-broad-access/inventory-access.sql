-- Token access, repository by repository
--
-- Who can write what: one row for each pair of a token that is not expired and
-- a repository on its list. A token for all repositories is one row, OWNER/*,
-- at the top: to see who reaches one repository, filter the column Full name by
-- its name and by OWNER/*. A token whose list was not read to its end has a
-- row of which the repository is unknown.
--
-- This is granted reach, an upper bound unless is_reach_effective says yes: a
-- token can never do more than its owner. level is the highest that the token
-- holds in any permission for repositories, unknown where GitHub has one that is
-- none of admin, write and read. Of OWNER/*, is_sensitive says whether a
-- sensitive repository is among them.

WITH held AS MATERIALIZED (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    max(p.level = 'admin') AS has_admin,
    max(p.level = 'write') AS has_write,
    max(p.level NOT IN ('admin', 'write', 'read')) AS has_other,
    max(CASE WHEN p.permission = 'contents' THEN p.level END) AS contents,
    group_concat(
      CASE
        WHEN p.level IN ('admin', 'write') THEN p.permission
        WHEN p.level <> 'read' THEN p.permission || ':' || p.level
      END,
      ', '
    ) AS write_permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.permission AS permission,
      a.level AS level
    FROM token_permissions AS a
    WHERE a.scope = 'repository'
    ORDER BY
      a.org,
      a.grant_id,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
),

live AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.token_name AS token_name,
    t.owner_login AS owner_login,
    t.owner_role AS owner_role,
    t.repository_selection AS repository_selection,
    t.repository_count AS repository_count,
    t.is_reach_effective AS is_reach_effective,
    CASE
      WHEN h.has_admin THEN 'admin'
      WHEN h.has_write THEN 'write'
      WHEN h.has_other THEN 'unknown'
      WHEN h.grant_id IS NOT NULL THEN 'read'
    END AS level,
    h.contents AS contents,
    h.write_permissions AS write_permissions,
    t.expires_at AS expires_at,
    t.last_used_at AS last_used_at
  FROM tokens AS t
  LEFT JOIN held AS h
    ON h.org = t.org
    AND h.grant_id = t.grant_id
  WHERE t.is_expired IS NOT 1
    AND t.repository_selection <> 'none'
),

sensitive AS MATERIALIZED (
  SELECT
    r.org AS org,
    max(r.is_sensitive) AS is_sensitive
  FROM repositories AS r
  GROUP BY
    r.org
),

pairs AS (
  SELECT
    1 AS rank,
    l.org || '/*' AS full_name,
    'all' AS via,
    NULL AS repository_id,
    l.org AS org,
    l.grant_id AS grant_id
  FROM live AS l
  WHERE l.repository_selection = 'all'
  UNION ALL
  SELECT
    2,
    'unknown',
    'unknown',
    NULL,
    l.org,
    l.grant_id
  FROM live AS l
  WHERE l.repository_selection = 'subset'
    AND l.repository_count IS NULL
  UNION ALL
  SELECT
    3,
    p.full_name,
    'subset',
    p.repository_id,
    p.org,
    p.grant_id
  FROM token_repositories AS p
)
SELECT
  l.org AS org,
  p.full_name AS full_name,
  l.level AS level,
  l.token_name AS token_name,
  l.owner_login AS owner_login,
  l.owner_role AS owner_role,
  p.via AS via,
  l.contents AS contents,
  l.write_permissions AS write_permissions,
  l.is_reach_effective AS is_reach_effective,
  iif(p.via = 'all', 'all', r.visibility) AS visibility,
  iif(p.via = 'all', s.is_sensitive, r.is_sensitive) AS is_sensitive,
  l.expires_at AS expires_at,
  l.last_used_at AS last_used_at,
  l.grant_id AS grant_id
FROM pairs AS p
CROSS JOIN live AS l
  ON l.org = p.org
  AND l.grant_id = p.grant_id
LEFT JOIN repositories AS r
  ON r.org = p.org
  AND r.repository_id = p.repository_id
LEFT JOIN sensitive AS s
  ON s.org = p.org
ORDER BY
  p.rank,
  l.org,
  p.full_name,
  CASE l.level
    WHEN 'admin' THEN 1
    WHEN 'write' THEN 2
    WHEN 'unknown' THEN 3
    WHEN 'read' THEN 4
    ELSE 5
  END,
  l.grant_id,
  p.repository_id
