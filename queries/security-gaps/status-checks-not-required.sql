-- Changes are merged without passing checks
--
-- Tests and scans that nobody has to wait for do not stop anything: a change
-- that breaks the build or brings a known hole is merged while the check that
-- would have said so is still running, or red.
--
-- Repositories whose default branch has no protection at all are left to
-- default-branch-unprotected. Where GitHub did not say whether there is
-- protection, or shows it to administrators only, or where the free plan has
-- none for private repositories, the answer is unknown.
--
-- severity: medium
-- population: repositories AS r JOIN default_branch_protection AS p ON p.org =
--   r.org AND p.repository_id = r.repository_id WHERE p.is_protected IS NOT 0
--   AND r.is_archived IS NOT 1 AND r.is_disabled IS NOT 1 AND r.is_empty IS NOT
--   1
-- remediation: Open the page that protection_url links to (the repository's
--   Settings > Branches for a classic rule, Settings > Rules > Rulesets of the
--   repository or the organization for a ruleset), tick Require status checks
--   to pass, name the checks, and save. By the API, for a classic rule: `gh api
--   --method PUT repos/OWNER/REPO/branches/BRANCH/protection --input
--   protection.json` with required_status_checks in the file; for a ruleset:
--   `gh api --method PUT repos/OWNER/REPO/rulesets/RULESET_ID --input
--   ruleset.json` with a rule of type required_status_checks.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-branch-protection

SELECT
  CASE
    WHEN r.is_archived IS NULL THEN 'unknown'
    WHEN r.is_disabled IS NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN p.is_protected IS NULL THEN 'unknown'
    WHEN p.is_status_check_required IS NULL THEN 'unknown'
    WHEN o.plan = 'free' AND r.visibility IS NOT 'public' THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  coalesce(r.default_branch, 'the default branch') || ': ' || CASE
    WHEN p.is_protected IS NULL THEN 'whether it is protected, and whether status checks are required, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN p.is_status_check_required IS NULL THEN 'whether status checks are required is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'no status check has to pass before a merge'
      || CASE p.source_count
        WHEN 1 THEN ', though 1 source protects it ('
        ELSE ', though ' || p.source_count || ' sources protect it ('
      END || coalesce(p.sources, 'not named') || ')'
  END || CASE
    WHEN o.plan = 'free' AND r.visibility IS NOT 'public' THEN '; the free plan does not enforce protection of private repositories'
    ELSE ''
  END || CASE
    WHEN r.is_empty IS NULL THEN '; GitHub did not say whether the repository is empty'
    ELSE ''
  END || CASE
    WHEN r.is_archived IS NULL OR r.is_disabled IS NULL THEN
      '; GitHub did not say whether the repository is archived or disabled'
    ELSE ''
  END AS reason,
  p.is_status_check_required AS is_status_check_required,
  r.default_branch AS default_branch,
  p.source_count AS source_count,
  p.sources AS protection,
  p.source_url AS protection_url,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM repositories AS r
JOIN default_branch_protection AS p
  ON p.org = r.org
  AND p.repository_id = r.repository_id
LEFT JOIN orgs AS o
  ON o.org = r.org
WHERE p.is_status_check_required IS NOT 1
  AND p.is_protected IS NOT 0
  AND r.is_archived IS NOT 1
  AND r.is_disabled IS NOT 1
  AND r.is_empty IS NOT 1
