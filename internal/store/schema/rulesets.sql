-- GraphQL, a part of repository_settings: the rulesets for branches that apply
-- to a repository, its own and those of its organization and enterprise, also
-- the ones that only evaluate or are disabled. A ruleset of an organization
-- comes once with each of its repositories and is kept once.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_rulesets', 'rulesets'),
  ('_repository_rulesets', 'rulesets'),
  ('_ruleset_counts', 'rulesets');

CREATE TABLE _rulesets (
  org TEXT NOT NULL,
  ruleset_id INTEGER NOT NULL,
  name TEXT,
  enforcement TEXT,
  source TEXT,
  is_organizations INTEGER NOT NULL,
  PRIMARY KEY (org, ruleset_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE _repository_rulesets (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  ruleset_id INTEGER NOT NULL,
  is_on_default_branch INTEGER,
  PRIMARY KEY (org, repository_id, ruleset_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row for every repository whose rulesets were listed to the end.
CREATE TABLE _ruleset_counts (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  ruleset_count INTEGER NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The object of a repository's settings, handed on by their trigger.
CREATE VIEW _take_rulesets (org, item) AS SELECT '', '' WHERE 0;

-- How sure a ruleset's pattern for branches covers the default branch: 2 yes, 1
-- perhaps, 0 no. GitHub's patterns are those of fnmatch, which SQLite has not:
-- one with wildcards is a no where what is before the first of them already
-- differs from the branch, and else a perhaps.
CREATE TRIGGER _take_rulesets_insert INSTEAD OF INSERT ON _take_rulesets
BEGIN
  INSERT INTO _rulesets (org, ruleset_id, name, enforcement, source, is_organizations)
  SELECT
    NEW.org,
    n.value ->> '$.databaseId',
    n.value ->> '$.name',
    lower(n.value ->> '$.enforcement'),
    COALESCE(n.value ->> '$.source.nameWithOwner', n.value ->> '$.source.login', n.value ->> '$.source.slug'),
    n.value ->> '$.source.login' IS NOT NULL
  FROM json_each(NEW.item, '$.rulesets.nodes') AS n
  WHERE json_type(n.value, '$.databaseId') = 'integer'
  ON CONFLICT (org, ruleset_id) DO UPDATE SET name = excluded.name, enforcement = excluded.enforcement
  WHERE name IS NOT excluded.name OR enforcement IS NOT excluded.enforcement;

  INSERT OR IGNORE INTO _repository_rulesets (org, repository_id, ruleset_id, is_on_default_branch)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    s.ruleset_id,
    CASE
      WHEN s.included = 0 OR s.excluded = 2 THEN 0
      WHEN s.included = 2 AND s.excluded = 0 THEN 1
    END
  FROM (
    SELECT
      p.ruleset_id AS ruleset_id,
      iif(p.has_includes, COALESCE(max(p.certainty) FILTER (WHERE p.side = 'include'), 0), 1) AS included,
      iif(p.has_excludes, COALESCE(max(p.certainty) FILTER (WHERE p.side = 'exclude'), 0), 1) AS excluded
    FROM (
      SELECT
        n.value ->> '$.databaseId' AS ruleset_id,
        json_type(n.value, '$.conditions.refName.include') IS 'array' AS has_includes,
        json_type(n.value, '$.conditions.refName.exclude') IS 'array' AS has_excludes,
        x.side AS side,
        CASE
          WHEN x.pattern IN ('~ALL', '~DEFAULT_BRANCH') THEN 2
          WHEN x.pattern IS NULL THEN NULL
          WHEN b.ref IS NULL THEN 1
          WHEN x.pattern = b.ref THEN 2
          WHEN x.literal = x.pattern THEN 0
          WHEN substr(b.ref, 1, length(x.literal)) = x.literal THEN 1
          ELSE 0
        END AS certainty
      FROM json_each(NEW.item, '$.rulesets.nodes') AS n
      JOIN (SELECT 'refs/heads/' || (NEW.item ->> '$.defaultBranchRef.name') AS ref) AS b
      LEFT JOIN (
        SELECT
          m.key AS position,
          d.value AS side,
          e.value AS pattern,
          substr(e.value, 1, min(
            iif(instr(e.value, '*'), instr(e.value, '*') - 1, length(e.value)),
            iif(instr(e.value, '?'), instr(e.value, '?') - 1, length(e.value)),
            iif(instr(e.value, '['), instr(e.value, '[') - 1, length(e.value)),
            iif(instr(e.value, '{'), instr(e.value, '{') - 1, length(e.value)),
            iif(instr(e.value, '\'), instr(e.value, '\') - 1, length(e.value))
          )) AS literal
        FROM json_each(NEW.item, '$.rulesets.nodes') AS m
        JOIN json_each('["include","exclude"]') AS d
        JOIN json_each(m.value, '$.conditions.refName.' || d.value) AS e
      ) AS x ON x.position = n.key
      WHERE json_type(n.value, '$.databaseId') = 'integer'
    ) AS p
    GROUP BY p.ruleset_id
  ) AS s;

  INSERT INTO _ruleset_counts (org, repository_id, ruleset_count)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    count(*)
  FROM json_each(NEW.item, '$.rulesets.nodes') AS n
  WHERE json_type(n.value, '$.databaseId') = 'integer'
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.item, '$.unknown') AS u WHERE u.key = 'rulesets')
  HAVING count(*) = NEW.item ->> '$.rulesets.totalCount';
END;

CREATE VIEW rulesets AS -- Rulesets for branches, one row for each repository that one applies to, also those that only evaluate or are disabled; repositories.ruleset_count says where the list is whole.
SELECT
  p.org AS org, -- organization login
  p.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = p.org AND n.repository_id = p.repository_id) AS full_name, -- owner/name
  p.ruleset_id AS ruleset_id, -- GitHub's id of the ruleset
  s.name AS name, -- what it was called
  s.enforcement AS enforcement, -- active, evaluate (it only reports what it would stop) or disabled; NULL unknown
  s.source AS source, -- whose it is: owner/name of the repository, or login of the organization or enterprise
  (SELECT a.web_url FROM _snapshot AS a) || CASE
    WHEN s.source LIKE '%/%' THEN '/' || s.source || '/settings/rules/' || p.ruleset_id
    WHEN s.is_organizations THEN '/organizations/' || s.source || '/settings/rules/' || p.ruleset_id
  END AS source_url, -- where it is set; NULL for those of an enterprise
  p.is_on_default_branch AS is_on_default_branch -- 1: it is aimed at the default branch; 0: it is not; NULL: its patterns do not say so plainly
FROM _repository_rulesets AS p
JOIN _rulesets AS s ON s.org = p.org AND s.ruleset_id = p.ruleset_id;
