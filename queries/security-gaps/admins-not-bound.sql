-- Administrators are not bound by the branch protection
--
-- A rule that administrators may ignore protects from everybody but the
-- accounts that are worth stealing most. A classic rule binds administrators
-- when it says so; a ruleset does when nobody may bypass it.
--
-- Repositories whose default branch has no protection at all are reported by
-- default-branch-unprotected. The answer is unknown where GitHub did not say
-- whether there is protection or shows it to administrators only, and where
-- the free plan has none for private repositories.
--
-- severity: medium
-- population: live_default_branches AS d WHERE d.is_protected IS NOT 0
-- remediation: @open-protection Tick Do not allow bypassing the above
--   settings of the classic rule or empty the Bypass list of the ruleset, and
--   save. By the API, for a classic rule: `gh api --method POST
--   repos/OWNER/REPO/branches/BRANCH/protection/enforce_admins`; for a
--   ruleset: `gh api --method PUT repos/OWNER/REPO/rulesets/RULESET_ID
--   --input ruleset.json` with bypass_actors empty.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
-- see: https://docs.github.com/en/rest/branches/branch-protection#set-admin-branch-protection

SELECT
  iif(d.doubt IS NULL AND d.is_protected IS NOT NULL AND d.is_admin_bound IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || d.repository_id AS subject,
  d.org AS org,
  d.branch_text || ': ' || CASE
    WHEN d.is_protected IS NULL THEN 'whether it is protected, and whether administrators are bound, is unknown: GitHub did not answer, or shows it to administrators only'
    WHEN d.is_admin_bound IS NULL THEN 'whether administrators are bound is unknown: GitHub did not say it of all that protects the branch'
    ELSE 'administrators may go past the protection' || CASE
        WHEN d.bypass_actor_count > 0 THEN printf(' (bypass actors: %d)', d.bypass_actor_count)
        ELSE ''
      END || ', though ' || d.protection_text
  END || coalesce('; ' || d.doubt, '') AS reason,
  d.is_admin_bound AS is_admin_bound,
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
WHERE d.is_admin_bound IS NOT 1
  AND d.is_protected IS NOT 0
