-- Token whose name does not say what it is for
--
-- A year later, the name of a token is the only sign of what it is for and
-- whether anything still needs it. This one is called test, token, tmp, a
-- date or similar, so nobody dares to revoke it.
--
-- Digits and punctuation do not count, nor does the case of letters: test-2 and
-- Token (new) are names without purpose, ci-deploy is one with.
--
-- severity: low
-- param: words text 'a abc access api asdf bar dev default demo first foo fine
--   for git github gh grained hello key me mine my name new of old pat personal
--   qwerty sample second secret temp temporary test testing the tmp token tokens
--   try untitled use x xx xxx xyz jan january feb february mar march apr april
--   may jun june jul july aug august sep sept september oct october nov november
--   dec december' -- words that give no purpose, in small letters; a name of
--   these alone counts
-- population: live_tokens
-- remediation: Ask the owner what the token is for, and to name it after the
--   job that uses it (a member edits it under their own Settings > Developer
--   settings > Personal access tokens > Fine-grained tokens); revoke it when
--   nobody knows. @revoke-token
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

WITH named AS (
  -- Words end at a space, -, _, ., / or :, and lose digits and punctuation at
  -- both ends.
  SELECT
    p.org AS org,
    p.grant_id AS grant_id
  FROM (
    SELECT
      t.org AS org,
      t.grant_id AS grant_id,
      replace(replace(replace(replace(replace(lower(t.token_name), '-', ' '), '_', ' '), '.', ' '), '/', ' '), ':', ' ') AS name
    FROM live_tokens AS t
  ) AS p
  WHERE NOT EXISTS (
    SELECT 1
    FROM json_each(replace(json_array(p.name), ' ', '","')) AS w
    WHERE instr(' ' || :words || '  ', ' ' || trim(w.value, '0123456789,;|#+*=~!?&%@()[]{}<>"''`$^\') || ' ') = 0
  )
)
SELECT
  iif(t.doubt IS NULL AND t.token_name IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.token_name IS NULL THEN 'what it is called, and so what it is for, is unknown: GitHub did not say'
    ELSE printf(
      'is called %s, which does not say what it is for',
      json_quote(t.token_name)
    )
  END || CASE
    WHEN t.last_used_at IS NULL THEN '; it was never used'
    ELSE '; it was last used on ' || substr(t.last_used_at, 1, 10)
  END || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM named AS n
JOIN live_tokens AS t
  ON t.org = n.org
  AND t.grant_id = n.grant_id
