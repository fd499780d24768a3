-- What changes are made of: the state of everything as JSON, and pairs of what
-- was and what is.

-- What is watched, and what a difference in it is called: changed and renamed
-- are always that; the others depend on the values, see the view changes.
-- null_means NULL: an absent value is unknown, and no value to differ from.
CREATE TABLE _watched (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  tells_of TEXT NOT NULL,
  way TEXT NOT NULL,
  null_means TEXT,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

INSERT INTO _watched (kind, key, tells_of, way, null_means) VALUES
  ('repository', 'advanced_security', 'setting', 'switch', NULL),
  ('repository', 'code_security', 'setting', 'switch', NULL),
  ('repository', 'secret_scanning', 'setting', 'switch', NULL),
  ('repository', 'secret_scanning_push_protection', 'setting', 'switch', NULL),
  ('repository', 'secret_scanning_non_provider_patterns', 'setting', 'switch', NULL),
  ('repository', 'secret_scanning_validity_checks', 'setting', 'switch', NULL),
  ('repository', 'secret_scanning_ai_detection', 'setting', 'switch', NULL),
  ('repository', 'dependabot_alerts', 'setting', 'switch', NULL),
  ('repository', 'dependabot_security_updates', 'setting', 'switch', NULL),
  ('repository', 'private_vulnerability_reporting', 'setting', 'switch', NULL),
  ('repository', 'has_security_policy', 'setting', 'switch', NULL),
  ('repository', 'has_codeowners', 'setting', 'switch', NULL),
  ('repository', 'codeowners_error_count', 'setting', 'changed', NULL),
  ('repository', 'deploy_key_count', 'setting', 'changed', NULL),
  ('repository', 'ruleset_count', 'setting', 'changed', NULL),
  ('repository', 'is_protected', 'protection', 'stronger', NULL),
  ('repository', 'is_pull_request_required', 'protection', 'stronger', NULL),
  ('repository', 'required_approval_count', 'protection', 'stronger', NULL),
  ('repository', 'is_stale_review_dismissed', 'protection', 'stronger', NULL),
  ('repository', 'is_code_owner_review_required', 'protection', 'stronger', NULL),
  ('repository', 'is_last_push_approval_required', 'protection', 'stronger', NULL),
  ('repository', 'is_status_check_required', 'protection', 'stronger', NULL),
  ('repository', 'is_up_to_date_required', 'protection', 'stronger', NULL),
  ('repository', 'is_signature_required', 'protection', 'stronger', NULL),
  ('repository', 'is_linear_history_required', 'protection', 'stronger', NULL),
  ('repository', 'is_conversation_resolution_required', 'protection', 'stronger', NULL),
  ('repository', 'is_admin_bound', 'protection', 'stronger', NULL),
  ('repository', 'is_force_push_allowed', 'protection', 'weaker', NULL),
  ('repository', 'is_deletion_allowed', 'protection', 'weaker', NULL),
  ('repository', 'bypass_actor_count', 'protection', 'weaker', NULL),
  ('repository', 'full_name', 'repository', 'renamed', NULL),
  ('repository', 'visibility', 'repository', 'visibility', NULL),
  ('repository', 'is_archived', 'repository', 'archived', NULL),
  ('repository', 'is_disabled', 'repository', 'changed', NULL),
  ('repository', 'is_fork', 'repository', 'changed', NULL),
  ('repository', 'is_template', 'repository', 'changed', NULL),
  ('repository', 'is_empty', 'repository', 'changed', NULL),
  ('repository', 'is_sensitive', 'repository', 'changed', NULL),
  ('repository', 'default_branch', 'repository', 'changed', NULL),
  ('token', 'token_name', 'token', 'renamed', 'empty'),
  ('token', 'repository_selection', 'token', 'selection', NULL),
  ('token', 'grant_id', 'token', 'renewed', NULL),
  ('token', 'access_granted_at', 'token', 'renewed', NULL),
  ('token', 'expires_at', 'token', 'expiry', 'never'),
  ('token', 'is_expired', 'token', 'changed', NULL),
  ('token', 'owner_login', 'token', 'changed', NULL),
  ('token', 'owner_role', 'token', 'changed', NULL),
  ('request', 'token_name', 'request', 'renamed', 'empty'),
  ('request', 'repository_selection', 'request', 'selection', NULL),
  ('request', 'repository_count', 'request', 'count', NULL),
  ('request', 'expires_at', 'request', 'expiry', 'never'),
  ('request', 'is_expired', 'request', 'changed', NULL),
  ('request', 'owner_login', 'request', 'changed', NULL),
  ('request', 'owner_role', 'request', 'changed', NULL),
  ('request', 'reason', 'request', 'changed', 'empty'),
  ('member', 'login', 'member', 'renamed', NULL),
  ('member', 'role', 'member', 'changed', NULL),
  ('org', 'is_two_factor_required', 'setting', 'switch', NULL),
  ('org', 'default_repository_permission', 'setting', 'changed', NULL),
  ('org', 'plan', 'setting', 'changed', NULL),
  ('org', 'installation_selection', 'setting', 'changed', NULL);

-- The resource that tells that something is not there.
CREATE TABLE _kinds (
  kind TEXT PRIMARY KEY,
  resource TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO _kinds (kind, resource) VALUES
  ('token', 'tokens'),
  ('request', 'token_requests'),
  ('repository', 'repositories'),
  ('member', 'members');

CREATE TABLE _levels (
  level TEXT PRIMARY KEY,
  rank INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO _levels (level, rank) VALUES
  ('none', 0),
  ('read', 1),
  ('subset', 1),
  ('write', 2),
  ('all', 2),
  ('admin', 3);

CREATE VIEW _token_states AS
SELECT
  v.token_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    'grant_id', v.grant_id,
    'token_id', v.token_id,
    'token_name', v.token_name,
    'owner_login', v.owner_login,
    'owner_role', v.owner_role,
    'repository_selection', v.repository_selection,
    'highest_tier', v.highest_tier,
    'access_granted_at', v.access_granted_at,
    'expires_at', v.expires_at,
    'is_expired', v.is_expired,
    'permissions', json(v.permissions)
  ) AS state
FROM _token_ver AS v;

CREATE VIEW _request_states AS
SELECT
  v.request_id AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    'request_id', v.request_id,
    'token_id', v.token_id,
    'token_name', v.token_name,
    'owner_login', v.owner_login,
    'owner_role', v.owner_role,
    'repository_selection', v.repository_selection,
    'repository_count', v.repository_count,
    'highest_tier', v.highest_tier,
    'reason', v.reason,
    'created_at', v.created_at,
    'expires_at', v.expires_at,
    'is_expired', v.is_expired,
    'permissions', json(v.permissions)
  ) AS state
FROM _request_ver AS v;

CREATE VIEW _repository_states AS
SELECT
  v.repository_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    'repository_id', v.repository_id,
    'name', v.name,
    'full_name', v.full_name,
    'visibility', v.visibility,
    'is_archived', v.is_archived,
    'is_disabled', v.is_disabled,
    'is_fork', v.is_fork,
    'is_template', v.is_template,
    'is_empty', v.is_empty,
    'is_sensitive', v.is_sensitive,
    'default_branch', v.default_branch,
    'created_at', v.created_at,
    'advanced_security', v.advanced_security,
    'code_security', v.code_security,
    'secret_scanning', v.secret_scanning,
    'secret_scanning_push_protection', v.secret_scanning_push_protection,
    'secret_scanning_non_provider_patterns', v.secret_scanning_non_provider_patterns,
    'secret_scanning_validity_checks', v.secret_scanning_validity_checks,
    'secret_scanning_ai_detection', v.secret_scanning_ai_detection,
    'dependabot_alerts', v.dependabot_alerts,
    'dependabot_security_updates', v.dependabot_security_updates,
    'private_vulnerability_reporting', v.private_vulnerability_reporting,
    'has_security_policy', v.has_security_policy,
    'has_codeowners', v.has_codeowners,
    'codeowners_error_count', v.codeowners_error_count,
    'deploy_key_count', v.deploy_key_count,
    'ruleset_count', v.ruleset_count,
    'is_protected', v.is_protected,
    'source_count', v.source_count,
    'is_pull_request_required', v.is_pull_request_required,
    'required_approval_count', v.required_approval_count,
    'is_stale_review_dismissed', v.is_stale_review_dismissed,
    'is_code_owner_review_required', v.is_code_owner_review_required,
    'is_last_push_approval_required', v.is_last_push_approval_required,
    'is_status_check_required', v.is_status_check_required,
    'is_up_to_date_required', v.is_up_to_date_required,
    'is_signature_required', v.is_signature_required,
    'is_linear_history_required', v.is_linear_history_required,
    'is_conversation_resolution_required', v.is_conversation_resolution_required,
    'is_admin_bound', v.is_admin_bound,
    'is_force_push_allowed', v.is_force_push_allowed,
    'is_deletion_allowed', v.is_deletion_allowed,
    'bypass_actor_count', v.bypass_actor_count
  ) AS state
