-- Token that its owner has twice
--
-- The same person holds another token with exactly the same permissions on
-- exactly the same repositories. One of them is usually forgotten: created
-- because the value of the first one was lost, and never revoked.
--
-- Two tokens for two machines are a good habit; then their names say so, and
-- both are used.
--
-- severity: low
-- population: live_tokens
-- remediation: Ask the owner which of them are needed. Revoke first those
--   that were not used for longest. @revoke-token @list-tokens-of-owner
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens

WITH held AS MATERIALIZED (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    group_concat(p.scope || '/' || p.permission || ':' || coalesce(p.level, ''), ' ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.scope AS scope,
      a.permission AS permission,
      a.level AS level
    FROM token_permissions AS a
    ORDER BY
      a.org,
      a.grant_id,
      a.scope,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
),
-- Sets of permissions by number: what follows sorts many times by them.
kinds AS MATERIALIZED (
  SELECT
    h.permissions AS permissions,
    row_number() OVER () AS kind
  FROM held AS h
  GROUP BY
    h.permissions
), valid AS (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.owner_id AS owner_id,
    t.is_expired AS is_expired,
    t.assumed_selection AS repository_selection,
    t.repository_selection IS NULL AS is_untold,
    t.repository_count AS repository_count,
    t.last_used_at AS last_used_at,
    coalesce(k.kind, 0) AS kind
  FROM live_tokens AS t
  LEFT JOIN held AS h
    ON h.org = t.org
    AND h.grant_id = t.grant_id
  LEFT JOIN kinds AS k
    ON k.permissions = h.permissions
), paired AS (
  SELECT
    v.*,
    count(*) OVER (PARTITION BY v.kind, v.owner_id, v.repository_count, v.repository_selection, v.org) AS pair_count,
    sum(v.repository_selection = 'subset' AND v.repository_count IS NULL)
      OVER (PARTITION BY v.kind, v.owner_id, v.repository_selection, v.org) AS doubt_count,
    sum(v.owner_id IS NULL) OVER (PARTITION BY v.kind, v.repository_selection, v.org) AS stranger_count,
    sum(v.is_untold) OVER (PARTITION BY v.kind, v.owner_id, v.org) AS untold_count,
    count(*) OVER (PARTITION BY v.kind, v.owner_id, v.org) AS kind_count,
    (sum(v.is_untold) OVER anybody > 0 AND sum(v.owner_id IS NULL) OVER anybody > 0) AS is_anything_possible,
    count(*) OVER anybody AS anybody_count
  FROM valid AS v
  WINDOW anybody AS (PARTITION BY v.kind, v.org)
), described AS (
  SELECT
    v.*,
    CASE
      WHEN v.repository_selection <> 'subset' THEN ''
      WHEN v.repository_count IS NULL THEN NULL
      -- Nothing is like it: its list need not be compared.
      WHEN v.pair_count = 1 AND v.stranger_count = 0 THEN 'grant ' || v.grant_id
      ELSE (
        SELECT coalesce(group_concat(p.repository_id, ' '), '')
        FROM (
          SELECT a.repository_id AS repository_id
          FROM token_repositories AS a
          WHERE a.org = v.org
            AND a.grant_id = v.grant_id
          ORDER BY a.repository_id
        ) AS p
      )
    END AS repositories
  FROM paired AS v
  WHERE v.pair_count > 1
    OR v.doubt_count > 0
    OR v.stranger_count > 0
    OR v.untold_count > 0
    OR v.is_anything_possible
), compared AS (
  SELECT
    d.*,
    count(*) OVER same AS same_count,
    sum(d.is_expired = 0) OVER same AS sure_count,
    first_value(d.grant_id) OVER (same ORDER BY d.last_used_at DESC, d.grant_id) AS used_last_id,
    count(*) OVER similar AS similar_count,
    sum(d.repositories IS NULL) OVER similar AS unread_count,
    count(*) OVER alike AS alike_count,
    sum(d.owner_id IS NULL) OVER alike AS ownerless_count,
    count(*) OVER kin AS kin_count,
    sum(d.owner_id IS NULL) OVER kin AS kin_ownerless_count,
    sum(d.repositories IS NULL) OVER kin AS kin_unread_count
  FROM described AS d
  WINDOW
    same AS (PARTITION BY d.kind, d.owner_id, d.repository_selection, d.org, d.repositories),
    similar AS (PARTITION BY d.kind, d.owner_id, d.repository_selection, d.org),
    alike AS (PARTITION BY d.kind, d.repository_selection, d.org, d.repositories),
    kin AS (PARTITION BY d.kind, d.repository_selection, d.org)
), judged AS (
  SELECT
    c.*,
    (
      c.is_expired = 0
      AND c.owner_id IS NOT NULL
      AND c.repositories IS NOT NULL
      AND c.sure_count > 1
    ) IS TRUE AS is_certain
  FROM compared AS c
)
SELECT
  iif(j.is_certain, 'fail', 'unknown') AS status,
  'token/' || j.grant_id AS subject,
  t.org AS org,
  CASE
    WHEN j.is_certain THEN coalesce(t.owner_login, 'its owner') || ' has ' || j.sure_count
      || ' tokens with exactly these permissions and repositories; ' || 'this one was ' || t.use_text || iif(j.used_last_id = t.grant_id, ', the last of them', '')
    WHEN j.owner_id IS NOT NULL AND j.similar_count > 1 AND j.unread_count > 0 THEN coalesce(t.owner_login, 'its owner') || ' has ' || j.similar_count
      || ' tokens with exactly these permissions, but not all their lists of repositories were read to the end'
    WHEN j.owner_id IS NOT NULL AND j.same_count > 1 THEN coalesce(t.owner_login, 'its owner') || ' has ' || j.same_count
      || ' tokens with exactly these permissions and repositories; GitHub did not say whether all are still valid'
    WHEN j.owner_id IS NOT NULL AND j.untold_count > 0 AND j.kind_count > 1 THEN coalesce(t.owner_login, 'its owner') || ' has ' || j.kind_count
      || ' tokens with exactly these permissions, but GitHub did not say which repositories all of them reach'
    WHEN j.is_anything_possible AND j.anybody_count > 1 THEN 'GitHub did not say of all ' || j.anybody_count
      || ' tokens with exactly these permissions who owns them and which repositories they reach'
    WHEN j.alike_count > 1 THEN 'GitHub did not say who owns '
      || j.ownerless_count || ' of ' || j.alike_count || ' tokens with exactly these permissions and repositories'
    ELSE 'GitHub did not say who owns '
      || j.kin_ownerless_count || ' of ' || j.kin_count || ' tokens with exactly these permissions, and not all their lists of repositories were read to the end'
  END AS reason,
  j.same_count AS same_token_count,
  iif(j.is_certain, u.token_name, NULL) AS used_last_token_name,
  iif(j.is_certain, j.used_last_id, NULL) AS used_last_grant_id,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.repository_count AS repository_count,
  t.highest_tier AS highest_tier,
  t.access_granted_at AS access_granted_at,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM judged AS j
JOIN live_tokens AS t
  ON t.org = j.org
  AND t.grant_id = j.grant_id
JOIN tokens AS u
  ON u.org = j.org
  AND u.grant_id = j.used_last_id
WHERE j.is_certain
  OR j.owner_id IS NOT NULL AND j.repositories IS NOT NULL AND j.same_count > 1
  OR j.owner_id IS NOT NULL AND j.similar_count > 1 AND j.unread_count > 0
  OR j.owner_id IS NOT NULL AND j.untold_count > 0 AND j.kind_count > 1
  OR j.is_anything_possible AND j.anybody_count > 1
  OR j.alike_count > 1 AND j.ownerless_count > 0
  OR j.kin_count > 1 AND j.kin_ownerless_count > 0 AND j.kin_unread_count > 0
