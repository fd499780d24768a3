-- Dependabot does not fix what it finds
--
-- Dependabot alerts are on here, so vulnerable dependencies are reported, but
-- Dependabot opens no pull request that would fix them. Known vulnerabilities
-- then stay open until somebody has the time, and most are attacked within
-- days of becoming known.
--
-- GitHub pauses Dependabot by itself where nobody has touched its pull requests
-- for a long time. That it did is known only where automated_security_fixes is
-- in collect.optional of the configuration. Repositories without alerts are
-- reported by dependabot-alerts-disabled and not again here; where it is not
-- known whether alerts are on, the answer is unknown.
--
-- severity: medium
-- population: live_repositories AS r WHERE r.dependabot_alerts IS NOT
--   'disabled'
-- remediation: Open the repository's Settings > Advanced Security >
--   Dependabot security updates and press Enable; a paused one resumes when
--   somebody merges or closes one of its pull requests. By the API: `gh api
--   --method PUT repos/OWNER/REPO/automated-security-fixes`.
-- see: https://docs.github.com/en/code-security/dependabot/dependabot-security-updates/about-dependabot-security-updates
-- see: https://docs.github.com/en/code-security/dependabot/dependabot-security-updates/configuring-dependabot-security-updates
-- see: https://docs.github.com/en/rest/repos/repos#enable-dependabot-security-updates

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.dependabot_alerts IS NOT 'enabled' THEN 'unknown'
    WHEN r.dependabot_security_updates IN ('disabled', 'paused') THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.dependabot_security_updates IS NULL THEN 'GitHub did not say whether Dependabot security updates are on: it shows this setting to administrators of the repository only'
    ELSE 'Dependabot security updates are ' || r.dependabot_security_updates
  END || CASE
    WHEN r.dependabot_alerts IS NULL THEN '; GitHub did not say whether Dependabot alerts are on'
    WHEN r.dependabot_security_updates IS NULL THEN ''
    WHEN r.open_dependabot_alert_count IS NULL THEN ' while alerts are on'
    ELSE printf(' while alerts are on, with %d open %s', r.open_dependabot_alert_count, iif(r.open_dependabot_alert_count = 1, 'alert', 'alerts'))
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.dependabot_security_updates AS dependabot_security_updates,
  r.dependabot_alerts AS dependabot_alerts,
  r.open_dependabot_alert_count AS open_dependabot_alert_count,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.dependabot_security_updates IS NOT 'enabled'
  AND r.dependabot_alerts IS NOT 'disabled'
