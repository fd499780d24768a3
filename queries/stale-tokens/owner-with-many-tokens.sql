-- Token of a person who has many
--
-- The owner of the token has so many that nobody can say what each is for, the
-- owner included. The ones that are forgotten stay valid.
--
-- Each token of such an owner is listed, so that the owner can be asked about
-- all of them; those longest without use are the first to go.
--
-- severity: low
-- param: count integer 10 -- valid tokens that one person may have before
--   each of them counts
-- population: live_tokens
-- remediation: Ask the owner to go through the list and to revoke what is not
--   needed. @revoke-token @list-tokens-of-owner Many jobs under one name
--   belong to a GitHub App.
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

WITH owned AS (
  SELECT
    t.org AS org,
    t.owner_id AS owner_id,
    count(*) AS possible_count,
    sum(t.is_expired = 0) AS token_count
  FROM live_tokens AS t
  WHERE t.owner_id IS NOT NULL
  GROUP BY
    t.org,
    t.owner_id
), ownerless AS (
  SELECT
    t.org AS org,
    count(*) AS token_count
  FROM live_tokens AS t
  WHERE t.owner_id IS NULL
  GROUP BY
    t.org
), counted AS (
  SELECT
    o.org AS org,
    o.owner_id AS owner_id,
    coalesce(o.token_count, 0) AS token_count,
    o.possible_count AS possible_count,
    coalesce(n.token_count, 0) AS ownerless_count
  FROM owned AS o
  LEFT JOIN ownerless AS n
    ON n.org = o.org
)
SELECT
  iif(t.doubt IS NOT NULL OR t.owner_id IS NULL OR c.token_count <= :count, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN t.owner_id IS NULL THEN 'how many tokens its owner has is unknown: GitHub did not say who that is'
    WHEN c.token_count > :count THEN coalesce(t.owner_login, 'its owner') || ' has ' || c.token_count
      || ' valid tokens, more than ' || :count
    ELSE coalesce(t.owner_login, 'its owner') || ' has ' || c.token_count || ' valid tokens, and perhaps '
      || (c.possible_count + c.ownerless_count - c.token_count)
      || ' more, of which GitHub did not say whose they are or whether they have expired; together more than ' || :count
  END || '; this one was ' || t.use_text || coalesce('; ' || t.doubt, '') AS reason,
  c.token_count AS token_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.unused_days AS unused_days,
  t.last_used_at AS last_used_at,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.html_url AS html_url
FROM live_tokens AS t
LEFT JOIN counted AS c
  ON c.org = t.org
  AND c.owner_id = t.owner_id
WHERE (
    t.owner_id IS NULL
    OR c.possible_count + c.ownerless_count > :count
  )
