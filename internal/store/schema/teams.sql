-- GET /repos/{owner}/{repo}/teams, one request a repository.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_teams', 'teams');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('teams', 'id', 'id', 'required', NULL),
  ('teams', 'slug', 'text', 'required', NULL),
  ('teams', 'name', 'text', 'required', NULL),
  ('teams', 'permission', 'text', 'required', NULL);

CREATE TABLE _teams (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  team_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  slug TEXT AS (raw ->> '$.slug') STORED,
  name TEXT AS (raw ->> '$.name') STORED,
  permission TEXT AS (raw ->> '$.permission') STORED,
  PRIMARY KEY (org, repository_id, team_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT;

CREATE VIEW _todo_teams AS
SELECT
  r.org AS org,
  CAST(r.repository_id AS TEXT) AS parent,
  r.full_name AS repository
FROM _repositories AS r
WHERE r.full_name IS NOT NULL AND r.is_disabled IS NOT 1;

CREATE VIEW _in_teams (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_teams_insert INSTEAD OF INSERT ON _in_teams
BEGIN
  INSERT INTO _teams (org, repository_id, team_id, raw)
  SELECT
    r.org,
    r.repository_id,
    NEW.item ->> '$.id',
    NEW.item
  FROM _repositories AS r
  WHERE r.org = NEW.org AND r.repository_id = CAST(NEW.parent AS INTEGER)
  ON CONFLICT (org, repository_id, team_id) DO UPDATE SET raw = excluded.raw;
END;

CREATE TRIGGER _restart_teams INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'teams'
BEGIN
  DELETE FROM _teams
  WHERE org = NEW.org AND repository_id = CAST(NEW.parent AS INTEGER);
END;

CREATE VIEW repository_teams AS -- Teams with access to a repository; empty unless the resource teams is switched on.
SELECT
  t.org AS org, -- organization login
  t.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = t.org AND n.repository_id = t.repository_id) AS full_name, -- owner/name
  t.team_id AS team_id, -- GitHub's id of the team
  t.slug AS slug, -- the team's name in addresses
  t.name AS name, -- the team's name
  t.permission AS permission -- what the team may do: pull, triage, push, maintain, admin or a custom role
FROM _teams AS t;
