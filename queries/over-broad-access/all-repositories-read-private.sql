-- Token that can read all private code
--
-- The token reads the contents of every repository that its owner can reach,
-- private ones included, and those that will be made tomorrow. Whoever finds
-- it copies the organization's source, with all that was ever committed to it,
-- and reading leaves few traces.
--
-- What GitHub grants is an upper bound: the token never reads more than its
-- owner may; the inventory of this report says for which tokens the bound is
-- reached. Archived repositories count, because their contents can be read
-- all the same. Tokens that can write contents are reported by
-- all-repositories-write.
--
-- severity: medium
-- population: live_tokens WHERE (repository_selection = 'all' OR
--   repository_selection IS NULL)
-- remediation: @select-repositories @revoke-token
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens

WITH hidden AS (
  SELECT
    r.org AS org,
    count(*) FILTER (WHERE r.visibility = 'private') AS private_count,
    count(*) FILTER (WHERE r.visibility = 'internal') AS internal_count,
    count(*) FILTER (WHERE r.visibility IS NULL) AS untold_count
  FROM repositories AS r
  GROUP BY
    r.org
), seen AS (
  SELECT
    o.org AS org,
    coalesce(h.private_count, 0) AS private_count,
    coalesce(h.internal_count, 0) AS internal_count,
    coalesce(h.untold_count, 0) AS untold_count,
    (
      o.installation_selection = 'all'
      AND EXISTS (
        SELECT 1
        FROM coverage AS c
        WHERE c.org = o.org
          AND c.resource = 'repositories'
          AND c.status = 'complete'
      )
    ) IS TRUE AS is_list_whole
  FROM orgs AS o
  LEFT JOIN hidden AS h
    ON h.org = o.org
)
SELECT
  iif(t.doubt IS NOT NULL OR p.level IS DISTINCT FROM 'read' OR s.private_count + s.internal_count = 0, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN p.level IS DISTINCT FROM 'read' THEN printf('holds a level that is not known on contents (%s) of', coalesce(p.level, 'not understood'))
    ELSE 'reads the contents of'
  END || ' all repositories that ' || coalesce(t.owner_login, 'its owner') || ' can reach, ' || CASE
      WHEN s.private_count > 0 AND s.internal_count > 0 THEN printf('at most %d private and %d internal ones', s.private_count, s.internal_count)
      WHEN s.private_count > 0 THEN printf('at most %d private %s', s.private_count, iif(s.private_count = 1, 'one', 'ones'))
      WHEN s.internal_count > 0 THEN printf('at most %d internal %s', s.internal_count, iif(s.internal_count = 1, 'one', 'ones'))
      WHEN s.untold_count > 0 THEN printf('but GitHub did not say whether %d of them are private', s.untold_count)
      ELSE 'but whether there are private ones is unknown: not all repositories of ' || t.org || ' were seen'
    END || coalesce('; ' || t.doubt, '') AS reason,
  s.private_count AS private_repository_count,
  s.internal_count AS internal_repository_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM token_permissions AS p
JOIN live_tokens AS t
  ON t.org = p.org
  AND t.grant_id = p.grant_id
JOIN seen AS s
  ON s.org = t.org
WHERE p.scope = 'repository'
  AND p.permission = 'contents'
  AND (p.level IS NULL OR p.level NOT IN ('write', 'admin'))
  AND (t.repository_selection = 'all' OR t.repository_selection IS NULL)
  AND (
    s.private_count + s.internal_count + s.untold_count > 0
    OR NOT s.is_list_whole
  )
