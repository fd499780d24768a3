-- Tokens by owner
--
-- Who holds how many tokens, how many of them can write to repositories or to
-- the organization, never expire, reach every repository or were never used.
-- Expired tokens are counted apart and nowhere else.

SELECT
  t.org AS org,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  count(*) FILTER (WHERE t.is_expired IS NOT 1) AS token_count,
  count(*) FILTER (WHERE t.is_expired IS NOT 1 AND EXISTS (
    SELECT
      1
    FROM token_permissions AS p
    WHERE p.org = t.org
      AND p.grant_id = t.grant_id
      AND p.level IN ('write', 'admin')
  )) AS write_token_count,
  count(*) FILTER (WHERE t.is_expired IS NOT 1 AND t.repository_selection = 'all') AS all_repositories_token_count,
  count(*) FILTER (WHERE t.is_expired IS NOT 1 AND t.expires_at IS NULL) AS endless_token_count,
  count(*) FILTER (WHERE t.is_expired IS NOT 1 AND t.last_used_at IS NULL) AS never_used_token_count,
  count(*) FILTER (WHERE t.is_expired = 1) AS expired_token_count,
  max(t.last_used_at) AS last_used_at
FROM tokens AS t
GROUP BY
  t.org,
  t.owner_id,
  t.owner_login
ORDER BY
  token_count DESC,
  t.org,
  t.owner_login
