-- Token that stays valid for too long
--
-- The token expires, but so late that its expiry date protects little. A year
-- is what GitHub's default policy allows at most; a token that outlives the
-- project, the laptop or the job of its owner is found by others before it
-- ends.
--
-- Tokens without any expiry date are reported by never-expires.
--
-- severity: medium
-- param: days integer 366 -- days from now after which an expiry date is too
--   late
-- population: live_tokens
-- remediation: Ask the owner to make a new token with a nearer date and to
--   move to it, then revoke the old one. @revoke-token Set a maximum lifetime
--   under the organization's Settings > Personal access tokens > Settings >
--   Fine-grained tokens: tokens that live longer are then refused, which may
--   stop jobs.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

SELECT
  iif(t.doubt IS NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  coalesce(t.expiry_text, 'expires at an unknown time')
    || iif(t.is_expiry_unknown, ', perhaps later than ', ', later than ') || :days || ' days from now' || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.expires_in_days AS expires_in_days,
  t.expires_at AS expires_at,
  t.access_granted_at AS access_granted_at,
  t.last_used_at AS last_used_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE unixepoch(t.expires_at) - unixepoch(:now) > :days * 86400
  OR t.is_expiry_unknown
