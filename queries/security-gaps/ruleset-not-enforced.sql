-- Ruleset for the default branch that is not enforced
--
-- Somebody has written rules for the default branch, and they stop nothing: the
-- ruleset only evaluates, which means that GitHub notes what it would have
-- stopped and lets it through. Nothing else protects the branch. Such a trial
-- is easily taken for protection, and easily forgotten.
--
-- Rulesets that are disabled are not counted unless the parameter says so:
-- they look switched off to everybody who opens the page, and that the branch
-- is unprotected is reported by default-branch-unprotected anyway. Where not
-- all rulesets could be read, where a pattern does not plainly say whether it
-- covers the default branch, where GitHub shows classic protection to
-- administrators only, or where the free plan has no protection for private
-- repositories, the answer is unknown.
--
-- severity: medium
-- param: is_disabled_counted boolean false -- count rulesets that are disabled
--   like those that only evaluate
-- population: live_repositories AS r WHERE r.is_empty IS NOT 1
-- remediation: Open the page that ruleset_url links to (Settings > Rules >
--   Rulesets of the repository or the organization), look at Insights for what
--   the ruleset would have stopped, set Enforcement status to Active and save.
--   By the API: `gh api --method PUT repos/OWNER/REPO/rulesets/RULESET_ID -f
--   enforcement=active`, or `gh api --method PUT orgs/ORG/rulesets/RULESET_ID
--   -f enforcement=active`.
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets
-- see: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/managing-rulesets-for-a-repository
-- see: https://docs.github.com/en/rest/repos/rules#update-a-repository-ruleset

WITH trials AS (
  SELECT
    s.org AS org,
    s.repository_id AS repository_id,
    sum(s.is_certain) AS ruleset_count,
    count(*) AS possible_count,
    group_concat(s.shown, ', ') AS rulesets,
    min(s.source_url) AS ruleset_url
  FROM (
    SELECT
      a.org AS org,
      a.repository_id AS repository_id,
      a.source_url AS source_url,
      a.is_on_default_branch = 1 AND a.enforcement IS NOT NULL AS is_certain,
      printf(
        '%s (%s%s)',
        coalesce(a.name, 'ruleset ' || a.ruleset_id),
        CASE a.enforcement
          WHEN 'evaluate' THEN 'only evaluates'
          WHEN 'disabled' THEN 'is disabled'
          ELSE 'enforcement not known'
        END,
        iif(a.is_on_default_branch IS NULL, ', perhaps for other branches', '')
      ) AS shown
    FROM rulesets AS a
    WHERE a.is_on_default_branch IS NOT 0
      AND (
        a.enforcement = 'evaluate'
        OR a.enforcement = 'disabled' AND :is_disabled_counted
        OR a.enforcement IS NULL
      )
    ORDER BY
      a.org,
      a.repository_id,
      a.ruleset_id
  ) AS s
  GROUP BY
    s.org,
    s.repository_id
)
SELECT
  CASE
    WHEN r.doubt IS NOT NULL THEN 'unknown'
    WHEN r.is_empty IS NULL THEN 'unknown'
    WHEN p.is_protected IS NULL THEN 'unknown'
    WHEN t.ruleset_count > 0 THEN iif(r.plan = 'free' AND r.visibility IS NOT 'public', 'unknown', 'fail')
    ELSE 'unknown'
  END AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  coalesce(r.default_branch, 'the default branch') || ': ' || CASE
    WHEN t.ruleset_count > 0 THEN printf(
      '%d %s aimed at it but not enforced: %s',
      t.ruleset_count,
      iif(t.ruleset_count = 1, 'ruleset is', 'rulesets are'),
      t.rulesets
    )
    WHEN t.possible_count > 0 THEN printf(
      'whether a ruleset is aimed at it but not enforced is unknown: %s',
      t.rulesets
    )
    ELSE 'whether a ruleset is aimed at it but not enforced is unknown: not all of its rulesets could be read'
  END || CASE
    WHEN p.is_protected = 0 THEN '; nothing else protects it'
    ELSE '; whether anything else protects it is unknown: GitHub did not answer, or shows it to administrators only'
  END || CASE
    WHEN r.plan = 'free' AND r.visibility IS NOT 'public' THEN '; the free plan has no protection for private repositories'
    ELSE ''
  END
    || iif(r.is_empty IS NULL, '; GitHub did not say whether the repository is empty', '') || coalesce('; ' || r.doubt, '') AS reason,
  t.rulesets AS rulesets,
  t.ruleset_count AS ruleset_count,
  t.ruleset_url AS ruleset_url,
  p.is_protected AS is_protected,
  r.default_branch AS default_branch,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM live_repositories AS r
JOIN default_branch_protection AS p
  ON p.org = r.org
  AND p.repository_id = r.repository_id
LEFT JOIN trials AS t
  ON t.org = r.org
  AND t.repository_id = r.repository_id
WHERE p.is_protected IS NOT 1
  AND (
    t.possible_count > 0
    OR r.ruleset_count IS NULL
  )
  AND r.is_empty IS NOT 1
