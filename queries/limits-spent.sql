-- Requests spent on each resource
--
-- What the run cost: HTTP requests to GitHub by organization and resource,
-- most first, with the rows they brought and their share of the
-- organization's requests in percent; how many of them were tries after a
-- fault or a limit, how long they waited for that, all added up, and how long
-- the resource took. What stopped a resource is reported by the view
-- coverage.

SELECT
  c.org AS org,
  c.resource AS resource,
  c.status AS status,
  c.request_count AS request_count,
  c.row_count AS row_count,
  c.retry_count AS retry_count,
  c.wait_seconds AS wait_seconds,
  c.duration_seconds AS duration_seconds,
  100 * c.request_count / NULLIF(sum(c.request_count) OVER (PARTITION BY c.org), 0) AS percent
FROM coverage AS c
ORDER BY
  c.request_count DESC,
  c.org,
  c.resource
