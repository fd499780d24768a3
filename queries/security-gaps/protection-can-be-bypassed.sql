-- The branch protection has a list of those who may bypass it
--
-- Everybody on a bypass list, person, team or App, works as if the protection
-- were not there, and so does whoever takes over one of their accounts. Such
-- lists are made for an emergency and outlive it.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Take from the Bypass list (or Allow specified
--   actors to bypass required pull requests) whoever does not need it today,
--   and save. By the API: `gh api repos/OWNER/REPO/rulesets/RULESET_ID --jq
--   .bypass_actors` shows the list of a ruleset, `gh api --method PUT
--   repos/OWNER/REPO/rulesets/RULESET_ID --input ruleset.json` replaces it.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/repos/rules#update-a-repository-ruleset

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.bypass_actor_count IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether somebody may bypass it, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.bypass_actor_count IS NULL THEN 'whether somebody may bypass it is unknown: GitHub did not say it of all that protects the branch'
    ELSE printf('%d %s may bypass even the strictest protection', d.bypass_actor_count, iif(d.bypass_actor_count = 1, 'person, team or App', 'people, teams or Apps')) || ', though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.bypass_actor_count AS bypass_actor_count,
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
WHERE (
    d.bypass_actor_count IS NULL
    OR d.bypass_actor_count > 0
  )
  AND d.is_protected IS NOT 0
