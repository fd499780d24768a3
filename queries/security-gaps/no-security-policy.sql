-- Public repository without a security policy
--
-- A security policy says where to report a vulnerability in private and what
-- answer to expect. Without one the finder asks in public, or gives up.
--
-- A SECURITY.md of the repository counts, and so does the organization's in
-- its public repository .github. Private and internal repositories are left
-- out.
--
-- severity: medium
-- population: live_repositories AS r WHERE (r.visibility = 'public' OR
--   r.visibility IS NULL)
-- remediation: Open the repository's Security tab > Policy > Start setup and
--   commit the file, or write one SECURITY.md for all repositories into the
--   organization's public repository .github. By the API: `gh api --method PUT
--   repos/OWNER/.github/contents/SECURITY.md -f message='Add a security policy'
--   -f content="$(base64 < SECURITY.md)"`.
-- see: https://docs.github.com/en/code-security/getting-started/adding-a-security-policy-to-your-repository
-- see: https://docs.github.com/en/communities/setting-up-your-project-for-healthy-contributions/creating-a-default-community-health-file
-- see: https://docs.github.com/en/rest/repos/contents#create-or-update-file-contents

SELECT
  iif(r.doubt IS NULL AND r.visibility IS NOT NULL AND r.has_security_policy = 0, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.has_security_policy = 0 THEN coalesce('this ' || r.visibility || ' repository', 'this repository of unknown visibility')
      || ' has no SECURITY.md, and the organization has none for it'
    ELSE 'GitHub did not say whether this ' || coalesce(r.visibility || ' repository', 'repository of unknown visibility') || ' has a security policy'
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.has_security_policy AS has_security_policy,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
WHERE r.has_security_policy IS NOT 1
  AND (
    r.visibility = 'public'
    OR r.visibility IS NULL
  )
