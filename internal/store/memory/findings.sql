-- What rules say of the snapshot. It is not part of the file, which stays as it was
-- published: each program that reads it has its own, in memory, and fills it when a
-- statement reads it, see Snapshot.FillFindings.

CREATE TABLE _findings (
  "key" TEXT NOT NULL,
  "rule" TEXT NOT NULL,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  org TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  subject_name TEXT,
  subject_url TEXT,
  owner_login TEXT,
  reason TEXT NOT NULL,
  is_new INTEGER,
  first_seen_at TEXT,
  due_at TEXT,
  is_overdue INTEGER,
  is_excepted INTEGER NOT NULL
) STRICT;

CREATE VIEW findings AS -- What the rules say of this snapshot. It is evaluated when a statement reads it and is not part of the file.
SELECT
  f."key" AS "key", -- the same in every snapshot: rule:org:subject
  f."rule" AS "rule", -- id of the rule
  substr(f."rule", 1, instr(f."rule", '/') - 1) AS report, -- report that the rule belongs to
  f.severity AS severity, -- critical, high, medium or low
  f.status AS status, -- fail: the condition of the rule holds; unknown: GitHub did not say, or the App may not see it
  f.org AS org, -- login of the organization
  f.subject_kind AS subject_kind, -- token, request, repository or org
  f.subject_id AS subject_id, -- grant id, request id or repository id as text, or login
  f.subject_name AS subject_name, -- NULL: it has none
  f.subject_url AS subject_url, -- page on GitHub; NULL: there is none
  f.owner_login AS owner_login, -- owner of the token or request; NULL: it has none, or unknown
  f.reason AS reason, -- the fact, in one sentence
  f.is_new AS is_new, -- 1: the previous snapshot did not have it; NULL unknown
  f.first_seen_at AS first_seen_at, -- finish of the first snapshot that had it; NULL unknown
  f.due_at AS due_at, -- when it should be dealt with: first_seen_at and reports.due of the configuration; NULL: not known
  f.is_overdue AS is_overdue, -- 1: due_at is before the finish of this snapshot; NULL unknown
  NULL AS folded_into, -- key of the finding that says more about the same subject; NULL: none
  f.is_excepted AS is_excepted -- 1: an exception of the configuration covers it
FROM _findings AS f;
