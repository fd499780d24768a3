-- Repositories by number of writing tokens
--
-- How many tokens that are not expired may write to each repository: those that
-- list it, and those for all repositories of its organization, for which the
-- number is an upper bound. Most first.

WITH writers AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.repository_selection AS repository_selection
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
listed AS MATERIALIZED (
  SELECT
    p.org AS org,
    p.repository_id AS repository_id,
    count(*) AS token_count
  FROM writers AS w
  CROSS JOIN token_repositories AS p
    ON p.org = w.org
    AND p.grant_id = w.grant_id
  WHERE w.repository_selection = 'subset'
  GROUP BY
    p.repository_id,
    p.org
),
everywhere AS MATERIALIZED (
  SELECT
    w.org AS org,
    count(*) AS token_count
  FROM writers AS w
  WHERE w.repository_selection = 'all'
  GROUP BY
    w.org
)

SELECT
  r.org AS org,
  r.full_name AS full_name,
  r.visibility AS visibility,
  r.is_archived AS is_archived,
  COALESCE(l.token_count, 0) + COALESCE(e.token_count, 0) AS writing_token_count,
  COALESCE(l.token_count, 0) AS listed_token_count,
  COALESCE(e.token_count, 0) AS all_repositories_token_count,
  r.is_sensitive AS is_sensitive
FROM repositories AS r
LEFT JOIN listed AS l
  ON l.org = r.org
  AND l.repository_id = r.repository_id
LEFT JOIN everywhere AS e
  ON e.org = r.org
ORDER BY
  writing_token_count DESC,
  r.org,
  r.full_name
