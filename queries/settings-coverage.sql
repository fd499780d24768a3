-- Coverage of each security setting by visibility
--
-- How many repositories have each setting enabled, paused or disabled, and for
-- how many GitHub did not say. Archived and disabled repositories are left out.
-- A setting that a visibility cannot have, such as private vulnerability
-- reporting of a private repository, is unknown there.

WITH settings AS (
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'secret_scanning' AS setting,
    r.secret_scanning AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'secret_scanning_push_protection' AS setting,
    r.secret_scanning_push_protection AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'secret_scanning_non_provider_patterns' AS setting,
    r.secret_scanning_non_provider_patterns AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'secret_scanning_validity_checks' AS setting,
    r.secret_scanning_validity_checks AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'secret_scanning_ai_detection' AS setting,
    r.secret_scanning_ai_detection AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'dependabot_alerts' AS setting,
    r.dependabot_alerts AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'dependabot_security_updates' AS setting,
    r.dependabot_security_updates AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'private_vulnerability_reporting' AS setting,
    r.private_vulnerability_reporting AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'advanced_security' AS setting,
    r.advanced_security AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'code_security' AS setting,
    r.code_security AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'security_policy' AS setting,
    CASE r.has_security_policy WHEN 1 THEN 'enabled' WHEN 0 THEN 'disabled' END AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'codeowners' AS setting,
    CASE r.has_codeowners WHEN 1 THEN 'enabled' WHEN 0 THEN 'disabled' END AS state
  FROM repositories AS r
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
  UNION ALL
  SELECT
    r.org AS org,
    r.visibility AS visibility,
    'default_branch_protection' AS setting,
    CASE p.is_protected WHEN 1 THEN 'enabled' WHEN 0 THEN 'disabled' END AS state
  FROM repositories AS r
  JOIN default_branch_protection AS p
    ON p.org = r.org
    AND p.repository_id = r.repository_id
  WHERE r.is_archived IS NOT 1
    AND r.is_disabled IS NOT 1
)

SELECT
  s.org AS org,
  s.setting AS setting,
  s.visibility AS visibility,
  count(*) AS repository_count,
  count(*) FILTER (WHERE s.state = 'enabled') AS enabled_count,
  count(*) FILTER (WHERE s.state = 'paused') AS paused_count,
  count(*) FILTER (WHERE s.state = 'disabled') AS disabled_count,
  count(*) FILTER (WHERE s.state IS NULL OR s.state NOT IN ('enabled', 'paused', 'disabled')) AS unknown_count
FROM settings AS s
GROUP BY
  s.org,
  s.setting,
  s.visibility
ORDER BY
  s.org,
  s.setting,
  s.visibility
