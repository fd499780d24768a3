-- Who can write to a repository
--
-- Every token that is not expired and holds a repository permission at write or
-- admin, for each repository whose name fits. Reach is what was granted, an
-- upper bound: a token can never do more than its owner. It is effective where
-- is_reach_effective says so: the owner is an organization owner, or the base
-- permission of the organization is write or admin. A repository that only a
-- token's own list names, because the installation cannot see it, is found too.
--
-- Tokens for all repositories are listed with each of them: of `*`, a large
-- organization has millions of rows. The first of them come at once; for all,
-- ask token-repository-matrix, which has one row for such a token.
--
-- param: repository text -- owner/name or name, or a glob of either such as acme/pay*

WITH writers AS (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.token_name AS token_name,
    t.owner_login AS owner_login,
    (
      SELECT
        group_concat(l.permission, ', ')
      FROM (
        SELECT
          p.permission || ':' || p.level AS permission
        FROM token_permissions AS p
        WHERE p.org = t.org
          AND p.grant_id = t.grant_id
          AND p.scope = 'repository'
          AND p.level IN ('write', 'admin')
        ORDER BY
          p.permission
      ) AS l
    ) AS write_permissions,
    t.is_reach_effective AS is_reach_effective,
    t.expires_at AS expires_at,
    t.last_used_at AS last_used_at
  FROM tokens AS t
  WHERE t.is_expired IS NOT 1
    AND EXISTS (
      SELECT
        1
      FROM token_permissions AS p
      WHERE p.org = t.org
        AND p.grant_id = t.grant_id
        AND p.scope = 'repository'
        AND p.level IN ('write', 'admin')
    )
),
hidden AS MATERIALIZED (
  SELECT DISTINCT
    p.org AS org,
    p.repository_id AS repository_id,
    p.full_name AS full_name
  FROM token_repositories AS p
  WHERE NOT EXISTS (
      SELECT
        1
      FROM repositories AS r
      WHERE r.org = p.org
        AND r.repository_id = p.repository_id
    )
    AND (
      lower(p.full_name) GLOB lower(:repository)
      OR lower(substr(p.full_name, instr(p.full_name, '/') + 1)) GLOB lower(:repository)
    )
)

-- Repositories come in the order of an index, so that the first rows of a long
-- answer are there at once.
SELECT
  r.org AS org,
  r.full_name AS full_name,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.write_permissions AS write_permissions,
  w.via AS via,
  t.is_reach_effective AS is_reach_effective,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.grant_id AS grant_id
FROM repositories AS r
CROSS JOIN token_reach AS w
  ON w.org = r.org
  AND w.repository_id = r.repository_id
CROSS JOIN writers AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE lower(r.full_name) GLOB lower(:repository)
  OR lower(r.name) GLOB lower(:repository)
UNION ALL
SELECT
  r.org,
  r.full_name,
  t.token_name,
  t.owner_login,
  t.write_permissions,
  w.via,
  t.is_reach_effective,
  t.expires_at,
  t.last_used_at,
  t.grant_id
FROM hidden AS r
CROSS JOIN token_reach AS w
  ON w.org = r.org
  AND w.repository_id = r.repository_id
CROSS JOIN writers AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
ORDER BY
  org,
  full_name,
  owner_login,
  grant_id
