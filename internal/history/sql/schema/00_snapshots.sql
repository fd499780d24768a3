-- The history: what was true from one snapshot to another. A row of a table
-- "_…_ver" holds from snapshot valid_from until before snapshot valid_to;
-- 2147483647 is "still". Rows end only where the resource that they come from
-- was complete. Names are kept once, in tables of references (…_ref), in the
-- order in which they came, so that the same snapshots give the same rows.
--
-- Each table "_…_ver" with @ends above it is declared here once, a column a line:
-- staging, views and differences are made of that. Beside a column:
--
--   the comment of the public view
--   @known RESOURCE…      a value that is missing stays as it was, unless these
--                         resources are complete
--   @watch OF WAY [NULL]  a difference is a change, see the table _watched
--   @apart                not among the state that changes show
--
-- The marker "@view org org_id.." is replaced by a line for each of these columns; all
-- markers are in expand.go.

CREATE TABLE _snapshots (
  snapshot_id INTEGER PRIMARY KEY,
  file TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL UNIQUE,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  is_complete INTEGER NOT NULL,
  auditor_version TEXT NOT NULL,
  api_url TEXT NOT NULL,
  web_url TEXT NOT NULL,
  token_count INTEGER NOT NULL DEFAULT 0,
  request_count INTEGER NOT NULL DEFAULT 0,
  repository_count INTEGER NOT NULL DEFAULT 0,
  pair_count INTEGER NOT NULL DEFAULT 0,
  member_count INTEGER NOT NULL DEFAULT 0,
  rules_fingerprint TEXT NOT NULL DEFAULT '',
  critical_count INTEGER NOT NULL DEFAULT 0,
  high_count INTEGER NOT NULL DEFAULT 0,
  medium_count INTEGER NOT NULL DEFAULT 0,
  low_count INTEGER NOT NULL DEFAULT 0,
  excepted_count INTEGER NOT NULL DEFAULT 0,
  unknown_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE _orgs (
  org_ref INTEGER PRIMARY KEY,
  org TEXT NOT NULL UNIQUE
) STRICT;

-- Every organization met so far, at every snapshot; is_present 0: the snapshot
-- is not about it. repository_count is the reach of tokens of selection all: it
-- is here because each new repository would change all of their rows.
CREATE TABLE _snapshot_orgs (
  snapshot_id INTEGER NOT NULL REFERENCES _snapshots (snapshot_id),
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  is_present INTEGER NOT NULL,
  repository_count INTEGER,
  PRIMARY KEY (snapshot_id, org_ref)
) STRICT, WITHOUT ROWID;

-- The first snapshot that had a resource of an organization in whole: only after
-- it can something be known to be new.
CREATE TABLE _known_since (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  resource TEXT NOT NULL,
  snapshot_id INTEGER NOT NULL REFERENCES _snapshots (snapshot_id),
  PRIMARY KEY (org_ref, resource)
) STRICT, WITHOUT ROWID;

-- @ends where true
CREATE TABLE _coverage_ver (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  resource TEXT NOT NULL, -- what was asked for
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  status TEXT NOT NULL, -- complete, partial, denied, failed or skipped
  is_required INTEGER NOT NULL, -- 1: the reports cannot be trusted without it
  http_status INTEGER, -- GitHub's answer to the request that failed; NULL if none did
  message TEXT, -- what went wrong, or why it was skipped
  permission TEXT, -- permission to grant to the App
  PRIMARY KEY (org_ref, resource, valid_from)
) STRICT, WITHOUT ROWID;

-- @ends where false
CREATE TABLE _org_ver (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  org_id INTEGER, -- GitHub's id of the organization; NULL if not read @known org
  name TEXT, -- display name @known org
  plan TEXT, -- billing plan; NULL without the permission for it @known org @watch setting changed
  is_two_factor_required INTEGER, -- 1: members must use two factors; NULL unknown @known org @watch setting switch
  default_repository_permission TEXT, -- what every member may do in every repository; NULL unknown @known org @watch setting changed
  installation_selection TEXT, -- repositories the App was installed on: all or selected @watch setting changed
  PRIMARY KEY (org_ref, valid_from)
) STRICT, WITHOUT ROWID;

-- @ends where iif(
--   v.role = 'outside',
--   v.org_ref IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'outside_collaborators'),
--   v.org_ref IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'members')
-- )
CREATE TABLE _member_ver (
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  user_id INTEGER NOT NULL, -- GitHub's id of the user
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  login TEXT NOT NULL, -- user's login @watch member renamed
  role TEXT NOT NULL, -- owner, member or outside (collaborator on single repositories) @watch member changed
  PRIMARY KEY (org_ref, user_id, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _member_ver_from ON _member_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _member_ver_to ON _member_ver (valid_to) WHERE valid_to < 2147483647;

-- The permission catalogue as it was.
-- @ends where true
CREATE TABLE _tier_ver (
  scope TEXT NOT NULL,
  permission TEXT NOT NULL,
  level TEXT NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  tier TEXT NOT NULL,
  PRIMARY KEY (scope, permission, level, valid_from)
) STRICT, WITHOUT ROWID;

CREATE VIEW snapshots AS -- The snapshots that the history has taken in, the oldest first.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot in this history: 1 for the oldest, without gaps
  s.file AS file, -- name of the file, which may have been pruned since
  s.sha256 AS sha256, -- checksum of the file, hex
  s.started_at AS started_at, -- when its run began, UTC
  s.finished_at AS finished_at, -- when it was published, UTC
  s.is_complete AS is_complete, -- 1: every required resource of every organization was read wholly
  (
    SELECT group_concat(p.org, ' ')
    FROM (SELECT o.org AS org FROM _snapshot_orgs AS m JOIN _orgs AS o ON o.org_ref = m.org_ref WHERE m.snapshot_id = s.snapshot_id AND m.is_present ORDER BY o.org) AS p
  ) AS orgs, -- its organizations, with spaces between
  s.auditor_version AS auditor_version, -- version of the auditor that collected
  s.api_url AS api_url, -- the GitHub API that was asked
  s.token_count AS token_count, -- tokens in the file
  s.request_count AS request_count, -- pending requests in the file
  s.repository_count AS repository_count, -- repositories in the file
  s.pair_count AS pair_count, -- tokens with a list times its repositories in the file
  s.member_count AS member_count, -- owners, members and outside collaborators in the file
  s.critical_count AS critical_count, -- findings of severity critical that no exception covered
  s.high_count AS high_count, -- likewise, high
  s.medium_count AS medium_count, -- likewise, medium
  s.low_count AS low_count, -- likewise, low
  s.excepted_count AS excepted_count, -- findings that an exception covered
  s.unknown_count AS unknown_count, -- subjects that a rule could not judge
  s.rules_fingerprint AS rules_fingerprint -- of the rules that judged it: equal where the same rules did
FROM _snapshots AS s;

CREATE VIEW coverage AS -- How far each resource of each organization could be read: what is not complete is not compared, and what was true before stays.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  @view coverage resource..
FROM _snapshots AS s
CROSS JOIN _coverage_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW orgs AS -- The organizations as of each snapshot, also those that a later snapshot is not about.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  @view org org_id..
FROM _snapshots AS s
CROSS JOIN _org_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW members AS -- People of the organizations as of each snapshot.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.login AS login, -- user's login
  v.user_id AS user_id, -- GitHub's id of the user
  v.role AS role -- owner, member or outside (collaborator on single repositories)
FROM _snapshots AS s
CROSS JOIN _member_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;
