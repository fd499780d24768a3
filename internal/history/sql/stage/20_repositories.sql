-- Repositories with their settings and the protection of their default branch.

INSERT INTO main._repository_ids (org_ref, repository_id, full_name)
SELECT p.org_ref, n.repository_id, n.full_name
FROM snap._repository_names AS n
JOIN temp._present AS p ON p.org = n.org
WHERE true
ORDER BY p.org_ref, n.repository_id
ON CONFLICT (org_ref, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

CREATE TEMP TABLE _repository_new (
  repository_ref INTEGER PRIMARY KEY,
  @define repository org_ref..
  pushed_at INTEGER,
  open_dependabot_alert_count INTEGER
) STRICT;

INSERT INTO temp._repository_new (
  @names repository repository_ref..
  pushed_at,
  open_dependabot_alert_count
)
SELECT
  i.repository_ref,
  p.org_ref,
  @select r repository repository_id..full_name
  NULLIF(r.html_url, (SELECT s.web_url FROM snap.snapshot AS s) || '/' || r.full_name),
  @select r repository visibility..ruleset_count
  @select b repository is_protected..
  CAST(strftime('%s', r.pushed_at) AS INTEGER),
  r.open_dependabot_alert_count
FROM snap.repositories AS r
CROSS JOIN temp._present AS p
CROSS JOIN main._repository_ids AS i
CROSS JOIN snap.default_branch_protection AS b
WHERE p.org = r.org AND i.org_ref = p.org_ref AND i.repository_id = r.repository_id
  AND b.org = r.org AND b.repository_id = r.repository_id;

@keep repository

-- The list of repositories does not distinguish paused from enabled.

UPDATE temp._repository_new AS n
SET
  dependabot_security_updates = iif(v.dependabot_security_updates = 'paused' AND n.dependabot_security_updates IS NOT 'disabled', 'paused', COALESCE(n.dependabot_security_updates, v.dependabot_security_updates))
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'automated_security_fixes');

UPDATE temp._repository_new AS n
SET
  is_sensitive = max(n.is_sensitive, v.is_sensitive)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'properties');

UPDATE temp._repository_new AS n
SET open_dependabot_alert_count = (SELECT a.open_dependabot_alert_count FROM main._repository_activity AS a WHERE a.repository_ref = n.repository_ref ORDER BY a.snapshot_id DESC LIMIT 1)
WHERE n.open_dependabot_alert_count IS NULL
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'dependabot_alerts');

INSERT INTO main._repository_activity (repository_ref, snapshot_id, pushed_at, open_dependabot_alert_count)
SELECT n.repository_ref, :snapshot_id, n.pushed_at, n.open_dependabot_alert_count
FROM temp._repository_new AS n
LEFT JOIN main._repository_activity AS a
  ON a.repository_ref = n.repository_ref
  AND a.snapshot_id = (SELECT max(l.snapshot_id) FROM main._repository_activity AS l WHERE l.repository_ref = n.repository_ref)
WHERE a.snapshot_id IS NULL OR (n.pushed_at, n.open_dependabot_alert_count) IS NOT (a.pushed_at, a.open_dependabot_alert_count)
ORDER BY n.repository_ref;

-- The reach of tokens of selection all, also for those that are not in this
-- snapshot.
INSERT INTO main._snapshot_orgs (snapshot_id, org_ref, is_present, repository_count)
SELECT
  :snapshot_id,
  o.org_ref,
  p.org_ref IS NOT NULL,
  iif(
    EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = o.org_ref AND w.resource = 'repositories'),
    (SELECT count(*) FROM temp._repository_new AS n WHERE n.org_ref = o.org_ref),
    (SELECT m.repository_count FROM main._snapshot_orgs AS m WHERE m.org_ref = o.org_ref AND m.snapshot_id = :snapshot_id - 1)
  )
FROM main._orgs AS o
LEFT JOIN temp._present AS p ON p.org_ref = o.org_ref
ORDER BY o.org_ref;
