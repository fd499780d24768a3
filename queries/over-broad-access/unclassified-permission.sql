-- Token with a permission that the catalogue does not know
--
-- GitHub adds permissions without notice. This token holds one, or a level of
-- one, that the catalogue of this auditor does not know, so no other rule can
-- say how much it can do. Until it has been classified, treat it as powerful.
--
-- What is known is in the view permission_catalog. Expired tokens count: they
-- show the same gap.
--
-- severity: medium
-- population: tokens
-- remediation: Look the permission up in GitHub's table of permissions and
--   decide how bad it is; then bring the catalogue up to date with a new
--   version of the auditor, or report the missing name. If nobody can say why
--   the token needs it, revoke the token. @revoke-token
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

WITH unjudged AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    count(*) AS permission_count,
    group_concat(p.shown, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      printf('%s:%s (%s)', a.permission, a.level, a.scope) AS shown
    FROM token_permissions AS a
    WHERE a.tier = 'unclassified'
    ORDER BY
      a.org,
      a.grant_id,
      a.scope,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
)
SELECT
  'fail' AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'holds ' || u.permission_count || CASE u.permission_count
      WHEN 1 THEN ' permission that the catalogue does not know: '
      ELSE ' permissions that the catalogue does not know: '
    END || u.permissions AS reason,
  u.permissions AS unclassified_permissions,
  u.permission_count AS permission_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.is_expired AS is_expired,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM unjudged AS u
JOIN tokens AS t
  ON t.org = u.org
  AND t.grant_id = u.grant_id
