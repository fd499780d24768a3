-- Found secrets are not tried for whether they still work
--
-- A validity check asks the issuer of a leaked key whether the key still works.
-- Without it an open door and a key that was replaced years ago look alike in
-- the list of alerts, and the urgent ones wait among the rest.
--
-- Only private and internal repositories count whose secret scanning is not
-- off: they have the licence that this needs. Where secret scanning is off,
-- secret-scanning-disabled says so.
--
-- severity: low
-- population: live_repositories AS r WHERE r.visibility IS NOT 'public' AND
--   r.secret_scanning IS NOT 'disabled' AND r.plan IS NOT 'free'
-- remediation: Open the repository's Settings > Advanced Security > Secret
--   Protection and enable Validity checks, or attach a security configuration
--   that enables them under the organization's Settings > Advanced Security >
--   Configurations. By the API: `gh api orgs/ORG/code-security/configurations`
--   lists the configurations, `gh api --method POST
--   orgs/ORG/code-security/configurations/CONFIGURATION_ID/attach -f
--   scope=selected -F 'selected_repository_ids[]=REPOSITORY_ID'` attaches one;
--   GitHub documents no way to set it on the repository alone.
-- see: https://docs.github.com/en/code-security/how-tos/secure-your-secrets/customize-leak-detection/enabling-validity-checks-for-your-repository
-- see: https://docs.github.com/en/code-security/secret-scanning/introduction/about-secret-scanning
-- see: https://docs.github.com/en/rest/code-security/configurations

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.visibility IS NULL THEN 'unknown'
    WHEN r.secret_scanning IS NOT 'enabled' THEN 'unknown'
    WHEN r.secret_scanning_validity_checks = 'disabled' THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.secret_scanning_validity_checks = 'disabled' THEN 'validity checks are disabled on this ' || coalesce(r.visibility || ' repository', 'repository of unknown visibility')
    WHEN r.secret_scanning_validity_checks IS NULL THEN 'GitHub did not say whether validity checks are enabled: it shows this setting to administrators of the repository only'
    ELSE 'validity checks are in a state that this rule does not know: ' || r.secret_scanning_validity_checks
  END || CASE
    WHEN r.secret_scanning IS NULL THEN '; GitHub did not say whether secret scanning is on'
    WHEN r.secret_scanning = 'enabled' THEN ''
    ELSE '; secret scanning itself is ' || r.secret_scanning
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.secret_scanning_validity_checks AS secret_scanning_validity_checks,
  r.secret_scanning AS secret_scanning,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.secret_scanning_validity_checks IS NOT 'enabled'
  AND r.secret_scanning IS NOT 'disabled'
  AND r.visibility IS NOT 'public'
  AND r.plan IS NOT 'free'
