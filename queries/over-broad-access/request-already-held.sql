-- Request for what its owner already has
--
-- The person who asks already has a token that may do everything that is asked
-- for, on all the repositories that are asked for. A second one doubles what
-- can leak and adds nothing; usually the value of the first was lost, and then
-- the new one should replace it.
--
-- A request for more access of the same token is not meant here.
--
-- severity: low
-- population: token_requests
-- remediation: Ask the owner whether the token at hand will do. If not,
--   approve the request and revoke the old token (the organization's Settings
--   > Personal access tokens > Active tokens). If it will do, open Settings >
--   Personal access tokens > Pending requests and press Deny with the reason.
--   By the API, as a GitHub App with write on the organization's personal
--   access token requests: `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-token-requests/REQUEST_ID -f action=deny -f
--   reason='you already have such a token'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

WITH valid AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.token_id AS token_id,
    t.token_name AS token_name,
    t.owner_id AS owner_id,
    t.is_expired AS is_expired,
    t.repository_selection AS repository_selection,
    t.repository_selection = 'subset' AND t.repository_count IS NULL AS is_list_unread,
    t.repository_selection IS NULL AS is_untold,
    t.expires_at AS expires_at,
    t.last_used_at AS last_used_at
  FROM live_tokens AS t
), asked AS MATERIALIZED (
  SELECT
    q.org AS org,
    q.request_id AS request_id,
    q.token_id AS token_id,
    q.owner_id AS owner_id,
    q.repository_selection AS repository_selection,
    q.repository_selection = 'subset' AND q.repository_count IS NULL AS is_list_unread,
    q.repository_selection IS NULL AS is_untold
  FROM token_requests AS q
), candidates AS (
  SELECT
    q.org AS org,
    q.request_id AS request_id,
    q.repository_selection AS asked_selection,
    t.grant_id AS grant_id,
    t.repository_selection AS held_selection,
    q.is_list_unread OR t.is_list_unread AS is_list_unread,
    q.is_untold OR t.is_untold AS is_untold,
    (t.is_expired = 0 AND NOT q.is_untold AND NOT t.is_untold) IS TRUE AS is_certain
  FROM asked AS q
  JOIN valid AS t
    ON t.org = q.org
    AND t.owner_id = q.owner_id
  WHERE t.token_id IS NOT q.token_id
  UNION ALL
  SELECT
    q.org,
    q.request_id,
    q.repository_selection,
    t.grant_id,
    t.repository_selection,
    q.is_list_unread OR t.is_list_unread,
    q.is_untold OR t.is_untold,
    0
  FROM asked AS q
  JOIN valid AS t
    ON t.org = q.org
    AND t.owner_id IS NULL
  WHERE t.token_id IS NOT q.token_id
), covering AS (
  SELECT
    c.org AS org,
    c.request_id AS request_id,
    c.grant_id AS grant_id,
    (c.is_list_unread AND c.held_selection = 'subset' AND c.asked_selection = 'subset') IS TRUE AS is_list_unread,
    c.is_certain AS is_certain
  FROM candidates AS c
  WHERE (
      c.is_untold
      OR c.held_selection = 'all'
      OR c.asked_selection = 'none'
      OR c.held_selection = 'subset'
      AND c.asked_selection = 'subset'
      AND (
        c.is_list_unread
        OR NOT EXISTS (
          SELECT 1
          FROM token_request_repositories AS a
          WHERE a.org = c.org
            AND a.request_id = c.request_id
            AND NOT EXISTS (
              SELECT 1
              FROM token_repositories AS b
              WHERE b.org = c.org
                AND b.grant_id = c.grant_id
                AND b.repository_id = a.repository_id
            )
        )
      )
    )
    AND NOT EXISTS (
      SELECT 1
      FROM token_request_permissions AS a
      WHERE a.org = c.org
        AND a.request_id = c.request_id
        AND NOT EXISTS (
          SELECT 1
          FROM token_permissions AS b
          WHERE b.org = c.org
            AND b.grant_id = c.grant_id
            AND b.scope = a.scope
            AND b.permission = a.permission
            AND (
              b.level = a.level
              OR b.level = 'admin' AND a.level IN ('read', 'write')
              OR b.level = 'write' AND a.level = 'read'
            )
        )
    )
), best AS (
  SELECT
    k.org AS org,
    k.request_id AS request_id,
    k.grant_id AS grant_id,
    k.is_certain AND NOT k.is_list_unread AS is_certain,
    k.is_list_unread AS is_list_unread,
    row_number() OVER (
      PARTITION BY k.org, k.request_id
      ORDER BY k.is_certain AND NOT k.is_list_unread DESC, k.grant_id
    ) AS place
  FROM covering AS k
)
SELECT
  iif(b.is_certain, 'fail', 'unknown') AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  CASE
    WHEN q.owner_id IS NULL THEN 'whether its owner already has such a token is unknown: GitHub did not say who that is'
    ELSE coalesce(q.owner_login, 'its owner') || CASE
        WHEN b.is_certain THEN ' already has'
        WHEN t.owner_id IS NULL THEN ' may already have, though GitHub did not say whose it is,'
        WHEN t.repository_selection IS NULL OR q.repository_selection IS NULL THEN ' may already have, though GitHub did not say which repositories both reach,'
        WHEN b.is_list_unread THEN ' may already have, though not all lists of repositories were read to the end,'
        ELSE ' may already have, though GitHub did not say whether it has expired,'
      END || coalesce(' the token "' || t.token_name || '"', ' a token') || ' that may do all this' || CASE
        WHEN t.expires_at IS NULL THEN ', without an expiry date'
        ELSE ', until ' || substr(t.expires_at, 1, 10)
      END || '; it was ' || t.use_text
  END AS reason,
  t.token_name AS held_token_name,
  t.grant_id AS held_grant_id,
  t.expires_at AS held_expires_at,
  t.last_used_at AS held_last_used_at,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  q.repository_selection AS repository_selection,
  q.repository_count AS repository_count,
  q.highest_tier AS highest_tier,
  q.reason AS request_reason,
  q.created_at AS created_at,
  q.expires_at AS expires_at,
  q.html_url AS html_url
FROM token_requests AS q
LEFT JOIN best AS b
  ON b.org = q.org
  AND b.request_id = q.request_id
  AND b.place = 1
LEFT JOIN live_tokens AS t
  ON t.org = b.org
  AND t.grant_id = b.grant_id
WHERE b.request_id IS NOT NULL
  OR q.owner_id IS NULL
