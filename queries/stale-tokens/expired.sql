-- Expired token that is still listed
--
-- An expired token no longer works, but its grant stays in the organization's
-- list. Its owner can regenerate the token, and the list becomes so long that
-- the tokens that matter are overlooked. Whether a token has expired is
-- GitHub's own answer, not computed from its date.
--
-- severity: low
-- population: tokens
-- remediation: @revoke-token Up to 100 grants go in one request: `gh api
--   --method POST orgs/ORG/personal-access-tokens -f action=revoke -F
--   'pat_ids[]=GRANT_ID'`.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(t.is_expired IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.is_expired IS NULL THEN 'GitHub did not say whether it has expired'
    WHEN unixepoch(t.expires_at) <= unixepoch(:now) THEN 'expired '
      || ((unixepoch(:now) - unixepoch(t.expires_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(t.expires_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(t.expires_at, 1, 10) || ', and is still listed'
    ELSE 'expired, GitHub did not say when, and is still listed'
  END AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  CASE
    WHEN unixepoch(t.expires_at) <= unixepoch(:now) THEN (unixepoch(:now) - unixepoch(t.expires_at)) / 86400
  END AS expired_days,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.access_granted_at AS access_granted_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM tokens AS t
WHERE t.is_expired IS NOT 0
