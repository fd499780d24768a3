-- What the file is: one row about the run, one a organization, the progress of
-- every walk, the coverage of every resource.

CREATE TABLE _snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  started_at TEXT NOT NULL,
  finished_at TEXT,
  auditor_version TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  api_url TEXT NOT NULL,
  web_url TEXT NOT NULL,
  is_complete INTEGER NOT NULL DEFAULT 0,
  filters TEXT,
  fingerprint TEXT NOT NULL
) STRICT;

-- Which resource fills a base table. A statement reads a resource when its
-- program opens one of the resource's tables; tables that are absent here
-- (progress, coverage, names) belong to none.
CREATE TABLE _table_resources (
  table_name TEXT NOT NULL,
  resource TEXT NOT NULL,
  PRIMARY KEY (table_name, resource)
) STRICT, WITHOUT ROWID;

-- Items of these resources are cut down to these keys before they are inserted:
-- the lists of repositories of a token are complete repositories of 5 KB each,
-- of which two fields are new.
CREATE TABLE _kept_keys (
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (resource, key)
) STRICT, WITHOUT ROWID;

-- What objects of a resource are like, as far as this file reads them. path is
-- that of a member, with * for every item of a list and for every member of an
-- object whose names are somebody's own. kind: id (an integer without which the
-- object is none), integer, text, flag (true or false), time (RFC 3339), word (one of
-- those after the colon), object, list, any. presence: required, nullable (null is an
-- answer, nothing is none), optional (both are answers). part: the resource whose
-- coverage it concerns, NULL for the object's own. What is not so is noted in
-- _oddities; a required member becomes null, any other one is left out.
-- is_decisive: without it nothing is known of the part of that object.
CREATE TABLE _fields (
  resource TEXT NOT NULL,
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  presence TEXT NOT NULL CHECK (presence IN ('required', 'nullable', 'optional')),
  part TEXT,
  is_decisive INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (resource, path)
) STRICT, WITHOUT ROWID;

-- walk and parent are those of the list that had it.
CREATE TABLE _oddities (
  org TEXT NOT NULL REFERENCES _installations (org),
  resource TEXT NOT NULL,
  walk TEXT NOT NULL,
  parent TEXT NOT NULL,
  object TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT,
  object_count INTEGER NOT NULL,
  PRIMARY KEY (org, resource, walk, parent, object, field)
) STRICT, WITHOUT ROWID;

-- An organization of this run and what the installation may see of it.
-- permissions NULL: unknown (a ready installation token was used).
-- has_security_and_analysis: at least one repository came with the settings
-- block that only administrators get.
CREATE TABLE _installations (
  org TEXT PRIMARY KEY,
  permissions TEXT,
  repository_selection TEXT,
  has_security_and_analysis INTEGER NOT NULL DEFAULT 0,
  can_see_administration INTEGER AS (
    CASE
      WHEN permissions IS NULL THEN has_security_and_analysis
      ELSE permissions ->> '$.administration' IS NOT NULL
    END
  ) STORED
) STRICT, WITHOUT ROWID;

-- The progress of a list: next is the page to continue with, in the words of
-- internal/github.
CREATE TABLE _walks (
  org TEXT NOT NULL REFERENCES _installations (org),
  resource TEXT NOT NULL,
  parent TEXT NOT NULL,
  next TEXT NOT NULL DEFAULT '',
  is_finished INTEGER NOT NULL DEFAULT 0,
  request_count INTEGER NOT NULL DEFAULT 0,
  retry_count INTEGER NOT NULL DEFAULT 0,
  waited_ms INTEGER NOT NULL DEFAULT 0,
  reread_count INTEGER NOT NULL DEFAULT 0,
  http_status INTEGER,
  message TEXT,
  PRIMARY KEY (org, resource, parent)
) STRICT, WITHOUT ROWID;

-- A parent that disappeared between its list and the walk over its children.
-- Schema files of such children delete the parent by a trigger on this table
-- and keep what it was in raw.
CREATE TABLE _gone (
  org TEXT NOT NULL,
  resource TEXT NOT NULL,
  parent TEXT NOT NULL,
  raw TEXT,
  PRIMARY KEY (org, resource, parent)
) STRICT, WITHOUT ROWID;

