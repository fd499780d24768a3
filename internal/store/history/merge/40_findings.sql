-- What was found in a snapshot takes the place of what stood for it before:
-- nothing if it is being merged, another judgement if it is judged anew. Given
-- in temp._rule_given, _blind_given and _finding_given.

INSERT INTO main._orgs (org)
SELECT g.org FROM temp._finding_given AS g
WHERE NOT EXISTS (SELECT 1 FROM main._orgs AS o WHERE o.org = g.org)
GROUP BY g.org
ORDER BY g.org;

INSERT INTO main._rules (rule)
SELECT g.rule FROM (SELECT r.rule AS rule FROM temp._rule_given AS r UNION SELECT f.rule FROM temp._finding_given AS f) AS g
WHERE NOT EXISTS (SELECT 1 FROM main._rules AS r WHERE r.rule = g.rule)
ORDER BY g.rule;

DELETE FROM main._rule_runs
WHERE snapshot_id = :snapshot_id;

INSERT INTO main._rule_runs (snapshot_id, rule_ref, fingerprint)
SELECT :snapshot_id, r.rule_ref, g.fingerprint
FROM temp._rule_given AS g
JOIN main._rules AS r ON r.rule = g.rule
ORDER BY r.rule_ref;

DELETE FROM main._rule_blind
WHERE snapshot_id = :snapshot_id;

INSERT INTO main._rule_blind (snapshot_id, rule_ref, org_ref)
SELECT :snapshot_id, r.rule_ref, o.org_ref
FROM temp._blind_given AS g
JOIN main._rules AS r ON r.rule = g.rule
JOIN main._orgs AS o ON o.org = g.org
ORDER BY r.rule_ref, o.org_ref;

INSERT INTO main._findings (key, rule_ref, org_ref, said_at, subject_kind, subject_id, subject_name, subject_url, subject_owner, reason)
SELECT
  g.key,
  r.rule_ref,
  o.org_ref,
  :snapshot_id,
  g.subject_kind,
  g.subject_id,
  g.subject_name,
  g.subject_url,
  g.subject_owner,
  g.reason
FROM temp._finding_given AS g
JOIN main._rules AS r ON r.rule = g.rule
JOIN main._orgs AS o ON o.org = g.org
WHERE true
ORDER BY g.key
ON CONFLICT (key) DO UPDATE SET
  said_at = excluded.said_at,
  subject_kind = excluded.subject_kind,
  subject_id = excluded.subject_id,
  subject_name = excluded.subject_name,
  subject_url = excluded.subject_url,
  subject_owner = excluded.subject_owner,
  reason = excluded.reason
WHERE said_at <= excluded.said_at;

CREATE TEMP TABLE _finding_new (
  finding_ref INTEGER PRIMARY KEY,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  is_excepted INTEGER NOT NULL
) STRICT;

INSERT INTO temp._finding_new (finding_ref, severity, status, is_excepted)
SELECT f.finding_ref, g.severity, g.status, g.is_excepted
FROM temp._finding_given AS g
JOIN main._findings AS f ON f.key = g.key;

-- What nobody could look at again has not ended.
INSERT OR IGNORE INTO temp._finding_new (finding_ref, severity, status, is_excepted)
SELECT v.finding_ref, v.severity, v.status, v.is_excepted
FROM main._finding_ver AS v
CROSS JOIN main._findings AS f
WHERE +v.valid_from < :snapshot_id AND +v.valid_to >= :snapshot_id AND f.finding_ref = v.finding_ref
  AND (
    NOT EXISTS (SELECT 1 FROM main._snapshot_orgs AS m WHERE m.snapshot_id = :snapshot_id AND m.org_ref = f.org_ref AND m.is_present)
    OR EXISTS (SELECT 1 FROM main._rule_blind AS b WHERE b.snapshot_id = :snapshot_id AND b.rule_ref = f.rule_ref AND b.org_ref = f.org_ref)
  );

CREATE TEMP TABLE _finding_touched (
  finding_ref INTEGER PRIMARY KEY
) STRICT;

INSERT INTO temp._finding_touched (finding_ref)
SELECT v.finding_ref
FROM main._finding_ver AS v
LEFT JOIN temp._finding_new AS n ON n.finding_ref = v.finding_ref
WHERE v.valid_from <= :snapshot_id AND v.valid_to > :snapshot_id
  AND (n.severity, n.status, n.is_excepted) IS NOT (v.severity, v.status, v.is_excepted)
