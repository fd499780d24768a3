-- Token that can write and never expires
--
-- The token can change something and stays valid until somebody remembers to
-- revoke it. A copy that was made years ago, in a log or on a laptop that was
-- sold, still works today and will in ten years.
--
-- It counts whether the token changes repositories or the organization.
--
-- severity: critical
-- population: live_tokens
-- remediation: @add-expiry @revoke-token Set a maximum lifetime under the
--   organization's Settings > Personal access tokens > Settings >
--   Fine-grained tokens, so that no new one is created.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

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
    WHERE a.level <> 'read'
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
  iif(t.doubt IS NOT NULL OR w.write_count = 0, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  'has no expiry date and ' || CASE w.write_count
      WHEN 0 THEN 'a level that is not known on '
      ELSE 'write on '
    END || w.permissions || coalesce('; ' || t.grant_text, '') || coalesce('; ' || t.doubt, '') AS reason,
  w.permissions AS write_permissions,
  w.write_count AS write_permission_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.granted_days AS granted_days,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM writing AS w
JOIN live_tokens AS t
  ON t.org = w.org
  AND t.grant_id = w.grant_id
WHERE t.expires_at IS NULL