FROM _repository_ver AS v;

CREATE VIEW _member_states AS
SELECT
  v.user_id AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object('user_id', v.user_id, 'login', v.login, 'role', v.role) AS state
FROM _member_ver AS v;

CREATE VIEW _org_states AS
SELECT
  v.org_ref AS ref,
  v.org_ref AS org_ref,
  v.valid_from AS valid_from,
  v.valid_to AS valid_to,
  json_object(
    'plan', v.plan,
    'is_two_factor_required', v.is_two_factor_required,
    'default_repository_permission', v.default_repository_permission,
    'installation_selection', v.installation_selection
  ) AS state
FROM _org_ver AS v;

-- One row for each that is otherwise in a snapshot than in the one before it.
CREATE VIEW _pairs AS
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'token' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _token_states AS n
LEFT JOIN _token_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'token',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _token_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _token_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'request' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _request_states AS n
LEFT JOIN _request_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'request',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _request_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _request_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'repository' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _repository_states AS n
LEFT JOIN _repository_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'repository',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _repository_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _repository_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'member' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _member_states AS n
LEFT JOIN _member_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1
UNION ALL
SELECT
  o.valid_to,
  o.valid_to - 1,
  'member',
  o.org_ref,
  o.ref,
  o.state,
  NULL
FROM _member_states AS o
WHERE o.valid_to < 2147483647
  AND NOT EXISTS (SELECT 1 FROM _member_states AS n WHERE n.org_ref = o.org_ref AND n.ref = o.ref AND n.valid_from = o.valid_to)
