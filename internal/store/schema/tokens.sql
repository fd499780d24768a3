-- GET /orgs/{org}/personal-access-tokens and …/{pat_id}/repositories: fine-grained tokens with access.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_tokens', 'tokens'),
  ('_token_permissions', 'tokens'),
  ('_token_repositories', 'token_repositories'),
  ('_reach_members', 'token_repositories'),
  ('_reach_counts', 'token_repositories');

INSERT INTO _kept_keys (resource, key) VALUES
  ('token_repositories', 'id'),
  ('token_repositories', 'full_name');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('tokens', 'id', 'id', 'required', NULL),
  ('tokens', 'token_id', 'integer', 'required', NULL),
  ('tokens', 'token_name', 'text', 'required', NULL),
  ('tokens', 'owner', 'object', 'required', NULL),
  ('tokens', 'owner.login', 'text', 'required', NULL),
  ('tokens', 'owner.id', 'integer', 'required', NULL),
  ('tokens', 'repository_selection', 'word: all, subset, none', 'required', NULL),
  ('tokens', 'permissions', 'object', 'required', NULL),
  ('tokens', 'permissions.*', 'object', 'required', NULL),
  ('tokens', 'permissions.*.*', 'text', 'required', NULL),
  ('tokens', 'access_granted_at', 'time', 'required', NULL),
  ('tokens', 'token_expires_at', 'time', 'nullable', NULL),
  ('tokens', 'token_expired', 'flag', 'required', NULL),
  ('tokens', 'token_last_used_at', 'time', 'nullable', NULL);

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('token_repositories', 'id', 'id', 'required', NULL),
  ('token_repositories', 'full_name', 'text', 'required', NULL);

CREATE TABLE _tokens (
  org TEXT NOT NULL REFERENCES _installations (org),
  grant_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  token_id INTEGER AS (raw ->> '$.token_id') STORED,
  token_name TEXT AS (raw ->> '$.token_name') STORED,
  owner_login TEXT AS (raw ->> '$.owner.login') STORED,
  owner_id INTEGER AS (raw ->> '$.owner.id') STORED,
  repository_selection TEXT AS (raw ->> '$.repository_selection') STORED,
  access_granted_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.access_granted_at')) STORED,
  expires_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.token_expires_at')) STORED,
  is_expired INTEGER AS (raw ->> '$.token_expired') STORED,
  last_used_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.token_last_used_at')) STORED,
  reach_set INTEGER AS (CASE raw ->> '$.repository_selection' WHEN 'none' THEN NULL WHEN 'subset' THEN grant_id ELSE 0 END) STORED,
  odd_fields TEXT AS (nullif(substr(
    CASE WHEN json_type(raw, '$.token_id') IS NOT 'integer' THEN ', token_id' ELSE '' END ||
    CASE WHEN json_type(raw, '$.repository_selection') IS NOT 'text' THEN ', repository_selection' ELSE '' END ||
    CASE WHEN json_type(raw, '$.permissions') IS NOT 'object' OR raw ->> '$.permissions' LIKE '%:null%' THEN ', permissions' ELSE '' END ||
    CASE WHEN json_type(raw, '$.token_expires_at') IS NULL THEN ', token_expires_at' ELSE '' END ||
    CASE WHEN json_type(raw, '$.token_last_used_at') IS NULL THEN ', token_last_used_at' ELSE '' END,
    3
  ), '')) STORED,
  PRIMARY KEY (org, grant_id)
) STRICT;

CREATE INDEX _tokens_by_reach ON _tokens (org, reach_set);

CREATE INDEX _tokens_by_token ON _tokens (org, token_id);

CREATE INDEX _tokens_by_subject ON _tokens ('token/' || grant_id);

