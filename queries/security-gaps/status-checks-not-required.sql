-- Changes are merged without passing checks
--
-- Tests and scans that nobody has to wait for do not stop anything: a change
-- that breaks the build or brings a known vulnerability is merged while the
-- check that would have said so is still running, or red.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Tick Require status checks to pass, name the
--   checks, and save. By the API, for a classic rule: `gh api --method PUT
--   repos/OWNER/REPO/branches/BRANCH/protection --input protection.json` with
--   required_status_checks in the file; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with a rule of
--   type required_status_checks.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-branch-protection

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.is_status_check_required IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether status checks are required, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_status_check_required IS NULL THEN 'whether status checks are required is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'no status check has to pass before a merge, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_status_check_required AS is_status_check_required,
  d.default_branch AS default_branch,
  d.source_count AS source_count,
  d.sources AS protection,
  d.source_url AS protection_url,
  d.visibility AS visibility,
  d.is_sensitive AS is_sensitive,
  d.is_fork AS is_fork,
  d.is_template AS is_template,
  d.pushed_at AS pushed_at,
  d.html_url AS html_url
FROM live_default_branches AS d
WHERE d.is_status_check_required IS NOT 1
  AND d.is_protected IS NOT 0
