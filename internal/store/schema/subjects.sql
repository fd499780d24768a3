-- What a finding is about: the join between the subject column of a rule and
-- everything a report says of it. SQLite looks through a compound view, to the
-- indexes on subject, only if its parts agree in the affinity of every column:
-- hence the cast of NULL.

CREATE VIEW subjects AS -- Everything a rule can report, by the subject it writes.
SELECT
  'token/' || t.grant_id AS subject, -- as rules write it: token/<grant_id>, request/<request_id>, repository/<repository_id>, org/<login>
  'token/' || t.token_id AS key, -- identity that lasts through snapshots: token/<token_id>, request/<request_id>, repository/<repository_id>, org/<login>
  'token' AS kind, -- token, request, repository or org
  CAST(t.grant_id AS TEXT) AS id, -- grant id, request id, repository id or login
  t.org AS org, -- organization login
  t.token_name AS name, -- token's name, repository's full name or login
  (SELECT s.web_url FROM _snapshot AS s) || '/organizations/' || t.org || '/settings/personal-access-tokens/' || t.grant_id AS url, -- GitHub's page for it
  t.owner_login AS owner -- who owns the token; NULL for repositories and organizations
FROM _tokens AS t
UNION ALL
SELECT
  'request/' || q.request_id,
  'request/' || q.request_id,
  'request',
  CAST(q.request_id AS TEXT),
  q.org,
  q.token_name,
  (SELECT s.web_url FROM _snapshot AS s) || '/organizations/' || q.org || '/settings/personal-access-token-requests/' || q.request_id,
  q.owner_login
FROM _token_requests AS q
UNION ALL
SELECT
  'repository/' || r.repository_id,
  'repository/' || r.repository_id,
  'repository',
  CAST(r.repository_id AS TEXT),
  r.org,
  r.full_name,
  COALESCE(r.html_url, (SELECT s.web_url FROM _snapshot AS s) || '/' || r.full_name),
  CAST(NULL AS TEXT)
FROM _repositories AS r
UNION ALL
SELECT
  'org/' || i.org,
  'org/' || i.org,
  'org',
  i.org,
  i.org,
  i.org,
  (SELECT s.web_url FROM _snapshot AS s) || '/' || i.org,
  CAST(NULL AS TEXT)
FROM _installations AS i;
