-- Nobody is named as owner of the code
--
-- A CODEOWNERS file says who answers for which part of a repository; GitHub
-- asks them to review whatever touches it. Without the file nobody is asked,
-- and a change to a workflow or to the code that checks passwords is reviewed
-- by whoever happens to look.
--
-- Empty repositories are left out.
--
-- severity: low
-- population: live_repositories AS r WHERE r.is_empty IS NOT 1
-- remediation: Write a file .github/CODEOWNERS on the default branch, in the
--   repository's page by Add file > Create new file, with one line for each
--   part and its team, for instance `/.github/ @acme/platform`; then require
--   review from code owners. By the API: `gh api --method PUT
--   repos/OWNER/REPO/contents/.github/CODEOWNERS -f message='Name code owners'
--   -f content="$(base64 < CODEOWNERS)"`.
-- see: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
-- see: https://docs.github.com/en/rest/repos/contents#create-or-update-file-contents

SELECT
  iif(r.doubt IS NULL AND r.is_empty IS NOT NULL AND r.has_codeowners = 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.has_codeowners = 0 THEN 'there is no CODEOWNERS file on ' || coalesce(r.default_branch, 'the default branch')
    ELSE 'whether there is a CODEOWNERS file on ' || coalesce(r.default_branch, 'the default branch') || ' is unknown: it was not asked for, or GitHub refused it'
  END
    || iif(r.is_empty IS NULL, '; GitHub did not say whether the repository is empty', '') || coalesce('; ' || r.doubt, '') AS reason,
  r.has_codeowners AS has_codeowners,
  r.default_branch AS default_branch,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.has_codeowners IS NOT 1
  AND r.is_empty IS NOT 1
