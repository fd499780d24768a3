-- Token of a person who has left
--
-- The owner of the token is neither a member nor an outside collaborator of
-- the organization, yet the token is still listed with its access. A person
-- who left should not keep a key; at best the grant is a remnant, at worst it
-- is used by whoever has the token now.
--
-- The answer needs both lists, of members and of outside collaborators, to the
-- end. Where one is missing, the owner's role is unknown, and so is the
-- finding.
--
-- severity: critical
-- population: tokens
-- remediation: @revoke-token If the owner should still belong to the
--   organization, invite the person again under the organization's People
--   page.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/rest/orgs/members
-- see: https://docs.github.com/en/rest/orgs/outside-collaborators

SELECT
  iif(t.owner_role IS NOT NULL, 'fail', 'unknown') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.owner_id IS NULL THEN 'whether its owner still belongs to ' || t.org
      || ' is unknown: GitHub did not say who that is'
    WHEN t.owner_role IS NULL THEN 'whether ' || coalesce(t.owner_login, 'its owner')
      || ' still belongs to ' || t.org
      || ' is unknown: the lists of members and outside collaborators are not complete'
    ELSE coalesce(t.owner_login, 'its owner')
      || ' is neither a member nor an outside collaborator of ' || t.org
  END || CASE
    WHEN t.last_used_at IS NULL THEN '; the token was never used'
    ELSE '; the token was last used '
      || ((unixepoch(:now) - unixepoch(t.last_used_at)) / 86400)
      || iif(((unixepoch(:now) - unixepoch(t.last_used_at)) / 86400) = 1, ' day', ' days') || ' ago, on ' || substr(t.last_used_at, 1, 10)
  END AS reason,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.is_expired AS is_expired,
  t.last_used_at AS last_used_at,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.html_url AS html_url
FROM tokens AS t
WHERE t.owner_role IS NULL
  OR t.owner_role = 'gone'
