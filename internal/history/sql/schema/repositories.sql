-- Repositories with their settings and what protects their default branch.

-- full_name is the last one known: that of repositories in the lists of tokens
-- which the installation itself cannot see is nowhere else.
CREATE TABLE _repository_ids (
  repository_ref INTEGER PRIMARY KEY,
  org_ref INTEGER NOT NULL REFERENCES _orgs (org_ref),
  repository_id INTEGER NOT NULL,
  full_name TEXT NOT NULL,
  UNIQUE (org_ref, repository_id)
) STRICT;

-- html_url NULL: the web address of GitHub and full_name, as nearly always.
-- @ends where v.org_ref IN (SELECT w.org_ref FROM temp._whole AS w WHERE w.resource = 'repositories')
CREATE TABLE _repository_ver (
  repository_ref INTEGER NOT NULL REFERENCES _repository_ids (repository_ref),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  org_ref INTEGER NOT NULL,
  repository_id INTEGER NOT NULL, -- GitHub's id of the repository: stable through renames
  name TEXT NOT NULL, -- name without owner
  full_name TEXT NOT NULL, -- owner/name @watch repository renamed
  html_url TEXT, -- @apart
  visibility TEXT, -- public, private or internal; NULL unknown @watch repository visibility
  is_archived INTEGER, -- 1: read-only @watch repository archived
  is_disabled INTEGER, -- 1: locked by GitHub @watch repository changed
  is_fork INTEGER, -- 1: forked from another repository @watch repository changed
  is_template INTEGER, -- 1: a template for new repositories @watch repository changed
  is_empty INTEGER, -- 1: nothing was ever pushed; NULL unknown @known repository_settings @watch repository changed
  is_sensitive INTEGER, -- 1: named by sensitive_repositories of the configuration of that day @watch repository changed
  default_branch TEXT, -- name of the default branch @watch repository changed
  created_at TEXT, -- when it was created, UTC
  advanced_security TEXT, -- GitHub Advanced Security @watch setting switch
  code_security TEXT, -- GitHub Code Security @watch setting switch
  secret_scanning TEXT, -- secret scanning @watch setting switch
  secret_scanning_push_protection TEXT, -- pushes with secrets are stopped @watch setting switch
  secret_scanning_non_provider_patterns TEXT, -- secret scanning for generic patterns @watch setting switch
  secret_scanning_validity_checks TEXT, -- found secrets are tried at their issuer @watch setting switch
  secret_scanning_ai_detection TEXT, -- secret scanning for passwords by a model @watch setting switch
  dependabot_alerts TEXT, -- Dependabot alerts @known repository_settings @watch setting switch
  dependabot_security_updates TEXT, -- Dependabot opens pull requests that mend alerts @watch setting switch
  private_vulnerability_reporting TEXT, -- strangers may report holes privately @known private_vulnerability_reporting @watch setting switch
  has_security_policy INTEGER, -- 1: a SECURITY.md, also the organization's; NULL unknown @known repository_settings @watch setting switch
  has_codeowners INTEGER, -- 1: there is a CODEOWNERS file; NULL unknown @known codeowners @watch setting switch
  codeowners_error_count INTEGER, -- errors in CODEOWNERS; NULL without the file or unknown @known codeowners @watch setting changed
  deploy_key_count INTEGER, -- deploy keys; NULL unknown @known deploy_keys @watch setting changed
  ruleset_count INTEGER, -- rulesets for branches that apply to it; NULL unknown @known rulesets @watch setting changed
  is_protected INTEGER, -- 1: a classic rule or an active ruleset applied; NULL unknown @known branch_protection @watch protection stronger
  source_count INTEGER, -- how many sources were seen @known branch_protection
  is_pull_request_required INTEGER, -- 1: changes need a pull request; NULL unknown @known branch_protection @watch protection stronger
  required_approval_count INTEGER, -- approvals a pull request needs; NULL unknown @known branch_protection @watch protection stronger
  is_stale_review_dismissed INTEGER, -- 1: new commits cancel approvals; NULL unknown @known branch_protection @watch protection stronger
  is_code_owner_review_required INTEGER, -- 1: a code owner must approve; NULL unknown @known branch_protection @watch protection stronger
  is_last_push_approval_required INTEGER, -- 1: someone other than the last pusher must approve; NULL unknown @known branch_protection @watch protection stronger
  is_status_check_required INTEGER, -- 1: checks must pass; NULL unknown @known branch_protection @watch protection stronger
  is_up_to_date_required INTEGER, -- 1: the branch must be up to date before merging; NULL unknown @known branch_protection @watch protection stronger
  is_signature_required INTEGER, -- 1: commits must be signed; NULL unknown @known branch_protection @watch protection stronger
  is_linear_history_required INTEGER, -- 1: no merge commits; NULL unknown @known branch_protection @watch protection stronger
  is_conversation_resolution_required INTEGER, -- 1: conversations must be resolved; NULL unknown @known branch_protection @watch protection stronger
  is_admin_bound INTEGER, -- 1: administrators are bound too; NULL unknown @known branch_protection @watch protection stronger
  is_force_push_allowed INTEGER, -- 1: history can be overwritten; NULL unknown @known branch_protection @watch protection weaker
  is_deletion_allowed INTEGER, -- 1: the branch can be deleted; NULL unknown @known branch_protection @watch protection weaker
  bypass_actor_count INTEGER, -- fewest that may bypass one of the sources; NULL unknown or unprotected @known branch_protection @watch protection weaker
  PRIMARY KEY (repository_ref, valid_from)
) STRICT, WITHOUT ROWID;

CREATE INDEX _repository_ver_from ON _repository_ver (valid_from) WHERE valid_from > 1;

CREATE INDEX _repository_ver_to ON _repository_ver (valid_to) WHERE valid_to < 2147483647;

-- What moves every day, apart from the rest: the last push (seconds since 1970)
-- and the open alerts. A row holds until the next one of the same repository.
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
  @view repository repository_id..full_name
  COALESCE(v.html_url, s.web_url || '/' || v.full_name) AS html_url, -- the repository's page
  @view repository visibility..created_at
  strftime('%Y-%m-%dT%H:%M:%SZ', a.pushed_at, 'unixepoch') AS pushed_at, -- last push to any branch, UTC; NULL: never
  @view repository advanced_security..ruleset_count
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
  @view repository is_protected..
FROM _snapshots AS s
CROSS JOIN _repository_ver AS v
CROSS JOIN _orgs AS o
WHERE +v.valid_from <= s.snapshot_id AND +v.valid_to > s.snapshot_id AND o.org_ref = v.org_ref;
