-- Commits on the web need no sign-off
--
-- Some projects want every author to sign off a commit, and so to say that the
-- change may be published under the project's licence. GitHub can add that to
-- every commit that is made in the browser; here it does not. For commits that
-- are pushed, a required check such as DCO has to see to it.
--
-- This is a matter of policy, so the rule is off until the configuration
-- switches it on. Where GitHub did not say whether sign-off is required, the
-- answer is unknown.
--
-- severity: low
-- enabled: no
-- population: live_repositories AS r
-- remediation: Open the repository's Settings > General, tick Require
--   contributors to sign off on web-based commits, or do it once for all under
--   the organization's Settings > Repository > Repository defaults > Commit
--   signoff. By the API: `gh api --method PATCH repos/OWNER/REPO -F
--   web_commit_signoff_required=true`, or `gh api --method PATCH orgs/ORG -F
--   web_commit_signoff_required=true`.
-- see: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/managing-repository-settings/managing-the-commit-signoff-policy-for-your-repository
-- see: https://docs.github.com/en/organizations/managing-organization-settings/managing-the-commit-signoff-policy-for-your-organization
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  iif(r.doubt IS NULL AND r.raw ->> '$.web_commit_signoff_required' = 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.raw ->> '$.web_commit_signoff_required' = 0 THEN 'commits that are made on the web need no sign-off'
    ELSE 'GitHub did not say whether commits that are made on the web need a sign-off'
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.raw ->> '$.web_commit_signoff_required' AS is_sign_off_required,
  r.visibility AS visibility,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.raw ->> '$.web_commit_signoff_required' IS NOT 1
