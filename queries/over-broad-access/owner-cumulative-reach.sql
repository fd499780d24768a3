-- Owner whose tokens together can write to most repositories
--
-- Each token of this person reaches a part of the organization, as it should
-- be. Together they can write to most of it: whoever takes over the machine
-- or the account that keeps them has it all, though no single token looks
-- broad.
--
-- There is one finding an owner, at the token with write that reaches the most
-- repositories. Owners of whom a single token is enough are left to
-- all-repositories-write, too-many-repositories and
-- large-share-of-repositories. Repositories that two tokens reach count once.
-- Where a list of repositories was not read to the end, or GitHub did not say
-- whose a token is or whether it has expired, and that could change the
-- answer, it is unknown.
--
-- severity: medium
-- param: percent integer 50 -- share of the organization's repositories that
--   the tokens of one owner may write to together
-- population: live_tokens WHERE assumed_selection = 'subset'
-- remediation: Go through the tokens of the owner, which are listed by
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method GET
--   orgs/ORG/personal-access-tokens -f 'owner[]=LOGIN'`, and revoke those
--   that no job needs; move automation to GitHub Apps, one a job.
--   @revoke-token
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

WITH organizations AS MATERIALIZED (
  SELECT
    r.org AS org,
    count(*) AS repository_count,
    NOT EXISTS (
      SELECT 1
      FROM coverage AS c
      WHERE c.org = r.org
        AND c.resource = 'repositories'
        AND c.status = 'complete'
    ) AS is_list_unread
  FROM repositories AS r
  GROUP BY
    r.org
), writing AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.owner_id AS owner_id,
    t.owner_login AS owner_login,
    t.assumed_selection AS repository_selection,
    t.repository_count AS repository_count,
    (t.is_expired = 0 AND p.is_certain) IS TRUE AS is_certain
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      max(a.level IN ('write', 'admin')) AS is_certain
    FROM token_permissions AS a
    WHERE a.scope = 'repository'
      AND a.level <> 'read'
    GROUP BY
      a.org,
      a.grant_id
  ) AS p
  JOIN live_tokens AS t
    ON t.org = p.org
    AND t.grant_id = p.grant_id
  WHERE t.assumed_selection <> 'none'
), ownerless AS (
  SELECT
    w.org AS org,
    count(*) AS token_count,
    sum(coalesce(w.repository_count, 0)) AS most_count,
    sum(w.repository_count IS NULL) AS unread_count
  FROM writing AS w
  WHERE w.owner_id IS NULL
    AND w.repository_selection = 'subset'
  GROUP BY
    w.org
), candidates AS MATERIALIZED (
  -- Whose lists are worth to be laid over each other: the few owners whose
  -- tokens could pass the limit together, and of whom none passes it alone.
  SELECT
    w.org AS org,
    w.owner_id AS owner_id,
    max(w.owner_login) AS owner_login,
    sum(w.repository_selection = 'subset') AS possible_token_count,
    sum(w.repository_selection = 'subset' AND w.is_certain) AS token_count,
    sum(w.repository_selection = 'subset' AND w.repository_count IS NULL) + coalesce(u.unread_count, 0) AS unread_count,
    coalesce(u.token_count, 0) AS ownerless_count,
    coalesce(u.most_count, 0) AS ownerless_most_count,
    o.repository_count AS repository_count,
    o.is_list_unread AS is_list_unread
  FROM writing AS w
  JOIN organizations AS o
    ON o.org = w.org
  LEFT JOIN ownerless AS u
    ON u.org = w.org
  WHERE w.owner_id IS NOT NULL
  GROUP BY
    w.org,
    w.owner_id
  HAVING NOT max(
      w.is_certain AND (
        w.repository_selection = 'all'
        OR NOT o.is_list_unread AND coalesce(w.repository_count, 0) * 100 > :percent * o.repository_count
      )
    )
    AND sum(w.repository_selection = 'subset') >= 1
    AND sum(w.repository_selection = 'subset') + coalesce(u.token_count, 0) >= 2
    AND (
      sum(w.repository_selection = 'subset' AND w.repository_count IS NULL) + coalesce(u.unread_count, 0) > 0
      OR (sum(iif(w.repository_selection = 'subset', w.repository_count, 0)) + coalesce(u.most_count, 0)) * 100
        > :percent * o.repository_count
    )
), reached AS MATERIALIZED (
  SELECT
    c.org AS org,
    c.owner_id AS owner_id,
    count(DISTINCT p.repository_id) AS possible_count,
    count(DISTINCT iif(w.is_certain, p.repository_id, NULL)) AS repository_count
  FROM candidates AS c
  JOIN writing AS w
    ON w.org = c.org
    AND w.owner_id = c.owner_id
    AND w.repository_selection = 'subset'
  JOIN token_repositories AS p
    ON p.org = w.org
    AND p.grant_id = w.grant_id
  GROUP BY
    c.org,
    c.owner_id
), widest AS (
  SELECT
    w.org AS org,
    w.owner_id AS owner_id,
    w.grant_id AS grant_id,
    row_number() OVER (
      PARTITION BY
        w.org,
        w.owner_id
      ORDER BY
        w.repository_count DESC,
        w.grant_id
    ) AS place
  FROM candidates AS c
  JOIN writing AS w
    ON w.org = c.org
    AND w.owner_id = c.owner_id
  WHERE w.repository_selection = 'subset'
), judged AS (
  SELECT
    c.org AS org,
    w.grant_id AS grant_id,
    coalesce(c.owner_login, 'its owner') AS owner_login,
    c.token_count AS token_count,
    c.possible_token_count - c.token_count + c.ownerless_count AS uncertain_token_count,
    c.unread_count AS unread_count,
    c.is_list_unread AS is_list_unread,
    c.repository_count AS organization_repository_count,
    coalesce(r.repository_count, 0) AS reached_repository_count,
    coalesce(r.possible_count, 0) + c.ownerless_most_count AS possible_repository_count
  FROM candidates AS c
  JOIN widest AS w
    ON w.org = c.org
    AND w.owner_id = c.owner_id
    AND w.place = 1
  LEFT JOIN reached AS r
    ON r.org = c.org
    AND r.owner_id = c.owner_id
  UNION ALL
  SELECT
    w.org,
    w.grant_id,
    NULL,
    0,
    1,
    w.repository_count IS NULL,
    o.is_list_unread,
    o.repository_count,
    0,
    coalesce(w.repository_count, 0)
  FROM writing AS w
  JOIN organizations AS o
    ON o.org = w.org
  WHERE w.owner_id IS NULL
    AND w.repository_selection = 'subset'
)
SELECT
  CASE
    WHEN j.is_list_unread THEN 'unknown'
    WHEN j.reached_repository_count * 100 > :percent * j.organization_repository_count THEN 'fail'
    ELSE 'unknown'
  END AS status,
  'token/' || j.grant_id AS subject,
  j.org AS org,
  CASE
    WHEN j.owner_login IS NULL THEN 'how many repositories its owner can write to with all tokens together is unknown: GitHub did not say who that is'
    ELSE printf(
      '%d %s of %s%s can write to %d of %s%d repositories (%s %%)',
      j.token_count,
      iif(j.token_count = 1, 'token', 'tokens'),
      j.owner_login,
      iif(j.token_count > 1, ' together', ''),
      j.reached_repository_count,
      iif(j.is_list_unread, 'at least ', ''),
      j.organization_repository_count,
      iif(
        j.reached_repository_count * 100 / j.organization_repository_count = :percent,
        printf('%.1f', j.reached_repository_count * 100.0 / j.organization_repository_count),
        j.reached_repository_count * 100 / j.organization_repository_count
      )
    )
  END || CASE
    WHEN j.owner_login IS NULL THEN ''
    WHEN j.reached_repository_count * 100 > :percent * j.organization_repository_count THEN printf(
      ', more than %d %%%s',
      :percent,
      iif(j.unread_count = 0 AND NOT j.is_list_unread, ', though none of them can alone', '')
    )
    WHEN j.unread_count > 0 THEN printf(
      ', and perhaps to more than %d %%: %d %s not read to the end',
      :percent,
      j.unread_count,
      iif(j.unread_count = 1, 'list of repositories was', 'lists of repositories were')
    )
    ELSE printf(
      ', and perhaps to more than %d %% with %d more %s, of which GitHub did not say whose %s or whether %s write and %s not expired',
      :percent,
      j.uncertain_token_count,
      iif(j.uncertain_token_count = 1, 'token', 'tokens'),
      iif(j.uncertain_token_count = 1, 'it is', 'they are'),
      iif(j.uncertain_token_count = 1, 'it can', 'they can'),
      iif(j.uncertain_token_count = 1, 'has', 'have')
    )
  END || CASE
    WHEN j.is_list_unread THEN '; the list of repositories was not read to the end'
    ELSE ''
  END AS reason,
  j.token_count AS token_count,
  j.reached_repository_count AS reached_repository_count,
  j.organization_repository_count AS organization_repository_count,
  j.uncertain_token_count AS uncertain_token_count,
  t.repository_count AS repository_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM judged AS j
JOIN live_tokens AS t
  ON t.org = j.org
  AND t.grant_id = j.grant_id
WHERE j.owner_login IS NULL
  OR j.unread_count > 0
  OR j.possible_repository_count * 100 > :percent * j.organization_repository_count
