-- Findings, as they were imported.

CREATE TABLE _rules (
  rule_ref INTEGER PRIMARY KEY,
  rule TEXT NOT NULL UNIQUE
) STRICT;

-- What findings are about, once, in the words of the newest snapshot that has a
-- finding on it. key is what lasts from snapshot to snapshot: token/98716.
CREATE TABLE _subjects (
  subject_ref INTEGER PRIMARY KEY,
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  owner TEXT NOT NULL,
  UNIQUE (org_ref, key)
) STRICT;

-- reason is in the words of the newest snapshot that has the finding: "unused
-- for 93 days" is another sentence every day. In the order of the rules, so that
-- sentences that change together lie together.
CREATE TABLE _findings (
  finding_ref INTEGER PRIMARY KEY,
  rule_ref INTEGER NOT NULL REFERENCES _rules (rule_ref),
  subject_ref INTEGER NOT NULL REFERENCES _subjects (subject_ref),
  reason TEXT NOT NULL,
  UNIQUE (rule_ref, subject_ref)
) STRICT;

-- What can be said of a finding: a handful of rows.
CREATE TABLE _verdicts (
  verdict_ref INTEGER PRIMARY KEY,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  is_excepted INTEGER NOT NULL,
  UNIQUE (severity, status, is_excepted)
) STRICT;

CREATE TABLE _finding_ver (
  finding_ref INTEGER NOT NULL REFERENCES _findings (finding_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  verdict_ref INTEGER NOT NULL REFERENCES _verdicts (verdict_ref),
  PRIMARY KEY (finding_ref, valid_from)
) STRICT, WITHOUT ROWID;

-- Which rules were run on a snapshot.
CREATE TABLE _rule_runs (
  snapshot_id INTEGER NOT NULL REFERENCES _snapshots (snapshot_id),
  rule_ref INTEGER NOT NULL REFERENCES _rules (rule_ref),
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (snapshot_id, rule_ref)
) STRICT, WITHOUT ROWID;

-- Organizations of which a rule could not see all that it reads: what it found
-- there before has not ended for want of being seen.
CREATE TABLE _rule_blind (
  snapshot_id INTEGER NOT NULL REFERENCES _snapshots (snapshot_id),
  rule_ref INTEGER NOT NULL REFERENCES _rules (rule_ref),
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  PRIMARY KEY (snapshot_id, rule_ref, org_ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE _finding_counts (
  snapshot_id INTEGER NOT NULL REFERENCES _snapshots (snapshot_id),
  rule_ref INTEGER NOT NULL REFERENCES _rules (rule_ref),
  severity TEXT NOT NULL,
  finding_count INTEGER NOT NULL,
  excepted_count INTEGER NOT NULL,
  unknown_count INTEGER NOT NULL,
  PRIMARY KEY (snapshot_id, rule_ref, severity)
) STRICT, WITHOUT ROWID;

CREATE VIEW findings AS -- What the rules found as of each snapshot; what a rule could not see again in an organization stays.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  r.rule || ':' || o.org || ':' || t.key AS key, -- rule, organization and stable key of the subject: the same in all snapshots
  r.rule AS rule, -- id of the rule
  w.severity AS severity, -- critical, high, medium or low
  w.status AS status, -- fail or unknown
  o.org AS org, -- organization login
  t.kind AS subject_kind, -- token, request, repository or org
  t.id AS subject_id, -- grant id, request id, repository id or login
  NULLIF(t.name, '') AS subject_name, -- token's name, repository's full name or login, the last known
  NULLIF(t.url, '') AS subject_url, -- GitHub's page for it
  NULLIF(t.owner, '') AS subject_owner, -- who owns the token; NULL for repositories and organizations
  f.reason AS reason, -- what is wrong, in the words of the newest snapshot that has the finding
  w.is_excepted AS is_excepted, -- 1: an exception of the configuration covered it
  v.valid_from AS since_snapshot_id -- first snapshot from which on it was found with this severity and status, excepted or not
FROM _snapshots AS s
CROSS JOIN _finding_ver AS v
CROSS JOIN _verdicts AS w
CROSS JOIN _findings AS f
CROSS JOIN _subjects AS t
CROSS JOIN _rules AS r
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id
  AND w.verdict_ref = v.verdict_ref AND f.finding_ref = v.finding_ref AND t.subject_ref = f.subject_ref
  AND r.rule_ref = f.rule_ref AND o.org_ref = t.org_ref;

CREATE VIEW finding_counts AS -- How much each rule found in each snapshot: the trend.
SELECT
  c.snapshot_id AS snapshot_id, -- number of the snapshot
  s.finished_at AS finished_at, -- when the snapshot was published, UTC
  r.rule AS rule, -- id of the rule
  c.severity AS severity, -- critical, high, medium or low
  c.finding_count AS finding_count, -- findings that no exception covered
  c.excepted_count AS excepted_count, -- findings that an exception covered
  c.unknown_count AS unknown_count, -- subjects that the rule could not judge
  NOT EXISTS (SELECT 1 FROM _rule_blind AS b WHERE b.snapshot_id = c.snapshot_id AND b.rule_ref = c.rule_ref) AS is_complete -- 0: something that the rule reads could not be seen, there may be more
FROM _finding_counts AS c
JOIN _snapshots AS s ON s.snapshot_id = c.snapshot_id
JOIN _rules AS r ON r.rule_ref = c.rule_ref;

CREATE VIEW rules AS -- The rules that judged each snapshot, also those that found nothing.
SELECT
  n.snapshot_id AS snapshot_id, -- number of the snapshot
  r.rule AS rule, -- id of the rule
  NOT EXISTS (SELECT 1 FROM _rule_blind AS b WHERE b.snapshot_id = n.snapshot_id AND b.rule_ref = n.rule_ref) AS is_complete, -- 0: something that the rule reads could not be seen
  (
    SELECT group_concat(p.org, ' ')
    FROM (SELECT o.org AS org FROM _rule_blind AS b JOIN _orgs AS o ON o.org_ref = b.org_ref WHERE b.snapshot_id = n.snapshot_id AND b.rule_ref = n.rule_ref ORDER BY o.org) AS p
  ) AS blind_orgs, -- organizations where that is so, with spaces between; NULL: none
  n.fingerprint AS fingerprint -- equal where query, parameters, severity and exceptions were
FROM _rule_runs AS n
JOIN _rules AS r ON r.rule_ref = n.rule_ref;
