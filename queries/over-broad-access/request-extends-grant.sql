-- Request for more access of a token in use
--
-- The token already has access to the organization, and its owner asks for
-- more of it. The list of requests shows all that the token would then hold;
-- what is new is easily overlooked, and is named here.
--
-- Narrowing a token asks for approval too, and then nothing is new.
--
-- severity: low
-- population: token_requests
-- remediation: Open the organization's Settings > Personal access tokens >
--   Pending requests, compare with what the token holds under Active tokens,
--   and press Approve or Deny with the reason. By the API, as a GitHub App
--   with write on the organization's personal access token requests:
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-token-requests/REQUEST_ID -f action=deny -f
--   reason='WHY'`, or `-f action=approve`. Denying leaves the token with the
--   access that it has.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

WITH added AS (
  SELECT
    a.org AS org,
    a.request_id AS request_id,
    a.grant_id AS grant_id,
    group_concat(a.shown, ', ') AS permissions
  FROM (
    SELECT
      q.org AS org,
      q.request_id AS request_id,
      t.grant_id AS grant_id,
      p.permission || ':' || p.level AS shown
    FROM token_requests AS q
    JOIN tokens AS t
      ON t.org = q.org
      AND t.token_id = q.token_id
    JOIN token_request_permissions AS p
      ON p.org = q.org
      AND p.request_id = q.request_id
    WHERE NOT EXISTS (
      SELECT 1
      FROM token_permissions AS h
      WHERE h.org = t.org
        AND h.grant_id = t.grant_id
        AND h.scope = p.scope
        AND h.permission = p.permission
        AND (
          h.level = p.level
          OR h.level = 'admin' AND p.level IN ('read', 'write')
          OR h.level = 'write' AND p.level = 'read'
        )
    )
    ORDER BY
      q.org,
      q.request_id,
      t.grant_id,
      p.scope,
      p.permission
  ) AS a
  GROUP BY
    a.org,
    a.request_id,
    a.grant_id
), widened AS (
  SELECT
    q.org AS org,
    q.request_id AS request_id,
    min(t.grant_id) AS grant_id
  FROM token_requests AS q
  JOIN tokens AS t
    ON t.org = q.org
    AND t.token_id = q.token_id
  GROUP BY
    q.org,
    q.request_id
)
SELECT
  'fail' AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  'its token already has access' || coalesce(' since ' || substr(t.access_granted_at, 1, 10), '')
    || coalesce('; asks to add ' || a.permissions, '; asks for no permission that it has not')
    || CASE
      WHEN q.repository_selection = t.repository_selection AND q.repository_selection <> 'subset' THEN ''
      ELSE printf(
        '; repositories: %s now, %s then',
        CASE
          WHEN t.repository_selection <> 'subset' THEN t.repository_selection
          ELSE coalesce(t.repository_count, 'an unknown number of') || ' selected'
        END,
        CASE
          WHEN q.repository_selection <> 'subset' THEN q.repository_selection
          ELSE coalesce(q.repository_count, 'an unknown number of') || ' selected'
        END
      )
    END AS reason,
  a.permissions AS added_permissions,
  t.grant_id AS held_grant_id,
  t.highest_tier AS held_highest_tier,
  t.repository_selection AS held_repository_selection,
  t.repository_count AS held_repository_count,
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
JOIN widened AS w
  ON w.org = q.org
  AND w.request_id = q.request_id
JOIN tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
LEFT JOIN added AS a
  ON a.org = w.org
  AND a.request_id = w.request_id
  AND a.grant_id = w.grant_id
