-- GET /orgs/{org}/personal-access-token-requests and …/{pat_request_id}/repositories: pending requests.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_token_requests', 'token_requests'),
  ('_token_request_permissions', 'token_requests'),
  ('_token_request_repositories', 'token_request_repositories');

INSERT INTO _kept_keys (resource, key) VALUES
  ('token_request_repositories', 'id'),
  ('token_request_repositories', 'full_name');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('token_requests', 'id', 'id', 'required', NULL),
  ('token_requests', 'token_id', 'integer', 'required', NULL),
  ('token_requests', 'token_name', 'text', 'required', NULL),
  ('token_requests', 'owner', 'object', 'required', NULL),
  ('token_requests', 'owner.login', 'text', 'required', NULL),
  ('token_requests', 'owner.id', 'integer', 'required', NULL),
  ('token_requests', 'repository_selection', 'word: all, subset, none', 'required', NULL),
  ('token_requests', 'permissions', 'object', 'required', NULL),
  ('token_requests', 'permissions.*', 'object', 'required', NULL),
  ('token_requests', 'permissions.*.*', 'text', 'required', NULL),
  ('token_requests', 'reason', 'text', 'nullable', NULL),
  ('token_requests', 'created_at', 'time', 'required', NULL),
  ('token_requests', 'token_expires_at', 'time', 'nullable', NULL),
  ('token_requests', 'token_expired', 'flag', 'required', NULL),
  ('token_requests', 'token_last_used_at', 'time', 'nullable', NULL);

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('token_request_repositories', 'id', 'id', 'required', NULL),
  ('token_request_repositories', 'full_name', 'text', 'required', NULL);

CREATE TABLE _token_requests (
  org TEXT NOT NULL REFERENCES _installations (org),
  request_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  token_id INTEGER AS (raw ->> '$.token_id') STORED,
  token_name TEXT AS (raw ->> '$.token_name') STORED,
  owner_login TEXT AS (raw ->> '$.owner.login') STORED,
  owner_id INTEGER AS (raw ->> '$.owner.id') STORED,
  repository_selection TEXT AS (raw ->> '$.repository_selection') STORED,
  reason TEXT AS (raw ->> '$.reason') STORED,
  created_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.created_at')) STORED,
  expires_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.token_expires_at')) STORED,
  is_expired INTEGER AS (raw ->> '$.token_expired') STORED,
  last_used_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.token_last_used_at')) STORED,
  odd_fields TEXT AS (nullif(substr(
    CASE WHEN json_type(raw, '$.token_id') IS NOT 'integer' THEN ', token_id' ELSE '' END ||
    CASE WHEN json_type(raw, '$.repository_selection') IS NOT 'text' THEN ', repository_selection' ELSE '' END ||
    CASE WHEN json_type(raw, '$.permissions') IS NOT 'object' OR raw ->> '$.permissions' LIKE '%:null%' THEN ', permissions' ELSE '' END ||
    CASE WHEN json_type(raw, '$.token_expires_at') IS NULL THEN ', token_expires_at' ELSE '' END ||
    CASE WHEN json_type(raw, '$.reason') IS NULL THEN ', reason' ELSE '' END,
    3
  ), '')) STORED,
  PRIMARY KEY (org, request_id)
) STRICT;

