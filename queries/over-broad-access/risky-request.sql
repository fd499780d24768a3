-- Request for a token that would be too powerful
--
-- Somebody waits for the approval of a token that holds a critical permission,
-- or that can write to all repositories, or that can write and never expires.
-- Saying no now costs a conversation; revoking it later may break a job that
-- runs by then.
--
-- severity: high
-- population: token_requests
-- remediation: Open the organization's Settings > Personal access tokens >
--   Pending requests, read what it asks for, and press Deny with the reason, or
--   Approve after the owner narrowed it. By the API, as a GitHub App with write
--   on the organization's personal access token requests:
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-token-requests/REQUEST_ID -f action=deny -f
--   reason='please select repositories'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens

WITH asked AS (
  SELECT
    p.org AS org,
    p.request_id AS request_id,
    sum(p.level IN ('write', 'admin')) AS write_count,
    group_concat(CASE WHEN p.tier = 'critical' THEN p.permission || ':' || p.level END, ', ') AS critical_permissions,
    group_concat(CASE WHEN p.level <> 'read' THEN p.permission || ':' || p.level END, ', ') AS write_permissions
  FROM (
    SELECT
      a.org AS org,
      a.request_id AS request_id,
      a.permission AS permission,
      a.level AS level,
      a.tier AS tier
    FROM token_request_permissions AS a
    WHERE a.level <> 'read'
      OR a.tier = 'critical'
    ORDER BY
      a.org,
      a.request_id,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.request_id
)
SELECT
  CASE
    WHEN a.critical_permissions IS NOT NULL THEN 'fail'
    WHEN a.write_count > 0 AND q.repository_selection = 'all' THEN 'fail'
    WHEN a.write_count > 0 AND q.expires_at IS NULL THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  'asks for ' || coalesce(a.write_permissions, a.critical_permissions) || CASE
      WHEN a.critical_permissions IS NULL THEN ''
      ELSE printf(' (critical: %s)', a.critical_permissions)
    END || CASE
      WHEN q.repository_selection = 'all' THEN ', on all repositories'
      WHEN q.repository_selection IS NULL THEN ', on repositories that GitHub did not name'
      ELSE ''
    END || CASE
      WHEN q.expires_at IS NULL THEN ', without an expiry date'
      ELSE ', until ' || substr(q.expires_at, 1, 10)
    END || CASE
      WHEN a.critical_permissions IS NULL AND a.write_count = 0 THEN '; what that level may do is not known'
      ELSE ''
    END AS reason,
  a.critical_permissions AS critical_permissions,
  a.write_permissions AS write_permissions,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  q.repository_selection AS repository_selection,
  q.expires_at AS expires_at,
  q.created_at AS created_at,
  ((unixepoch(:now) - unixepoch(q.created_at)) / 86400) AS waiting_days,
  q.reason AS request_reason,
  q.html_url AS html_url
FROM asked AS a
JOIN token_requests AS q
  ON q.org = a.org
  AND q.request_id = a.request_id
WHERE a.critical_permissions IS NOT NULL
  OR q.repository_selection = 'all'
  OR q.repository_selection IS NULL
  OR q.expires_at IS NULL
