-- Token that reaches a large share of the repositories
--
-- The token was given a list of repositories, and the list is a large part of
-- the organization. The number alone may look small; as a share it is close to
-- a token for all repositories, and so is the harm when it leaks.
--
-- Few repositories never count, whatever their share: a small organization has
-- no narrower token. Tokens for all repositories are left to
-- all-repositories-write and all-repositories-read-private. Where the list of
-- the token or of the organization was not read to the end, the share is
-- unknown.
--
-- severity: medium
-- param: percent integer 25 -- share of the organization's repositories that a
--   token may select
-- param: count integer 5 -- repositories that a token must select at least to
--   count
-- population: live_tokens WHERE assumed_selection = 'subset'
-- remediation: Ask the owner for one token for each job, each with the
--   repositories of that job, or move the job to a GitHub App. @revoke-token
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

WITH organizations AS MATERIALIZED (
  SELECT
    r.org AS org,
    count(*) AS repository_count,
    NOT EXISTS (
      SELECT 1
      FROM coverage AS c
      WHERE c.org = r.org
        AND c.resource = 'repositories'
        AND c.status = 'complete'
    ) AS is_list_unread
  FROM repositories AS r
  GROUP BY
    r.org
)
SELECT
  iif(t.doubt IS NOT NULL OR t.repository_count IS NULL OR o.repository_count IS NULL OR o.is_list_unread, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.repository_count IS NULL THEN
      'reaches selected repositories, but how large a share is unknown: their list was not read to the end'
    WHEN o.repository_count IS NULL THEN printf(
      'reaches %d repositories, but of how many is unknown: no repository of the organization was read',
      t.repository_count
    )
    ELSE printf(
      'reaches %d of %s%d repositories (%s %%), more than %d %%',
      t.repository_count,
      iif(o.is_list_unread, 'at least ', ''),
      o.repository_count,
      iif(
        t.repository_count * 100 / o.repository_count = :percent,
        printf('%.1f', t.repository_count * 100.0 / o.repository_count),
        t.repository_count * 100 / o.repository_count
      ),
      :percent
    ) || iif(o.is_list_unread, '; the list of repositories was not read to the end', '')
  END || coalesce('; ' || t.doubt, '') AS reason,
  t.repository_count AS repository_count,
  o.repository_count AS organization_repository_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM live_tokens AS t
LEFT JOIN organizations AS o
  ON o.org = t.org
WHERE t.assumed_selection = 'subset'
  AND (
    t.repository_count IS NULL
    OR t.repository_count >= :count AND (t.repository_count * 100 > :percent * o.repository_count OR o.repository_count IS NULL)
  )
