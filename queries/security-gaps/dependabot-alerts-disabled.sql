-- Dependabot alerts are off
--
-- Dependabot alerts tell when a dependency has a known vulnerability. They
-- cost nothing on any plan. Without them a repository learns of a
-- vulnerability in its dependencies from the news, or from the intruder.
--
-- severity: high
-- population: live_repositories AS r
-- remediation: Open the repository's Settings > Advanced Security > Dependabot
--   alerts and press Enable, or attach a security configuration under the
--   organization's Settings > Advanced Security > Configurations. By the API:
--   `gh api --method PUT repos/OWNER/REPO/vulnerability-alerts`.
-- see: https://docs.github.com/en/code-security/dependabot/dependabot-alerts/about-dependabot-alerts
-- see: https://docs.github.com/en/code-security/dependabot/dependabot-alerts/configuring-dependabot-alerts
-- see: https://docs.github.com/en/rest/repos/repos#enable-vulnerability-alerts

SELECT
  iif(r.doubt IS NULL AND r.dependabot_alerts = 'disabled', 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.dependabot_alerts = 'disabled' THEN 'Dependabot alerts are disabled on this '
      || coalesce(r.visibility || ' repository', 'repository of unknown visibility')
    WHEN r.dependabot_alerts IS NULL THEN 'GitHub did not say whether Dependabot alerts are on: the answer needs the right to see the repository as an administrator'
    ELSE 'Dependabot alerts are in a state that this rule does not know: ' || r.dependabot_alerts
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.dependabot_alerts AS dependabot_alerts,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.dependabot_alerts IS NOT 'enabled'
