-- Branches are merged without the latest changes
--
-- A change that was tested against last week's code may break this week's,
-- and the fix of a vulnerability may be undone by a merge that never included
-- it. Where branches must be up to date, what was tested is what is merged.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: low
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Tick Require branches to be up to date before
--   merging under Require status checks to pass, and save. By the API, for a
--   classic rule: `gh api --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_status_checks -F
--   strict=true`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   strict_required_status_checks_policy true in its required_status_checks
--   rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-status-check-protection

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.is_up_to_date_required IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether branches must be up to date, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_up_to_date_required IS NULL THEN 'whether branches must be up to date is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'branches need not be up to date before a merge, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_up_to_date_required AS is_up_to_date_required,
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
WHERE d.is_up_to_date_required IS NOT 1
  AND d.is_protected IS NOT 0
