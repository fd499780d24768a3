-- Approvals outlive the changes they were given for
--
-- Where new commits do not cancel approvals, somebody can have a harmless
-- change approved, push something else on top of it, and merge it: the approval
-- on record is for code that nobody saw.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Tick Dismiss stale pull request approvals
--   when new commits are pushed, and save. By the API, for a classic rule:
--   `gh api --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F dismiss_stale_reviews=true`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   dismiss_stale_reviews_on_push true in its pull_request rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-pull-request-review-protection

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.is_stale_review_dismissed IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether new commits cancel approvals, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_stale_review_dismissed IS NULL THEN 'whether new commits cancel approvals is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'approvals stay when new commits are pushed, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_stale_review_dismissed AS is_stale_review_dismissed,
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
WHERE d.is_stale_review_dismissed IS NOT 1
  AND d.is_protected IS NOT 0
