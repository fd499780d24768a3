-- Token that is no longer used
--
-- A token that was used once and is no longer used belongs to a script that
-- was retired or to a person who has moved on. It keeps its access until it
-- expires, and nobody would notice if somebody else used it. GitHub keeps the
-- last use by the day; tokens that were never used are reported by
-- never-used.
--
-- severity: medium
-- param: days integer 90 -- days without use after which a token counts
-- population: live_tokens
-- remediation: Ask the owner whether the token is still needed (a yearly job
--   may use it rarely). @revoke-token
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(t.doubt IS NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  t.use_text || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.unused_days AS unused_days,
  t.last_used_at AS last_used_at,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE unixepoch(:now) - unixepoch(t.last_used_at) > :days * 86400
  OR t.is_use_unknown
