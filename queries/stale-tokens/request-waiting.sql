-- Request that nobody has answered
--
-- Somebody asked for a token and has waited since. People who wait work
-- around it with a classic token, somebody else's key, a password in a
-- script. A request that is not needed any more should be denied, so that the
-- list shows what matters.
--
-- severity: medium
-- param: days integer 7 -- days after which a request should have been
--   answered
-- population: token_requests
-- remediation: Open the organization's Settings > Personal access tokens >
--   Pending requests, read what it asks for, and press Deny with the reason,
--   or Approve. By the API, as a GitHub App with write on the organization's
--   personal access token requests: `GH_TOKEN=$INSTALLATION_TOKEN gh api
--   --method POST orgs/ORG/personal-access-token-requests/REQUEST_ID -f
--   action=deny -f reason='WHY'`, or `-f action=approve`. Up to 100 requests
--   are answered at once with `gh api --method POST
--   orgs/ORG/personal-access-token-requests -f action=deny -F
--   'pat_request_ids[]=REQUEST_ID'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/managing-requests-for-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(q.created_at IS NOT NULL, 'fail', 'unknown') AS status,
  'request/' || q.request_id AS subject,
  q.org AS org,
  CASE
    WHEN q.created_at IS NULL THEN 'waits for an answer; GitHub did not say since when'
    ELSE 'has waited ' || ((unixepoch(:now) - unixepoch(q.created_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(q.created_at)) / 86400) = 1, ' day', ' days') || ' for an answer, since ' || substr(q.created_at, 1, 10)
  END AS reason,
  q.token_name AS token_name,
  q.owner_login AS owner_login,
  ((unixepoch(:now) - unixepoch(q.created_at)) / 86400) AS waiting_days,
  q.created_at AS created_at,
  q.reason AS request_reason,
  q.repository_selection AS repository_selection,
  q.highest_tier AS highest_tier,
  q.is_expired AS is_expired,
  q.expires_at AS expires_at,
  q.html_url AS html_url
FROM token_requests AS q
WHERE q.created_at IS NULL
  OR unixepoch(:now) - unixepoch(q.created_at) > :days * 86400
