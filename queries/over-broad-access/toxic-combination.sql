-- Token whose permissions add up to a takeover
--
-- Two permissions that are harmless enough alone can be more than their sum:
-- who may push code and change workflows reads every secret of the builds; who
-- may administer and push lifts the protection of a branch, changes it and
-- puts the protection back. No second person sees it happen.
--
-- One row names all combinations that a token holds; a read of secret scanning
-- alerts on all repositories, and rights over the organization in a token of
-- an organization owner that never expires, count as such. The severity is
-- that of the worst: critical, or high where the combination needs one more
-- slip. The right to set custom properties together with that to push moves a
-- repository out of the rulesets that choose by property; whether any does is
-- not known here, so such a token is unknown.
--
-- Whether an owner is an organization owner needs the list of members; without
-- it, tokens that hang on this are unknown.
--
-- severity: critical
-- population: live_tokens
-- remediation: Split the token: one for each job, so that no token holds both
--   permissions. @narrow-token @revoke-token Require a review by somebody
--   else on default branches, by a ruleset that binds administrators, so that
--   one token is not enough.
-- see: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
-- see: https://docs.github.com/en/actions/reference/security/secure-use

WITH pairs (one, other, is_enough, severity, remark) AS (
  VALUES
    ('contents', 'workflows', 1, NULL, 'pushes a workflow, runs it and reads its secrets'),
    ('administration', 'contents', 1, NULL, 'lifts protection, pushes and puts protection back'),
    ('secrets', 'actions', 1, NULL, 'replaces deployment secrets and starts the jobs that use them'),
    ('contents', 'pull_requests', 1, 'high', 'writes a change and approves it alone'),
    ('contents', 'statuses', 1, 'high', 'forges the check that lets a change in'),
    ('contents', 'checks', 1, 'high', 'forges the check that lets a change in'),
    ('contents', 'actions', 1, 'high', 'starts jobs on its own code and removes their logs'),
    ('environments', 'deployments', 1, 'high', 'weakens the protection of a deployment and deploys'),
    ('repository_custom_properties', 'contents', NULL, 'high', 'leaves the rulesets that choose by property, if any does, and pushes')
), rated AS (
  SELECT
    p.org AS org,
    p.grant_id AS grant_id,
    p.scope AS scope,
    p.permission AS permission,
    p.level AS level,
    CASE
      WHEN p.level IN ('write', 'admin') THEN 1
      WHEN p.level = 'read' THEN 0
    END AS is_write
  FROM token_permissions AS p
), found AS (
  SELECT
    a.org AS org,
    a.grant_id AS grant_id,
    a.is_write AND b.is_write AND pairs.is_enough AS is_certain,
    CASE
      WHEN a.permission = 'contents' AND b.permission = 'actions' AND (t.repository_selection = 'all' OR t.repository_selection IS NULL) THEN NULL
      ELSE pairs.severity
    END AS severity,
    printf('%s:%s with %s:%s (%s)', a.permission, a.level, b.permission, b.level, pairs.remark) AS shown
  FROM rated AS a
  JOIN pairs
    ON pairs.one = a.permission
  JOIN rated AS b
    ON b.org = a.org
    AND b.grant_id = a.grant_id
    AND b.scope = a.scope
    AND b.permission = pairs.other
  JOIN live_tokens AS t
    ON t.org = a.org
    AND t.grant_id = a.grant_id
  WHERE a.scope = 'repository'
    AND a.is_write IS NOT 0
    AND b.is_write IS NOT 0
  UNION ALL
  SELECT
    a.org,
    a.grant_id,
    1,
    NULL,
    printf('%s:%s on all repositories (reads the secrets that were found in them)', a.permission, a.level)
  FROM rated AS a
  JOIN live_tokens AS t
    ON t.org = a.org
    AND t.grant_id = a.grant_id
  WHERE a.scope = 'repository'
    AND a.permission = 'secret_scanning_alerts'
    AND (t.repository_selection = 'all' OR t.repository_selection IS NULL)
  UNION ALL
  SELECT
    w.org,
    w.grant_id,
    w.is_certain AND t.owner_role = 'owner',
    NULL,
    w.shown || CASE t.owner_role
      WHEN 'owner' THEN ' in a token without expiry of an organization owner (changes the organization for good)'
      ELSE ' in a token without expiry; whether its owner is an organization owner is unknown'
    END
  FROM (
    SELECT
      o.org AS org,
      o.grant_id AS grant_id,
      max(o.is_write) IS 1 AS is_certain,
      group_concat(o.permission || ':' || o.level, ', ') AS shown
    FROM (
      SELECT
        r.org AS org,
        r.grant_id AS grant_id,
        r.permission AS permission,
        r.level AS level,
        r.is_write AS is_write
      FROM rated AS r
      WHERE r.scope = 'organization'
        AND r.is_write IS NOT 0
      ORDER BY
        r.org,
        r.grant_id,
        r.permission
    ) AS o
    GROUP BY
      o.org,
      o.grant_id
  ) AS w
  JOIN live_tokens AS t
    ON t.org = w.org
    AND t.grant_id = w.grant_id
  WHERE t.expires_at IS NULL
    AND (
      t.owner_role = 'owner'
      OR t.owner_role IS NULL
    )
), held AS (
  SELECT
    f.org AS org,
    f.grant_id AS grant_id,
    count(*) AS combination_count,
    max(f.is_certain) IS 1 AS is_certain,
    min(f.severity) FILTER (WHERE f.is_certain) AS severity,
    count(*) FILTER (WHERE f.is_certain AND f.severity IS NULL) AS worst_count,
    min(f.severity) AS possible_severity,
    count(*) FILTER (WHERE f.severity IS NULL) AS possible_worst_count,
    group_concat(f.shown, '; ') AS combinations
  FROM (
    SELECT
      g.org AS org,
      g.grant_id AS grant_id,
      g.is_certain AS is_certain,
      g.severity AS severity,
      g.shown AS shown
    FROM found AS g
    ORDER BY
      g.org,
      g.grant_id,
      g.severity IS NOT NULL,
      g.shown
  ) AS f
  GROUP BY
    f.org,
    f.grant_id
)
SELECT
  iif(t.doubt IS NOT NULL OR NOT h.is_certain, 'unknown', 'fail') AS status,
  'token/' || t.grant_id AS subject,
  t.org AS org,
  printf('holds %d ', h.combination_count)
    || iif(h.combination_count = 1, 'toxic combination', 'toxic combinations')
    || iif(t.repository_selection = 'all', printf(' on up to all repositories, those that %s can reach: ', coalesce(t.owner_login, 'its owner')), ': ')
    || h.combinations
    || CASE
      WHEN NOT h.is_certain THEN '; GitHub did not say enough to be sure'
      ELSE ''
    END || coalesce('; ' || t.doubt, '') AS reason,
  CASE
    WHEN h.is_certain AND h.worst_count = 0 THEN h.severity
    WHEN NOT h.is_certain AND h.possible_worst_count = 0 THEN h.possible_severity
  END AS severity,
  h.combinations AS combinations,
  h.combination_count AS combination_count,
  t.token_name AS token_name,
  t.owner_login AS owner_login,
  t.owner_role AS owner_role,
  t.repository_selection AS repository_selection,
  t.highest_tier AS highest_tier,
  t.expires_at AS expires_at,
  t.last_used_at AS last_used_at,
  t.html_url AS html_url
FROM held AS h
JOIN live_tokens AS t
  ON t.org = h.org
  AND t.grant_id = h.grant_id
