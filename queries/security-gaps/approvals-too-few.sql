-- Pull requests are merged with too few approvals
--
-- A pull request that nobody has to approve is a direct push with more steps:
-- its author merges it alone. One approval by another person is the least that
-- makes review more than a habit.
--
-- Branches that need no pull request at all count too: nobody has to approve
-- there either.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- param: count integer 1 -- approvals that a pull request needs at least
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Set Required approvals under Require a pull
--   request before merging, and save. By the API, for a classic rule: `gh api
--   --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F required_approving_review_count=1`; for a ruleset: `gh api --method
--   PUT repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json`.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-pull-request-review-protection

WITH gaps AS (
  SELECT
    b.org AS org,
    b.repository_id AS repository_id,
    max(b.required_approval_count IS NULL) AS has_gap,
    max(b.is_pull_request_required IS NULL) AS has_pull_request_gap
  FROM branch_protection AS b
  GROUP BY
    b.org,
    b.repository_id
)
SELECT
  CASE
    WHEN d.doubt IS NOT NULL THEN 'unknown'
    WHEN d.is_protected IS NULL THEN 'unknown'
    WHEN d.required_approval_count IS NULL THEN 'unknown'
    WHEN g.has_gap = 1 THEN 'unknown'
    WHEN d.is_pull_request_required IS NULL OR g.has_pull_request_gap = 1 THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether enough approvals are required, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.required_approval_count IS NULL OR g.has_gap = 1 THEN 'whether enough approvals are required is unknown: GitHub did not say it of all that protects the branch'
    WHEN d.is_pull_request_required IS NULL OR g.has_pull_request_gap = 1 THEN 'whether enough approvals are required is unknown: GitHub did not say whether a pull request is required'
    WHEN d.is_pull_request_required = 0 THEN printf('no pull request is required, so a change needs no approval, fewer than %d', :count)
    ELSE printf('pull requests need %d %s, fewer than %d', d.required_approval_count, iif(d.required_approval_count = 1, 'approval', 'approvals'), :count) || ', though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.required_approval_count AS required_approval_count,
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
LEFT JOIN gaps AS g
  ON g.org = d.org
  AND g.repository_id = d.repository_id
WHERE (
    d.required_approval_count IS NULL
    OR d.required_approval_count < :count
  )
  AND d.is_protected IS NOT 0
