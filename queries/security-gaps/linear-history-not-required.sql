-- History need not be linear
--
-- Merge commits are allowed on the default branch. Its history then runs in
-- parallel lines, in which it is harder to see what was changed when, to find
-- the change that broke something, and to take it back; a merge commit can
-- also bring changes of its own that no review showed.
--
-- Many teams merge with merge commits on purpose: then switch this rule off.
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: low
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Tick Require linear history, and save; the
--   repository must allow squash or rebase merging. By the API, for a classic
--   rule: `gh api --method PUT repos/OWNER/REPO/branches/BRANCH/protection
--   --input protection.json` with required_linear_history true; for a
--   ruleset: `gh api --method PUT repos/OWNER/REPO/rulesets/RULESET_ID
--   --input ruleset.json` with a rule of type required_linear_history.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-branch-protection

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.is_linear_history_required IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether a linear history is required, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_linear_history_required IS NULL THEN 'whether a linear history is required is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'merge commits are allowed, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_linear_history_required AS is_linear_history_required,
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
WHERE d.is_linear_history_required IS NOT 1
  AND d.is_protected IS NOT 0
