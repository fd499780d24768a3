-- Token that reaches many repositories
--
-- The token was given a list of repositories, but a long one. A token for one
-- job needs few; a long list usually means that one token serves several jobs,
-- and that all of them are lost when it leaks.
--
-- severity: medium
-- param: count integer 50 -- repositories that a token may reach before it counts
-- population: live_tokens WHERE (repository_selection = 'subset' OR
--   repository_selection IS NULL)
-- remediation: Ask the owner for one token for each job, each with the
--   repositories of that job. @revoke-token
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

SELECT
  iif(t.doubt IS NULL AND t.repository_selection IS NOT NULL AND t.repository_count IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.repository_selection IS NULL THEN 'how many repositories it reaches is unknown: GitHub did not say whether they were selected'
    WHEN t.repository_count IS NULL THEN
      'reaches selected repositories, but how many is unknown: their list was not read to the end'
    ELSE 'reaches ' || t.repository_count || ' repositories, more than ' || :count
  END || coalesce('; ' || t.doubt, '') AS reason,
  t.repository_count AS repository_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE (
    t.repository_selection = 'subset'
    OR t.repository_selection IS NULL
  )
  AND (
    t.repository_count > :count
    OR t.repository_count IS NULL
  )
