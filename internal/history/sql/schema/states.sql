-- What changes are made of: the state of everything as JSON, and pairs of what
-- was and what is.

-- What is watched, and what a difference in it is called: changed and renamed
-- are always that; the others depend on the values, see the view changes.
-- null_means NULL: an absent value is unknown, and no value to differ from.
CREATE TABLE _watched (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  tells_of TEXT NOT NULL,
  way TEXT NOT NULL,
  null_means TEXT,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

INSERT INTO _watched (kind, key, tells_of, way, null_means) VALUES
  @watched
;

-- The resource that says that something is not there.
CREATE TABLE _kinds (
  kind TEXT PRIMARY KEY,
  resource TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO _kinds (kind, resource) VALUES
  ('token', 'tokens'),
  ('request', 'token_requests'),
  ('repository', 'repositories'),
  ('member', 'members');

CREATE TABLE _levels (
  level TEXT PRIMARY KEY,
  rank INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO _levels (level, rank) VALUES
  ('none', 0),
  ('read', 1),
  ('subset', 1),
  ('write', 2),
  ('all', 2),
  ('admin', 3);

CREATE VIEW _token_states AS
SELECT
  v.token_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    'grant_id', v.grant_id,
    'token_id', v.token_id,
    @state token token_name..is_expired
    'permissions', json(v.permissions)
  ) AS state
FROM _token_ver AS v;

CREATE VIEW _request_states AS
SELECT
  v.request_id AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    @state request request_id..is_expired
    'permissions', json(v.permissions)
  ) AS state
FROM _request_ver AS v;

CREATE VIEW _repository_states AS
SELECT
  v.repository_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    @state repository repository_id..
  ) AS state
FROM _repository_ver AS v;

CREATE VIEW _member_states AS
SELECT
  v.user_id AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object('user_id', v.user_id, 'login', v.login, 'role', v.role) AS state
FROM _member_ver AS v;

CREATE VIEW _org_states AS
SELECT
  v.org_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    @state org plan..
  ) AS state
FROM _org_ver AS v;

-- One row for each that differs from the snapshot before.
CREATE VIEW _pairs AS
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'token' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _token_states AS n
LEFT JOIN _token_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'token',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _token_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _token_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'request' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _request_states AS n
LEFT JOIN _request_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'request',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _request_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _request_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'repository' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _repository_states AS n
LEFT JOIN _repository_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'repository',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _repository_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _repository_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'member' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _member_states AS n
LEFT JOIN _member_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'member',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _member_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _member_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'org' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _org_states AS n
LEFT JOIN _org_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1;

-- The repositories that entered (1) or left (0) the list of a token.
CREATE VIEW _list_changes AS
SELECT
  v.valid_from AS snapshot_id,
  v.valid_from - 1 AS old_id,
  v.token_ref AS token_ref,
  1 AS is_added,
  json_object('repositories', json_group_array(r.full_name)) AS repositories,
  min(r.full_name) || CASE count(*) WHEN 1 THEN '' WHEN 2 THEN ' and ' || max(r.full_name) ELSE ' and ' || (count(*) - 1) || ' more' END AS named
FROM _pair_ver AS v
CROSS JOIN _repository_ids AS r
WHERE v.valid_from > 1 AND r.repository_ref = v.repository_ref
GROUP BY v.valid_from, v.token_ref
UNION ALL
SELECT
  v.valid_to,
  v.valid_to - 1,
  v.token_ref,
  0,
  json_object('repositories', json_group_array(r.full_name)),
  min(r.full_name) || CASE count(*) WHEN 1 THEN '' WHEN 2 THEN ' and ' || max(r.full_name) ELSE ' and ' || (count(*) - 1) || ' more' END
FROM _pair_ver AS v
CROSS JOIN _repository_ids AS r
WHERE v.valid_to < 2147483647 AND r.repository_ref = v.repository_ref
GROUP BY v.valid_to, v.token_ref;

-- at_id is the snapshot that saw the token awake.
CREATE VIEW _awake AS
SELECT
  a.snapshot_id AS snapshot_id,
  a.snapshot_id AS at_id,
  a.token_ref AS token_ref
FROM _awakenings AS a;
