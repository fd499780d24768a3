-- Repository that many tokens can change
--
-- Each token that can change the contents of a repository is one more secret
-- that must not leak. With this many, nobody can say who pushed what, and one
-- of them lies somewhere unwatched.
--
-- Only tokens that select the repository are held against the limit. Those for
-- all repositories reach every other one as well, so they say nothing about
-- this one; all-repositories-write reports each of them, and the reason says
-- how many come on top. Archived and disabled repositories are left out.
--
-- The usual limit is far above what one team needs, so that a large
-- organization sees the few exceptional repositories and not all of them.
--
-- severity: medium
-- param: count integer 25 -- tokens with write on contents that may select a
--   repository before it counts
-- population: live_repositories
-- remediation: Ask the owners which of the tokens still need the repository;
--   those that reach it are listed by `auditor query who-can-write --param
--   repository=OWNER/NAME`, or by `GH_TOKEN=$INSTALLATION_TOKEN gh api
--   --method GET orgs/ORG/personal-access-tokens -f repository=NAME`.
--   @revoke-token Let jobs that push use a GitHub App, and protect the
--   default branch by a ruleset (the repository's Settings > Rules >
--   Rulesets), so that no token pushes to it alone.
-- see: https://docs.github.com/en/rest/orgs/personal-access-tokens
-- see: https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/reviewing-and-revoking-personal-access-tokens-in-your-organization
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets

WITH writing AS MATERIALIZED (
  SELECT
    t.org AS org,
    t.grant_id AS grant_id,
    t.assumed_selection AS repository_selection,
    (t.is_expired = 0 AND p.level IN ('write', 'admin')) IS TRUE AS is_certain,
    t.assumed_selection = 'subset' AND t.repository_count IS NULL AS is_list_unread
  FROM token_permissions AS p
  JOIN live_tokens AS t
    ON t.org = p.org
    AND t.grant_id = p.grant_id
  WHERE p.scope = 'repository'
    AND p.permission = 'contents'
    AND p.level <> 'read'
), everywhere AS (
  SELECT
    w.org AS org,
    sum(w.is_certain AND w.repository_selection = 'all') AS token_count,
    sum(w.is_list_unread) AS unread_count
  FROM writing AS w
  GROUP BY
    w.org
), listed AS (
  SELECT
    p.org AS org,
    p.repository_id AS repository_id,
    sum(w.is_certain) AS token_count,
    sum(NOT w.is_certain AND NOT w.is_list_unread) AS possible_count
  FROM writing AS w
  CROSS JOIN token_repositories AS p
    ON p.org = w.org
    AND p.grant_id = w.grant_id
  WHERE w.repository_selection = 'subset'
  GROUP BY
    p.repository_id,
    p.org
), counted AS (
  SELECT
    r.org AS org,
    r.repository_id AS repository_id,
    r.full_name AS full_name,
    r.visibility AS visibility,
    r.is_fork AS is_fork,
    r.is_template AS is_template,
    r.is_sensitive AS is_sensitive,
    r.pushed_at AS pushed_at,
    r.html_url AS html_url,
    r.doubt IS NOT NULL AS is_untold,
    coalesce(e.token_count, 0) AS all_count,
    coalesce(l.token_count, 0) AS selected_count,
    coalesce(l.possible_count, 0) + coalesce(e.unread_count, 0) AS possible_count
  FROM live_repositories AS r
  JOIN everywhere AS e
    ON e.org = r.org
  LEFT JOIN listed AS l
    ON l.org = r.org
    AND l.repository_id = r.repository_id
)
SELECT
  iif(c.is_untold OR c.selected_count <= :count, 'unknown', 'fail') AS status,
  'repository/' || c.repository_id AS subject,
  c.org AS org,
  c.selected_count || iif(c.selected_count = 1, ' token that selects it', ' tokens that select it')
    || ' can change its contents, ' || CASE
      WHEN c.selected_count > :count THEN 'more than ' || :count
      ELSE printf(
        'and perhaps %d more, of which GitHub did not say enough; together more than %d',
        c.possible_count,
        :count
      )
    END || CASE
      WHEN c.all_count > 0 THEN printf(
        '; so may %d %s for all repositories',
        c.all_count,
        iif(c.all_count = 1, 'token', 'tokens')
      )
      ELSE ''
    END || CASE
      WHEN c.is_untold THEN '; GitHub did not say whether it is archived or disabled'
      ELSE ''
    END AS reason,
  c.selected_count AS selected_token_count,
  c.all_count AS all_repositories_token_count,
  c.possible_count AS possible_token_count,
  c.visibility AS visibility,
  c.is_sensitive AS is_sensitive,
  c.is_fork AS is_fork,
  c.is_template AS is_template,
  c.pushed_at AS pushed_at,
  c.html_url AS html_url
FROM counted AS c
WHERE c.selected_count + c.possible_count > :count
