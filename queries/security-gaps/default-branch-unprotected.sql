-- Default branch without any protection
--
-- A person with write access, or a token of theirs, can change the branch
-- that everything is built from without any control: no review, no check, no
-- ban on force pushes or deletion. Classic branch protection or an active
-- ruleset is enough; a ruleset that only evaluates does not protect.
--
-- Where GitHub shows protection to administrators only, or where the free
-- plan has none for private repositories, the answer is unknown. Empty
-- repositories have no branch yet and are left out.
--
-- severity: high
-- population: live_repositories AS r WHERE r.is_empty IS NOT 1
-- remediation: Open the repository's Settings > Rules > Rulesets > New branch
--   ruleset, target the default branch, set it to Active and require a pull
--   request, or do it once for all repositories under the organization's
--   Settings > Repository > Rulesets. By the API: `gh api --method POST
--   repos/OWNER/REPO/rulesets --input ruleset.json`.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset

SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN p.is_protected IS NULL THEN 'unknown'
    WHEN r.plan = 'free' AND r.visibility IS NOT 'public' THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN p.is_protected IS NULL THEN 'whether ' || coalesce(r.default_branch, 'the default branch')
      || ' is protected is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN r.plan = 'free' AND r.visibility IS NOT 'public' THEN coalesce(r.default_branch, 'the default branch')
      || ' is not protected, and the free plan has no protection for private repositories'
    ELSE coalesce(r.default_branch, 'the default branch')
      || ' has neither classic protection nor an active ruleset'
  END
    || iif(r.is_empty IS NULL, '; GitHub did not say whether the repository is empty', '') || coalesce('; ' || r.doubt, '') AS reason,
  r.default_branch AS default_branch,
  p.is_protected AS is_protected,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
JOIN default_branch_protection AS p
  ON p.org = r.org
  AND p.repository_id = r.repository_id
WHERE p.is_protected IS NOT 1
  AND r.is_empty IS NOT 1
