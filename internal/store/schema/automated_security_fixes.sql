-- GET /repos/{owner}/{repo}/automated-security-fixes, one request a repository:
-- whether Dependabot security updates are on, where the list of repositories
-- did not say, and whether they are paused, which the list does not say.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_automated_security_fixes', 'automated_security_fixes');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('automated_security_fixes', 'message', 'text', 'optional', NULL),
  ('automated_security_fixes', 'enabled', 'flag', 'nullable', NULL),
  ('automated_security_fixes', 'paused', 'flag', 'nullable', NULL);

CREATE TABLE _automated_security_fixes (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT;

-- What the answer means: enabled, disabled or paused, unknown if it was not
-- understood; absent for a 404, which
-- says "not enabled" to administrators and nothing to all others.
CREATE TABLE _security_updates (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Who reads repositories.dependabot_security_updates reads this resource too,
-- but only in a run that was told to ask for it: else the list says all that
-- is to be known, and rules must not call themselves incomplete for lack of it.
CREATE TRIGGER _security_updates_are_read AFTER INSERT ON _coverage
WHEN NEW.resource = 'automated_security_fixes' AND NEW.status <> 'skipped'
BEGIN
  INSERT OR IGNORE INTO _table_resources (table_name, resource)
  VALUES ('_security_updates', 'automated_security_fixes');
END;

-- Off by the list is off; what is locked has no updates.
CREATE VIEW _todo_automated_security_fixes AS
SELECT
  r.org AS org,
  CAST(r.repository_id AS TEXT) AS parent,
  r.full_name AS repository
FROM _repositories AS r
WHERE r.full_name IS NOT NULL AND r.dependabot_security_updates IS NOT 'disabled' AND r.is_archived IS NOT 1 AND r.is_disabled IS NOT 1;

CREATE VIEW _in_automated_security_fixes (org, parent, item) AS SELECT '', '', '' WHERE 0;

-- A 404 comes as {"message": "Not Found", "enabled": null, "paused": null}.
CREATE TRIGGER _in_automated_security_fixes_insert INSTEAD OF INSERT ON _in_automated_security_fixes
BEGIN
  INSERT INTO _automated_security_fixes (org, repository_id, raw)
  SELECT
    r.org,
    r.repository_id,
    NEW.item
  FROM _repositories AS r
  WHERE r.org = NEW.org AND r.repository_id = CAST(NEW.parent AS INTEGER)
  ON CONFLICT (org, repository_id) DO UPDATE SET raw = excluded.raw;

  INSERT INTO _security_updates (org, repository_id, state)
  SELECT
    r.org,
    r.repository_id,
    CASE
      WHEN NEW.item ->> '$.paused' THEN 'paused'
      WHEN NEW.item ->> '$.enabled' AND NOT NEW.item ->> '$.paused' THEN 'enabled'
      WHEN NEW.item ->> '$.message' IS NOT NULL THEN 'absent'
      WHEN NEW.item ->> '$.enabled' IS NULL OR NEW.item ->> '$.paused' IS NULL THEN 'unknown'
      ELSE 'disabled'
    END
  FROM _repositories AS r
  WHERE r.org = NEW.org AND r.repository_id = CAST(NEW.parent AS INTEGER)
  ON CONFLICT (org, repository_id) DO UPDATE SET state = excluded.state;
END;
