-- Private repository may be forked
--
-- A fork of a private repository is a second copy with administrators,
-- collaborators, keys and settings of its own. What was protected with care in
-- the first one is as safe as the least careful fork, and the copy stays when
-- somebody leaves the team.
--
-- Only private and internal repositories count; forks of public ones give
-- nothing away.
--
-- severity: low
-- population: live_repositories AS r WHERE r.visibility IS NOT 'public'
-- remediation: Open the repository's Settings > General > Features and clear
--   Allow forking, or forbid it for all private repositories under the
--   organization's Settings > Member privileges > Repository forking. By the
--   API: `gh api --method PATCH repos/OWNER/REPO -F allow_forking=false`.
-- see: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/managing-repository-settings/managing-the-forking-policy-for-your-repository
-- see: https://docs.github.com/en/organizations/managing-organization-settings/managing-the-forking-policy-for-your-organization
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  iif(r.doubt IS NULL AND r.visibility IS NOT NULL AND r.allow_forking = 1, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.allow_forking = 1 THEN 'this ' || coalesce(r.visibility || ' repository', 'repository of unknown visibility') || ' may be forked'
      || CASE
        WHEN r.fork_count IS NULL THEN ''
        ELSE printf(', and has %d %s', r.fork_count, iif(r.fork_count = 1, 'fork', 'forks'))
      END
    ELSE 'GitHub did not say whether this ' || coalesce(r.visibility || ' repository', 'repository of unknown visibility') || ' may be forked'
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.allow_forking AS is_forking_allowed,
  r.fork_count AS fork_count,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM (
  SELECT
    b.*,
    b.raw ->> '$.allow_forking' AS allow_forking,
    b.raw ->> '$.forks_count' AS fork_count
  FROM live_repositories AS b
) AS r
WHERE r.allow_forking IS NOT 0
  AND r.visibility IS NOT 'public'