CREATE TABLE _token_request_permissions (
  org TEXT NOT NULL,
  request_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  permission TEXT NOT NULL,
  level TEXT,
  tier_rank INTEGER NOT NULL,
  PRIMARY KEY (org, request_id, scope, permission),
  FOREIGN KEY (org, request_id) REFERENCES _token_requests (org, request_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE VIEW _in_token_requests (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_token_requests_insert INSTEAD OF INSERT ON _in_token_requests
BEGIN
  INSERT INTO _token_requests (org, request_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.id', NEW.item)
  ON CONFLICT (org, request_id) DO UPDATE SET raw = excluded.raw;

  -- Seen again: its permissions are read again, and an explicit list that no longer applies goes.
  DELETE FROM _token_request_permissions
  WHERE org = NEW.org AND request_id = NEW.item ->> '$.id';

  DELETE FROM _token_request_repositories
  WHERE org = NEW.org AND request_id = NEW.item ->> '$.id' AND NEW.item ->> '$.repository_selection' <> 'subset';

  -- That list, and the one of a request that is back after it had gone, would
  -- have to be asked for once more, from its first page.
  UPDATE _walks
  SET is_finished = 0, next = ''
  WHERE org = NEW.org AND resource = 'token_request_repositories' AND parent = CAST(NEW.item ->> '$.id' AS TEXT)
    AND (
      NEW.item ->> '$.repository_selection' <> 'subset'
      OR EXISTS (SELECT 1 FROM _gone AS g WHERE g.org = NEW.org AND g.resource = 'token_request_repositories' AND g.parent = CAST(NEW.item ->> '$.id' AS TEXT))
    );

  DELETE FROM _gone
  WHERE org = NEW.org AND resource = 'token_request_repositories' AND parent = CAST(NEW.item ->> '$.id' AS TEXT);

  -- A level that was not understood may be any: the worst of them counts.
  INSERT INTO _token_request_permissions (org, request_id, scope, permission, level, tier_rank)
  SELECT
    NEW.org,
    NEW.item ->> '$.id',
    s.key,
    p.key,
    p.value,
    COALESCE((
      SELECT min(c.tier_rank)
      FROM _permission_catalog AS c
      WHERE c.scope = s.key AND c.permission = p.key AND (c.level = p.value OR p.value IS NULL)
    ), 2)
  FROM json_each(NEW.item, '$.permissions') AS s
  JOIN json_each(s.value) AS p
  WHERE s.type = 'object';

  -- Where no permission was understood, it may have any.
  INSERT OR IGNORE INTO _token_request_permissions (org, request_id, scope, permission, level, tier_rank)
  SELECT
    NEW.org,
    NEW.item ->> '$.id',
    c.scope,
    c.permission,
    NULL,
    min(c.tier_rank)
  FROM _permission_catalog AS c
  WHERE (json_type(NEW.item, '$.permissions') IS NOT 'object' OR NEW.item ->> '$.permissions' LIKE '%:null%')
    AND (json_type(NEW.item, '$.permissions') IS NOT 'object' OR json_type(NEW.item, '$.permissions.' || c.scope) = 'null')
  GROUP BY
    c.scope,
    c.permission;
END;

CREATE TABLE _token_request_repositories (
  org TEXT NOT NULL,
  request_id INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (org, request_id, repository_id),
  FOREIGN KEY (org, request_id) REFERENCES _token_requests (org, request_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX _token_request_repositories_by_repository ON _token_request_repositories (org, repository_id, request_id);

-- A request that is listed again later has its list to be read again.
CREATE TRIGGER _token_requests_reach_nothing AFTER DELETE ON _token_requests
BEGIN
  UPDATE _walks
  SET is_finished = 0, next = ''
  WHERE org = OLD.org AND resource = 'token_request_repositories' AND parent = CAST(OLD.request_id AS TEXT);
END;

CREATE TRIGGER _restart_token_requests INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'token_requests'
BEGIN
  DELETE FROM _token_requests
  WHERE org = NEW.org;
END;

CREATE TRIGGER _restart_token_request_repositories INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'token_request_repositories'
BEGIN
  DELETE FROM _token_request_repositories
  WHERE org = NEW.org AND request_id = CAST(NEW.parent AS INTEGER);
END;

CREATE VIEW _todo_token_request_repositories AS
SELECT
  t.org AS org,
  CAST(t.request_id AS TEXT) AS parent,
  NULL AS repository
FROM _token_requests AS t
WHERE t.repository_selection = 'subset';

CREATE VIEW _token_of_token_request_repositories AS
SELECT
  t.org AS org,
  t.request_id AS parent,
  t.token_id AS token_id
FROM _token_requests AS t;

CREATE VIEW _in_token_request_repositories (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_token_request_repositories_insert INSTEAD OF INSERT ON _in_token_request_repositories
BEGIN
  INSERT INTO _repository_names (org, repository_id, full_name)
  SELECT NEW.org, NEW.item ->> '$.id', NEW.item ->> '$.full_name'
  WHERE NEW.item ->> '$.full_name' IS NOT NULL
  ON CONFLICT (org, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

  -- A page may come after its request was found gone: then it says nothing.
  INSERT OR IGNORE INTO _token_request_repositories (org, request_id, repository_id)
  SELECT
    t.org,
    t.request_id,
    NEW.item ->> '$.id'
  FROM _token_requests AS t
  WHERE t.org = NEW.org AND t.request_id = CAST(NEW.parent AS INTEGER);
END;

CREATE TRIGGER _gone_token_request_repositories AFTER INSERT ON _gone
WHEN NEW.resource = 'token_request_repositories'
BEGIN
  UPDATE _gone
  SET raw = (SELECT t.raw FROM _token_requests AS t WHERE t.org = NEW.org AND t.request_id = CAST(NEW.parent AS INTEGER))
  WHERE org = NEW.org AND resource = NEW.resource AND parent = NEW.parent;

  DELETE FROM _token_requests
  WHERE org = NEW.org AND request_id = CAST(NEW.parent AS INTEGER);
END;

CREATE VIEW token_requests AS -- Pending requests of fine-grained tokens for access to an organization.
SELECT
  t.org AS org, -- organization login
  t.request_id AS request_id, -- id of the request
  t.token_id AS token_id, -- GitHub's id of the token itself: stable, the same in the audit log
  t.token_name AS token_name, -- what its owner called it
  t.owner_login AS owner_login, -- who made it and whose rights bound it
  t.owner_id AS owner_id, -- GitHub's id of the owner
  COALESCE(
    (SELECT m.role FROM _members AS m WHERE m.org = t.org AND m.user_id = t.owner_id),
    (SELECT 'outside' FROM _outside_collaborators AS o WHERE o.org = t.org AND o.user_id = t.owner_id),
    CASE
      WHEN t.owner_id IS NOT NULL
        AND EXISTS (SELECT 1 FROM _coverage AS c WHERE c.org = t.org AND c.resource = 'members' AND c.status = 'complete')
        AND EXISTS (SELECT 1 FROM _coverage AS c WHERE c.org = t.org AND c.resource = 'outside_collaborators' AND c.status = 'complete')
      THEN 'gone'
    END
  ) AS owner_role, -- owner, member, outside, or gone when all members and outside collaborators are known and it is none of them; NULL unknown
  t.repository_selection AS repository_selection, -- all, subset (an explicit list) or none (public reading only)
  CASE t.repository_selection
    WHEN 'none' THEN 0
    WHEN 'subset' THEN (
      SELECT (SELECT count(*) FROM _token_request_repositories AS p WHERE p.org = t.org AND p.request_id = t.request_id)
      FROM _walks AS w
      WHERE w.org = t.org AND w.resource = 'token_request_repositories' AND w.parent = CAST(t.request_id AS TEXT) AND w.is_finished
    )
    WHEN 'all' THEN (
      SELECT (SELECT n.repository_count FROM _repository_counts AS n WHERE n.org = t.org)
      FROM _coverage AS c
      WHERE c.org = t.org AND c.resource = 'repositories' AND c.status = 'complete'
    )
  END AS repository_count, -- repositories in reach; for all an upper bound, see has_upper_bound_reach; NULL unknown
  t.repository_selection = 'all' AS has_upper_bound_reach, -- 1: repository_count is the organization's; the owner's own rights may reach fewer
  CASE
    WHEN t.repository_selection = 'none' THEN 0
    WHEN (SELECT m.role FROM _members AS m WHERE m.org = t.org AND m.user_id = t.owner_id) = 'owner' THEN 1
    WHEN NOT EXISTS (SELECT 1 FROM _members AS m WHERE m.org = t.org AND m.user_id = t.owner_id)
      AND (
        EXISTS (SELECT 1 FROM _outside_collaborators AS o WHERE o.org = t.org AND o.user_id = t.owner_id)
        OR t.owner_id IS NOT NULL AND EXISTS (SELECT 1 FROM _coverage AS c WHERE c.org = t.org AND c.resource = 'members' AND c.status = 'complete')
      )
    THEN 0
    WHEN (SELECT g.default_repository_permission FROM _org AS g WHERE g.org = t.org) IN ('write', 'admin') THEN 1
    WHEN EXISTS (SELECT 1 FROM _members AS m WHERE m.org = t.org AND m.user_id = t.owner_id)
      AND (SELECT g.default_repository_permission FROM _org AS g WHERE g.org = t.org) IS NOT NULL
    THEN 0
  END AS is_reach_effective, -- 1: its owner can do all that it grants, as an organization owner, or because default_repository_permission is write or admin, unless known to be no member; 0: granted reach is only an upper bound, or selection is none; NULL unknown
  (
    SELECT r.tier
    FROM _tiers AS r
    WHERE r.rank = (SELECT min(p.tier_rank) FROM _token_request_permissions AS p WHERE p.org = t.org AND p.request_id = t.request_id)
  ) AS highest_tier, -- worst tier among its permissions: critical, high, unclassified, medium, low; NULL without permissions
  (
    SELECT r.tier
    FROM _tiers AS r
    WHERE r.rank = (
      SELECT min(
        CASE
          WHEN p.scope <> 'repository' THEN p.tier_rank
          WHEN p.permission = 'contents' AND p.level IN ('write', 'admin') AND t.repository_selection = 'all' THEN 0
          WHEN p.permission = 'contents' AND p.level = 'read' AND t.repository_selection = 'all'
            AND EXISTS (SELECT 1 FROM _repository_counts AS n WHERE n.org = t.org AND n.closed_count > 0)
          THEN min(p.tier_rank, 1)
          WHEN p.level <> 'read' OR p.permission = 'secret_scanning_alerts' OR p.tier_rank IN (2, 4) THEN p.tier_rank
          WHEN CASE t.repository_selection
              WHEN 'none' THEN 1
              WHEN 'subset' THEN EXISTS (SELECT 1 FROM _walks AS w WHERE w.org = t.org AND w.resource = 'token_request_repositories' AND w.parent = CAST(t.request_id AS TEXT) AND w.is_finished)
                AND NOT EXISTS (
                  SELECT 1
                  FROM _token_request_repositories AS m
                  LEFT JOIN _repositories AS v ON v.org = m.org AND v.repository_id = m.repository_id
                  WHERE m.org = t.org AND m.request_id = t.request_id AND v.visibility IS NOT 'public'
                )
              WHEN 'all' THEN EXISTS (SELECT 1 FROM _coverage AS c WHERE c.org = t.org AND c.resource = 'repositories' AND c.status = 'complete')
                AND EXISTS (SELECT 1 FROM _repository_counts AS n WHERE n.org = t.org AND n.public_count = n.repository_count)
            END
          THEN 4
          ELSE p.tier_rank
        END
      )
      FROM _token_request_permissions AS p
      WHERE p.org = t.org AND p.request_id = t.request_id
    )
  ) AS reach_tier, -- worst tier given what it reaches: as highest_tier, but contents: write on all repositories is critical, contents: read on all is high where private or internal ones are among them, and what only reads repositories is low where all in reach are known to be public, except secret_scanning_alerts and what is unclassified; NULL without permissions
  t.reason AS reason, -- why it is wanted, in the words of its owner; NULL or empty: not said
  t.created_at AS created_at, -- when it was asked for, UTC
  t.expires_at AS expires_at, -- when the token expires, UTC; NULL: never
  t.is_expired AS is_expired, -- 1: expired, by GitHub's own flag; NULL unknown
  t.last_used_at AS last_used_at, -- last use, UTC, to be read as a day; NULL: never used
  (SELECT s.web_url FROM _snapshot AS s) || '/organizations/' || t.org || '/settings/personal-access-token-requests/' || t.request_id AS html_url, -- where to approve or deny it
  t.odd_fields AS odd_fields, -- GitHub's names of what was not understood of it, see oddities; NULL: nothing
  t.raw AS raw -- GitHub's object less its links
FROM _token_requests AS t;

CREATE VIEW token_request_permissions AS -- What each request asks for, one row a permission.
SELECT
  p.org AS org, -- organization login
  p.request_id AS request_id, -- the request
  p.scope AS scope, -- organization, repository or other
  p.permission AS permission, -- key as GitHub writes it
  p.level AS level, -- read, write or admin
  (SELECT r.tier FROM _tiers AS r WHERE r.rank = p.tier_rank) AS tier -- critical, high, medium, low; unclassified: not in permission_catalog
FROM _token_request_permissions AS p;

CREATE VIEW token_request_repositories AS -- The explicit repository lists of requests with selection subset.
SELECT
  p.org AS org, -- organization login
  p.request_id AS request_id, -- the request
  p.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = p.org AND n.repository_id = p.repository_id) AS full_name -- owner/name
FROM _token_request_repositories AS p;
