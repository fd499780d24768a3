-- Push protection is off
--
-- Push protection refuses a push that holds a key or a password, before the
-- secret is in the history and has to be replaced everywhere. Secret scanning
-- alone shows afterwards.
--
-- Public repositories have it without cost. Private and internal ones need a
-- licence, which GitHub sells for the Team and Enterprise plans, so they
-- count unless the plan of the organization is known to be free. A plan that
-- GitHub did not report is not taken to be free.
--
-- severity: high
-- population: live_repositories AS r WHERE (r.visibility = 'public' OR
--   r.visibility IS NULL OR r.plan IS NOT 'free')
-- remediation: Open the repository's Settings > Advanced Security > Push
--   protection and press Enable (secret scanning has to be on), or attach a
--   security configuration under the organization's Settings > Advanced Security
--   > Configurations. By the API: `gh api --method PATCH repos/OWNER/REPO -f
--   'security_and_analysis[secret_scanning_push_protection][status]=enabled'`.
-- see: https://docs.github.com/en/code-security/secret-scanning/introduction/about-push-protection
-- see: https://docs.github.com/en/code-security/secret-scanning/enabling-secret-scanning-features/enabling-push-protection-for-your-repository
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.visibility IS NULL AND r.plan = 'free' THEN 'unknown'
    WHEN r.secret_scanning_push_protection = 'disabled' THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.secret_scanning_push_protection = 'disabled' THEN 'push protection is disabled on this '
      || coalesce(r.visibility || ' repository', 'repository of unknown visibility')
    WHEN r.secret_scanning_push_protection IS NULL THEN 'GitHub did not say whether push protection is on: it shows this setting to administrators of the repository only'
    ELSE 'push protection is in a state that this rule does not know: ' || r.secret_scanning_push_protection
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.secret_scanning_push_protection AS secret_scanning_push_protection,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.secret_scanning_push_protection IS NOT 'enabled'
  AND (
    r.visibility = 'public'
    OR r.visibility IS NULL
    OR r.plan IS NOT 'free'
  )
