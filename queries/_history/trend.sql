-- How bad it was, snapshot by snapshot
--
-- Findings that no exception covered, by severity, of every snapshot that the
-- history has, the oldest first; of one report only if it is named.
--
-- param: report text '' -- stale-tokens, over-broad-access, security-gaps; empty: all of them

SELECT
  s.started_at AS started_at,
  s.orgs AS orgs,
  s.is_complete AS is_complete,
  COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'critical'), 0) AS critical_count,
  COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'high'), 0) AS high_count,
  COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'medium'), 0) AS medium_count,
  COALESCE(sum(c.finding_count) FILTER (WHERE c.severity = 'low'), 0) AS low_count,
  COALESCE(sum(c.excepted_count), 0) AS excepted_count,
  COALESCE(sum(c.unknown_count), 0) AS unknown_count
FROM snapshots AS s
LEFT JOIN finding_counts AS c
  ON c.snapshot_id = s.snapshot_id AND (:report = '' OR substr(c.rule, 1, length(:report) + 1) = :report || '/')
GROUP BY s.snapshot_id
ORDER BY s.snapshot_id
