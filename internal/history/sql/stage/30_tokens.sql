-- Tokens, their lists, and requests.

INSERT INTO main._token_ids (org_ref, token_id)
SELECT DISTINCT p.org_ref, t.token_id
FROM snap._tokens AS t
JOIN temp._present AS p ON p.org = t.org
WHERE NOT EXISTS (SELECT 1 FROM main._token_ids AS i WHERE i.org_ref = p.org_ref AND i.token_id = t.token_id)
ORDER BY p.org_ref, t.token_id;

CREATE TEMP TABLE _token_new (
  token_ref INTEGER PRIMARY KEY,
  @define token org_ref..
  last_used_at INTEGER,
  repository_count INTEGER
) STRICT;

-- Should a token have two grants, the later one counts.
INSERT OR REPLACE INTO temp._token_new (
  @names token token_ref..
  last_used_at,
  repository_count
)
SELECT
  i.token_ref,
  p.org_ref,
  @select t token token_id..is_expired
  (
    SELECT json_group_object(q.scope || '/' || q.permission, q.level)
    FROM (SELECT m.scope AS scope, m.permission AS permission, m.level AS level FROM snap._token_permissions AS m WHERE m.org = t.org AND m.grant_id = t.grant_id ORDER BY m.scope, m.permission) AS q
  ),
  CAST(strftime('%s', t.last_used_at) AS INTEGER),
  iif(t.repository_selection = 'subset', t.repository_count, NULL)
FROM snap.tokens AS t
CROSS JOIN temp._present AS p
CROSS JOIN main._token_ids AS i
WHERE p.org = t.org AND i.org_ref = p.org_ref AND i.token_id = t.token_id
ORDER BY t.grant_id;

@keep token

-- How bad a permission is depends on what it reaches: unseen, it reaches the same.
UPDATE temp._token_new AS n
SET reach_tier = v.reach_tier
FROM main._token_ver AS v
WHERE v.token_ref = n.token_ref AND v.valid_to = 2147483647
  AND v.permissions = n.permissions AND v.repository_selection = n.repository_selection AND v.highest_tier IS n.highest_tier
  AND EXISTS (
    SELECT 1
    FROM json_each('["repositories","token_repositories"]') AS r
    WHERE NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = r.value)
  );

UPDATE temp._token_new AS n
SET repository_count = (SELECT u.repository_count FROM main._token_usage AS u WHERE u.token_ref = n.token_ref ORDER BY u.snapshot_id DESC LIMIT 1)
WHERE n.repository_selection = 'subset' AND n.repository_count IS NULL
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'token_repositories');

INSERT INTO main._awakenings (snapshot_id, token_ref)
SELECT :snapshot_id, n.token_ref
FROM temp._token_new AS n
CROSS JOIN main._token_usage AS u
WHERE u.token_ref = n.token_ref
  AND u.snapshot_id = (SELECT max(l.snapshot_id) FROM main._token_usage AS l WHERE l.token_ref = n.token_ref)
  AND n.last_used_at - COALESCE(u.last_used_at, CAST(strftime('%s', n.access_granted_at) AS INTEGER)) >= 30 * 86400
ORDER BY n.token_ref;

INSERT INTO main._token_usage (token_ref, snapshot_id, last_used_at, repository_count)
SELECT n.token_ref, :snapshot_id, n.last_used_at, n.repository_count
FROM temp._token_new AS n
LEFT JOIN main._token_usage AS u
  ON u.token_ref = n.token_ref
  AND u.snapshot_id = (SELECT max(l.snapshot_id) FROM main._token_usage AS l WHERE l.token_ref = n.token_ref)
WHERE u.snapshot_id IS NULL OR (n.last_used_at, n.repository_count) IS NOT (u.last_used_at, u.repository_count)
ORDER BY n.token_ref;

