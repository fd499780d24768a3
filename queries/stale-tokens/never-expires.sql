-- Token that never expires
--
-- A token without an expiry date stays valid until somebody remembers to
-- revoke it. When it leaks, into a log, a backup or a laptop that was sold, it
-- opens the organization for good.
--
-- Since October 2024 GitHub's default policy makes fine-grained tokens expire
-- within 366 days, so a token without expiry was either made before or under a
-- policy that was relaxed.
--
-- severity: high
-- population: tokens
-- remediation: @add-expiry @revoke-token Set a maximum lifetime under the
--   organization's Settings > Personal access tokens > Settings >
--   Fine-grained tokens, so that no new one is created.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

SELECT
  'fail' AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.access_granted_at IS NULL THEN 'has no expiry date'
    ELSE 'has no expiry date; granted '
      || ((unixepoch(:now) - unixepoch(t.access_granted_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(t.access_granted_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(t.access_granted_at, 1, 10)
  END AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  ((unixepoch(:now) - unixepoch(t.access_granted_at)) / 86400) AS granted_days,
  t.access_granted_at AS access_granted_at,
  t.last_used_at AS last_used_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM tokens AS t
WHERE t.expires_at IS NULL
