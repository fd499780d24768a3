-- Organization without a verified domain
--
-- Anybody can make an organization with a name and a logo like this one. A
-- verified domain, which GitHub shows as a badge, shows people that the code
-- is really yours; it also lets you keep notifications within addresses of
-- your own.
--
-- The subject is the organization itself. GitHub shows the badge only where the
-- website and the mail address of the profile belong to verified domains. Where
-- GitHub did not say whether there is one, the answer is unknown.
--
-- severity: low
-- population: orgs AS o
-- remediation: Open the organization's Settings > Verified and approved
--   domains, press Add a domain and put the record that GitHub shows into the
--   DNS of the domain. Then see that the website and the mail address under
--   Settings > General are of that domain. GitHub has no API to verify one.
-- see: https://docs.github.com/en/organizations/managing-organization-settings/verifying-or-approving-a-domain-for-your-organization
-- see: https://docs.github.com/en/rest/orgs/orgs#get-an-organization

SELECT
  iif(o.raw ->> '$.is_verified' = 0, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN o.raw ->> '$.is_verified' = 0 THEN 'the organization has no verified domain that its profile names'
    ELSE 'GitHub did not say whether the organization has a verified domain'
  END AS reason,
  o.raw ->> '$.is_verified' AS is_verified,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE o.raw ->> '$.is_verified' IS NOT 1
