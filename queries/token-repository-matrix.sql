-- Token and repository matrix
--
-- One row for each repository that a token which is not expired may reach, with
-- its level on contents. A token for all repositories is one row OWNER/* with
-- an empty repository_id; with expand=true it has a row for each repository,
-- which in a large organization makes millions.
--
-- param: expand boolean false -- also list every repository of the tokens for all repositories

WITH live AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.token_name AS token_name,
    t.owner_login AS owner_login,
    t.repository_selection AS repository_selection,
    (
      SELECT
        p.level
      FROM token_permissions AS p
      WHERE p.org = t.org
        AND p.grant_id = t.grant_id
        AND p.scope = 'repository'
        AND p.permission = 'contents'
    ) AS contents,
    EXISTS (
      SELECT
        1
      FROM token_permissions AS p
      WHERE p.org = t.org
        AND p.grant_id = t.grant_id
        AND p.scope = 'repository'
        AND p.level IN ('write', 'admin')
    ) AS has_write,
    t.highest_tier AS highest_tier
  FROM tokens AS t
  WHERE t.is_expired IS NOT 1
)

SELECT
  l.org AS org,
  l.grant_id AS grant_id,
  l.token_name AS token_name,
  l.owner_login AS owner_login,
  w.repository_id AS repository_id,
  w.full_name AS full_name,
  w.via AS via,
  l.contents AS contents,
  l.has_write AS has_write,
  l.highest_tier AS highest_tier
FROM live AS l
CROSS JOIN token_reach AS w
  ON w.org = l.org
  AND w.grant_id = l.grant_id
WHERE l.repository_selection = 'subset'
  OR :expand
UNION ALL
SELECT
  l.org,
  l.grant_id,
  l.token_name,
  l.owner_login,
  NULL,
  l.org || '/*',
  'all',
  l.contents,
  l.has_write,
  l.highest_tier
FROM live AS l
WHERE l.repository_selection = 'all'
  AND NOT :expand
