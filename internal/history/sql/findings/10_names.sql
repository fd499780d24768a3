-- The names of what was found in a snapshot become references. Given in
-- temp._rule_given, _blind_given, _subject_given and _verdict_given, which name
-- each other by their numbers there.

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

-- An old snapshot whose findings are replaced has no say where a later one says
-- something too.
UPDATE main._subjects AS t
SET kind = g.kind, id = g.id, name = g.name, url = g.url, owner = g.owner
FROM temp._subject_given AS g
WHERE t.subject_ref = g.subject_ref
  AND (t.kind, t.id, t.name, t.url, t.owner) IS NOT (g.kind, g.id, g.name, g.url, g.owner)
  AND (
    :snapshot_id = :newest_id
    OR t.subject_ref NOT IN (SELECT f.subject_ref FROM main._finding_ver AS v CROSS JOIN main._findings AS f WHERE v.valid_to > :snapshot_id + 1 AND f.finding_ref = v.finding_ref)
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
