-- How often each permission is granted
--
-- Every permission and level that a token which is not expired holds: how many
-- tokens and owners have it, and how many of those tokens reach every
-- repository or never expire. Worst tier first.

SELECT
  p.org AS org,
  p.scope AS scope,
  p.permission AS permission,
  p.level AS level,
  p.tier AS tier,
  count(*) AS token_count,
  count(DISTINCT t.owner_id) AS owner_count,
  count(*) FILTER (WHERE t.repository_selection = 'all') AS all_repositories_token_count,
  count(*) FILTER (WHERE t.expires_at IS NULL) AS endless_token_count,
  count(*) FILTER (WHERE t.last_used_at IS NULL) AS never_used_token_count
FROM tokens AS t
JOIN token_permissions AS p
  ON p.org = t.org
  AND p.grant_id = t.grant_id
WHERE t.is_expired IS NOT 1
GROUP BY
  p.org,
  p.scope,
  p.permission,
  p.level
ORDER BY
  CASE p.tier
    WHEN 'critical' THEN 0
    WHEN 'high' THEN 1
    WHEN 'unclassified' THEN 2
    WHEN 'medium' THEN 3
    ELSE 4
  END,
  token_count DESC,
  p.org,
  p.scope,
  p.permission,
  p.level
