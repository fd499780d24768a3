-- Pull requests are merged with too few approvals
--
-- A pull request that nobody has to approve is a direct push with more steps:
-- its author merges it alone. One approval by another person is the least that
-- makes review more than a habit.
--
-- Branches that need no pull request at all count too: nobody has to approve
-- there either.
--
-- Repositories whose default branch has no protection at all are left to
-- default-branch-unprotected. Where GitHub did not say whether there is
-- protection, or shows it to administrators only, or where the free plan has
-- none for private repositories, the answer is unknown.
--
-- severity: medium
-- param: count integer 1 -- approvals that a pull request needs at least
-- population: repositories AS r JOIN default_branch_protection AS p ON p.org =
--   r.org AND p.repository_id = r.repository_id WHERE p.is_protected IS NOT 0
--   AND r.is_archived IS NOT 1 AND r.is_disabled IS NOT 1 AND r.is_empty IS NOT
--   1
-- remediation: Open the page that protection_url links to (the repository's
--   Settings > Branches for a classic rule, Settings > Rules > Rulesets of the
--   repository or the organization for a ruleset), set Required approvals under
--   Require a pull request before merging, and save. By the API, for a classic
--   rule: `gh api --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F required_approving_review_count=1`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json`.
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
    WHEN r.is_archived IS NULL THEN 'unknown'
    WHEN r.is_disabled IS NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN p.is_protected IS NULL THEN 'unknown'
    WHEN p.required_approval_count IS NULL THEN 'unknown'
    WHEN g.has_gap = 1 THEN 'unknown'
    WHEN p.is_pull_request_required IS NULL OR g.has_pull_request_gap = 1 THEN 'unknown'
    WHEN o.plan = 'free' AND r.visibility IS NOT 'public' THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  coalesce(r.default_branch, 'the default branch') || ': ' || CASE
    WHEN p.is_protected IS NULL THEN 'whether it is protected, and whether enough approvals are required, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN p.required_approval_count IS NULL OR g.has_gap = 1 THEN 'whether enough approvals are required is unknown: GitHub did not say it of all that protects the branch'
    WHEN p.is_pull_request_required IS NULL OR g.has_pull_request_gap = 1 THEN 'whether enough approvals are required is unknown: GitHub did not say whether a pull request is required'
    WHEN p.is_pull_request_required = 0 THEN printf('no pull request is required, so a change needs no approval, fewer than %d', :count)
    ELSE printf('pull requests need %d %s, fewer than %d', p.required_approval_count, iif(p.required_approval_count = 1, 'approval', 'approvals'), :count)
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
  p.required_approval_count AS required_approval_count,
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
LEFT JOIN gaps AS g
  ON g.org = r.org
  AND g.repository_id = r.repository_id
LEFT JOIN orgs AS o
  ON o.org = r.org
WHERE (
    p.required_approval_count IS NULL
    OR p.required_approval_count < :count
  )
  AND p.is_protected IS NOT 0
  AND r.is_archived IS NOT 1
  AND r.is_disabled IS NOT 1
  AND r.is_empty IS NOT 1
