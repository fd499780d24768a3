-- GET /orgs/{org}/properties/values, asked only where the repository list came
-- without custom properties.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_properties', 'properties');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('properties', 'repository_id', 'id', 'required', NULL),
  ('properties', 'properties', 'list', 'required', NULL),
  ('properties', 'properties.*', 'object', 'required', NULL),
  ('properties', 'properties.*.property_name', 'text', 'required', NULL),
  ('properties', 'properties.*.value', 'any', 'optional', NULL);

CREATE TABLE _properties (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  PRIMARY KEY (org, repository_id)
) STRICT;

CREATE VIEW _todo_properties AS
SELECT
  i.org AS org,
  '' AS parent,
  NULL AS repository
FROM _installations AS i
WHERE EXISTS (SELECT 1 FROM _repositories AS r WHERE r.org = i.org)
  AND NOT EXISTS (
    SELECT 1
    FROM _repositories AS r
    WHERE r.org = i.org AND json_type(r.raw, '$.custom_properties') IS 'object'
  );

-- Custom properties come with the repository list, and then they are known
-- whatever became of this resource, also when it was switched off (skipped):
-- who reads them reads repositories. Only where the list came without them do
-- they depend on this resource too, and one that was skipped or refused makes
-- incomplete what reads them: repository_properties and is_sensitive. That
-- holds for the whole file, since a statement reads all organizations at once.
CREATE TRIGGER _properties_are_read AFTER INSERT ON _coverage
WHEN NEW.resource = 'properties' AND EXISTS (SELECT 1 FROM _todo_properties AS t WHERE t.org = NEW.org)
BEGIN
  INSERT OR IGNORE INTO _table_resources (table_name, resource)
  VALUES
    ('_repository_properties', 'properties'),
    ('_sensitive_repositories', 'properties');
END;

CREATE VIEW _in_properties (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_properties_insert INSTEAD OF INSERT ON _in_properties
BEGIN
  INSERT INTO _properties (org, repository_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.repository_id', NEW.item)
  ON CONFLICT (org, repository_id) DO UPDATE SET raw = excluded.raw;

  DELETE FROM _repository_properties
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.repository_id';

  INSERT INTO _repository_properties (org, repository_id, property, position, value)
  SELECT
    r.org,
    r.repository_id,
    p.value ->> '$.property_name',
    v.id,
    CAST(v.value AS TEXT)
  FROM _repositories AS r
  JOIN json_each(NEW.item, '$.properties') AS p
  JOIN json_each(iif(json_type(p.value, '$.value') = 'array', p.value -> '$.value', json_array(p.value ->> '$.value'))) AS v
  WHERE r.org = NEW.org AND r.repository_id = NEW.item ->> '$.repository_id' AND p.value ->> '$.property_name' IS NOT NULL;

  DELETE FROM _sensitive_repositories
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.repository_id';

  INSERT INTO _sensitive_repositories (org, repository_id)
  SELECT
    v.org,
    v.repository_id
  FROM _sensitivity AS v
  WHERE v.org = NEW.org AND v.repository_id = NEW.item ->> '$.repository_id';
END;

CREATE TRIGGER _restart_properties INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'properties'
BEGIN
  DELETE FROM _properties
  WHERE org = NEW.org;

  DELETE FROM _repository_properties
  WHERE org = NEW.org;

  DELETE FROM _sensitive_repositories
  WHERE org = NEW.org;

  INSERT INTO _sensitive_repositories (org, repository_id)
  SELECT
    v.org,
    v.repository_id
  FROM _sensitivity AS v
  WHERE v.org = NEW.org;
END;
