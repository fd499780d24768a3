-- Request for a token that has expired
--
-- The token expired before anybody answered its request. Approving it gives
-- nothing; the request only hides the ones that still matter. Whether a token
-- has expired is GitHub's own answer, not computed from its date.
--
-- severity: low
-- population: token_requests
-- remediation: Open the organization's Settings > Personal access tokens >
--   Pending requests, and press Deny with the reason; the owner asks again
--   when the token is regenerated. By the API, as a GitHub App with write on
--   the organization's personal access token requests:
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-token-requests/REQUEST_ID -f action=deny -f
--   reason='the token has expired'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(q.is_expired IS NOT NULL, 'fail', 'unknown') AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  CASE
    WHEN q.is_expired IS NULL THEN 'GitHub did not say whether its token has expired'
    WHEN unixepoch(q.expires_at) <= unixepoch(:now) THEN 'its token expired '
      || ((unixepoch(:now) - unixepoch(q.expires_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(q.expires_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(q.expires_at, 1, 10)
    ELSE 'its token has expired, GitHub did not say when'
  END || CASE
    WHEN q.created_at IS NULL THEN ''
    ELSE '; asked for ' || ((unixepoch(:now) - unixepoch(q.created_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(q.created_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(q.created_at, 1, 10)
  END AS reason,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  CASE
    WHEN unixepoch(q.expires_at) <= unixepoch(:now) THEN (unixepoch(:now) - unixepoch(q.expires_at)) / 86400
  END AS expired_days,
  q.expires_at AS expires_at,
  ((unixepoch(:now) - unixepoch(q.created_at)) / 86400) AS waiting_days,
  q.created_at AS created_at,
  q.reason AS request_reason,
  q.repository_selection AS repository_selection,
  q.highest_tier AS highest_tier,
  q.html_url AS html_url
FROM token_requests AS q
WHERE q.is_expired IS NOT 0
