-- Deploy key that is old
--
-- A deploy key never expires and belongs to no person. After years nobody knows
-- on which machines its private half lies, who has copied it, and whether
-- anything still needs it; it opens the repository all the same, a private one
-- too.
--
-- Keys that a policy of the organization has switched off do not count. That
-- a key can push is reported by writable-deploy-key. When a key was last used
-- is not collected, so age is all there is to go by.
--
-- severity: low
-- param: days integer 365 -- days since a key was added after which it counts
--   as old
-- population: live_repositories AS r
-- remediation: Open the repository's Settings > Deploy keys, which shows when
--   each was last used, and press Delete beside those that nothing needs; where
--   something does, make a new key, add it, and delete the old one. By the API:
--   `gh api repos/OWNER/REPO/keys` lists the keys, `gh api --method DELETE
--   repos/OWNER/REPO/keys/KEY_ID` deletes one. Owners can forbid deploy keys
--   under the organization's Settings > Deploy keys.
-- see: https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
-- see: https://docs.github.com/en/rest/deploy-keys/deploy-keys#delete-a-deploy-key

WITH keys AS (
  SELECT
    d.org AS org,
    d.repository_id AS repository_id,
    count(*) AS key_count,
    sum(d.is_enabled IS NOT 0 AND d.created_at < strftime('%Y-%m-%dT%H:%M:%SZ', :now, '-' || :days || ' days')) AS old_count,
    sum(d.is_enabled IS NOT 0 AND d.created_at IS NULL) AS untold_count,
    min(iif(d.is_enabled IS NOT 0, d.created_at, NULL)) AS oldest_at
  FROM deploy_keys AS d
  GROUP BY
    d.org,
    d.repository_id
)
SELECT
  iif(r.doubt IS NULL AND k.old_count > 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN k.old_count > 0 THEN printf(
      '%d of %d deploy %s older than %d days; the oldest was added %d days ago, on %s',
      k.old_count,
      max(k.key_count, coalesce(r.deploy_key_count, 0)),
      CASE
        WHEN max(k.key_count, coalesce(r.deploy_key_count, 0)) = 1 THEN 'key is'
        WHEN k.old_count = 1 THEN 'keys is'
        ELSE 'keys are'
      END,
      :days,
      (unixepoch(:now) - unixepoch(k.oldest_at)) / 86400,
      substr(k.oldest_at, 1, 10)
    )
    WHEN k.untold_count > 0 THEN printf('GitHub did not say of %d deploy %s when it was added', k.untold_count, iif(k.untold_count = 1, 'key', 'keys'))
    WHEN r.deploy_key_count IS NULL THEN 'whether there are deploy keys is unknown: GitHub did not answer, or shows them to administrators only'
    ELSE printf('GitHub listed %d of %d deploy keys', coalesce(k.key_count, 0), r.deploy_key_count)
  END || coalesce('; ' || r.doubt, '') AS reason,
  k.old_count AS old_key_count,
  r.deploy_key_count AS deploy_key_count,
  k.oldest_at AS oldest_at,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
LEFT JOIN keys AS k
  ON k.org = r.org
  AND k.repository_id = r.repository_id
WHERE (
    k.old_count > 0
    OR k.untold_count > 0
    OR r.deploy_key_count IS NULL
    OR r.deploy_key_count > coalesce(k.key_count, 0)
  )
