-- Secret scanning is off
--
-- Secret scanning finds keys and passwords that were committed by mistake and
-- notifies the repository and the issuer of the key. Without it a leaked key
-- is found by whoever looks first, and attackers look all day.
--
-- Public repositories have it without cost. Private and internal ones need a
-- licence, which GitHub sells for the Team and Enterprise plans, so they
-- count unless the plan of the organization is known to be free. A plan that
-- GitHub did not report is not taken to be free.
--
-- severity: high
-- population: live_repositories AS r WHERE (r.visibility = 'public' OR
--   r.visibility IS NULL OR r.plan IS NOT 'free')
-- remediation: Open the repository's Settings > Advanced Security > Secret
--   Protection and press Enable, or attach a security configuration under the
--   organization's Settings > Advanced Security > Configurations. By the API:
--   `gh api --method PATCH repos/OWNER/REPO -f
--   'security_and_analysis[secret_scanning][status]=enabled'`; ask again
--   afterwards, since GitHub answers 200 without any change where a licence is
--   missing.
-- see: https://docs.github.com/en/code-security/secret-scanning/introduction/about-secret-scanning
-- see: https://docs.github.com/en/code-security/secret-scanning/enabling-secret-scanning-features/enabling-secret-scanning-for-your-repository
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.visibility IS NULL AND r.plan = 'free' THEN 'unknown'
    WHEN r.secret_scanning = 'disabled' THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.secret_scanning = 'disabled' THEN 'secret scanning is disabled on this '
      || coalesce(r.visibility || ' repository', 'repository of unknown visibility')
    WHEN r.secret_scanning IS NULL THEN 'GitHub did not say whether secret scanning is on: it shows this setting to administrators of the repository only'
    ELSE 'secret scanning is in a state that this rule does not know: ' || r.secret_scanning
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.secret_scanning AS secret_scanning,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.secret_scanning IS NOT 'enabled'
  AND (
    r.visibility = 'public'
    OR r.visibility IS NULL
    OR r.plan IS NOT 'free'
  )
