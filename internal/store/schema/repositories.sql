-- GET /orgs/{org}/repos

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_repositories', 'repositories'),
  ('_repository_counts', 'repositories'),
  ('_repository_topics', 'repositories'),
  ('_repository_properties', 'repositories'),
  ('_sensitive_repositories', 'repositories');

-- Names of repositories wherever one was met: a token may list a repository
-- that the installation itself cannot see.
CREATE TABLE _repository_names (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  full_name TEXT NOT NULL,
  PRIMARY KEY (org, repository_id)
) STRICT, WITHOUT ROWID;

-- How many repositories an organization has, and how many of them are known to
-- be public, and to be private or internal. Kept by triggers: counting them for
-- each token of selection all would be quadratic.
CREATE TABLE _repository_counts (
  org TEXT PRIMARY KEY,
  repository_count INTEGER NOT NULL,
  public_count INTEGER NOT NULL,
  closed_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('repositories', 'id', 'id', 'required', NULL),
  ('repositories', 'node_id', 'text', 'required', NULL),
  ('repositories', 'name', 'text', 'required', NULL),
  ('repositories', 'full_name', 'text', 'required', NULL),
  ('repositories', 'html_url', 'text', 'required', NULL),
  ('repositories', 'private', 'flag', 'required', NULL),
  ('repositories', 'visibility', 'word: public, private, internal', 'required', NULL),
  ('repositories', 'archived', 'flag', 'required', NULL),
  ('repositories', 'disabled', 'flag', 'required', NULL),
  ('repositories', 'fork', 'flag', 'required', NULL),
  ('repositories', 'is_template', 'flag', 'optional', NULL),
  ('repositories', 'default_branch', 'text', 'required', NULL),
  ('repositories', 'created_at', 'time', 'required', NULL),
  ('repositories', 'pushed_at', 'time', 'nullable', NULL),
  ('repositories', 'security_and_analysis', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.advanced_security', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.advanced_security.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.code_security', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.code_security.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.secret_scanning', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.secret_scanning.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_push_protection', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_push_protection.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_non_provider_patterns', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_non_provider_patterns.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_validity_checks', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_validity_checks.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_ai_detection', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.secret_scanning_ai_detection.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'security_and_analysis.dependabot_security_updates', 'object', 'optional', NULL),
  ('repositories', 'security_and_analysis.dependabot_security_updates.status', 'word: enabled, disabled, paused', 'required', NULL),
  ('repositories', 'topics', 'list', 'optional', NULL),
  ('repositories', 'topics.*', 'text', 'required', NULL),
  ('repositories', 'custom_properties', 'object', 'optional', NULL),
  ('repositories', 'custom_properties.*', 'any', 'optional', NULL);

CREATE TABLE _repositories (
  org TEXT NOT NULL REFERENCES _installations (org),
  repository_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  name TEXT AS (raw ->> '$.name') STORED,
  full_name TEXT AS (raw ->> '$.full_name') STORED,
  html_url TEXT AS (raw ->> '$.html_url') STORED,
  is_private INTEGER AS (raw ->> '$.private') STORED,
  visibility TEXT AS (CASE WHEN json_type(raw, '$.visibility') IS NOT NULL THEN raw ->> '$.visibility' WHEN raw ->> '$.private' THEN 'private' WHEN NOT raw ->> '$.private' THEN 'public' END) STORED,
  is_archived INTEGER AS (raw ->> '$.archived') STORED,
  is_disabled INTEGER AS (raw ->> '$.disabled') STORED,
  is_fork INTEGER AS (raw ->> '$.fork') STORED,
  is_template INTEGER AS (raw ->> '$.is_template') STORED,
  default_branch TEXT AS (raw ->> '$.default_branch') STORED,
  created_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.created_at')) STORED,
  pushed_at TEXT AS (strftime('%Y-%m-%dT%H:%M:%SZ', raw ->> '$.pushed_at')) STORED,
  advanced_security TEXT AS (raw ->> '$.security_and_analysis.advanced_security.status') STORED,
  code_security TEXT AS (raw ->> '$.security_and_analysis.code_security.status') STORED,
  secret_scanning TEXT AS (raw ->> '$.security_and_analysis.secret_scanning.status') STORED,
  secret_scanning_push_protection TEXT AS (raw ->> '$.security_and_analysis.secret_scanning_push_protection.status') STORED,
  secret_scanning_non_provider_patterns TEXT AS (raw ->> '$.security_and_analysis.secret_scanning_non_provider_patterns.status') STORED,
  secret_scanning_validity_checks TEXT AS (raw ->> '$.security_and_analysis.secret_scanning_validity_checks.status') STORED,
  secret_scanning_ai_detection TEXT AS (raw ->> '$.security_and_analysis.secret_scanning_ai_detection.status') STORED,
  dependabot_security_updates TEXT AS (raw ->> '$.security_and_analysis.dependabot_security_updates.status') STORED,
  PRIMARY KEY (org, repository_id)
) STRICT;

CREATE INDEX _repositories_by_name ON _repositories (org, full_name);

CREATE INDEX _repositories_by_subject ON _repositories ('repository/' || repository_id);

CREATE TRIGGER _repositories_count_more AFTER INSERT ON _repositories
BEGIN
  INSERT INTO _repository_counts (org, repository_count, public_count, closed_count)
  VALUES (NEW.org, 1, NEW.visibility IS 'public', (NEW.visibility <> 'public') IS TRUE)
  ON CONFLICT (org) DO UPDATE SET
    repository_count = repository_count + 1,
    public_count = public_count + excluded.public_count,
    closed_count = closed_count + excluded.closed_count;
END;

CREATE TRIGGER _repositories_count_otherwise AFTER UPDATE OF raw ON _repositories
WHEN NEW.visibility IS NOT OLD.visibility
BEGIN
  UPDATE _repository_counts
  SET
    public_count = public_count - (OLD.visibility IS 'public') + (NEW.visibility IS 'public'),
    closed_count = closed_count - ((OLD.visibility <> 'public') IS TRUE) + ((NEW.visibility <> 'public') IS TRUE)
  WHERE org = NEW.org;
END;

CREATE TRIGGER _repositories_count_fewer AFTER DELETE ON _repositories
BEGIN
  UPDATE _repository_counts
  SET
    repository_count = repository_count - 1,
    public_count = public_count - (OLD.visibility IS 'public'),
    closed_count = closed_count - ((OLD.visibility <> 'public') IS TRUE)
  WHERE org = OLD.org;
END;

CREATE TABLE _repository_topics (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  topic TEXT NOT NULL,
  PRIMARY KEY (org, repository_id, topic),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A property of several values has a row for each; one that is not set has value NULL.
CREATE TABLE _repository_properties (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  property TEXT NOT NULL,
  position INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (org, repository_id, property, position),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Which repositories the configuration calls sensitive: found out when what
-- decides it is stored, because rules ask it of all that they report.
CREATE TABLE _sensitive_repositories (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repositories (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE VIEW _sensitivity AS
SELECT
  r.org AS org,
  r.repository_id AS repository_id
FROM _repositories AS r
WHERE EXISTS (
    SELECT 1 FROM _sensitive AS v
    WHERE v.kind = 'name' AND (lower(r.name) GLOB v.value OR lower(r.full_name) GLOB v.value)
  )
  OR EXISTS (
    SELECT 1 FROM _sensitive AS v
    JOIN _repository_topics AS t ON t.org = r.org AND t.repository_id = r.repository_id AND lower(t.topic) = v.value
    WHERE v.kind = 'topic'
  )
  OR EXISTS (
    SELECT 1 FROM _sensitive AS v
    JOIN _repository_properties AS p ON p.org = r.org AND p.repository_id = r.repository_id AND lower(p.property) = v.key AND lower(p.value) = v.value
    WHERE v.kind = 'property'
  );

CREATE VIEW _in_repositories (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_repositories_insert INSTEAD OF INSERT ON _in_repositories
BEGIN
  INSERT INTO _repositories (org, repository_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.id', NEW.item)
  ON CONFLICT (org, repository_id) DO UPDATE SET raw = excluded.raw;

  -- One that is back after it had gone has to be asked about once more.
  UPDATE _walks
  SET is_finished = 0, next = ''
  WHERE org = NEW.org AND resource IN ('teams', 'private_vulnerability_reporting', 'automated_security_fixes') AND parent = CAST(NEW.item ->> '$.id' AS TEXT)
    AND EXISTS (SELECT 1 FROM _gone AS g WHERE g.org = NEW.org AND g.resource = 'repositories' AND g.parent = CAST(NEW.item ->> '$.id' AS TEXT));

  DELETE FROM _gone
  WHERE org = NEW.org AND resource = 'repositories' AND parent = CAST(NEW.item ->> '$.id' AS TEXT);

  INSERT INTO _repository_names (org, repository_id, full_name)
  SELECT NEW.org, NEW.item ->> '$.id', NEW.item ->> '$.full_name'
  WHERE NEW.item ->> '$.full_name' IS NOT NULL
  ON CONFLICT (org, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

  UPDATE _installations
  SET has_security_and_analysis = 1
  WHERE org = NEW.org AND NOT has_security_and_analysis AND json_type(NEW.item, '$.security_and_analysis') IS 'object';

  DELETE FROM _repository_topics
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.id';

  INSERT OR IGNORE INTO _repository_topics (org, repository_id, topic)
  SELECT
    NEW.org,
    NEW.item ->> '$.id',
    t.value
  FROM json_each(NEW.item, '$.topics') AS t
  WHERE t.type = 'text';

  DELETE FROM _repository_properties
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.id';

  INSERT INTO _repository_properties (org, repository_id, property, position, value)
  SELECT
    NEW.org,
    NEW.item ->> '$.id',
    p.key,
    v.id,
    CAST(v.value AS TEXT)
  FROM json_each(NEW.item, '$.custom_properties') AS p
  JOIN json_each(iif(p.type = 'array', p.value, json_array(p.value))) AS v
  WHERE json_type(NEW.item, '$.custom_properties') = 'object';

  DELETE FROM _sensitive_repositories
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.id';

  INSERT INTO _sensitive_repositories (org, repository_id)
  SELECT
    v.org,
    v.repository_id
  FROM _sensitivity AS v
  WHERE v.org = NEW.org AND v.repository_id = NEW.item ->> '$.id';
END;

-- One that was listed and has disappeared since: its id is the parent of the walk.
CREATE TRIGGER _gone_repositories AFTER INSERT ON _gone
WHEN NEW.resource = 'repositories'
BEGIN
  UPDATE _gone
  SET raw = (SELECT r.raw FROM _repositories AS r WHERE r.org = NEW.org AND r.repository_id = CAST(NEW.parent AS INTEGER))
  WHERE org = NEW.org AND resource = NEW.resource AND parent = NEW.parent;

  DELETE FROM _repositories
  WHERE org = NEW.org AND repository_id = CAST(NEW.parent AS INTEGER);

  -- They may be there without the repository, see _in_repository_settings_insert,
  -- so that no cascade takes them.
  DELETE FROM _repository_settings
  WHERE org = NEW.org AND repository_id = CAST(NEW.parent AS INTEGER);

  DELETE FROM _properties
  WHERE org = NEW.org AND repository_id = CAST(NEW.parent AS INTEGER);
END;

CREATE TRIGGER _restart_repositories INSTEAD OF INSERT ON _restarts
WHEN NEW.resource = 'repositories'
BEGIN
  DELETE FROM _repositories
  WHERE org = NEW.org;
END;

CREATE VIEW repositories AS -- Repositories of an organization with their security settings; a setting is enabled, disabled, paused or NULL (GitHub did not say).
SELECT
  r.org AS org, -- organization login
  r.repository_id AS repository_id, -- GitHub's id of the repository: stable through renames
  r.name AS name, -- name without owner
  r.full_name AS full_name, -- owner/name
  COALESCE(r.html_url, (SELECT s.web_url FROM _snapshot AS s) || '/' || r.full_name) AS html_url, -- the repository's page
  r.visibility AS visibility, -- public, private or internal; NULL unknown
  r.is_archived AS is_archived, -- 1: read-only
  r.is_disabled AS is_disabled, -- 1: locked by GitHub
  r.is_fork AS is_fork, -- 1: forked from another repository
  r.is_template AS is_template, -- 1: a template for new repositories
  (SELECT s.is_empty FROM _repository_settings AS s INDEXED BY _repository_settings_flags WHERE s.org = r.org AND s.repository_id = r.repository_id) AS is_empty, -- 1: nothing was ever pushed; NULL unknown
  EXISTS (SELECT 1 FROM _sensitive_repositories AS v WHERE v.org = r.org AND v.repository_id = r.repository_id) AS is_sensitive, -- 1: named by sensitive_repositories of the configuration
  r.default_branch AS default_branch, -- name of the default branch
  r.created_at AS created_at, -- when it was created, UTC
  r.pushed_at AS pushed_at, -- last push to any branch, UTC; NULL: never
  r.advanced_security AS advanced_security, -- GitHub Advanced Security
  r.code_security AS code_security, -- GitHub Code Security
  r.secret_scanning AS secret_scanning, -- secret scanning
  r.secret_scanning_push_protection AS secret_scanning_push_protection, -- pushes with secrets are stopped
  r.secret_scanning_non_provider_patterns AS secret_scanning_non_provider_patterns, -- secret scanning for generic patterns
  r.secret_scanning_validity_checks AS secret_scanning_validity_checks, -- found secrets are checked with their issuer
  r.secret_scanning_ai_detection AS secret_scanning_ai_detection, -- secret scanning for passwords by a model
  (
    SELECT CASE WHEN s.has_vulnerability_alerts THEN 'enabled' WHEN i.can_see_administration THEN 'disabled' END
    FROM _repository_settings AS s
    JOIN _installations AS i ON i.org = s.org
    WHERE s.org = r.org AND s.repository_id = r.repository_id AND s.has_vulnerability_alerts IS NOT NULL
  ) AS dependabot_alerts, -- Dependabot alerts; disabled only where the App sees as an administrator, because GitHub answers "off" to all others
  CASE
    WHEN EXISTS (SELECT 1 FROM _security_updates AS u WHERE u.org = r.org AND u.repository_id = r.repository_id AND u.state = 'unknown') THEN NULL
    ELSE COALESCE(
        (SELECT u.state FROM _security_updates AS u WHERE u.org = r.org AND u.repository_id = r.repository_id AND u.state = 'paused'),
        r.dependabot_security_updates,
        (
          SELECT CASE WHEN u.state <> 'absent' THEN u.state WHEN i.can_see_administration THEN 'disabled' END
          FROM _security_updates AS u
          JOIN _installations AS i ON i.org = u.org
          WHERE u.org = r.org AND u.repository_id = r.repository_id
        ))
  END AS dependabot_security_updates, -- Dependabot opens pull requests that fix alerts; paused is reported only where the resource automated_security_fixes is switched on
  (
    SELECT iif(v.is_enabled, 'enabled', 'disabled')
    FROM _private_vulnerability_reporting AS v
    WHERE v.org = r.org AND v.repository_id = r.repository_id
  ) AS private_vulnerability_reporting, -- anybody may report a vulnerability in private; read for public repositories only
  (SELECT s.has_security_policy FROM _repository_settings AS s INDEXED BY _repository_settings_flags WHERE s.org = r.org AND s.repository_id = r.repository_id) AS has_security_policy, -- 1: a SECURITY.md, also the organization's; NULL unknown
  (
    SELECT o.has_codeowners
    FROM _codeowners AS o
    WHERE o.org = r.org AND o.repository_id = r.repository_id
      AND (
        o.has_codeowners
        OR NOT EXISTS (
          SELECT 1 FROM _coverage AS c
          WHERE c.org = o.org AND c.resource = 'codeowners' AND c.status IN ('skipped', 'denied', 'failed')
        )
      )
  ) AS has_codeowners, -- 1: there is a CODEOWNERS file; NULL unknown
  (
    SELECT o.error_count
    FROM _codeowners AS o
    WHERE o.org = r.org AND o.repository_id = r.repository_id AND o.has_codeowners
  ) AS codeowners_error_count, -- errors in CODEOWNERS, see codeowners_errors; NULL without the file or unknown
  (
    SELECT a.open_count
    FROM _dependabot_alerts AS a
    WHERE a.org = r.org AND a.repository_id = r.repository_id
  ) AS open_dependabot_alert_count, -- open Dependabot alerts; NULL unknown
  (
    SELECT k.key_count
    FROM _deploy_key_counts AS k
    JOIN _installations AS i ON i.org = k.org
    WHERE k.org = r.org AND k.repository_id = r.repository_id AND (k.key_count > 0 OR i.can_see_administration)
  ) AS deploy_key_count, -- deploy keys, see deploy_keys; NULL unknown
  (SELECT c.ruleset_count FROM _ruleset_counts AS c WHERE c.org = r.org AND c.repository_id = r.repository_id) AS ruleset_count, -- rulesets for branches that apply to it, see rulesets; NULL unknown
  r.raw AS raw -- GitHub's object less its links
FROM _repositories AS r;

CREATE VIEW repository_topics AS -- Topics of repositories.
SELECT
  t.org AS org, -- organization login
  t.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = t.org AND n.repository_id = t.repository_id) AS full_name, -- owner/name
  t.topic AS topic -- the topic
FROM _repository_topics AS t;

CREATE VIEW repository_properties AS -- Custom properties of repositories, one row a value.
SELECT
  p.org AS org, -- organization login
  p.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = p.org AND n.repository_id = p.repository_id) AS full_name, -- owner/name
  p.property AS property, -- name of the property
  p.value AS value -- its value; NULL: not set
FROM _repository_properties AS p;

CREATE VIEW live_repositories AS -- Repositories that are not known to be archived or disabled, with what most rules need; days are whole days, counted at the end of the run (snapshot.finished_at).
SELECT
  r.org AS org, -- organization login
  r.repository_id AS repository_id, -- GitHub's id of the repository: stable through renames
  r.name AS name, -- name without owner
  r.full_name AS full_name, -- owner/name
  r.html_url AS html_url, -- the repository's page
  r.visibility AS visibility, -- public, private or internal; NULL unknown
  r.is_archived AS is_archived, -- 0: not archived; NULL unknown
  r.is_disabled AS is_disabled, -- 0: not locked by GitHub; NULL unknown
  r.is_fork AS is_fork, -- 1: forked from another repository
  r.is_template AS is_template, -- 1: a template for new repositories
  r.is_empty AS is_empty, -- 1: nothing was ever pushed; NULL unknown
  r.is_sensitive AS is_sensitive, -- 1: named by sensitive_repositories of the configuration
  r.default_branch AS default_branch, -- name of the default branch
  r.created_at AS created_at, -- when it was created, UTC
  (unixepoch((SELECT s.finished_at FROM _snapshot AS s)) - unixepoch(r.created_at)) / 86400 AS created_days, -- days since it was created; NULL unknown
  r.pushed_at AS pushed_at, -- last push to any branch, UTC; NULL: never
  (unixepoch((SELECT s.finished_at FROM _snapshot AS s)) - unixepoch(r.pushed_at)) / 86400 AS pushed_days, -- days since the last push; NULL: never pushed, or unknown
  r.advanced_security AS advanced_security, -- GitHub Advanced Security
  r.code_security AS code_security, -- GitHub Code Security
  r.secret_scanning AS secret_scanning, -- secret scanning
  r.secret_scanning_push_protection AS secret_scanning_push_protection, -- pushes with secrets are stopped
  r.secret_scanning_non_provider_patterns AS secret_scanning_non_provider_patterns, -- secret scanning for generic patterns
  r.secret_scanning_validity_checks AS secret_scanning_validity_checks, -- found secrets are checked with their issuer
  r.secret_scanning_ai_detection AS secret_scanning_ai_detection, -- secret scanning for passwords by a model
  r.dependabot_alerts AS dependabot_alerts, -- Dependabot alerts; disabled only where the App sees as an administrator, because GitHub answers "off" to all others
  r.dependabot_security_updates AS dependabot_security_updates, -- Dependabot opens pull requests that fix alerts; paused is reported only where the resource automated_security_fixes is switched on
  r.private_vulnerability_reporting AS private_vulnerability_reporting, -- anybody may report a vulnerability in private; read for public repositories only
  r.has_security_policy AS has_security_policy, -- 1: a SECURITY.md, also the organization's; NULL unknown
  r.has_codeowners AS has_codeowners, -- 1: there is a CODEOWNERS file; NULL unknown
  r.codeowners_error_count AS codeowners_error_count, -- errors in CODEOWNERS, see codeowners_errors; NULL without the file or unknown
  r.open_dependabot_alert_count AS open_dependabot_alert_count, -- open Dependabot alerts; NULL unknown
  r.deploy_key_count AS deploy_key_count, -- deploy keys, see deploy_keys; NULL unknown
  r.ruleset_count AS ruleset_count, -- rulesets for branches that apply to it, see rulesets; NULL unknown
  (SELECT o.plan FROM _org AS o WHERE o.org = r.org) AS plan, -- billing plan of the organization: free, team, enterprise; NULL unknown
  CASE
    WHEN r.is_archived IS NULL OR r.is_disabled IS NULL THEN 'GitHub did not say whether the repository is archived or disabled'
  END AS doubt, -- why it is unknown whether the repository is in use, for a finding's reason; NULL: it is
  r.raw AS raw -- GitHub's object less its links
FROM repositories AS r
WHERE r.is_archived IS DISTINCT FROM 1
  AND r.is_disabled IS DISTINCT FROM 1;
