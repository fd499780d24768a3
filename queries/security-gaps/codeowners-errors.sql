-- CODEOWNERS has errors
--
-- GitHub passes over every line of a CODEOWNERS file that it does not
-- understand or whose owner is unknown or may not write. The parts that such a
-- line was meant for have no owner, though everybody who reads the file
-- believes they have.
--
-- Where the review of a code owner is required on the default branch, a broken
-- line takes a lock off a door: the finding is of severity high there.
--
-- severity: medium
-- population: live_repositories AS r WHERE r.is_empty IS NOT 1 AND
--   r.has_codeowners IS NOT 0
-- remediation: Open the CODEOWNERS file on GitHub, where each error is marked
--   in its line with how to fix it; correct the name, or give the team write
--   access under Settings > Collaborators and teams. By the API: `gh api
--   repos/OWNER/REPO/codeowners/errors` lists the errors.
-- see: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
-- see: https://docs.github.com/en/rest/repos/repos#list-codeowners-errors

WITH first_errors AS (
  SELECT
    c.org AS org,
    c.repository_id AS repository_id,
    c.path AS first_path,
    c.line AS first_line,
    c.kind AS first_kind,
    c.source AS first_source,
    row_number() OVER (
      PARTITION BY
        c.org,
        c.repository_id
      ORDER BY
        c.line,
        c."column",
        c.kind,
        c.source
    ) AS position
  FROM codeowners_errors AS c
)
SELECT
  iif(r.doubt IS NULL AND r.codeowners_error_count > 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.has_codeowners IS NULL THEN 'whether CODEOWNERS has errors is unknown: it was not asked for, or GitHub refused it'
    WHEN r.codeowners_error_count IS NULL THEN 'GitHub did not say whether CODEOWNERS has errors'
    ELSE printf('CODEOWNERS has %d %s', r.codeowners_error_count, iif(r.codeowners_error_count = 1, 'error', 'errors'))
      || coalesce(', the first one in ' || e.first_path, '')
      || coalesce(', line ' || e.first_line, '')
      || coalesce(': ' || e.first_kind, '')
  END || CASE
    WHEN p.is_code_owner_review_required = 1 THEN '; the review of a code owner is required on ' || coalesce(r.default_branch, 'the default branch')
    WHEN p.is_code_owner_review_required IS NULL THEN '; whether the review of a code owner is required is unknown'
    ELSE ''
  END || coalesce('; ' || r.doubt, '') AS reason,
  CASE
    WHEN p.is_code_owner_review_required = 1 THEN 'high'
  END AS severity,
  r.codeowners_error_count AS codeowners_error_count,
  e.first_path AS first_path,
  e.first_line AS first_line,
  e.first_kind AS first_kind,
  e.first_source AS first_source,
  p.is_code_owner_review_required AS is_code_owner_review_required,
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
LEFT JOIN first_errors AS e
  ON e.org = r.org
  AND e.repository_id = r.repository_id
  AND e.position = 1
WHERE r.has_codeowners IS NOT 0
  AND (
    r.has_codeowners IS NULL
    OR r.codeowners_error_count IS NULL
    OR r.codeowners_error_count > 0
  )
  AND r.is_empty IS NOT 1
