-- What was found in a snapshot takes the place of what stood for it before:
-- nothing if it is being merged, another judgement if it is judged anew. Given
-- in temp._rule_given, _blind_given, _subject_given, _verdict_given and
-- _finding_given, which name each other by their numbers there.

INSERT INTO main._orgs (org)
SELECT DISTINCT g.org
FROM temp._subject_given AS g
WHERE NOT EXISTS (SELECT 1 FROM main._orgs AS o WHERE o.org = g.org)
ORDER BY g.org;

INSERT INTO main._rules (rule)
SELECT g.rule
FROM temp._rule_given AS g
WHERE NOT EXISTS (SELECT 1 FROM main._rules AS r WHERE r.rule = g.rule)
ORDER BY g.rule;

UPDATE temp._rule_given AS g
SET rule_ref = (SELECT r.rule_ref FROM main._rules AS r WHERE r.rule = g.rule);

DELETE FROM main._rule_runs
WHERE snapshot_id = :snapshot_id;

INSERT INTO main._rule_runs (snapshot_id, rule_ref, fingerprint)
SELECT :snapshot_id, g.rule_ref, g.fingerprint
FROM temp._rule_given AS g
WHERE g.fingerprint IS NOT NULL
ORDER BY g.rule_ref;

DELETE FROM main._rule_blind
WHERE snapshot_id = :snapshot_id;

INSERT INTO main._rule_blind (snapshot_id, rule_ref, org_ref)
SELECT :snapshot_id, r.rule_ref, o.org_ref
FROM temp._blind_given AS g
JOIN temp._rule_given AS r ON r.number = g.rule
JOIN main._orgs AS o ON o.org = g.org
ORDER BY r.rule_ref, o.org_ref;

INSERT INTO main._verdicts (severity, status, is_excepted)
SELECT g.severity, g.status, g.is_excepted
FROM temp._verdict_given AS g
WHERE NOT EXISTS (SELECT 1 FROM main._verdicts AS w WHERE w.severity = g.severity AND w.status = g.status AND w.is_excepted = g.is_excepted)
ORDER BY g.severity, g.status, g.is_excepted;

UPDATE temp._verdict_given AS g
SET verdict_ref = (SELECT w.verdict_ref FROM main._verdicts AS w WHERE w.severity = g.severity AND w.status = g.status AND w.is_excepted = g.is_excepted);

INSERT INTO main._subjects (org_ref, key, kind, id, name, url, owner)
SELECT o.org_ref, g.key, g.kind, g.id, g.name, g.url, g.owner
FROM temp._subject_given AS g
CROSS JOIN main._orgs AS o
WHERE o.org = g.org
  AND NOT EXISTS (SELECT 1 FROM main._subjects AS t WHERE t.org_ref = o.org_ref AND t.key = g.key)
ORDER BY o.org_ref, g.key;

UPDATE temp._subject_given AS g
SET subject_ref = (SELECT t.subject_ref FROM main._orgs AS o CROSS JOIN main._subjects AS t WHERE o.org = g.org AND t.org_ref = o.org_ref AND t.key = g.key);

-- Judged anew, an old snapshot has no say where a later one says something too.
UPDATE main._subjects AS t
SET kind = g.kind, id = g.id, name = g.name, url = g.url, owner = g.owner
FROM temp._subject_given AS g
WHERE t.subject_ref = g.subject_ref
  AND (t.kind, t.id, t.name, t.url, t.owner) IS NOT (g.kind, g.id, g.name, g.url, g.owner)
  AND (
    :snapshot_id = :newest_id
    OR t.subject_ref NOT IN (SELECT f.subject_ref FROM main._finding_ver AS v CROSS JOIN main._findings AS f WHERE v.valid_to > :snapshot_id + 1 AND f.finding_ref = v.finding_ref)
  );

INSERT INTO main._findings (rule_ref, subject_ref, reason)
SELECT r.rule_ref, t.subject_ref, g.reason
FROM temp._finding_given AS g
CROSS JOIN temp._rule_given AS r
CROSS JOIN temp._subject_given AS t
WHERE r.number = g.rule AND t.number = g.subject
  AND NOT EXISTS (SELECT 1 FROM main._findings AS f WHERE f.rule_ref = r.rule_ref AND f.subject_ref = t.subject_ref)
ORDER BY r.rule_ref, t.subject_ref;

-- number: of the finding as given; NULL for one that stays for want of being
-- seen.
CREATE TEMP TABLE _finding_new (
  finding_ref INTEGER PRIMARY KEY,
  verdict_ref INTEGER NOT NULL,
  number INTEGER
) STRICT;

INSERT INTO temp._finding_new (finding_ref, verdict_ref, number)
SELECT f.finding_ref, w.verdict_ref, g.number
FROM temp._finding_given AS g
CROSS JOIN temp._rule_given AS r
CROSS JOIN temp._subject_given AS t
CROSS JOIN temp._verdict_given AS w
CROSS JOIN main._findings AS f
WHERE r.number = g.rule AND t.number = g.subject AND w.number = g.verdict
  AND f.rule_ref = r.rule_ref AND f.subject_ref = t.subject_ref;

