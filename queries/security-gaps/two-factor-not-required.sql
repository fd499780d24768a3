-- Members need no second factor
--
-- Without a second factor a guessed, reused or stolen password is all it takes
-- to act as a member or an owner, with everything that they may read, change
-- and delete.
--
-- The subject is the organization itself. GitHub shows this setting to owners
-- and to Apps that may read the administration of the organization; where it
-- did not, the answer is unknown.
--
-- severity: critical
-- population: orgs AS o
-- remediation: Open the organization's Settings > Authentication security, tick
--   Require two-factor authentication for everyone and save; see first who has
--   none by `gh api --paginate 'orgs/ORG/members?filter=2fa_disabled' --jq
--   '.[].login'`, since they lose access. GitHub has no API to change the
--   setting.
-- see: https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-two-factor-authentication-for-your-organization/requiring-two-factor-authentication-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/members#list-organization-members

SELECT
  iif(o.is_two_factor_required = 0, 'fail', 'unknown') AS status,
  'org/' || o.org AS subject,
  o.org AS org,
  CASE
    WHEN o.is_two_factor_required = 0 THEN 'the organization does not require two-factor authentication of its members and outside collaborators'
    ELSE 'GitHub did not say whether two-factor authentication is required: it shows this setting to owners, and to Apps that may read the administration of the organization'
  END AS reason,
  o.is_two_factor_required AS is_two_factor_required,
  o.plan AS plan,
  o.html_url AS html_url
FROM orgs AS o
WHERE o.is_two_factor_required IS NOT 1
