-- Token that could change the organization if its owner could
--
-- The token was given permissions to change the organization, and its owner is
-- a plain member, who may not. Today it can do little of it: a token never
-- does more than its owner. On the day the owner is made an owner of the
-- organization, or gets a role with such rights, the token can do it at once
-- and nobody is asked again.
--
-- Where the lists of members and outside collaborators are not complete, the
-- role of the owner may be unknown, and so is the finding. That the token has
-- the permissions at all is also reported by organization-write.
--
-- severity: low
-- population: live_tokens
-- remediation: Ask the owner to edit the token and to drop the permissions (a
--   member edits it under their own Settings > Developer settings > Personal
--   access tokens > Fine-grained tokens), or revoke it before you promote the
--   owner. @revoke-token
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/roles-in-an-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

WITH writing AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    sum(p.level IN ('write', 'admin')) AS write_count,
    group_concat(p.shown, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.level AS level,
      CASE a.level
        WHEN 'write' THEN a.permission
        ELSE printf('%s (%s)', a.permission, a.level)
      END AS shown
    FROM token_permissions AS a
    WHERE a.scope = 'organization'
      AND a.level <> 'read'
    ORDER BY
      a.org,
      a.grant_id,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
)
SELECT
  iif(t.doubt IS NOT NULL OR t.owner_role IS NULL OR w.write_count = 0, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE w.write_count
    WHEN 0 THEN 'has a level that is not known on '
    ELSE 'has write on '
  END || w.permissions || CASE
    WHEN t.owner_id IS NULL THEN ', and whether its owner may use it is unknown: GitHub did not say who that is'
    WHEN t.owner_role IS NULL THEN printf(
      ', and whether %s may use it is unknown: the lists of members and outside collaborators are not complete',
      coalesce(t.owner_login, 'its owner')
    )
    ELSE printf(
      ', which %s as a plain member may not use, but would as an owner of %s',
      coalesce(t.owner_login, 'its owner'),
      t.org
    )
  END || coalesce('; ' || t.doubt, '') AS reason,
  w.permissions AS write_permissions,
  w.write_count AS write_permission_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM writing AS w
JOIN live_tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE (
    t.owner_role = 'member'
    OR t.owner_role IS NULL
  )
