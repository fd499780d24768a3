-- Token that was never used
--
-- A token that nobody has used since it was granted serves no purpose, yet
-- whoever finds it has its access. It was often made for a trial, or its copy
-- went somewhere nobody watches. Revoking it breaks nothing.
--
-- severity: high
-- param: days integer 30 -- days after the grant before a token without any use counts
-- population: live_tokens
-- remediation: @revoke-token Its owner gets an e-mail and can ask again when
--   the token is needed.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(t.doubt IS NULL AND t.access_granted_at IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.access_granted_at IS NULL THEN 'never used; GitHub did not say since when it is granted'
    ELSE 'never used since it was ' || t.grant_text
  END || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.granted_days AS granted_days,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE t.last_used_at IS NULL
  AND (
    t.access_granted_at IS NULL
    OR unixepoch(:now) - unixepoch(t.access_granted_at) > :days * 86400
  )
