-- Repository that nobody has worked on for a long time
--
-- Nobody updates the dependencies of a forgotten repository, nobody reads its
-- alerts, and its keys, hooks and collaborators stay as they were. An
-- archived repository is read-only and says in the open that it is no longer
-- kept.
--
-- A repository to which nothing was ever pushed counts from the day it was
-- created.
--
-- severity: low
-- param: days integer 365 -- days without a push after which a repository
--   counts as inactive
-- population: live_repositories AS r
-- remediation: Ask its administrators whether it is still needed; if not, open
--   the repository's Settings > General > Danger Zone > Archive this
--   repository. By the API: `gh api --method PATCH repos/OWNER/REPO -F
--   archived=true`.
-- see: https://docs.github.com/en/repositories/archiving-a-github-repository/archiving-repositories
-- see: https://docs.github.com/en/rest/repos/repos#update-a-repository

SELECT
  iif(r.doubt IS NULL AND r.last_at IS NOT NULL, 'fail', 'unknown') AS status,
  'repository/' || r.repository_id AS subject,
  r.org AS org,
  CASE
    WHEN r.last_at IS NULL AND r.is_never_pushed = 1 THEN 'nothing was ever pushed, and GitHub did not say when the repository was created'
    WHEN r.last_at IS NULL THEN 'GitHub did not say when somebody last pushed'
    WHEN r.is_never_pushed = 1 THEN printf('nothing was pushed since the repository was created %d %s ago, on %s', r.idle_days, iif(r.idle_days = 1, 'day', 'days'), substr(r.last_at, 1, 10))
    ELSE printf('the last push was %d %s ago, on %s', r.idle_days, iif(r.idle_days = 1, 'day', 'days'), substr(r.last_at, 1, 10))
  END || coalesce('; ' || r.doubt, '') AS reason,
  r.idle_days AS idle_days,
  r.created_at AS created_at,
  r.visibility AS visibility,
  r.is_sensitive AS is_sensitive,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.pushed_at AS pushed_at,
  r.html_url AS html_url
FROM (
  SELECT
    a.*,
    ((unixepoch(:now) - unixepoch(a.last_at)) / 86400) AS idle_days
  FROM (
    SELECT
      b.*,
      coalesce(json_type(b.raw, '$.pushed_at') = 'null', 0) AS is_never_pushed,
      CASE
        WHEN b.pushed_at IS NULL AND json_type(b.raw, '$.pushed_at') = 'null' THEN b.created_at
        ELSE b.pushed_at
      END AS last_at
    FROM live_repositories AS b
  ) AS a
) AS r
WHERE (
    r.last_at IS NULL
    OR unixepoch(r.last_at) < unixepoch(:now) - :days * 86400
  )
