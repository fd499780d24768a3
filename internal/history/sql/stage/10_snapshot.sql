-- Takes the snapshot that is attached as snap into temporary tables, in the
-- shape of the history: what is known by its references, and for what could not
-- be read the value that was true before. Then post.sql compares those tables with the rows
-- that are still open.

INSERT INTO main._orgs (org)
SELECT i.org
FROM snap._installations AS i
WHERE NOT EXISTS (SELECT 1 FROM main._orgs AS o WHERE o.org = i.org)
ORDER BY i.org;

CREATE TEMP TABLE _present (
  org_ref INTEGER PRIMARY KEY,
  org TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO temp._present (org_ref, org)
SELECT o.org_ref, o.org
FROM snap._installations AS i
JOIN main._orgs AS o ON o.org = i.org;

CREATE TEMP TABLE _coverage_new (
  @define coverage org_ref..
  PRIMARY KEY (org_ref, resource)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._coverage_new (
  @names coverage org_ref..
)
SELECT
  p.org_ref,
  @select c coverage resource..
FROM snap.coverage AS c
JOIN temp._present AS p ON p.org = c.org;

-- What was read to its end. The parts of the repository settings come with
-- them, and are whole only if they are.
CREATE TEMP TABLE _whole (
  org_ref INTEGER NOT NULL,
  resource TEXT NOT NULL,
  PRIMARY KEY (org_ref, resource)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._whole (org_ref, resource)
SELECT c.org_ref, c.resource
FROM temp._coverage_new AS c
WHERE c.status = 'complete'
  AND (
    c.resource NOT IN ('branch_protection', 'codeowners', 'dependabot_alerts', 'deploy_keys', 'rulesets')
    OR EXISTS (SELECT 1 FROM temp._coverage_new AS s WHERE s.org_ref = c.org_ref AND s.resource = 'repository_settings' AND s.status = 'complete')
  );

-- Custom properties come with the list of repositories, or are a resource of
-- their own; then it decides whether it is known what is sensitive.
INSERT OR IGNORE INTO temp._whole (org_ref, resource)
SELECT p.org_ref, 'properties'
FROM temp._present AS p
WHERE NOT EXISTS (SELECT 1 FROM snap._table_resources AS t WHERE t.table_name = '_repository_properties' AND t.resource = 'properties');

INSERT OR IGNORE INTO main._known_since (org_ref, resource, snapshot_id)
SELECT w.org_ref, w.resource, :snapshot_id
FROM temp._whole AS w
ORDER BY w.org_ref, w.resource;

CREATE TEMP TABLE _tier_new (
  scope TEXT NOT NULL,
  permission TEXT NOT NULL,
  level TEXT NOT NULL,
  tier TEXT NOT NULL,
  PRIMARY KEY (scope, permission, level)
) STRICT, WITHOUT ROWID;

INSERT INTO temp._tier_new (scope, permission, level, tier)
SELECT c.scope, c.permission, c.level, c.tier
FROM snap.permission_catalog AS c;

CREATE TEMP TABLE _org_new (
  org_ref INTEGER PRIMARY KEY,
  @define org org_id..
) STRICT;

INSERT INTO temp._org_new (
  @names org org_ref..
)
SELECT
  p.org_ref,
  @select o org org_id..
FROM snap.orgs AS o
JOIN temp._present AS p ON p.org = o.org;

@keep org

UPDATE temp._org_new AS n
SET installation_selection = COALESCE(n.installation_selection, v.installation_selection)
FROM main._org_ver AS v
WHERE v.org_ref = n.org_ref AND v.valid_to = 2147483647 AND n.installation_selection IS NULL;

-- Somebody may be both member and outside collaborator: the stronger role counts.
CREATE TEMP TABLE _member_new (
  org_ref INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  login TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (org_ref, user_id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO temp._member_new (org_ref, user_id, login, role)
SELECT p.org_ref, m.user_id, m.login, m.role
FROM snap.members AS m
JOIN temp._present AS p ON p.org = m.org
ORDER BY m.role = 'outside';
