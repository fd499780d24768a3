-- Token in use that is about to expire
--
-- Something still works with this token, and will stop working on its last
-- day. This is not a danger to security but an outage with a known date, and
-- the moment to ask whether the token can be narrowed when it is renewed.
--
-- GitHub keeps the last use by the day.
--
-- severity: low
-- param: days integer 14 -- days before its expiry from which a token counts
-- param: used_days integer 30 -- days since its last use within which a
--   token counts as in use
-- population: tokens WHERE is_expired IS NOT 1
-- remediation: Tell the owner the date. The owner opens their own Settings >
--   Developer settings > Personal access tokens > Fine-grained tokens > the
--   token, presses Regenerate token and puts the new value where the old one is
--   used; nobody else can, and there is no API for it. All tokens of one owner
--   are listed by `GH_TOKEN=$INSTALLATION_TOKEN gh api --method GET
--   orgs/ORG/personal-access-tokens -f 'owner[]=LOGIN'`. A job that must not
--   stop belongs to a GitHub App, whose tokens renew themselves.
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  CASE
    WHEN t.is_expired IS NULL THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN unixepoch(t.expires_at) < unixepoch(:now) THEN 'should have expired on '
      || substr(t.expires_at, 1, 10)
    ELSE 'expires in ' || ((unixepoch(t.expires_at) - unixepoch(:now)) / 86400)
      || iif(((unixepoch(t.expires_at) - unixepoch(:now)) / 86400) = 1, ' day', ' days') || ', on ' || substr(t.expires_at, 1, 10)
  END || ', and was last used ' || ((unixepoch(:now) - unixepoch(t.last_used_at)) / 86400)
    || iif(((unixepoch(:now) - unixepoch(t.last_used_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(t.last_used_at, 1, 10)
    || CASE
      WHEN t.is_expired IS NULL THEN '; GitHub did not say whether it has expired'
      ELSE ''
    END AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  ((unixepoch(t.expires_at) - unixepoch(:now)) / 86400) AS expires_in_days,
  t.expires_at AS expires_at,
  ((unixepoch(:now) - unixepoch(t.last_used_at)) / 86400) AS unused_days,
  t.last_used_at AS last_used_at,
  t.access_granted_at AS access_granted_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM tokens AS t
WHERE t.is_expired IS NOT 1
  AND unixepoch(t.expires_at) - unixepoch(:now) <= :days * 86400
  AND unixepoch(:now) - unixepoch(t.last_used_at) <= :used_days * 86400
