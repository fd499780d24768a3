-- What the findings of one rule are about. :kind lets SQLite skip the tables of
-- the other kinds; :subjects is a JSON list.
SELECT
  s.org AS org,
  s.subject AS subject,
  s.key AS key,
  s.name AS name,
  s.url AS url,
  s.owner AS owner
FROM subjects AS s
WHERE s.kind = :kind
  AND s.subject IN (
    SELECT
      j.value
    FROM json_each(:subjects) AS j
  )
