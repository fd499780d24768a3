-- Repositories with their settings and what protects their default branch.

-- full_name is the last one known: that of repositories in the lists of tokens
-- which the installation itself cannot see stands nowhere else.
CREATE TABLE _repository_ids (
  repository_ref INTEGER PRIMARY KEY,
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  repository_id INTEGER NOT NULL,
  full_name TEXT NOT NULL,
  UNIQUE (org_ref, repository_id)
) STRICT;

-- html_url NULL: the web address of GitHub and full_name, as nearly always.
CREATE TABLE _repository_ver (
  repository_ref INTEGER NOT NULL REFERENCES _repository_ids (repository_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  org_ref INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  full_name TEXT NOT NULL,
  html_url TEXT,
  visibility TEXT,
  is_archived INTEGER,
  is_disabled INTEGER,
  is_fork INTEGER,
  is_template INTEGER,
  is_empty INTEGER,
  is_sensitive INTEGER,
  default_branch TEXT,
  created_at TEXT,
  advanced_security TEXT,
  code_security TEXT,
  secret_scanning TEXT,
  secret_scanning_push_protection TEXT,
  secret_scanning_non_provider_patterns TEXT,
  secret_scanning_validity_checks TEXT,
  secret_scanning_ai_detection TEXT,
  dependabot_alerts TEXT,
  dependabot_security_updates TEXT,
  private_vulnerability_reporting TEXT,
  has_security_policy INTEGER,
  has_codeowners INTEGER,
  codeowners_error_count INTEGER,
  deploy_key_count INTEGER,
  ruleset_count INTEGER,
  is_protected INTEGER,
  source_count INTEGER,
  is_pull_request_required INTEGER,
  required_approval_count INTEGER,
  is_stale_review_dismissed INTEGER,
  is_code_owner_review_required INTEGER,
  is_last_push_approval_required INTEGER,
  is_status_check_required INTEGER,
  is_up_to_date_required INTEGER,
  is_signature_required INTEGER,
  is_linear_history_required INTEGER,
  is_conversation_resolution_required INTEGER,
  is_admin_bound INTEGER,
  is_force_push_allowed INTEGER,
  is_deletion_allowed INTEGER,
  bypass_actor_count INTEGER,
  PRIMARY KEY (repository_ref, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _repository_ver_from ON _repository_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _repository_ver_to ON _repository_ver (valid_to) WHERE valid_to < 2147483647;

-- What moves every day, apart from the rest: the last push (seconds since 1970)
-- and the open alerts. A row stands until the next one of the same repository.
CREATE TABLE _repository_activity (
  repository_ref INTEGER NOT NULL REFERENCES _repository_ids (repository_ref),
  snapshot_id INTEGER NOT NULL,
  pushed_at INTEGER,
  open_dependabot_alert_count INTEGER,
  PRIMARY KEY (repository_ref, snapshot_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW repositories AS -- Repositories with their security settings as of each snapshot; a setting is enabled, disabled, paused or NULL (GitHub did not say).
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.repository_id AS repository_id, -- GitHub's id of the repository: stable through renames
  v.name AS name, -- name without owner
  v.full_name AS full_name, -- owner/name
  COALESCE(v.html_url, s.web_url || '/' || v.full_name) AS html_url, -- the repository's page
  v.visibility AS visibility, -- public, private or internal; NULL unknown
  v.is_archived AS is_archived, -- 1: read-only
  v.is_disabled AS is_disabled, -- 1: locked by GitHub
  v.is_fork AS is_fork, -- 1: forked from another repository
  v.is_template AS is_template, -- 1: a template for new repositories
  v.is_empty AS is_empty, -- 1: nothing was ever pushed; NULL unknown
  v.is_sensitive AS is_sensitive, -- 1: named by sensitive_repositories of the configuration of that day
  v.default_branch AS default_branch, -- name of the default branch
  v.created_at AS created_at, -- when it was created, UTC
  strftime('%Y-%m-%dT%H:%M:%SZ', a.pushed_at, 'unixepoch') AS pushed_at, -- last push to any branch, UTC; NULL: never
  v.advanced_security AS advanced_security, -- GitHub Advanced Security
  v.code_security AS code_security, -- GitHub Code Security
  v.secret_scanning AS secret_scanning, -- secret scanning
  v.secret_scanning_push_protection AS secret_scanning_push_protection, -- pushes with secrets are stopped
  v.secret_scanning_non_provider_patterns AS secret_scanning_non_provider_patterns, -- secret scanning for generic patterns
  v.secret_scanning_validity_checks AS secret_scanning_validity_checks, -- found secrets are tried at their issuer
  v.secret_scanning_ai_detection AS secret_scanning_ai_detection, -- secret scanning for passwords by a model
  v.dependabot_alerts AS dependabot_alerts, -- Dependabot alerts
  v.dependabot_security_updates AS dependabot_security_updates, -- Dependabot opens pull requests that mend alerts
  v.private_vulnerability_reporting AS private_vulnerability_reporting, -- strangers may report holes privately
  v.has_security_policy AS has_security_policy, -- 1: a SECURITY.md, also the organization's; NULL unknown
  v.has_codeowners AS has_codeowners, -- 1: there is a CODEOWNERS file; NULL unknown
  v.codeowners_error_count AS codeowners_error_count, -- errors in CODEOWNERS; NULL without the file or unknown
  v.deploy_key_count AS deploy_key_count, -- deploy keys; NULL unknown
  v.ruleset_count AS ruleset_count, -- rulesets for branches that apply to it; NULL unknown
  a.open_dependabot_alert_count AS open_dependabot_alert_count -- open Dependabot alerts; NULL unknown
FROM _snapshots AS s
CROSS JOIN _repository_ver AS v
CROSS JOIN _orgs AS o
LEFT JOIN _repository_activity AS a
  ON a.repository_ref = v.repository_ref
  AND a.snapshot_id = (SELECT max(l.snapshot_id) FROM _repository_activity AS l WHERE l.repository_ref = v.repository_ref AND l.snapshot_id <= s.snapshot_id)
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;

CREATE VIEW default_branch_protection AS -- The strictest effect of all that protected the default branch as of each snapshot: one row a repository, NULL where unknown.
SELECT
  s.snapshot_id AS snapshot_id, -- number of the snapshot
  o.org AS org, -- organization login
  v.repository_id AS repository_id, -- GitHub's id of the repository
  v.full_name AS full_name, -- owner/name
  v.default_branch AS branch, -- the default branch
  v.is_protected AS is_protected, -- 1: a classic rule or an active ruleset applied; NULL unknown
  v.source_count AS source_count, -- how many sources were seen
  v.is_pull_request_required AS is_pull_request_required, -- 1: changes need a pull request; NULL unknown
  v.required_approval_count AS required_approval_count, -- approvals a pull request needs; NULL unknown
  v.is_stale_review_dismissed AS is_stale_review_dismissed, -- 1: new commits cancel approvals; NULL unknown
  v.is_code_owner_review_required AS is_code_owner_review_required, -- 1: a code owner must approve; NULL unknown
  v.is_last_push_approval_required AS is_last_push_approval_required, -- 1: someone other than the last pusher must approve; NULL unknown
  v.is_status_check_required AS is_status_check_required, -- 1: checks must pass; NULL unknown
  v.is_up_to_date_required AS is_up_to_date_required, -- 1: the branch must be up to date before merging; NULL unknown
  v.is_signature_required AS is_signature_required, -- 1: commits must be signed; NULL unknown
  v.is_linear_history_required AS is_linear_history_required, -- 1: no merge commits; NULL unknown
  v.is_conversation_resolution_required AS is_conversation_resolution_required, -- 1: conversations must be resolved; NULL unknown
  v.is_admin_bound AS is_admin_bound, -- 1: administrators are bound too; NULL unknown
  v.is_force_push_allowed AS is_force_push_allowed, -- 1: history can be overwritten; NULL unknown
  v.is_deletion_allowed AS is_deletion_allowed, -- 1: the branch can be deleted; NULL unknown
  v.bypass_actor_count AS bypass_actor_count -- fewest that may bypass one of the sources; NULL unknown or unprotected
FROM _snapshots AS s
CROSS JOIN _repository_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;