UNION ALL
SELECT
  n.valid_from AS snapshot_id,
  n.valid_from - 1 AS old_id,
  'org' AS kind,
  n.org_ref AS org_ref,
  n.ref AS ref,
  o.state AS before,
  n.state AS after
FROM _org_states AS n
LEFT JOIN _org_states AS o ON o.org_ref = n.org_ref AND o.ref = n.ref AND o.valid_to = n.valid_from
WHERE n.valid_from > 1;

-- The repositories that entered (1) or left (0) the list of a token.
CREATE VIEW _list_changes AS
SELECT
  v.valid_from AS snapshot_id,
  v.valid_from - 1 AS old_id,
  v.token_ref AS token_ref,
  1 AS is_added,
  json_object('repositories', json_group_array(r.full_name)) AS repositories,
  min(r.full_name) || CASE count(*) WHEN 1 THEN '' WHEN 2 THEN ' and ' || max(r.full_name) ELSE ' and ' || (count(*) - 1) || ' more' END AS named
FROM _pair_ver AS v
CROSS JOIN _repository_ids AS r
WHERE v.valid_from > 1 AND r.repository_ref = v.repository_ref
GROUP BY v.valid_from, v.token_ref
UNION ALL
SELECT
  v.valid_to,
  v.valid_to - 1,
  v.token_ref,
  0,
  json_object('repositories', json_group_array(r.full_name)),
  min(r.full_name) || CASE count(*) WHEN 1 THEN '' WHEN 2 THEN ' and ' || max(r.full_name) ELSE ' and ' || (count(*) - 1) || ' more' END
FROM _pair_ver AS v
CROSS JOIN _repository_ids AS r
WHERE v.valid_to < 2147483647 AND r.repository_ref = v.repository_ref
GROUP BY v.valid_to, v.token_ref;

-- at_id is the snapshot that saw the token awake.
CREATE VIEW _awake AS
SELECT
  a.snapshot_id AS snapshot_id,
  a.snapshot_id AS at_id,
  a.token_ref AS token_ref
FROM _awakenings AS a;
