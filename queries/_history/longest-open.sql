-- What has been wrong for longest
--
-- The findings of the newest snapshot that no exception covers, those that have
-- stood unchanged for longest first.
--
-- param: days integer 0 -- only those that have stood for so many days or more

SELECT
  f.severity AS severity,
  f.rule AS rule,
  f.org AS org,
  f.subject_name AS subject_name,
  f.subject_owner AS subject_owner,
  s.finished_at AS since_at,
  CAST(julianday(:now) - julianday(s.finished_at) AS INTEGER) AS open_days,
  f.reason AS reason
FROM findings AS f
JOIN snapshots AS s ON s.snapshot_id = f.since_snapshot_id
WHERE f.snapshot_id = (SELECT max(n.snapshot_id) FROM snapshots AS n)
  AND f.status = 'fail'
  AND NOT f.is_excepted
  AND julianday(:now) - julianday(s.finished_at) >= :days
ORDER BY
  s.finished_at,
  CASE f.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,
  f.rule,
  f.org,
  f.subject_name
