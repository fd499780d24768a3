-- Request for more access of a token in use
--
-- The token already has access to the organization, and its owner asks for
-- more of it. The list of requests shows all that the token would then hold;
-- what is new is easily overlooked, and is named here.
--
-- Narrowing or renewing a token asks for approval too; nothing is new then,
-- and such a request is left out. Where a list of repositories was not read
-- to the end, whether there are new ones is unknown.
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
), added_repositories AS (
  SELECT
    q.org AS org,
    q.request_id AS request_id,
    t.grant_id AS grant_id,
    count(*) AS repository_count
  FROM token_requests AS q
  JOIN tokens AS t
    ON t.org = q.org
    AND t.token_id = q.token_id
  JOIN token_request_repositories AS p
    ON p.org = q.org
    AND p.request_id = q.request_id
  WHERE q.repository_selection = 'subset'
    AND t.repository_selection = 'subset'
    AND NOT EXISTS (
      SELECT 1
      FROM token_repositories AS h
      WHERE h.org = t.org
        AND h.grant_id = t.grant_id
        AND h.repository_id = p.repository_id
    )
  GROUP BY
    q.org,
    q.request_id,
    t.grant_id
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
  CASE
    WHEN t.grant_id IS NULL THEN 'unknown'
    WHEN a.permissions IS NOT NULL THEN 'fail'
    WHEN t.repository_selection = 'none' AND q.repository_selection <> 'none' THEN 'fail'
    WHEN t.repository_selection = 'subset' AND q.repository_selection = 'all' THEN 'fail'
    WHEN n.repository_count > 0 AND t.repository_count IS NOT NULL THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  iif(t.grant_id IS NULL, 'whether its token already has access is unknown: GitHub did not say which token it is', 'its token already has access' || coalesce(' since ' || substr(t.access_granted_at, 1, 10), '')
    || coalesce('; asks to add ' || a.permissions, '; asks for no permission that it has not')
    || CASE
      WHEN q.repository_selection = t.repository_selection AND q.repository_selection <> 'subset' THEN ''
      ELSE printf(
        '; repositories: %s now, %s then%s',
        CASE
          WHEN t.repository_selection <> 'subset' THEN t.repository_selection
          ELSE coalesce(t.repository_count, 'an unknown number of') || ' selected'
        END,
        CASE
          WHEN q.repository_selection <> 'subset' THEN q.repository_selection
          ELSE coalesce(q.repository_count, 'an unknown number of') || ' selected'
        END,
        CASE
          WHEN n.repository_count IS NULL THEN ''
          WHEN t.repository_count IS NULL THEN ', perhaps ' || n.repository_count || ' of them new'
          ELSE ', ' || n.repository_count || ' of them new'
        END
      )
    END) AS reason,
  a.permissions AS added_permissions,
  iif(t.repository_count IS NOT NULL, n.repository_count, NULL) AS added_repository_count,
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
LEFT JOIN widened AS w
  ON w.org = q.org
  AND w.request_id = q.request_id
LEFT JOIN tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
LEFT JOIN added AS a
  ON a.org = w.org
  AND a.request_id = w.request_id
  AND a.grant_id = w.grant_id
LEFT JOIN added_repositories AS n
  ON n.org = w.org
  AND n.request_id = w.request_id
  AND n.grant_id = w.grant_id
WHERE a.permissions IS NOT NULL
  OR t.repository_selection = 'none' AND q.repository_selection <> 'none'
  OR t.repository_selection = 'subset' AND q.repository_selection = 'all'
  OR n.repository_count > 0
  OR q.repository_selection = 'subset' AND t.repository_selection = 'subset' AND (t.repository_count IS NULL OR q.repository_count IS NULL)
  OR t.grant_id IS NOT NULL AND q.repository_selection IS NULL AND t.repository_selection IS NOT 'all'
  OR t.grant_id IS NOT NULL AND t.repository_selection IS NULL AND q.repository_selection IS NOT 'none'
  OR t.grant_id IS NULL AND q.token_id IS NULL
  OR t.grant_id IS NULL
    AND EXISTS (
      SELECT 1
      FROM tokens AS k
      WHERE k.org = q.org
        AND k.token_id IS NULL
        AND k.owner_id IS q.owner_id
    )
