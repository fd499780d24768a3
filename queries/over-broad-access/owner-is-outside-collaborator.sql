-- Token of an outside collaborator
--
-- The owner of the token is no member of the organization, but was invited to
-- single repositories. Nobody removes such people when a project ends,
-- two-factor and single sign-on rules may not apply to them, and their token
-- stays.
--
-- Where the lists of members and outside collaborators could not be read, the
-- owner's role is unknown, and so is the finding.
--
-- severity: medium
-- population: live_tokens
-- remediation: Ask whoever invited the person whether the work continues;
--   open the organization's People > Outside collaborators to see the
--   repositories, and remove the person or invite the person as a member. By
--   the API: `GH_TOKEN=$INSTALLATION_TOKEN gh api --method DELETE
--   orgs/ORG/outside_collaborators/LOGIN`. @revoke-token
-- see: https://docs.github.com/en/rest/orgs/outside-collaborators
-- see: https://docs.github.com/en/organizations/managing-peoples-access-to-your-organization-with-roles/roles-in-an-organization
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization

SELECT
  iif(t.doubt IS NULL AND t.owner_role IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.owner_id IS NULL THEN 'whether its owner is an outside collaborator of ' || t.org
      || ' is unknown: GitHub did not say who that is'
    WHEN t.owner_role IS NULL THEN 'whether ' || coalesce(t.owner_login, 'its owner') || ' is an outside collaborator of ' || t.org
      || ' is unknown: the lists of members and outside collaborators are not complete'
    ELSE coalesce(t.owner_login, 'its owner') || ' is an outside collaborator of ' || t.org
  END || '; the token was ' || t.use_text || coalesce('; ' || t.doubt, '') AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM live_tokens AS t
WHERE (
    t.owner_role = 'outside'
    OR t.owner_role IS NULL
  )