-- Tokens whose list may have changed. Nearly all are as they were, which the
-- sequence of their ids shows: those of the snapshot come sorted from
-- its primary key. Another order would cost a second look and nothing else.
CREATE TEMP TABLE _relisted (
  token_ref INTEGER PRIMARY KEY
) STRICT;

INSERT INTO temp._relisted (token_ref)
SELECT n.token_ref
FROM temp._token_new AS n
CROSS JOIN temp._present AS p
WHERE p.org_ref = n.org_ref
  AND (SELECT group_concat(m.repository_id) FROM snap._reach_members AS m WHERE m.org = p.org AND m.set_id = n.grant_id) IS NOT (
    SELECT group_concat(i.repository_id ORDER BY i.repository_id)
    FROM main._pair_ver AS v
    CROSS JOIN main._repository_ids AS i
    WHERE v.token_ref = n.token_ref AND v.valid_to = 2147483647 AND i.repository_ref = v.repository_ref
  )
UNION ALL
SELECT v.token_ref
FROM main._token_ver AS v
WHERE v.valid_to = 2147483647 AND NOT EXISTS (SELECT 1 FROM temp._token_new AS n WHERE n.token_ref = v.token_ref);

CREATE TEMP TABLE _pair_new (
  token_ref INTEGER NOT NULL,
  repository_ref INTEGER NOT NULL,
  PRIMARY KEY (token_ref, repository_ref)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._pair_new (token_ref, repository_ref)
SELECT n.token_ref, i.repository_ref
FROM temp._relisted AS l
CROSS JOIN temp._token_new AS n
CROSS JOIN temp._present AS p
CROSS JOIN snap._reach_members AS m
CROSS JOIN main._repository_ids AS i
WHERE n.token_ref = l.token_ref AND p.org_ref = n.org_ref AND m.org = p.org AND m.set_id = n.grant_id
  AND i.org_ref = n.org_ref AND i.repository_id = m.repository_id;

CREATE TEMP TABLE _request_new (
  @define request org_ref..
  PRIMARY KEY (org_ref, request_id)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._request_new (
  @names request org_ref..
)
SELECT
  p.org_ref,
  @select t request request_id..repository_selection
  iif(t.repository_selection = 'all', NULL, t.repository_count),
  @select t request is_reach_effective..last_used_at
  (
    SELECT json_group_object(q.scope || '/' || q.permission, q.level)
    FROM (SELECT m.scope AS scope, m.permission AS permission, m.level AS level FROM snap._token_request_permissions AS m WHERE m.org = t.org AND m.request_id = t.request_id ORDER BY m.scope, m.permission) AS q
  )
FROM snap.token_requests AS t
JOIN temp._present AS p ON p.org = t.org;

@keep request

UPDATE temp._request_new AS n
SET reach_tier = v.reach_tier
FROM main._request_ver AS v
WHERE v.org_ref = n.org_ref AND v.request_id = n.request_id AND v.valid_to = 2147483647
  AND v.permissions = n.permissions AND v.repository_selection = n.repository_selection AND v.highest_tier IS n.highest_tier
  AND EXISTS (
    SELECT 1
    FROM json_each('["repositories","token_request_repositories"]') AS r
    WHERE NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = r.value)
  );

UPDATE temp._request_new AS n
SET repository_count = v.repository_count
FROM main._request_ver AS v
WHERE v.org_ref = n.org_ref AND v.request_id = n.request_id AND v.valid_to = 2147483647
  AND n.repository_selection = 'subset' AND v.repository_selection = 'subset' AND n.repository_count IS NULL
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'token_request_repositories');

UPDATE main._snapshots
SET
  token_count = (SELECT count(*) FROM snap._tokens),
  request_count = (SELECT count(*) FROM snap._token_requests),
  repository_count = (SELECT count(*) FROM snap._repositories),
  pair_count = (SELECT count(*) FROM snap._token_repositories),
  member_count = (SELECT count(*) FROM snap.members)
WHERE snapshot_id = :snapshot_id;
