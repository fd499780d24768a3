-- Archived repository that still has open alerts or keys
--
-- An archived repository is read-only, so nobody will fix its vulnerabilities
-- any more, yet others may still build from it, and its deploy keys still
-- open it to whoever holds them. Settings cannot be changed while it is
-- archived: what should have been put away before is easily forgotten for
-- good.
--
-- Only archived repositories count, disabled ones are left out.
--
-- severity: low
-- population: repositories AS r WHERE r.is_archived IS NOT 0 AND r.is_disabled
--   IS NOT 1
-- remediation: Open the repository's Settings > General > Danger Zone >
--   Unarchive this repository, delete its keys under Settings > Deploy keys,
--   resolve or dismiss the alerts under Security > Dependabot, and archive it
--   again; or delete it. By the API: `gh api --method PATCH repos/OWNER/REPO
--   -F archived=false`, then `gh api --method DELETE
--   repos/OWNER/REPO/keys/KEY_ID`, then archived=true.
-- see: https://docs.github.com/en/repositories/archiving-a-github-repository/archiving-repositories
-- see: https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys
-- see: https://docs.github.com/en/rest/deploy-keys/deploy-keys#delete-a-deploy-key

SELECT
  CASE
    WHEN r.is_archived IS NULL THEN 'unknown'
    WHEN r.is_disabled IS NULL THEN 'unknown'
    WHEN r.open_dependabot_alert_count > 0 THEN 'fail'
    WHEN r.deploy_key_count > 0 THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  iif(r.is_archived = 1, 'archived, with ', 'with ') || CASE
    WHEN r.open_dependabot_alert_count IS NULL THEN 'an unknown number of open Dependabot alerts'
    WHEN r.open_dependabot_alert_count = 0 THEN ''
    ELSE printf('%d open Dependabot %s', r.open_dependabot_alert_count, iif(r.open_dependabot_alert_count = 1, 'alert', 'alerts'))
  END || CASE
    WHEN r.open_dependabot_alert_count = 0 OR r.deploy_key_count = 0 THEN ''
    ELSE ' and '
  END || CASE
    WHEN r.deploy_key_count IS NULL THEN 'an unknown number of deploy keys'
    WHEN r.deploy_key_count = 0 THEN ''
    ELSE printf('%d deploy %s', r.deploy_key_count, iif(r.deploy_key_count = 1, 'key', 'keys'))
  END || CASE
    WHEN r.is_archived IS NULL OR r.is_disabled IS NULL THEN
      '; GitHub did not say whether the repository is archived or disabled'
    ELSE ''
  END AS reason,
  r.open_dependabot_alert_count AS open_dependabot_alert_count,
  r.deploy_key_count AS deploy_key_count,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM repositories AS r
WHERE (
    r.open_dependabot_alert_count IS NULL
    OR r.open_dependabot_alert_count > 0
    OR r.deploy_key_count IS NULL
    OR r.deploy_key_count > 0
  )
  AND r.is_archived IS NOT 0
  AND r.is_disabled IS NOT 1
