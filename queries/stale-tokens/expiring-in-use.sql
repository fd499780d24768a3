-- Token in use that is about to expire
--
-- Something still works with this token, and will stop working on its last
-- day. This is not a security risk but an outage with a known date, and the
-- moment to ask whether the token can be narrowed when it is renewed.
--
-- GitHub keeps the last use by the day.
--
-- severity: low
-- param: days integer 14 -- days before its expiry from which a token counts
-- param: used_days integer 30 -- days since its last use within which a
--   token counts as in use
-- population: live_tokens
-- remediation: Inform the owner of the date. The owner opens their own
--   Settings > Developer settings > Personal access tokens > Fine-grained
--   tokens > the token, presses Regenerate token and puts the new value where
--   the old one is used; nobody else can, and there is no API for it.
--   @list-tokens-of-owner A job that must not stop belongs to a GitHub App,
--   whose tokens renew themselves.
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(t.doubt IS NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN unixepoch(t.expires_at) < unixepoch(:now) THEN 'should have expired on '
      || substr(t.expires_at, 1, 10)
    ELSE coalesce(t.expiry_text, 'expires at an unknown time')
  END || ', and was ' || t.use_text || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.expires_in_days AS expires_in_days,
  t.expires_at AS expires_at,
  t.unused_days AS unused_days,
  t.last_used_at AS last_used_at,
  t.access_granted_at AS access_granted_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE (unixepoch(t.expires_at) - unixepoch(:now) <= :days * 86400 OR t.is_expiry_unknown)
  AND (unixepoch(:now) - unixepoch(t.last_used_at) <= :used_days * 86400 OR t.is_use_unknown)