CREATE TABLE _token_permissions (
  org TEXT NOT NULL,
  grant_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  permission TEXT NOT NULL,
  level TEXT,
  tier_rank INTEGER NOT NULL,
  PRIMARY KEY (org, grant_id, scope, permission),
  FOREIGN KEY (org, grant_id) REFERENCES _tokens (org, grant_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE VIEW _in_tokens (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_tokens_insert INSTEAD OF INSERT ON _in_tokens
BEGIN
  INSERT INTO _tokens (org, grant_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.id', NEW.item)
  ON CONFLICT (org, grant_id) DO UPDATE SET raw = excluded.raw;

  -- Seen again: its permissions are read again, and an explicit list that no longer applies goes.
  DELETE FROM _token_permissions
  WHERE org = NEW.org AND grant_id = NEW.item ->> '$.id';

  DELETE FROM _reach_members
  WHERE org = NEW.org AND set_id = NEW.item ->> '$.id' AND NEW.item ->> '$.repository_selection' <> 'subset';

  -- That list, and the one of a token that is back after it had gone, would have
  -- to be asked for once more, from its first page.
  UPDATE _walks
  SET is_finished = 0, next = ''
  WHERE org = NEW.org AND resource = 'token_repositories' AND parent = CAST(NEW.item ->> '$.id' AS TEXT)
    AND (
      NEW.item ->> '$.repository_selection' <> 'subset'
      OR EXISTS (SELECT 1 FROM _gone AS g WHERE g.org = NEW.org AND g.resource = 'token_repositories' AND g.parent = CAST(NEW.item ->> '$.id' AS TEXT))
    );

  DELETE FROM _gone
  WHERE org = NEW.org AND resource = 'token_repositories' AND parent = CAST(NEW.item ->> '$.id' AS TEXT);

  -- A level that was not understood may be any: the worst of them counts.
  INSERT INTO _token_permissions (org, grant_id, scope, permission, level, tier_rank)
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
  INSERT OR IGNORE INTO _token_permissions (org, grant_id, scope, permission, level, tier_rank)
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

-- Sets of repositories that tokens reach: the explicit list of a token is the
-- set of its grant id, set 0 is all repositories of the organization. One join
-- over sets serves both kinds of token from either side; a union of two would
-- be materialized, 15 million rows of a large organization, wherever SQLite
-- cannot flatten it.
CREATE TABLE _reach_members (
  org TEXT NOT NULL,
  set_id INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (org, set_id, repository_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX _reach_members_by_repository ON _reach_members (org, repository_id, set_id);

-- How many repositories the list of a token has, once it was read to its end: a
-- row is there if and only if the token has such a list and its walk is
-- finished. Counting them for each token would be slow for whoever asks all.
CREATE TABLE _reach_counts (
  org TEXT NOT NULL,
  set_id INTEGER NOT NULL,
  repository_count INTEGER NOT NULL,
  PRIMARY KEY (org, set_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER _reach_counted AFTER INSERT ON _walks
WHEN NEW.resource = 'token_repositories' AND NEW.is_finished
BEGIN
  INSERT INTO _reach_counts (org, set_id, repository_count)
  SELECT
    t.org,
    t.grant_id,
    (SELECT count(*) FROM _reach_members AS m WHERE m.org = t.org AND m.set_id = t.grant_id)
  FROM _tokens AS t
  WHERE t.org = NEW.org AND t.grant_id = CAST(NEW.parent AS INTEGER) AND t.repository_selection = 'subset';
END;

CREATE TRIGGER _reach_counted_again AFTER UPDATE OF is_finished ON _walks
WHEN NEW.resource = 'token_repositories'
BEGIN
  DELETE FROM _reach_counts
  WHERE org = NEW.org AND set_id = CAST(NEW.parent AS INTEGER);

  INSERT INTO _reach_counts (org, set_id, repository_count)
  SELECT
    t.org,
    t.grant_id,
    (SELECT count(*) FROM _reach_members AS m WHERE m.org = t.org AND m.set_id = t.grant_id)
  FROM _tokens AS t
  WHERE NEW.is_finished AND t.org = NEW.org AND t.grant_id = CAST(NEW.parent AS INTEGER) AND t.repository_selection = 'subset';
END;

-- A token that is listed again later has its list to be read again.
CREATE TRIGGER _tokens_reach_nothing AFTER DELETE ON _tokens
BEGIN
  DELETE FROM _reach_members
  WHERE org = OLD.org AND set_id = OLD.grant_id;

  UPDATE _walks
  SET is_finished = 0, next = ''
  WHERE org = OLD.org AND resource = 'token_repositories' AND parent = CAST(OLD.grant_id AS TEXT);
END;

CREATE TRIGGER _repositories_reached AFTER INSERT ON _repositories
BEGIN
  INSERT OR IGNORE INTO _reach_members (org, set_id, repository_id)
  VALUES (NEW.org, 0, NEW.repository_id);
END;

CREATE TRIGGER _repositories_out_of_reach AFTER DELETE ON _repositories
BEGIN
  DELETE FROM _reach_members
  WHERE org = OLD.org AND set_id = 0 AND repository_id = OLD.repository_id;
END;

CREATE VIEW _token_repositories AS
SELECT
  m.org AS org,
  m.set_id AS grant_id,
  m.repository_id AS repository_id
FROM _reach_members AS m
WHERE m.set_id > 0;

CREATE TRIGGER _restart_tokens INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'tokens'
BEGIN
  DELETE FROM _tokens
  WHERE org = NEW.org;
END;

CREATE TRIGGER _restart_token_repositories INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'token_repositories'
BEGIN
  DELETE FROM _reach_members
  WHERE org = NEW.org AND set_id = CAST(NEW.parent AS INTEGER) AND set_id > 0;
END;

CREATE VIEW _todo_token_repositories AS
SELECT
  t.org AS org,
  CAST(t.grant_id AS TEXT) AS parent,
  NULL AS repository
FROM _tokens AS t
WHERE t.repository_selection = 'subset';

CREATE VIEW _token_of_token_repositories AS
SELECT
  t.org AS org,
  t.grant_id AS parent,
  t.token_id AS token_id
FROM _tokens AS t;

CREATE VIEW _in_token_repositories (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_token_repositories_insert INSTEAD OF INSERT ON _in_token_repositories
BEGIN
  INSERT INTO _repository_names (org, repository_id, full_name)
  SELECT NEW.org, NEW.item ->> '$.id', NEW.item ->> '$.full_name'
  WHERE NEW.item ->> '$.full_name' IS NOT NULL
  ON CONFLICT (org, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

  -- A page may come after its token was found gone: then it says nothing.
  INSERT OR IGNORE INTO _reach_members (org, set_id, repository_id)
  SELECT
    t.org,
    t.grant_id,
    NEW.item ->> '$.id'
  FROM _tokens AS t
  WHERE t.org = NEW.org AND t.grant_id = CAST(NEW.parent AS INTEGER);
END;

CREATE TRIGGER _gone_token_repositories AFTER INSERT ON _gone
WHEN NEW.resource = 'token_repositories'
BEGIN
  UPDATE _gone
  SET raw = (SELECT t.raw FROM _tokens AS t WHERE t.org = NEW.org AND t.grant_id = CAST(NEW.parent AS INTEGER))
  WHERE org = NEW.org AND resource = NEW.resource AND parent = NEW.parent;

  DELETE FROM _tokens
  WHERE org = NEW.org AND grant_id = CAST(NEW.parent AS INTEGER);
END;

CREATE VIEW tokens AS -- Fine-grained personal access tokens with access to an organization.
SELECT
  t.org AS org, -- organization login
  t.grant_id AS grant_id, -- id of the access granted; changes when access is granted again
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
    WHEN 'subset' THEN (SELECT n.repository_count FROM _reach_counts AS n WHERE n.org = t.org AND n.set_id = t.grant_id)
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
    WHERE r.rank = (SELECT min(p.tier_rank) FROM _token_permissions AS p WHERE p.org = t.org AND p.grant_id = t.grant_id)
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
              WHEN 'subset' THEN EXISTS (SELECT 1 FROM _reach_counts AS n WHERE n.org = t.org AND n.set_id = t.grant_id)
                AND NOT EXISTS (
                  SELECT 1
                  FROM _reach_members AS m
                  LEFT JOIN _repositories AS v ON v.org = m.org AND v.repository_id = m.repository_id
                  WHERE m.org = t.org AND m.set_id = t.grant_id AND v.visibility IS NOT 'public'
                )
              WHEN 'all' THEN EXISTS (SELECT 1 FROM _coverage AS c WHERE c.org = t.org AND c.resource = 'repositories' AND c.status = 'complete')
                AND EXISTS (SELECT 1 FROM _repository_counts AS n WHERE n.org = t.org AND n.public_count = n.repository_count)
            END
          THEN 4
          ELSE p.tier_rank
        END
      )
      FROM _token_permissions AS p
      WHERE p.org = t.org AND p.grant_id = t.grant_id
    )
  ) AS reach_tier, -- worst tier given what it reaches: as highest_tier, but contents: write on all repositories is critical, contents: read on all is high where private or internal ones are among them, and what only reads repositories is low where all in reach are known to be public, except secret_scanning_alerts and what is unclassified; NULL without permissions
  t.access_granted_at AS access_granted_at, -- when access was granted, UTC
  t.expires_at AS expires_at, -- when the token expires, UTC; NULL: never
  t.is_expired AS is_expired, -- 1: expired, by GitHub's own flag; NULL unknown
  t.last_used_at AS last_used_at, -- last use, UTC, to be read as a day; NULL: never used
  (SELECT s.web_url FROM _snapshot AS s) || '/organizations/' || t.org || '/settings/personal-access-tokens/' || t.grant_id AS html_url, -- where to review or revoke it
  t.odd_fields AS odd_fields, -- GitHub's names of what was not understood of it, see oddities; NULL: nothing
  t.raw AS raw -- GitHub's object less its links
FROM _tokens AS t;

CREATE VIEW token_permissions AS -- What each token may do, one row a permission.
SELECT
  p.org AS org, -- organization login
  p.grant_id AS grant_id, -- the token
  p.scope AS scope, -- organization, repository or other
  p.permission AS permission, -- key as GitHub writes it
  p.level AS level, -- read, write or admin
  (SELECT r.tier FROM _tiers AS r WHERE r.rank = p.tier_rank) AS tier -- critical, high, medium, low; unclassified: not in permission_catalog
FROM _token_permissions AS p;

CREATE VIEW token_repositories AS -- The explicit repository lists of tokens with selection subset.
SELECT
  p.org AS org, -- organization login
  p.grant_id AS grant_id, -- the token
  p.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = p.org AND n.repository_id = p.repository_id) AS full_name -- owner/name
FROM _token_repositories AS p;

CREATE VIEW token_reach AS -- Every repository a token may reach: granted reach, an upper bound for via all. Large: join it by token or repository, with JOIN or EXISTS; LEFT JOIN would build it whole.
SELECT
  t.org AS org, -- organization login
  t.grant_id AS grant_id, -- the token
  m.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = m.org AND n.repository_id = m.repository_id) AS full_name, -- owner/name
  iif(m.set_id = 0, 'all', 'subset') AS via -- subset: in its explicit list; all: in the organization
FROM _tokens AS t
JOIN _reach_members AS m ON m.org = t.org AND m.set_id = t.reach_set
WHERE t.reach_set > 0 OR EXISTS (SELECT 1 FROM _repository_counts AS c WHERE c.org = t.org AND c.repository_count > 0);

CREATE VIEW live_tokens AS -- Tokens that are not known to have expired, with what most rules need; days are whole days, counted at the end of the run (snapshot.finished_at).
SELECT
  t.org AS org, -- organization login
  t.grant_id AS grant_id, -- the token
  t.token_id AS token_id, -- GitHub's id of the token itself: stable, the same in the audit log
  t.token_name AS token_name, -- what its owner called it
  t.owner_login AS owner_login, -- who made it and whose rights bound it
  t.owner_id AS owner_id, -- GitHub's id of the owner
  t.owner_role AS owner_role, -- owner, member, outside, or gone when all members and outside collaborators are known and it is none of them; NULL unknown
  t.repository_selection AS repository_selection, -- all, subset (an explicit list) or none (public reading only)
  coalesce(t.repository_selection, 'subset') AS assumed_selection, -- repository_selection; where that is not known, subset with a list that was not read
  t.repository_count AS repository_count, -- repositories in reach; for all an upper bound, see has_upper_bound_reach; NULL unknown
  t.has_upper_bound_reach AS has_upper_bound_reach, -- 1: repository_count is the organization's; the owner's own rights may reach fewer
  t.is_reach_effective AS is_reach_effective, -- 1: its owner can do all that it grants, as an organization owner, or because default_repository_permission is write or admin, unless known to be no member; 0: granted reach is only an upper bound, or selection is none; NULL unknown
  t.highest_tier AS highest_tier, -- worst tier among its permissions: critical, high, unclassified, medium, low; NULL without permissions
  t.reach_tier AS reach_tier, -- worst tier given what it reaches: as highest_tier, but contents: write on all repositories is critical, contents: read on all is high where private or internal ones are among them, and what only reads repositories is low where all in reach are known to be public, except secret_scanning_alerts and what is unclassified; NULL without permissions
  t.access_granted_at AS access_granted_at, -- when access was granted, UTC; NULL unknown
  t.granted_days AS granted_days, -- days since access was granted; NULL unknown
  'granted ' || t.granted_days || CASE t.granted_days WHEN 1 THEN ' day ago, on ' ELSE ' days ago, on ' END || substr(t.access_granted_at, 1, 10) AS grant_text, -- "granted 40 days ago, on 2026-10-12"; NULL unknown
  t.expires_at AS expires_at, -- when it expires, UTC; NULL: never
  t.expires_in_days AS expires_in_days, -- days until it expires; NULL: never
  'expires in ' || t.expires_in_days || CASE t.expires_in_days WHEN 1 THEN ' day, on ' ELSE ' days, on ' END || substr(t.expires_at, 1, 10) AS expiry_text, -- "expires in 12 days, on 2026-12-03"; NULL: never
  t.is_expired AS is_expired, -- 0: valid, by GitHub's own flag; NULL unknown
  t.last_used_at AS last_used_at, -- last use, UTC, to be read as a day; NULL: never used
  t.unused_days AS unused_days, -- days since the last use; NULL: never used
  CASE
    WHEN t.odd_fields LIKE '%token_last_used_at%' THEN 'last used at an unknown time'
    WHEN t.last_used_at IS NULL THEN 'never used'
    ELSE 'last used ' || t.unused_days || CASE t.unused_days WHEN 1 THEN ' day ago, on ' ELSE ' days ago, on ' END || substr(t.last_used_at, 1, 10)
  END AS use_text, -- "last used 9 days ago, on 2026-11-12", or "never used"
  nullif(substr(
    CASE WHEN t.is_expired IS NULL THEN '; GitHub did not say whether it has expired' ELSE '' END
      || coalesce('; of what GitHub said this was not understood: ' || t.odd_fields, ''),
    3
  ), '') AS doubt, -- why it is unknown whether the token is valid, and what it grants, for a finding's reason; NULL: it is valid
  t.odd_fields LIKE '%token_expires_at%' AS is_expiry_unknown, -- 1: expires_at is NULL because it was not understood; NULL: all was
  t.odd_fields LIKE '%token_last_used_at%' AS is_use_unknown, -- 1: last_used_at is NULL because it was not understood; NULL: all was
  t.html_url AS html_url -- where to review or revoke it
FROM (
  SELECT
    k.*,
    (unixepoch((SELECT s.finished_at FROM _snapshot AS s)) - unixepoch(k.access_granted_at)) / 86400 AS granted_days,
    (unixepoch(k.expires_at) - unixepoch((SELECT s.finished_at FROM _snapshot AS s))) / 86400 AS expires_in_days,
    (unixepoch((SELECT s.finished_at FROM _snapshot AS s)) - unixepoch(k.last_used_at)) / 86400 AS unused_days
  FROM tokens AS k
  WHERE k.is_expired IS DISTINCT FROM 1
) AS t;
