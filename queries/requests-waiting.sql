-- Requests that wait for a decision
--
-- Pending requests of tokens for access, oldest first, with what they ask for.
-- As long as a request waits its owner has no access, and looks for another way.

SELECT
  q.org AS org,
  q.request_id AS request_id,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  q.owner_role AS owner_role,
  CAST(julianday(:now) - julianday(q.created_at) AS INTEGER) AS waiting_days,
  q.created_at AS created_at,
  q.reason AS reason,
  q.highest_tier AS highest_tier,
  (
    SELECT
      group_concat(l.permission, ', ')
    FROM (
      SELECT
        p.permission || ':' || p.level AS permission
      FROM token_request_permissions AS p
      WHERE p.org = q.org
        AND p.request_id = q.request_id
      ORDER BY
        p.permission
    ) AS l
  ) AS permissions,
  q.repository_selection AS repository_selection,
  q.repository_count AS repository_count,
  q.expires_at AS expires_at,
  q.is_expired AS is_expired,
  q.html_url AS html_url
FROM token_requests AS q
ORDER BY
  q.created_at,
  q.org,
  q.request_id
