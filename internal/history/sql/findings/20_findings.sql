-- What was found in a snapshot takes the place of what stood for it before:
-- nothing if it is new, other findings if they are replaced. Of what
-- was found only the differences are here: temp._finding_begun was never found
-- before, _finding_touched differs from what it was (verdict_ref NULL: no
-- more), _finding_reworded is said in other words.

INSERT INTO main._findings (rule_ref, subject_ref, reason)
SELECT b.rule_ref, b.subject_ref, b.reason
FROM temp._finding_begun AS b
ORDER BY b.rule_ref, b.subject_ref;

INSERT INTO main._finding_ver (finding_ref, valid_from, valid_to, verdict_ref)
SELECT f.finding_ref, :snapshot_id, iif(:snapshot_id < :newest_id, :snapshot_id + 1, 2147483647), b.verdict_ref
FROM temp._finding_begun AS b
CROSS JOIN main._findings AS f
WHERE f.rule_ref = b.rule_ref AND f.subject_ref = b.subject_ref;

-- An old snapshot whose findings are replaced has no say where a later one says
-- something too.
UPDATE main._findings AS f
SET reason = w.reason
FROM temp._finding_reworded AS w
WHERE f.finding_ref = w.finding_ref
  AND (
    :snapshot_id = :newest_id
    OR NOT EXISTS (SELECT 1 FROM main._finding_ver AS v WHERE v.finding_ref = f.finding_ref AND v.valid_to > :snapshot_id + 1)
  );

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
SELECT t.finding_ref, :snapshot_id, iif(:snapshot_id < :newest_id, :snapshot_id + 1, 2147483647), t.verdict_ref
FROM temp._finding_touched AS t
WHERE t.verdict_ref IS NOT NULL;

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
FROM temp._count_given AS g
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
