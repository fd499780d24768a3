-- Code owners are named but need not approve
--
-- The repository has a CODEOWNERS file, so somebody decided who answers for
-- which part. As long as their review is not required, the file only sends
-- notifications, and anybody else's approval is enough.
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
--   d.repository_id AND b.is_pull_request_required IS NULL)) AND
--   d.has_codeowners IS NOT 0
-- remediation: @open-protection Tick Require review from Code Owners, and
--   save. By the API, for a classic rule: `gh api --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F require_code_owner_reviews=true`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   require_code_owner_review true in its pull_request rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners

SELECT
  CASE
    WHEN d.doubt IS NOT NULL THEN 'unknown'
    WHEN d.is_protected IS NULL THEN 'unknown'
    WHEN d.is_code_owner_review_required IS NULL THEN 'unknown'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'unknown'
    WHEN d.has_codeowners IS NULL THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether a code owner must approve, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_code_owner_review_required IS NULL THEN 'whether a code owner must approve is unknown: GitHub did not say it of all that protects the branch'
    WHEN d.is_pull_request_required IS NOT 1 THEN 'whether a code owner must approve is unknown: GitHub did not say whether a pull request is required'
    WHEN d.has_codeowners IS NULL THEN 'no code owner has to approve, and GitHub did not say whether there is a CODEOWNERS file'
    ELSE 'CODEOWNERS names owners, but none of them has to approve, though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_code_owner_review_required AS is_code_owner_review_required,
  d.has_codeowners AS has_codeowners,
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
WHERE d.is_code_owner_review_required IS NOT 1
  AND d.is_protected IS NOT 0
  AND d.is_pull_request_required IS NOT 0
  AND d.has_codeowners IS NOT 0
