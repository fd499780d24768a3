-- Unprotected default branch within reach of a token that can push
--
-- Two gaps meet here: nothing protects the default branch, and at least one
-- personal access token may write to the repository's contents. Whoever finds
-- such a token in a log or on a laptop changes what everybody builds, at once
-- and without a trace of a review.
--
-- Tokens of selection all count as granted; their owner's own rights may reach
-- fewer repositories. Expired tokens do not count. Where GitHub did not say
-- whether the branch is protected, or the free plan has no protection for
-- private repositories, or the only tokens are such that may have expired or
-- whose list of repositories was not read to the end, the answer is unknown.
--
-- severity: high
-- population: live_repositories AS r WHERE r.is_empty IS NOT 1
-- remediation: Protect the branch first: open the repository's Settings > Rules
--   > Rulesets > New branch ruleset, target the default branch and set it to
--   Active (`gh api --method POST repos/OWNER/REPO/rulesets --input
--   ruleset.json`). Then open the organization's Settings > Personal access
--   tokens > Active tokens, choose each token named here and press Revoke, or
--   have its owner narrow it; by the API, as a GitHub App:
--   `GH_TOKEN=$INSTALLATION_TOKEN gh api --method POST
--   orgs/ORG/personal-access-tokens/GRANT_ID -f action=revoke`.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens

WITH writers AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.repository_selection AS repository_selection,
    t.is_expired IS NULL AS is_untold,
    t.repository_selection IS NULL OR t.repository_selection = 'subset' AND t.repository_count IS NULL AS is_unread
  FROM token_permissions AS c
  JOIN live_tokens AS t
    ON t.org = c.org
    AND t.grant_id = c.grant_id
  WHERE c.scope = 'repository'
    AND c.permission = 'contents'
    AND c.level IN ('write', 'admin')
),
-- Tokens that reach everything are counted once an organization: by repository
-- they would be thousands of rows for each.
everywhere AS (
  SELECT
    w.org AS org,
    count(*) AS token_count,
    sum(w.is_untold) AS untold_count,
    min(w.grant_id) AS first_id,
    max(w.grant_id) AS last_id
  FROM writers AS w
  WHERE w.repository_selection = 'all'
  GROUP BY
    w.org
),
listed AS (
  SELECT
    m.org AS org,
    m.repository_id AS repository_id,
    count(*) AS token_count,
    sum(w.is_untold) AS untold_count,
    min(m.grant_id) AS first_id,
    max(m.grant_id) AS last_id
  FROM writers AS w
  CROSS JOIN token_repositories AS m
    ON m.org = w.org
    AND m.grant_id = w.grant_id
  WHERE w.repository_selection = 'subset'
  GROUP BY
    m.repository_id,
    m.org
),
unread AS (
  SELECT
    w.org AS org,
    count(*) AS token_count
  FROM writers AS w
  WHERE w.is_unread
  GROUP BY
    w.org
),
exposed AS (
  SELECT
    r.*,
    p.is_protected AS is_protected,
    coalesce(e.token_count, 0) + coalesce(l.token_count, 0) AS token_count,
    coalesce(e.token_count, 0) AS all_token_count,
    coalesce(e.untold_count, 0) + coalesce(l.untold_count, 0) AS untold_count,
    coalesce(u.token_count, 0) AS unread_count,
    min(coalesce(l.first_id, e.first_id), coalesce(e.first_id, l.first_id)) AS first_id,
    max(coalesce(l.last_id, e.last_id), coalesce(e.last_id, l.last_id)) AS last_id
  FROM live_repositories AS r
  JOIN default_branch_protection AS p
    ON p.org = r.org
    AND p.repository_id = r.repository_id
  LEFT JOIN everywhere AS e
    ON e.org = r.org
  LEFT JOIN listed AS l
    ON l.org = r.org
    AND l.repository_id = r.repository_id
  LEFT JOIN unread AS u
    ON u.org = r.org
  WHERE p.is_protected IS NOT 1
    AND r.is_empty IS NOT 1
    AND (
      e.token_count > 0
      OR l.token_count > 0
      OR u.token_count > 0
    )
)
SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN r.is_protected IS NULL THEN 'unknown'
    WHEN r.plan = 'free' AND r.visibility IS NOT 'public' THEN 'unknown'
    WHEN r.untold_count = r.token_count THEN 'unknown'
    ELSE 'fail'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.token_count = 0 THEN printf(
      'whether a token can write here is unknown: which repositories %d %s may change was not read to the end',
      r.unread_count,
      iif(r.unread_count = 1, 'token', 'tokens')
    )
    ELSE printf('%d %s write here: ', r.token_count, iif(r.token_count = 1, 'token can', 'tokens can'))
      || coalesce('"' || a.token_name || '"', 'token ' || a.grant_id) || coalesce(' of ' || a.owner_login, '')
      || CASE
        WHEN r.token_count = 1 THEN ''
        ELSE iif(r.token_count = 2, ' and ', ', ')
          || coalesce('"' || z.token_name || '"', 'token ' || z.grant_id) || coalesce(' of ' || z.owner_login, '')
      END || CASE
        WHEN r.token_count > 2 THEN printf(' and %d more', r.token_count - 2)
        ELSE ''
      END
    END || '; ' || coalesce(r.default_branch, 'the default branch') || CASE
      WHEN r.is_protected IS NULL THEN ' may be unprotected: GitHub did not answer, or shows protection to administrators only'
      ELSE ' has no protection'
    END || CASE
      WHEN r.is_protected = 0 AND r.plan = 'free' AND r.visibility IS NOT 'public' THEN ', and the free plan has none for private repositories'
      ELSE ''
    END || CASE
      WHEN r.untold_count > 0 THEN printf('; GitHub did not say of %d whether it has expired', r.untold_count)
      ELSE ''
    END || CASE
      WHEN r.is_empty IS NULL THEN '; GitHub did not say whether the repository is empty'
      ELSE ''
    END || coalesce('; ' || r.doubt, '') AS reason,
  r.token_count AS token_count,
  r.all_token_count AS all_token_count,
  r.unread_count AS unread_token_count,
  a.grant_id AS first_grant_id,
  a.html_url AS first_token_url,
  r.default_branch AS default_branch,
  r.is_protected AS is_protected,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM exposed AS r
LEFT JOIN tokens AS a
  ON a.org = r.org
  AND a.grant_id = r.first_id
LEFT JOIN tokens AS z
  ON z.org = r.org
  AND z.grant_id = r.last_id
