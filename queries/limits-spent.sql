-- Requests spent on each resource
--
-- What the run cost: HTTP requests to GitHub by organization and resource, most
-- first, with the rows they brought and their share of the organization's
-- requests in percent. What stopped a resource is told by the view coverage.

SELECT
  c.org AS org,
  c.resource AS resource,
  c.status AS status,
  c.request_count AS request_count,
  c.row_count AS row_count,
  100 * c.request_count / NULLIF(sum(c.request_count) OVER (PARTITION BY c.org), 0) AS percent
FROM coverage AS c
ORDER BY
  c.request_count DESC,
  c.org,
  c.resource
