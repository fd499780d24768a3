-- Deploy key that can push
--
-- A deploy key is an SSH key that belongs to no person: it has no expiry, no
-- second factor, and whoever holds the file can use it. A key that can write
-- pushes code to the repository, past everybody who watches accounts and
-- tokens, until somebody deletes it.
--
-- Keys that a policy of the organization has switched off do not count.
--
-- severity: medium
-- population: live_repositories AS r
-- remediation: Open the repository's Settings > Deploy keys, press Delete
--   beside the key and, where something still needs it, add it again without
--   Allow write access. By the API: `gh api repos/OWNER/REPO/keys` lists the
--   keys, `gh api --method DELETE repos/OWNER/REPO/keys/KEY_ID` deletes one.
--   Owners can forbid deploy keys under the organization's Settings > Deploy
--   keys.
-- see: https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
-- see: https://docs.github.com/en/rest/deploy-keys/deploy-keys#delete-a-deploy-key

WITH keys AS (
  SELECT
    d.org AS org,
    d.repository_id AS repository_id,
    count(*) AS key_count,
    sum(d.is_read_only = 0 AND d.is_enabled IS NOT 0) AS writable_count,
    sum(d.is_read_only IS NULL AND d.is_enabled IS NOT 0) AS untold_count,
    min(CASE WHEN d.is_read_only = 0 AND d.is_enabled IS NOT 0 THEN d.title END) AS writable_title,
    min(CASE WHEN d.is_read_only = 0 AND d.is_enabled IS NOT 0 THEN d.created_at END) AS oldest_at
  FROM deploy_keys AS d
  GROUP BY
    d.org,
    d.repository_id
)
SELECT
  iif(r.doubt IS NULL AND k.writable_count > 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN k.writable_count > 0 THEN printf('%d of %d deploy %s can push', k.writable_count, max(k.key_count, coalesce(r.deploy_key_count, 0)), iif(max(k.key_count, coalesce(r.deploy_key_count, 0)) = 1, 'key', 'keys'))
      || coalesce(iif(k.writable_count = 1, ', named "', ', one is named "') || k.writable_title || '"', '')
      || coalesce(iif(k.writable_count = 1, ', added ', ', the oldest was added ') || ((unixepoch(:now) - unixepoch(k.oldest_at)) / 86400) || iif(((unixepoch(:now) - unixepoch(k.oldest_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(k.oldest_at, 1, 10), '')
    WHEN k.untold_count > 0 THEN printf('GitHub did not say of %d deploy %s whether it can push', k.untold_count, iif(k.untold_count = 1, 'key', 'keys'))
    WHEN r.deploy_key_count IS NULL THEN 'whether there are deploy keys is unknown: GitHub did not answer, or shows them to administrators only'
    ELSE printf('GitHub listed %d of %d deploy keys', coalesce(k.key_count, 0), r.deploy_key_count)
  END || coalesce('; ' || r.doubt, '') AS reason,
  k.writable_count AS writable_key_count,
  r.deploy_key_count AS deploy_key_count,
  k.writable_title AS writable_title,
  k.oldest_at AS oldest_writable_at,
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
    k.writable_count > 0
    OR k.untold_count > 0
    OR r.deploy_key_count IS NULL
    OR r.deploy_key_count > coalesce(k.key_count, 0)
  )
