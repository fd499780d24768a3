-- Secrets without a known issuer are not looked for
--
-- Private keys, connection strings and passwords in URLs belong to no
-- provider that GitHub knows, so secret scanning leaves them out unless it is
-- told to look for generic patterns too. They open databases and servers as
-- well as any key of a provider.
--
-- Only private and internal repositories count whose secret scanning is not
-- off: they have the licence that this needs. Where secret scanning is off,
-- secret-scanning-disabled says so.
--
-- severity: low
-- population: live_repositories AS r WHERE r.visibility IS NOT 'public' AND
--   r.secret_scanning IS NOT 'disabled' AND r.plan IS NOT 'free'
-- remediation: Open the repository's Settings > Advanced Security > Secret
--   Protection and enable Non-provider patterns, or attach a security
--   configuration under the organization's Settings > Advanced Security >
--   Configurations. By the API: `gh api --method PATCH repos/OWNER/REPO -f
--   'security_and_analysis[secret_scanning_non_provider_patterns][status]=enabled'`.
-- see: https://docs.github.com/en/code-security/secret-scanning/using-advanced-secret-scanning-and-push-protection-features/non-provider-patterns/enabling-secret-scanning-for-non-provider-patterns
-- see: https://docs.github.com/en/code-security/secret-scanning/introduction/about-secret-scanning
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.visibility IS NULL THEN 'unknown'
    WHEN r.secret_scanning IS NOT 'enabled' THEN 'unknown'
    WHEN r.secret_scanning_non_provider_patterns = 'disabled' THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.secret_scanning_non_provider_patterns = 'disabled' THEN 'scanning for non-provider patterns is disabled on this ' || coalesce(r.visibility || ' repository', 'repository of unknown visibility')
    WHEN r.secret_scanning_non_provider_patterns IS NULL THEN 'GitHub did not say whether scanning for non-provider patterns is enabled: it shows this setting to administrators of the repository only'
    ELSE 'scanning for non-provider patterns is in a state that this rule does not know: ' || r.secret_scanning_non_provider_patterns
  END || CASE
    WHEN r.secret_scanning IS NULL THEN '; GitHub did not say whether secret scanning is on'
    WHEN r.secret_scanning = 'enabled' THEN ''
    ELSE '; secret scanning itself is ' || r.secret_scanning
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.secret_scanning_non_provider_patterns AS secret_scanning_non_provider_patterns,
  r.secret_scanning AS secret_scanning,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.secret_scanning_non_provider_patterns IS NOT 'enabled'
  AND r.secret_scanning IS NOT 'disabled'
  AND r.visibility IS NOT 'public'
  AND r.plan IS NOT 'free'
