-- What can this token do
--
-- Each permission of a token with its tier and what its holder can do with it,
-- worst first, and how many repositories it reaches: an upper bound unless
-- is_reach_effective. A token that has none is one row without a permission.
--
-- param: token text -- grant id, token id or name of the token; a name may be a glob such as ci-*

SELECT
  t.org AS org,
  t.grant_id AS grant_id,
  t.token_id AS token_id,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  p.scope AS scope,
  p.permission AS permission,
  p.level AS level,
  p.tier AS tier,
  (
    SELECT
      c.why
    FROM permission_catalog AS c
    WHERE c.scope = p.scope
      AND c.permission = p.permission
      AND c.level = p.level
  ) AS why,
  t.repository_selection AS repository_selection,
  t.repository_count AS repository_count,
  t.is_reach_effective AS is_reach_effective,
  t.is_expired AS is_expired,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at
FROM tokens AS t
LEFT JOIN token_permissions AS p
  ON p.org = t.org
  AND p.grant_id = t.grant_id
WHERE CAST(t.grant_id AS TEXT) = :token
  OR CAST(t.token_id AS TEXT) = :token
  OR t.token_name = :token
  OR lower(t.token_name) GLOB lower(:token)
ORDER BY
  t.org,
  t.grant_id,
  CASE p.tier
    WHEN 'critical' THEN 0
    WHEN 'high' THEN 1
    WHEN 'unclassified' THEN 2
    WHEN 'medium' THEN 3
    ELSE 4
  END,
  p.scope,
  p.permission