UPDATE main._findings AS f
SET reason = g.reason
FROM temp._finding_new AS n
CROSS JOIN temp._finding_given AS g
WHERE f.finding_ref = n.finding_ref AND g.number = n.number AND f.reason <> g.reason
  AND (
    :snapshot_id = :newest_id
    OR NOT EXISTS (SELECT 1 FROM main._finding_ver AS v WHERE v.finding_ref = f.finding_ref AND v.valid_to > :snapshot_id + 1)
  );

-- What nobody could look at again has not ended.
CREATE TEMP TABLE _unseen (
  rule_ref INTEGER NOT NULL,
  org_ref INTEGER NOT NULL,
  PRIMARY KEY (rule_ref, org_ref)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._unseen (rule_ref, org_ref)
SELECT r.rule_ref, o.org_ref
FROM main._rules AS r
CROSS JOIN main._orgs AS o
WHERE NOT EXISTS (SELECT 1 FROM main._snapshot_orgs AS m WHERE m.snapshot_id = :snapshot_id AND m.org_ref = o.org_ref AND m.is_present)
  OR EXISTS (SELECT 1 FROM main._rule_blind AS b WHERE b.snapshot_id = :snapshot_id AND b.rule_ref = r.rule_ref AND b.org_ref = o.org_ref);

-- Nothing unseen, as nearly always: nothing looked at.
INSERT OR IGNORE INTO temp._finding_new (finding_ref, verdict_ref)
SELECT v.finding_ref, v.verdict_ref
FROM (SELECT 1 FROM temp._unseen LIMIT 1) AS i
CROSS JOIN main._finding_ver AS v
CROSS JOIN main._findings AS f
CROSS JOIN main._subjects AS t
CROSS JOIN temp._unseen AS u
WHERE +v.valid_from < :snapshot_id AND +v.valid_to >= :snapshot_id
  AND f.finding_ref = v.finding_ref AND t.subject_ref = f.subject_ref AND u.rule_ref = f.rule_ref AND u.org_ref = t.org_ref;

CREATE TEMP TABLE _finding_touched (
  finding_ref INTEGER PRIMARY KEY
) STRICT;

INSERT INTO temp._finding_touched (finding_ref)
SELECT v.finding_ref
FROM main._finding_ver AS v
LEFT JOIN temp._finding_new AS n ON n.finding_ref = v.finding_ref
WHERE v.valid_from <= :snapshot_id AND v.valid_to > :snapshot_id
  AND n.verdict_ref IS NOT v.verdict_ref
UNION
SELECT n.finding_ref
FROM temp._finding_new AS n
WHERE NOT EXISTS (SELECT 1 FROM main._finding_ver AS v WHERE v.finding_ref = n.finding_ref AND v.valid_from <= :snapshot_id AND v.valid_to > :snapshot_id);

-- Cut the rows before and after the snapshot, replace what lies between, and
-- put together again what is alike on both sides of a cut. The newest snapshot
-- has no after.
INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, verdict_ref)
SELECT v.finding_ref, :snapshot_id, v.valid_to, v.verdict_ref
FROM main._finding_ver AS v
JOIN temp._finding_touched AS t ON t.finding_ref = v.finding_ref
WHERE v.valid_from < :snapshot_id AND v.valid_to > :snapshot_id;

UPDATE main._finding_ver
SET valid_to = :snapshot_id
WHERE finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND valid_from < :snapshot_id AND valid_to > :snapshot_id;

INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, verdict_ref)
SELECT v.finding_ref, :snapshot_id + 1, v.valid_to, v.verdict_ref
FROM main._finding_ver AS v
JOIN temp._finding_touched AS t ON t.finding_ref = v.finding_ref
WHERE v.valid_from = :snapshot_id AND v.valid_to > :snapshot_id + 1 AND :snapshot_id < :newest_id;

DELETE FROM main._finding_ver
WHERE finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t) AND valid_from = :snapshot_id;

INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, verdict_ref)
SELECT n.finding_ref, :snapshot_id, iif(:snapshot_id < :newest_id, :snapshot_id + 1, 2147483647), n.verdict_ref
FROM temp._finding_new AS n
JOIN temp._finding_touched AS t ON t.finding_ref = n.finding_ref;

UPDATE main._finding_ver AS l
SET valid_to = r.valid_to
FROM main._finding_ver AS r
WHERE l.finding_ref IN (SELECT t.finding_ref FROM temp._finding_touched AS t)
  AND l.valid_to = :snapshot_id
  AND r.finding_ref = l.finding_ref AND r.valid_from = :snapshot_id
  AND r.verdict_ref = l.verdict_ref;

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
  AND r.verdict_ref = l.verdict_ref;

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
  w.severity,
  COALESCE(sum(g.finding_count) FILTER (WHERE w.status = 'fail' AND NOT w.is_excepted), 0),
  COALESCE(sum(g.finding_count) FILTER (WHERE w.status = 'fail' AND w.is_excepted), 0),
  COALESCE(sum(g.finding_count) FILTER (WHERE w.status <> 'fail'), 0)
FROM (SELECT f.rule AS rule, f.verdict AS verdict, count(*) AS finding_count FROM temp._finding_given AS f GROUP BY f.rule, f.verdict) AS g
JOIN temp._rule_given AS r ON r.number = g.rule
JOIN temp._verdict_given AS w ON w.number = g.verdict
GROUP BY r.rule_ref, w.severity
ORDER BY r.rule_ref, w.severity;

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
