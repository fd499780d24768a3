-- The last pusher may be the one who approves
--
-- Without this setting somebody can push to the pull request of a colleague
-- and approve the result themselves: two names are on a change that only one
-- person saw in its final form.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0 AND
--   (d.is_pull_request_required IS NOT 0 OR EXISTS (SELECT 1 FROM
--   branch_protection AS b WHERE b.org = d.org AND b.repository_id =
--   d.repository_id AND b.is_pull_request_required IS NULL))
-- remediation: @open-protection Tick Require approval of the most recent
--   reviewable push, and save. By the API, for a classic rule: `gh api
--   --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F require_last_push_approval=true`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   require_last_push_approval true in its pull_request rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-pull-request-review-protection

SELECT
  CASE
    WHEN d.doubt IS NOT NULL THEN 'unknown'
    WHEN d.is_protected IS NULL THEN 'unknown'
    WHEN d.is_last_push_approval_required IS NULL THEN 'unknown'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether somebody else must approve the last push, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_last_push_approval_required IS NULL THEN 'whether somebody else must approve the last push is unknown: GitHub did not say it of all that protects the branch'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'whether somebody else must approve the last push is unknown: GitHub did not say whether a pull request is required'
    ELSE 'the person who pushed last may approve, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_last_push_approval_required AS is_last_push_approval_required,
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
WHERE d.is_last_push_approval_required IS NOT 1
  AND d.is_protected IS NOT 0
  AND d.is_pull_request_required IS NOT 0