-- A list that is read again because it changed while it was read. Schema files
-- of lists empty theirs by a trigger on this view, _restart_ and the resource.
CREATE VIEW _restarts (org, resource, parent) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _restart_oddities INSTEAD OF INSERT ON _restarts
BEGIN
  DELETE FROM _oddities
  WHERE org = NEW.org AND walk = NEW.resource AND parent = NEW.parent;
END;

CREATE TRIGGER _gone_oddities AFTER INSERT ON _gone
BEGIN
  DELETE FROM _oddities
  WHERE org = NEW.org AND walk = NEW.resource AND parent = NEW.parent;
END;

CREATE TABLE _coverage (
  org TEXT NOT NULL REFERENCES _installations (org),
  resource TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('complete', 'partial', 'denied', 'failed', 'skipped')),
  is_required INTEGER NOT NULL,
  http_status INTEGER,
  message TEXT,
  permission TEXT,
  row_count INTEGER NOT NULL,
  request_count INTEGER NOT NULL,
  retry_count INTEGER NOT NULL DEFAULT 0,
  waited_ms INTEGER NOT NULL DEFAULT 0,
  reread_count INTEGER NOT NULL DEFAULT 0,
  duration_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org, resource)
) STRICT, WITHOUT ROWID;

CREATE VIEW snapshot AS -- The run that made this file; always one row.
SELECT
  s.started_at AS started_at, -- when the run began, UTC
  s.finished_at AS finished_at, -- when the file was published, UTC: the "now" of every rule
  s.auditor_version AS auditor_version, -- version of the auditor that collected
  s.schema_version AS schema_version, -- version of these views
  s.api_url AS api_url, -- the GitHub API that was asked
  s.web_url AS web_url, -- base of links to GitHub's pages
  s.is_complete AS is_complete, -- 1: every required resource of every organization was read wholly
  s.filters AS filters, -- filters of a targeted run as JSON; NULL: everything was asked for
  (SELECT COALESCE(sum(w.request_count), 0) FROM _walks AS w) AS request_count, -- HTTP requests the run took, all tries, also those that only opened the installations
  (SELECT COALESCE(sum(w.retry_count), 0) FROM _walks AS w) AS retry_count, -- tries after the first, because of faults and rate limits
  (SELECT round(COALESCE(sum(w.waited_ms), 0) / 1000.0, 3) FROM _walks AS w) AS wait_seconds, -- seconds that requests waited, for rate limits, for the points of the minute and for other tries, added up: several wait side by side
  CAST(strftime('%s', s.finished_at) AS INTEGER) - CAST(strftime('%s', s.started_at) AS INTEGER) AS duration_seconds -- seconds from start to publication, the pause of an interrupted run included
FROM _snapshot AS s;

CREATE VIEW coverage AS -- How far each resource of each organization could be read.
SELECT
  c.org AS org, -- organization login
  c.resource AS resource, -- what was asked for
  c.status AS status, -- complete, partial, denied, failed or skipped
  c.is_required AS is_required, -- 1: the reports cannot be trusted without it
  c.http_status AS http_status, -- GitHub's answer to the request that failed; NULL if none did
  c.message AS message, -- what went wrong, or why it was skipped
  c.permission AS permission, -- permission to grant to the App
  c.row_count AS row_count, -- rows that are in this file
  c.request_count AS request_count, -- HTTP requests it took, all tries
  c.retry_count AS retry_count, -- tries after the first, because of faults and rate limits
  round(c.waited_ms / 1000.0, 3) AS wait_seconds, -- seconds that its requests waited, for rate limits, for the points of the minute and for other tries, added up: several wait side by side
  c.reread_count AS reread_count, -- lists that changed while they were read, and were read again
  round(c.duration_ms / 1000.0, 3) AS duration_seconds -- seconds it took, those of an interrupted run not counted
FROM _coverage AS c;

CREATE VIEW oddities AS -- What GitHub sent that was not understood: it is left out, and unknown.
SELECT
  o.org AS org, -- organization login
  o.resource AS resource, -- the resource whose coverage it makes partial
  NULLIF(o.object, '') AS object, -- name or id of the object; NULL: not known, or of more than a thousand
  o.field AS field, -- the field's path in the object; empty: the object itself
  o.value AS value, -- what was there, as JSON, at most 200 characters; NULL: nothing
  o.object_count AS count -- objects of this row
FROM _oddities AS o;
