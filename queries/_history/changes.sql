-- What changed in the last snapshots
--
-- Every change of tokens, requests, repositories, settings, protection and
-- members in the newest snapshots of the history, each against the one before
-- it, the newest first.
--
-- param: snapshots integer 7 -- how many of the newest snapshots

SELECT
  s.started_at AS started_at,
  c.kind AS kind,
  c.change AS change,
  c.org AS org,
  c.subject_name AS subject_name,
  c.subject_owner AS subject_owner,
  c.detail AS detail
FROM (SELECT n.snapshot_id AS snapshot_id, n.started_at AS started_at FROM snapshots AS n ORDER BY n.snapshot_id DESC LIMIT :snapshots) AS s
CROSS JOIN changes AS c
WHERE c.snapshot_id = s.snapshot_id
ORDER BY
  s.snapshot_id DESC,
  c.kind,
  c.org,
  c.subject_name