UNION
SELECT n.finding_ref
FROM temp._finding_new AS n
WHERE NOT EXISTS (SELECT 1 FROM main._finding_ver AS v WHERE v.finding_ref = n.finding_ref AND v.valid_from <= :snapshot_id AND v.valid_to > :snapshot_id);

-- Cut the rows before and after the snapshot, replace what lies between, and
-- put together again what is alike on both sides of a cut. The newest snapshot
-- has no after.
INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, severity, status, is_excepted)
SELECT v.finding_ref, :snapshot_id, v.valid_to, v.severity, v.status, v.is_excepted
FROM main._finding_ver AS v
JOIN temp._finding_touched AS t ON t.finding_ref = v.finding_ref
WHERE v.valid_from < :snapshot_id AND v.valid_to > :snapshot_id;

UPDATE main._finding_ver
SET valid_to = :snapshot_id
WHERE finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND valid_from < :snapshot_id AND valid_to > :snapshot_id;

INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, severity, status, is_excepted)
SELECT v.finding_ref, :snapshot_id + 1, v.valid_to, v.severity, v.status, v.is_excepted
FROM main._finding_ver AS v
JOIN temp._finding_touched AS t ON t.finding_ref = v.finding_ref
WHERE v.valid_from = :snapshot_id AND v.valid_to > :snapshot_id + 1 AND :snapshot_id < :newest_id;

DELETE FROM main._finding_ver
WHERE finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t) AND valid_from = :snapshot_id;

INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, severity, status, is_excepted)
SELECT n.finding_ref, :snapshot_id, iif(:snapshot_id < :newest_id, :snapshot_id + 1, 2147483647), n.severity, n.status, n.is_excepted
FROM temp._finding_new AS n
JOIN temp._finding_touched AS t ON t.finding_ref = n.finding_ref;

UPDATE main._finding_ver AS l
SET valid_to = r.valid_to
FROM main._finding_ver AS r
WHERE l.finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND l.valid_to = :snapshot_id
  AND r.finding_ref = l.finding_ref AND r.valid_from = :snapshot_id
  AND (r.severity, r.status, r.is_excepted) IS (l.severity, l.status, l.is_excepted);

DELETE FROM main._finding_ver AS r
WHERE r.finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND r.valid_from = :snapshot_id
  AND EXISTS (SELECT 1 FROM main._finding_ver AS l WHERE l.finding_ref = r.finding_ref AND l.valid_from < :snapshot_id AND l.valid_to > :snapshot_id);

UPDATE main._finding_ver AS l
SET valid_to = r.valid_to
FROM main._finding_ver AS r
WHERE l.finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND l.valid_to = :snapshot_id + 1
  AND r.finding_ref = l.finding_ref AND r.valid_from = :snapshot_id + 1
  AND (r.severity, r.status, r.is_excepted) IS (l.severity, l.status, l.is_excepted);

DELETE FROM main._finding_ver AS r
WHERE r.finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND r.valid_from = :snapshot_id + 1
  AND EXISTS (SELECT 1 FROM main._finding_ver AS l WHERE l.finding_ref = r.finding_ref AND l.valid_from < :snapshot_id + 1 AND l.valid_to > :snapshot_id + 1);

-- The counts are of what was found, not of what stays for want of being seen.
DELETE FROM main._finding_counts
WHERE snapshot_id = :snapshot_id;

INSERT INTO main._finding_counts (snapshot_id, rule_ref, severity, finding_count, excepted_count, unknown_count)
SELECT
  :snapshot_id,
  r.rule_ref,
  g.severity,
  count(*) FILTER (WHERE g.status = 'fail' AND NOT g.is_excepted),
  count(*) FILTER (WHERE g.status = 'fail' AND g.is_excepted),
  count(*) FILTER (WHERE g.status <> 'fail')
FROM temp._finding_given AS g
JOIN main._rules AS r ON r.rule = g.rule
GROUP BY r.rule_ref, g.severity
ORDER BY r.rule_ref, g.severity;

UPDATE main._snapshots
SET
  rules_fingerprint = :fingerprint,
  (critical_count, high_count, medium_count, low_count, excepted_count, unknown_count) = (
    SELECT
      COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'critical'), 0),
      COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'high'), 0),
      COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'medium'), 0),
      COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'low'), 0),
      COALESCE(sum(c.excepted_count), 0),
      COALESCE(sum(c.unknown_count), 0)
    FROM main._finding_counts AS c
    WHERE c.snapshot_id = :snapshot_id
  )
WHERE snapshot_id = :snapshot_id;
