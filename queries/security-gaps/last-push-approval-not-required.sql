-- The last pusher may be the one who approves
--
-- Without this setting somebody can push to the pull request of a colleague and
-- approve the result themselves: two names stand under a change that only one
-- person saw in its final form.
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
--   1 AND (p.is_pull_request_required IS NOT 0 OR EXISTS (SELECT 1 FROM
--   branch_protection AS b WHERE b.org = r.org AND b.repository_id =
--   r.repository_id AND b.is_pull_request_required IS NULL))
-- remediation: Open the page that protection_url links to (the repository's
--   Settings > Branches for a classic rule, Settings > Rules > Rulesets of the
--   repository or the organization for a ruleset), tick Require approval of the
--   most recent reviewable push, and save. By the API, for a classic rule: `gh
--   api --method PATCH
--   repos/OWNER/REPO/branches/BRANCH/protection/required_pull_request_reviews
--   -F require_last_push_approval=true`; for a ruleset: `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` with
--   require_last_push_approval true in its pull_request rule.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#update-pull-request-review-protection

SELECT
  CASE
    WHEN r.is_archived IS NULL THEN 'unknown'
    WHEN r.is_disabled IS NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN p.is_protected IS NULL THEN 'unknown'
    WHEN p.is_last_push_approval_required IS NULL THEN 'unknown'
    WHEN p.is_pull_request_required IS NOT 1 THEN 'unknown'
    WHEN o.plan = 'free' AND r.visibility IS NOT 'public' THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  coalesce(r.default_branch, 'the default branch') || ': ' || CASE
    WHEN p.is_protected IS NULL THEN 'whether it is protected, and whether somebody else must approve the last push, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN p.is_last_push_approval_required IS NULL THEN 'whether somebody else must approve the last push is unknown: GitHub did not say it of all that protects the branch'
    WHEN p.is_pull_request_required IS NOT 1 THEN 'whether somebody else must approve the last push is unknown: GitHub did not say whether a pull request is required'
    ELSE 'the person who pushed last may approve'
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
  p.is_last_push_approval_required AS is_last_push_approval_required,
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
WHERE p.is_last_push_approval_required IS NOT 1
  AND p.is_protected IS NOT 0
  AND r.is_archived IS NOT 1
  AND r.is_disabled IS NOT 1
  AND r.is_empty IS NOT 1
  AND p.is_pull_request_required IS NOT 0
