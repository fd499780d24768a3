-- What two snapshots that need not be neighbours differ in, in temporary tables
-- that stand for the views of the same names. Only what some snapshot between
-- them touched is looked at.

CREATE TEMP TABLE _pairs (
  snapshot_id INTEGER NOT NULL,
  old_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  org_ref INTEGER NOT NULL,
  ref INTEGER NOT NULL,
  before TEXT,
  after TEXT
) STRICT;

CREATE TEMP TABLE _list_changes (
  snapshot_id INTEGER NOT NULL,
  old_id INTEGER NOT NULL,
  token_ref INTEGER NOT NULL,
  is_added INTEGER NOT NULL,
  repositories TEXT NOT NULL,
  named TEXT NOT NULL
) STRICT;

INSERT INTO temp._list_changes (snapshot_id, old_id, token_ref, is_added, repositories, named)
SELECT
  :new_id,
  :old_id,
  e.token_ref,
  e.is_there,
  json_object('repositories', json_group_array(r.full_name)),
  min(r.full_name) || CASE count(*) WHEN 1 THEN '' WHEN 2 THEN ' and ' || max(r.full_name) ELSE ' and ' || (count(*) - 1) || ' more' END
FROM (
  SELECT
    t.token_ref AS token_ref,
    t.repository_ref AS repository_ref,
    EXISTS (SELECT 1 FROM main._pair_ver AS v WHERE v.token_ref = t.token_ref AND v.repository_ref = t.repository_ref AND v.valid_from <= :old_id AND v.valid_to > :old_id) AS was_there,
    EXISTS (SELECT 1 FROM main._pair_ver AS v WHERE v.token_ref = t.token_ref AND v.repository_ref = t.repository_ref AND v.valid_from <= :new_id AND v.valid_to > :new_id) AS is_there
  FROM (
    SELECT a.token_ref AS token_ref, a.repository_ref AS repository_ref
    FROM main._pair_ver AS a
    WHERE a.valid_from > :old_id AND a.valid_from <= :new_id
    UNION
    SELECT b.token_ref, b.repository_ref
    FROM main._pair_ver AS b
    WHERE b.valid_to > :old_id AND b.valid_to <= :new_id
  ) AS t
) AS e
JOIN main._repository_ids AS r ON r.repository_ref = e.repository_ref
WHERE e.was_there <> e.is_there
GROUP BY e.token_ref, e.is_there;

CREATE TEMP TABLE _awake (
  snapshot_id INTEGER NOT NULL,
  at_id INTEGER NOT NULL,
  token_ref INTEGER NOT NULL
) STRICT;

INSERT INTO temp._awake (snapshot_id, at_id, token_ref)
SELECT :new_id, max(a.snapshot_id), a.token_ref
FROM main._awakenings AS a
WHERE a.snapshot_id > :old_id AND a.snapshot_id <= :new_id
GROUP BY a.token_ref;
