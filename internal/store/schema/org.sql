-- GET /orgs/{org}

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_org', 'org');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('org', 'id', 'integer', 'required', NULL),
  ('org', 'login', 'text', 'required', NULL),
  ('org', 'name', 'text', 'optional', NULL),
  ('org', 'plan', 'object', 'optional', NULL),
  ('org', 'plan.name', 'text', 'required', NULL),
  ('org', 'two_factor_requirement_enabled', 'flag', 'optional', NULL),
  ('org', 'default_repository_permission', 'text', 'optional', NULL);

CREATE TABLE _org (
  org TEXT PRIMARY KEY REFERENCES _installations (org),
  raw TEXT NOT NULL,
  org_id INTEGER AS (raw ->> '$.id') STORED,
  login TEXT AS (raw ->> '$.login') STORED,
  name TEXT AS (raw ->> '$.name') STORED,
  plan TEXT AS (raw ->> '$.plan.name') STORED,
  is_two_factor_required INTEGER AS (raw ->> '$.two_factor_requirement_enabled') STORED,
  default_repository_permission TEXT AS (raw ->> '$.default_repository_permission') STORED
) STRICT;

CREATE VIEW _in_org (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_org_insert INSTEAD OF INSERT ON _in_org
BEGIN
  INSERT INTO _org (org, raw)
  VALUES (NEW.org, NEW.item)
  ON CONFLICT (org) DO UPDATE SET raw = excluded.raw;
END;

CREATE VIEW orgs AS -- The organizations of this run, also those whose details were refused.
SELECT
  i.org AS org, -- organization login
  o.org_id AS org_id, -- GitHub's id of the organization; NULL if not read
  o.name AS name, -- display name
  o.plan AS plan, -- billing plan: free, team, enterprise; NULL without the permission organization_plan
  o.is_two_factor_required AS is_two_factor_required, -- 1: members must use two factors; NULL unknown
  o.default_repository_permission AS default_repository_permission, -- what every member may do in every repository: none, read, write, admin; NULL unknown
  i.repository_selection AS installation_selection, -- repositories the App is installed on: all or selected; selected hides the others
  (SELECT s.web_url FROM _snapshot AS s) || '/' || i.org AS html_url, -- the organization's page
  o.raw AS raw -- GitHub's object less its links
FROM _installations AS i
LEFT JOIN _org AS o ON o.org = i.org;
