-- Token that can change a sensitive repository
--
-- The configuration calls some repositories sensitive, by name, topic or
-- custom property. This token can change at least one of them, so whoever
-- holds it works on what matters most, as if it were the owner of the token.
--
-- Archived repositories count: who may unarchive them makes the token work
-- again. For a token with access to all repositories the number is an
-- upper bound: it never does more than its owner may; the inventory of this
-- report says for which tokens the bound is reached.
--
-- severity: high
-- population: live_tokens
-- remediation: @narrow-token @revoke-token Where a job must write to a
--   sensitive repository, give it a token for that repository alone, or a
--   GitHub App.
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens

WITH writing AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    sum(p.level IN ('write', 'admin')) AS write_count,
    group_concat(p.shown, ', ') AS permissions
  FROM (
    SELECT
      a.org AS org,
      a.grant_id AS grant_id,
      a.level AS level,
      CASE a.level
        WHEN 'write' THEN a.permission
        ELSE printf('%s (%s)', a.permission, a.level)
      END AS shown
    FROM token_permissions AS a
    WHERE a.scope = 'repository'
      AND a.level <> 'read'
    ORDER BY
      a.org,
      a.grant_id,
      a.permission
  ) AS p
  GROUP BY
    p.org,
    p.grant_id
), sensitive AS MATERIALIZED (
  SELECT
    r.org AS org,
    r.repository_id AS repository_id,
    r.full_name AS full_name
  FROM repositories AS r
  WHERE r.is_sensitive
  ORDER BY r.full_name
),
-- Of all names the first five are shown.
everywhere AS MATERIALIZED (
  SELECT
    c.org AS org,
    c.repository_count AS repository_count,
    c.names ->> 0
      || coalesce(', ' || (c.names ->> 1), '')
      || coalesce(', ' || (c.names ->> 2), '')
      || coalesce(', ' || (c.names ->> 3), '')
      || coalesce(', ' || (c.names ->> 4), '') AS names
  FROM (
    SELECT
      a.org AS org,
      count(*) AS repository_count,
      json_group_array(a.full_name) AS names
    FROM sensitive AS a
    GROUP BY
      a.org
  ) AS c
), listed AS (
  SELECT
    c.org AS org,
    c.grant_id AS grant_id,
    c.repository_count AS repository_count,
    c.names ->> 0
      || coalesce(', ' || (c.names ->> 1), '')
      || coalesce(', ' || (c.names ->> 2), '')
      || coalesce(', ' || (c.names ->> 3), '')
      || coalesce(', ' || (c.names ->> 4), '') AS names
  FROM (
    SELECT
      p.org AS org,
      p.grant_id AS grant_id,
      count(*) AS repository_count,
      json_group_array(a.full_name) AS names
    FROM sensitive AS a
    CROSS JOIN token_repositories AS p
      ON p.org = a.org
      AND p.repository_id = a.repository_id
    GROUP BY
      p.grant_id,
      p.org
  ) AS c
), reached AS (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.token_name AS token_name,
    t.owner_login AS owner_login,
    t.repository_selection AS repository_selection,
    t.doubt AS doubt,
    t.highest_tier AS highest_tier,
    t.expires_at AS expires_at,
    t.last_used_at AS last_used_at,
    t.html_url AS html_url,
    w.permissions AS permissions,
    w.write_count AS write_count,
    CASE t.repository_selection
      WHEN 'all' THEN e.repository_count
      ELSE l.repository_count
    END AS sensitive_count,
    CASE t.repository_selection
      WHEN 'all' THEN e.names
      ELSE l.names
    END AS names,
    t.assumed_selection = 'subset' AND t.repository_count IS NULL AS is_list_unread
  FROM writing AS w
  JOIN live_tokens AS t
    ON t.org = w.org
    AND t.grant_id = w.grant_id
  JOIN everywhere AS e
    ON e.org = t.org
  LEFT JOIN listed AS l
    ON l.org = t.org
    AND l.grant_id = t.grant_id
  WHERE t.assumed_selection <> 'none'
)
SELECT
  iif(t.doubt IS NOT NULL OR t.write_count = 0 OR t.sensitive_count IS NULL, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  CASE t.write_count
    WHEN 0 THEN 'has a level that is not known on '
    ELSE 'has write on '
  END || t.permissions || CASE
      WHEN t.sensitive_count IS NULL THEN ', on selected repositories whose list was not read to the end'
      ELSE printf(
        ' in %s%d sensitive %s: %s',
        CASE
          WHEN t.repository_selection = 'all' THEN 'up to '
          WHEN t.is_list_unread THEN 'at least '
          ELSE ''
        END,
        t.sensitive_count,
        iif(t.sensitive_count = 1, 'repository', 'repositories'),
        t.names
      ) || iif(t.sensitive_count > 5, printf(' and %d more', t.sensitive_count - 5), '')
    END || coalesce('; ' || t.doubt, '') AS reason,
  t.names AS sensitive_repositories,
  t.sensitive_count AS sensitive_repository_count,
  t.permissions AS write_permissions,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM reached AS t
WHERE t.sensitive_count IS NOT NULL
  OR t.is_list_unread
