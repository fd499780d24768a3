-- Tokens and requests. A token is the same one as long as its organization and
-- token_id are: granted again it has another grant_id.

CREATE TABLE _token_ids (
  token_ref INTEGER PRIMARY KEY,
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  token_id INTEGER NOT NULL,
  UNIQUE (org_ref, token_id)
) STRICT;

-- permissions: {"repository/contents": "write"}, ordered by name.
-- @ends where v.org_ref IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'tokens')
CREATE TABLE _token_ver (
  token_ref INTEGER NOT NULL REFERENCES _token_ids (token_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  org_ref INTEGER NOT NULL,
  token_id INTEGER NOT NULL, -- GitHub's id of the token itself: the same in all snapshots
  grant_id INTEGER NOT NULL, -- id of the access granted; changes when access is granted anew @watch token renewed
  token_name TEXT, -- what its owner called it @watch token renamed empty
  owner_login TEXT, -- who made it and whose rights bound it @watch token changed
  owner_id INTEGER, -- GitHub's id of the owner @apart
  owner_role TEXT, -- owner, member, outside or gone; NULL unknown @known members outside_collaborators org @watch token changed
  repository_selection TEXT NOT NULL, -- all, subset (an explicit list) or none (public reading only) @watch token selection
  is_reach_effective INTEGER, -- 1: its owner can do all that it grants; 0: granted reach is only an upper bound; NULL unknown @known members outside_collaborators org @apart
  highest_tier TEXT, -- worst tier among its permissions; NULL without permissions
  reach_tier TEXT, -- worst tier given what it reaches; NULL without permissions @apart
  access_granted_at TEXT, -- when access was granted, UTC @watch token renewed
  expires_at TEXT, -- when the token expires, UTC; NULL: never @watch token expiry never
  is_expired INTEGER, -- 1: expired, by GitHub's own flag; NULL unknown @watch token changed
  permissions TEXT NOT NULL,
  PRIMARY KEY (token_ref, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _token_ver_from ON _token_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _token_ver_to ON _token_ver (valid_to) WHERE valid_to < 2147483647;

-- What moves every day, apart from the rest: the last use (seconds since 1970)
-- and the length of the list of a token with selection subset. A row holds
-- until the next one of the same token.
CREATE TABLE _token_usage (
  token_ref INTEGER NOT NULL REFERENCES _token_ids (token_ref),
  snapshot_id INTEGER NOT NULL,
  last_used_at INTEGER,
  repository_count INTEGER,
  PRIMARY KEY (token_ref, snapshot_id)
) STRICT, WITHOUT ROWID;

-- Tokens that were used again after more than 90 days without use.
CREATE TABLE _awakenings (
  snapshot_id INTEGER NOT NULL,
  token_ref INTEGER NOT NULL REFERENCES _token_ids (token_ref),
  PRIMARY KEY (snapshot_id, token_ref)
) STRICT, WITHOUT ROWID;

-- The explicit lists of tokens.
-- @among v.token_ref IN (SELECT l.token_ref FROM temp._relisted AS l)
-- @ends where CASE (SELECT n.repository_selection = 'subset' FROM temp._token_new AS n WHERE n.token_ref = v.token_ref)
--   WHEN 0 THEN true
--   WHEN 1 THEN (SELECT n.org_ref FROM temp._token_new AS n WHERE n.token_ref = v.token_ref) IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'token_repositories')
--   ELSE NOT EXISTS (SELECT 1 FROM main._token_ver AS t WHERE t.token_ref = v.token_ref AND t.valid_to = 2147483647)
-- END
CREATE TABLE _pair_ver (
  token_ref INTEGER NOT NULL REFERENCES _token_ids (token_ref),
  repository_ref INTEGER NOT NULL REFERENCES _repository_ids (repository_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  PRIMARY KEY (token_ref, repository_ref, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _pair_ver_from ON _pair_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _pair_ver_to ON _pair_ver (valid_to) WHERE valid_to < 2147483647;

-- @ends where v.org_ref IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'token_requests')
CREATE TABLE _request_ver (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  request_id INTEGER NOT NULL, -- GitHub's id of the request
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  token_id INTEGER NOT NULL, -- GitHub's id of the token
  token_name TEXT, -- what its owner called it @watch request renamed empty
  owner_login TEXT, -- who asks @watch request changed
  owner_id INTEGER, -- GitHub's id of the owner @apart
  owner_role TEXT, -- owner, member, outside or gone; NULL unknown @known members outside_collaborators org @watch request changed
  repository_selection TEXT NOT NULL, -- all, subset (an explicit list) or none (public reading only) @watch request selection
  repository_count INTEGER, -- @watch request count
  is_reach_effective INTEGER, -- 1: its owner can do all that it would grant; 0: only an upper bound; NULL unknown @known members outside_collaborators org @apart
  highest_tier TEXT, -- worst tier among its permissions; NULL without permissions
  reach_tier TEXT, -- worst tier given what it would reach; NULL without permissions @apart
  reason TEXT, -- why it is wanted, in the words of its owner @watch request changed empty
  created_at TEXT, -- when it was asked for, UTC
  expires_at TEXT, -- when the token expires, UTC; NULL: never @watch request expiry never
  is_expired INTEGER, -- 1: expired, by GitHub's own flag; NULL unknown @watch request changed
  last_used_at TEXT, -- last use, UTC, to be read as a day; NULL: never used @apart
  permissions TEXT NOT NULL,
  PRIMARY KEY (org_ref, request_id, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _request_ver_from ON _request_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _request_ver_to ON _request_ver (valid_to) WHERE valid_to < 2147483647;

CREATE VIEW tokens AS -- Fine-grained personal access tokens as of each snapshot; ask for one snapshot_id.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.grant_id AS grant_id, -- id of the access granted; changes when access is granted anew
  v.token_id AS token_id, -- GitHub's id of the token itself: the same in all snapshots
  @view token token_name..repository_selection
  CASE v.repository_selection
    WHEN 'none' THEN 0
    WHEN 'subset' THEN u.repository_count
    WHEN 'all' THEN (SELECT m.repository_count FROM _snapshot_orgs AS m WHERE m.snapshot_id = s.snapshot_id AND m.org_ref = v.org_ref)
  END AS repository_count, -- repositories in reach; for all an upper bound, see has_upper_bound_reach; NULL unknown
  v.repository_selection = 'all' AS has_upper_bound_reach, -- 1: repository_count is the organization's; the owner's own rights may reach fewer
  @view token is_reach_effective..is_expired
  strftime('%Y-%m-%dT%H:%M:%SZ', u.last_used_at, 'unixepoch') AS last_used_at, -- last use, UTC, to be read as a day; NULL: never used
  s.web_url || '/organizations/' || o.org || '/settings/personal-access-tokens/' || v.grant_id AS html_url -- where to review or revoke it
FROM _snapshots AS s
CROSS JOIN _token_ver AS v
CROSS JOIN _orgs AS o
LEFT JOIN _token_usage AS u
  ON u.token_ref = v.token_ref
  AND u.snapshot_id = (SELECT max(l.snapshot_id) FROM _token_usage AS l WHERE l.token_ref = v.token_ref AND l.snapshot_id <= s.snapshot_id)
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW token_permissions AS -- What each token could do as of each snapshot, one row a permission.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.grant_id AS grant_id, -- the token
  v.token_id AS token_id, -- the token, the same in all snapshots
  substr(p.key, 1, instr(p.key, '/') - 1) AS scope, -- organization, repository or other
  substr(p.key, instr(p.key, '/') + 1) AS permission, -- key as GitHub writes it
  p.value AS level, -- read, write or admin
  COALESCE((
    SELECT t.tier
    FROM _tier_ver AS t
    WHERE t.scope = substr(p.key, 1, instr(p.key, '/') - 1) AND t.permission = substr(p.key, instr(p.key, '/') + 1) AND t.level = p.value
      AND t.valid_from <= s.snapshot_id AND t.valid_to > s.snapshot_id
  ), 'unclassified') AS tier -- critical, high, medium, low or unclassified, by the catalogue of that day
FROM _snapshots AS s
CROSS JOIN _token_ver AS v
CROSS JOIN _orgs AS o
CROSS JOIN json_each(v.permissions) AS p
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW token_repositories AS -- The explicit repository lists of tokens with selection subset as of each snapshot; ask for one snapshot_id.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  (SELECT t.grant_id FROM _token_ver AS t WHERE t.token_ref = v.token_ref AND t.valid_from <= s.snapshot_id AND t.valid_to > s.snapshot_id) AS grant_id, -- the token
  i.token_id AS token_id, -- the token, the same in all snapshots
  r.repository_id AS repository_id, -- GitHub's id of the repository
  COALESCE(
    (SELECT n.full_name FROM _repository_ver AS n WHERE n.repository_ref = v.repository_ref AND n.valid_from <= s.snapshot_id AND n.valid_to > s.snapshot_id),
    r.full_name
  ) AS full_name -- owner/name; the last known one where the list of repositories did not have it
FROM _snapshots AS s
CROSS JOIN _pair_ver AS v
CROSS JOIN _token_ids AS i
CROSS JOIN _orgs AS o
CROSS JOIN _repository_ids AS r
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id
  AND i.token_ref = v.token_ref AND o.org_ref = i.org_ref AND r.repository_ref = v.repository_ref;

CREATE VIEW token_requests AS -- Pending requests as of each snapshot.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  @view request request_id..repository_selection
  CASE v.repository_selection
    WHEN 'all' THEN (SELECT m.repository_count FROM _snapshot_orgs AS m WHERE m.snapshot_id = s.snapshot_id AND m.org_ref = v.org_ref)
    ELSE v.repository_count
  END AS repository_count, -- repositories it would reach; for all an upper bound; NULL unknown
  v.repository_selection = 'all' AS has_upper_bound_reach, -- 1: repository_count is the organization's; the owner's own rights may reach fewer
  @view request is_reach_effective..last_used_at
  s.web_url || '/organizations/' || o.org || '/settings/personal-access-token-requests/' || v.request_id AS html_url -- where to approve or deny it
FROM _snapshots AS s
CROSS JOIN _request_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW token_request_permissions AS -- What each pending request asked for as of each snapshot, one row a permission.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.request_id AS request_id, -- the request
  substr(p.key, 1, instr(p.key, '/') - 1) AS scope, -- organization, repository or other
  substr(p.key, instr(p.key, '/') + 1) AS permission, -- key as GitHub writes it
  p.value AS level, -- read, write or admin
  COALESCE((
    SELECT t.tier
    FROM _tier_ver AS t
    WHERE t.scope = substr(p.key, 1, instr(p.key, '/') - 1) AND t.permission = substr(p.key, instr(p.key, '/') + 1) AND t.level = p.value
      AND t.valid_from <= s.snapshot_id AND t.valid_to > s.snapshot_id
  ), 'unclassified') AS tier -- critical, high, medium, low or unclassified, by the catalogue of that day
FROM _snapshots AS s
CROSS JOIN _request_ver AS v
CROSS JOIN _orgs AS o
CROSS JOIN json_each(v.permissions) AS p
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;
