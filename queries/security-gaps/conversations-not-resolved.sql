-- Pull requests are merged over open questions
--
-- A reviewer who asks about a risk and is not answered before the merge has
-- reviewed for nothing. Requiring that conversations are resolved makes the
-- answer part of the record.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: low
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0 AND
--   (d.is_pull_request_required IS NOT 0 OR EXISTS (SELECT 1 FROM
--   branch_protection AS b WHERE b.org = d.org AND b.repository_id =
--   d.repository_id AND b.is_pull_request_required IS NULL))
-- remediation: @open-protection Tick Require conversation resolution before
--   merging, and save. By the API, for a classic rule: `gh api --method PUT
--   repos/OWNER/REPO/branches/BRANCH/protection --input protection.json` with
--   required_conversation_resolution true; for a ruleset: `gh api --method
--   PUT repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   required_review_thread_resolution true in its pull_request rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-branch-protection

SELECT
  CASE
    WHEN d.doubt IS NOT NULL THEN 'unknown'
    WHEN d.is_protected IS NULL THEN 'unknown'
    WHEN d.is_conversation_resolution_required IS NULL THEN 'unknown'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether conversations must be resolved, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_conversation_resolution_required IS NULL THEN 'whether conversations must be resolved is unknown: GitHub did not say it of all that protects the branch'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'whether conversations must be resolved is unknown: GitHub did not say whether a pull request is required'
    ELSE 'conversations need not be resolved before a merge, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_conversation_resolution_required AS is_conversation_resolution_required,
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
WHERE d.is_conversation_resolution_required IS NOT 1
  AND d.is_protected IS NOT 0
  AND d.is_pull_request_required IS NOT 0
