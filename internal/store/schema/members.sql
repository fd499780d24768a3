-- GET /orgs/{org}/members?role=admin|member and /orgs/{org}/outside_collaborators

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_members', 'members'),
  ('_outside_collaborators', 'outside_collaborators');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('members', 'id', 'id', 'required', NULL),
  ('members', 'login', 'text', 'required', NULL);

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('outside_collaborators', 'id', 'id', 'required', NULL),
  ('outside_collaborators', 'login', 'text', 'required', NULL);

CREATE TABLE _members (
  org TEXT NOT NULL REFERENCES _installations (org),
  user_id INTEGER NOT NULL,
  role TEXT NOT NULL,
  raw TEXT NOT NULL,
  login TEXT AS (raw ->> '$.login') STORED,
  PRIMARY KEY (org, user_id)
) STRICT;

CREATE VIEW _todo_members AS
SELECT
  i.org AS org,
  r.value AS parent,
  NULL AS repository
FROM _installations AS i
JOIN json_each('["admin","member"]') AS r;

CREATE VIEW _in_members (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_members_insert INSTEAD OF INSERT ON _in_members
BEGIN
  -- Promoted while we read: seen in both lists. The stronger role counts.
  INSERT INTO _members (org, user_id, role, raw)
  VALUES (NEW.org, NEW.item ->> '$.id', iif(NEW.parent = 'admin', 'owner', 'member'), NEW.item)
  ON CONFLICT (org, user_id) DO UPDATE SET raw = excluded.raw, role = iif('owner' IN (role, excluded.role), 'owner', 'member');
END;

CREATE TRIGGER _restart_members INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'members'
BEGIN
  DELETE FROM _members
  WHERE org = NEW.org AND role = iif(NEW.parent = 'admin', 'owner', 'member');
END;

CREATE TABLE _outside_collaborators (
  org TEXT NOT NULL REFERENCES _installations (org),
  user_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  login TEXT AS (raw ->> '$.login') STORED,
  PRIMARY KEY (org, user_id)
) STRICT;

CREATE VIEW _in_outside_collaborators (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_outside_collaborators_insert INSTEAD OF INSERT ON _in_outside_collaborators
BEGIN
  INSERT INTO _outside_collaborators (org, user_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.id', NEW.item)
  ON CONFLICT (org, user_id) DO UPDATE SET raw = excluded.raw;
END;

CREATE TRIGGER _restart_outside_collaborators INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'outside_collaborators'
BEGIN
  DELETE FROM _outside_collaborators
  WHERE org = NEW.org;
END;

CREATE VIEW members AS -- People of the organization: owners, members and outside collaborators.
SELECT
  m.org AS org, -- organization login
  m.login AS login, -- user's login
  m.user_id AS user_id, -- GitHub's id of the user
  m.role AS role -- owner, member or outside (collaborator on single repositories)
FROM _members AS m
UNION ALL
SELECT
  o.org,
  o.login,
  o.user_id,
  'outside'
FROM _outside_collaborators AS o;
