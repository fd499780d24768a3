-- GraphQL, one object a repository, of which six resources are made:
-- repository_settings itself, branch_protection, codeowners, deploy_keys,
-- dependabot_alerts and rulesets (in a file of their own). An object names in
-- "unknown", with the reason, those that GitHub refused for this repository; a
-- part whose key is absent was not asked for. Neither leaves a row, so that
-- unknown never looks like none.

INSERT INTO _table_resources (table_name, resource) VALUES
  ('_repository_settings', 'repository_settings'),
  ('_codeowners', 'codeowners'),
  ('_codeowners_errors', 'codeowners'),
  ('_deploy_keys', 'deploy_keys'),
  ('_deploy_key_counts', 'deploy_keys'),
  ('_dependabot_alerts', 'dependabot_alerts'),
  ('_branch_protection', 'branch_protection'),
  ('_branch_protection_effects', 'branch_protection');

INSERT INTO _fields (resource, path, kind, presence, part) VALUES
  ('repository_settings', 'databaseId', 'id', 'required', NULL),
  ('repository_settings', 'nameWithOwner', 'text', 'required', NULL),
  ('repository_settings', 'isEmpty', 'flag', 'required', NULL),
  ('repository_settings', 'hasVulnerabilityAlertsEnabled', 'flag', 'required', NULL),
  ('repository_settings', 'isSecurityPolicyEnabled', 'flag', 'nullable', NULL),
  ('repository_settings', 'codeowners', 'object', 'optional', 'codeowners'),
  ('repository_settings', 'codeowners.errors', 'list', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*', 'object', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.line', 'integer', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.column', 'integer', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.kind', 'text', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.source', 'text', 'nullable', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.suggestion', 'text', 'nullable', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.message', 'text', 'required', 'codeowners'),
  ('repository_settings', 'codeowners.errors.*.path', 'text', 'required', 'codeowners'),
  ('repository_settings', 'vulnerabilityAlerts', 'object', 'optional', 'dependabot_alerts'),
  ('repository_settings', 'vulnerabilityAlerts.totalCount', 'integer', 'required', 'dependabot_alerts'),
  ('repository_settings', 'deployKeys', 'object', 'optional', 'deploy_keys'),
  ('repository_settings', 'deployKeys.totalCount', 'integer', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes', 'list', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*', 'object', 'optional', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.id', 'text', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.title', 'text', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.readOnly', 'flag', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.verified', 'flag', 'required', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.enabled', 'flag', 'optional', 'deploy_keys'),
  ('repository_settings', 'deployKeys.nodes.*.createdAt', 'time', 'required', 'deploy_keys'),
  ('repository_settings', 'defaultBranchRef', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.name', 'text', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.databaseId', 'integer', 'nullable', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.pattern', 'text', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.isAdminEnforced', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresApprovingReviews', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresCodeOwnerReviews', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.dismissesStaleReviews', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requireLastPushApproval', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresStatusChecks', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresStrictStatusChecks', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresCommitSignatures', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresLinearHistory', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiresConversationResolution', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.allowsForcePushes', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.allowsDeletions', 'flag', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.requiredApprovingReviewCount', 'integer', 'nullable', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.bypassPullRequestAllowances', 'object', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.branchProtectionRule.bypassPullRequestAllowances.totalCount', 'integer', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.totalCount', 'integer', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes', 'list', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.type', 'text', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.dismissStaleReviewsOnPush', 'flag', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.requireCodeOwnerReview', 'flag', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.requireLastPushApproval', 'flag', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.requiredReviewThreadResolution', 'flag', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.strictRequiredStatusChecksPolicy', 'flag', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.parameters.requiredApprovingReviewCount', 'integer', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.databaseId', 'integer', 'nullable', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.name', 'text', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.enforcement', 'word: ACTIVE, EVALUATE, DISABLED', 'required', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.source', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.bypassActors', 'object', 'optional', 'branch_protection'),
  ('repository_settings', 'defaultBranchRef.rules.nodes.*.repositoryRuleset.bypassActors.totalCount', 'integer', 'required', 'branch_protection'),
  ('repository_settings', 'rulesets', 'object', 'optional', 'rulesets'),
  ('repository_settings', 'rulesets.totalCount', 'integer', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes', 'list', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*', 'object', 'optional', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.databaseId', 'integer', 'nullable', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.name', 'text', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.enforcement', 'word: ACTIVE, EVALUATE, DISABLED', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.source', 'object', 'optional', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions', 'object', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions.refName', 'object', 'nullable', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions.refName.include', 'list', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions.refName.include.*', 'text', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions.refName.exclude', 'list', 'required', 'rulesets'),
  ('repository_settings', 'rulesets.nodes.*.conditions.refName.exclude.*', 'text', 'required', 'rulesets');

-- What protects the branch is computed from all rules together.
UPDATE _fields
SET is_decisive = 1
WHERE resource = 'repository_settings' AND (path GLOB 'defaultBranchRef.rules*' OR path GLOB 'rulesets*' OR path = 'codeowners.errors');

CREATE TABLE _repository_settings (
  org TEXT NOT NULL REFERENCES _installations (org),
  repository_id INTEGER NOT NULL,
  raw TEXT NOT NULL,
  full_name TEXT AS (raw ->> '$.nameWithOwner') STORED,
  is_empty INTEGER AS (raw ->> '$.isEmpty') STORED,
  has_vulnerability_alerts INTEGER AS (raw ->> '$.hasVulnerabilityAlertsEnabled') STORED,
  has_security_policy INTEGER AS (raw ->> '$.isSecurityPolicyEnabled') STORED,
  PRIMARY KEY (org, repository_id)
) STRICT;

-- Short rows beside the long ones: nearly every rule on repositories leaves out
-- those that are empty. SQLite would rather take the key, which is unique.
CREATE INDEX _repository_settings_flags ON _repository_settings (org, repository_id, is_empty, has_security_policy);

CREATE TABLE _codeowners (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  has_codeowners INTEGER NOT NULL,
  error_count INTEGER NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE _codeowners_errors (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  position INTEGER NOT NULL,
  path TEXT,
  line INTEGER,
  "column" INTEGER,
  kind TEXT,
  source TEXT,
  suggestion TEXT,
  message TEXT,
  PRIMARY KEY (org, repository_id, position),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE _deploy_keys (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  title TEXT,
  is_read_only INTEGER,
  is_verified INTEGER,
  is_enabled INTEGER,
  created_at TEXT,
  PRIMARY KEY (org, repository_id, key_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE _deploy_key_counts (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  key_count INTEGER NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE _dependabot_alerts (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  open_count INTEGER NOT NULL,
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row a source: the classic rule, or one active ruleset with all its rules
-- for the default branch. Rulesets that only evaluate protect nothing: GitHub's
-- Ref.rules lists the rules of active ones only; should one come all the same,
-- it is left out here and stays in raw. That they exist is in the view rulesets.
CREATE TABLE _branch_protection (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  source_id INTEGER NOT NULL,
  branch TEXT NOT NULL,
  source_name TEXT,
  source_owner TEXT,
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
  source_path TEXT AS (CASE
    WHEN source = 'classic' THEN '/' || source_owner || '/settings/branch_protection_rules/' || source_id
    WHEN source_owner LIKE '%/%' THEN '/' || source_owner || '/settings/rules/' || source_id
    ELSE '/organizations/' || source_owner || '/settings/rules/' || source_id
  END),
  PRIMARY KEY (org, repository_id, source, source_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The strictest effect of all active sources of a repository, made once: one
-- row for every repository whose protection was asked for. NULL: a source did
-- not say it, and no other one settles it. is_all_seen: both
-- kinds of source were answered wholly. is_known: moreover the answer can be
-- believed, so that what is not here is not there; kept by triggers, because a
-- rule asks it many times of every repository.
CREATE TABLE _branch_protection_effects (
  org TEXT NOT NULL,
  repository_id INTEGER NOT NULL,
  branch TEXT,
  is_all_seen INTEGER NOT NULL,
  is_known INTEGER NOT NULL,
  source_count INTEGER NOT NULL,
  sources TEXT,
  source_path TEXT,
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
  PRIMARY KEY (org, repository_id),
  FOREIGN KEY (org, repository_id) REFERENCES _repository_settings (org, repository_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Whether an answer without protection can be believed: a classic rule is shown
-- to administrators only, all others get an empty answer.
CREATE VIEW _branch_protection_sight AS
SELECT
  i.org AS org,
  i.can_see_administration
    AND NOT EXISTS (
      SELECT 1 FROM _coverage AS c
      WHERE c.org = i.org AND c.resource = 'branch_protection' AND c.status IN ('skipped', 'denied', 'failed')
    ) AS is_believed
FROM _installations AS i;

CREATE TRIGGER _branch_protection_seen AFTER UPDATE ON _installations
WHEN NEW.can_see_administration <> OLD.can_see_administration
BEGIN
  UPDATE _branch_protection_effects
  SET is_known = is_all_seen AND (SELECT v.is_believed FROM _branch_protection_sight AS v WHERE v.org = NEW.org)
  WHERE org = NEW.org;
END;

CREATE TRIGGER _branch_protection_covered AFTER INSERT ON _coverage
WHEN NEW.resource = 'branch_protection'
BEGIN
  UPDATE _branch_protection_effects
  SET is_known = is_all_seen AND (SELECT v.is_believed FROM _branch_protection_sight AS v WHERE v.org = NEW.org)
  WHERE org = NEW.org;
END;

CREATE TRIGGER _branch_protection_covered_anew AFTER UPDATE OF status ON _coverage
WHEN NEW.resource = 'branch_protection'
BEGIN
  UPDATE _branch_protection_effects
  SET is_known = is_all_seen AND (SELECT v.is_believed FROM _branch_protection_sight AS v WHERE v.org = NEW.org)
  WHERE org = NEW.org;
END;

CREATE VIEW _in_repository_settings (org, parent, item) AS SELECT '', '', '' WHERE 0;

CREATE TRIGGER _in_repository_settings_insert INSTEAD OF INSERT ON _in_repository_settings
BEGIN
  -- A page may list a repository that was created since the list was read, and
  -- may come after one was found gone: then it says nothing.
  SELECT RAISE(IGNORE)
  FROM _gone AS g
  WHERE g.org = NEW.org AND g.resource = 'repositories' AND g.parent = CAST(NEW.item ->> '$.databaseId' AS TEXT);

  -- Seen again: everything is read again, by the cascade.
  DELETE FROM _repository_settings
  WHERE org = NEW.org AND repository_id = NEW.item ->> '$.databaseId';

  -- Every repository repeats its organization's rulesets: they are kept apart, once.
  INSERT INTO _repository_settings (org, repository_id, raw)
  VALUES (NEW.org, NEW.item ->> '$.databaseId', json_remove(NEW.item, '$.rulesets'));

  INSERT INTO _take_rulesets (org, item)
  SELECT NEW.org, NEW.item
  WHERE json_type(NEW.item, '$.rulesets') = 'object';

  INSERT INTO _repository_names (org, repository_id, full_name)
  SELECT NEW.org, NEW.item ->> '$.databaseId', NEW.item ->> '$.nameWithOwner'
  WHERE NEW.item ->> '$.nameWithOwner' IS NOT NULL
  ON CONFLICT (org, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

  INSERT INTO _codeowners (org, repository_id, has_codeowners, error_count)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    json_type(NEW.item, '$.codeowners') = 'object',
    COALESCE(json_array_length(NEW.item, '$.codeowners.errors'), 0)
  WHERE json_type(NEW.item, '$.codeowners') IN ('object', 'null')
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.item, '$.unknown') AS u WHERE u.key = 'codeowners');

  INSERT INTO _codeowners_errors (org, repository_id, position, path, line, "column", kind, source, suggestion, message)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    e.key,
    e.value ->> '$.path',
    e.value ->> '$.line',
    e.value ->> '$.column',
    e.value ->> '$.kind',
    e.value ->> '$.source',
    e.value ->> '$.suggestion',
    e.value ->> '$.message'
  FROM json_each(NEW.item, '$.codeowners.errors') AS e
  WHERE e.type = 'object';

  INSERT INTO _deploy_key_counts (org, repository_id, key_count)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    NEW.item ->> '$.deployKeys.totalCount'
  WHERE json_type(NEW.item, '$.deployKeys.totalCount') = 'integer'
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.item, '$.unknown') AS u WHERE u.key = 'deploy_keys');

  INSERT INTO _deploy_keys (org, repository_id, key_id, title, is_read_only, is_verified, is_enabled, created_at)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    COALESCE(k.value ->> '$.id', k.key),
    k.value ->> '$.title',
    k.value ->> '$.readOnly',
    k.value ->> '$.verified',
    k.value ->> '$.enabled',
    strftime('%Y-%m-%dT%H:%M:%SZ', k.value ->> '$.createdAt')
  FROM json_each(NEW.item, '$.deployKeys.nodes') AS k
  WHERE k.type = 'object';

  INSERT INTO _dependabot_alerts (org, repository_id, open_count)
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    NEW.item ->> '$.vulnerabilityAlerts.totalCount'
  WHERE json_type(NEW.item, '$.vulnerabilityAlerts.totalCount') = 'integer'
    AND NOT EXISTS (SELECT 1 FROM json_each(NEW.item, '$.unknown') AS u WHERE u.key = 'dependabot_alerts');

  INSERT INTO _branch_protection (
    org, repository_id, source, source_id, branch, source_name, source_owner,
    is_pull_request_required, required_approval_count, is_stale_review_dismissed, is_code_owner_review_required,
    is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required,
    is_linear_history_required, is_conversation_resolution_required, is_admin_bound, is_force_push_allowed,
    is_deletion_allowed, bypass_actor_count
  )
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    'classic',
    COALESCE(c.rule ->> '$.databaseId', 0),
    COALESCE(NEW.item ->> '$.defaultBranchRef.name', ''),
    c.rule ->> '$.pattern',
    NEW.item ->> '$.nameWithOwner',
    c.rule ->> '$.requiresApprovingReviews',
    iif(c.rule ->> '$.requiresApprovingReviews', c.rule ->> '$.requiredApprovingReviewCount', 0),
    c.rule ->> '$.dismissesStaleReviews',
    c.rule ->> '$.requiresCodeOwnerReviews',
    c.rule ->> '$.requireLastPushApproval',
    c.rule ->> '$.requiresStatusChecks',
    c.rule ->> '$.requiresStrictStatusChecks',
    c.rule ->> '$.requiresCommitSignatures',
    c.rule ->> '$.requiresLinearHistory',
    c.rule ->> '$.requiresConversationResolution',
    c.rule ->> '$.isAdminEnforced',
    c.rule ->> '$.allowsForcePushes',
    c.rule ->> '$.allowsDeletions',
    c.rule ->> '$.bypassPullRequestAllowances.totalCount'
  FROM (SELECT NEW.item -> '$.defaultBranchRef.branchProtectionRule' AS rule) AS c
  WHERE json_type(c.rule) = 'object';

  -- GitHub lists rules, each with its ruleset: one row a ruleset is made of them.
  INSERT INTO _branch_protection (
    org, repository_id, source, source_id, branch, source_name, source_owner,
    is_pull_request_required, required_approval_count, is_stale_review_dismissed, is_code_owner_review_required,
    is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required,
    is_linear_history_required, is_conversation_resolution_required, is_admin_bound, is_force_push_allowed,
    is_deletion_allowed, bypass_actor_count
  )
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    'ruleset',
    COALESCE(n.value ->> '$.repositoryRuleset.databaseId', 0),
    COALESCE(NEW.item ->> '$.defaultBranchRef.name', ''),
    max(n.value ->> '$.repositoryRuleset.name'),
    max(COALESCE(n.value ->> '$.repositoryRuleset.source.nameWithOwner', n.value ->> '$.repositoryRuleset.source.login', n.value ->> '$.repositoryRuleset.source.slug', iif(n.value ->> '$.repositoryRuleset.source.__typename' = 'Repository', NEW.item ->> '$.nameWithOwner', NULL))),
    max(n.value ->> '$.type' = 'PULL_REQUEST'),
    max(iif(n.value ->> '$.type' = 'PULL_REQUEST', n.value ->> '$.parameters.requiredApprovingReviewCount', 0)),
    max(iif(n.value ->> '$.type' = 'PULL_REQUEST', n.value ->> '$.parameters.dismissStaleReviewsOnPush', 0)),
    max(iif(n.value ->> '$.type' = 'PULL_REQUEST', n.value ->> '$.parameters.requireCodeOwnerReview', 0)),
    max(iif(n.value ->> '$.type' = 'PULL_REQUEST', n.value ->> '$.parameters.requireLastPushApproval', 0)),
    max(n.value ->> '$.type' = 'REQUIRED_STATUS_CHECKS'),
    max(iif(n.value ->> '$.type' = 'REQUIRED_STATUS_CHECKS', n.value ->> '$.parameters.strictRequiredStatusChecksPolicy', 0)),
    max(n.value ->> '$.type' = 'REQUIRED_SIGNATURES'),
    max(n.value ->> '$.type' = 'REQUIRED_LINEAR_HISTORY'),
    max(iif(n.value ->> '$.type' = 'PULL_REQUEST', n.value ->> '$.parameters.requiredReviewThreadResolution', 0)),
    max(n.value ->> '$.repositoryRuleset.bypassActors.totalCount' = 0),
    max(n.value ->> '$.type' = 'NON_FAST_FORWARD') = 0,
    max(n.value ->> '$.type' = 'DELETION') = 0,
    max(n.value ->> '$.repositoryRuleset.bypassActors.totalCount')
  FROM json_each(NEW.item, '$.defaultBranchRef.rules.nodes') AS n
  WHERE n.type = 'object' AND COALESCE(n.value ->> '$.repositoryRuleset.enforcement', 'ACTIVE') = 'ACTIVE'
  GROUP BY COALESCE(n.value ->> '$.repositoryRuleset.databaseId', 0);

  INSERT INTO _branch_protection_effects (
    org, repository_id, branch, is_all_seen, is_known, source_count, sources, source_path,
    is_pull_request_required, required_approval_count, is_stale_review_dismissed, is_code_owner_review_required,
    is_last_push_approval_required, is_status_check_required, is_up_to_date_required, is_signature_required,
    is_linear_history_required, is_conversation_resolution_required, is_admin_bound, is_force_push_allowed,
    is_deletion_allowed, bypass_actor_count
  )
  SELECT
    NEW.org,
    NEW.item ->> '$.databaseId',
    NEW.item ->> '$.defaultBranchRef.name',
    a.is_all_seen,
    a.is_all_seen AND (SELECT v.is_believed FROM _branch_protection_sight AS v WHERE v.org = NEW.org),
    count(b.source),
    group_concat(b.source || COALESCE(' ' || b.source_name, ''), ', '),
    min(b.source_path),
    iif(max(b.is_pull_request_required), 1, iif(count(b.is_pull_request_required) = count(b.source), 0, NULL)),
    max(b.required_approval_count),
    iif(max(b.is_stale_review_dismissed), 1, iif(count(b.is_stale_review_dismissed) = count(b.source), 0, NULL)),
    iif(max(b.is_code_owner_review_required), 1, iif(count(b.is_code_owner_review_required) = count(b.source), 0, NULL)),
    iif(max(b.is_last_push_approval_required), 1, iif(count(b.is_last_push_approval_required) = count(b.source), 0, NULL)),
    iif(max(b.is_status_check_required), 1, iif(count(b.is_status_check_required) = count(b.source), 0, NULL)),
    iif(max(b.is_up_to_date_required), 1, iif(count(b.is_up_to_date_required) = count(b.source), 0, NULL)),
    iif(max(b.is_signature_required), 1, iif(count(b.is_signature_required) = count(b.source), 0, NULL)),
    iif(max(b.is_linear_history_required), 1, iif(count(b.is_linear_history_required) = count(b.source), 0, NULL)),
    iif(max(b.is_conversation_resolution_required), 1, iif(count(b.is_conversation_resolution_required) = count(b.source), 0, NULL)),
    iif(max(b.is_admin_bound), 1, iif(count(b.is_admin_bound) = count(b.source), 0, NULL)),
    iif(min(b.is_force_push_allowed) = 0, 0, iif(count(b.is_force_push_allowed) = count(b.source), 1, NULL)),
    iif(min(b.is_deletion_allowed) = 0, 0, iif(count(b.is_deletion_allowed) = count(b.source), 1, NULL)),
    iif(min(b.bypass_actor_count) = 0 OR count(b.bypass_actor_count) = count(b.source), min(b.bypass_actor_count), NULL)
  FROM (
    SELECT
      NOT EXISTS (SELECT 1 FROM json_each(NEW.item, '$.unknown') AS u WHERE u.key = 'branch_protection')
        AND (
          json_type(NEW.item, '$.defaultBranchRef') = 'null'
          OR (
            json_type(NEW.item, '$.defaultBranchRef.branchProtectionRule') IN ('object', 'null')
            AND json_type(NEW.item, '$.defaultBranchRef.rules') IS 'object'
            AND json_array_length(NEW.item, '$.defaultBranchRef.rules.nodes') >= COALESCE(NEW.item ->> '$.defaultBranchRef.rules.totalCount', 0)
          ) IS 1
        ) AS is_all_seen
  ) AS a
  LEFT JOIN _branch_protection AS b
    ON b.org = NEW.org AND b.repository_id = NEW.item ->> '$.databaseId'
  WHERE json_type(NEW.item, '$.defaultBranchRef') IS NOT NULL
  GROUP BY NEW.org;
END;

CREATE VIEW branch_protection AS -- Everything that protects the default branch: one row a source, classic rule or active ruleset; rulesets also has those that only evaluate or are disabled.
SELECT
  b.org AS org, -- organization login
  b.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = b.org AND n.repository_id = b.repository_id) AS full_name, -- owner/name
  b.branch AS branch, -- the default branch
  b.source AS source, -- classic or ruleset
  b.source_name AS source_name, -- pattern of the classic rule or name of the ruleset
  (SELECT s.web_url FROM _snapshot AS s) || b.source_path AS source_url, -- where it is set
  b.is_pull_request_required AS is_pull_request_required, -- 1: changes need a pull request
  b.required_approval_count AS required_approval_count, -- approvals a pull request needs
  b.is_stale_review_dismissed AS is_stale_review_dismissed, -- 1: new commits cancel approvals
  b.is_code_owner_review_required AS is_code_owner_review_required, -- 1: a code owner must approve
  b.is_last_push_approval_required AS is_last_push_approval_required, -- 1: someone other than the last pusher must approve
  b.is_status_check_required AS is_status_check_required, -- 1: checks must pass
  b.is_up_to_date_required AS is_up_to_date_required, -- 1: the branch must be up to date before merging
  b.is_signature_required AS is_signature_required, -- 1: commits must be signed
  b.is_linear_history_required AS is_linear_history_required, -- 1: no merge commits
  b.is_conversation_resolution_required AS is_conversation_resolution_required, -- 1: conversations must be resolved
  b.is_admin_bound AS is_admin_bound, -- 1: administrators are bound too; a ruleset binds them when nobody may bypass it; NULL unknown
  b.is_force_push_allowed AS is_force_push_allowed, -- 1: history can be overwritten
  b.is_deletion_allowed AS is_deletion_allowed, -- 1: the branch can be deleted
  b.bypass_actor_count AS bypass_actor_count -- people, teams and Apps that may bypass it; NULL unknown
FROM _branch_protection AS b;

CREATE VIEW default_branch_protection AS -- The strictest effect of all that protects the default branch: one row a repository, NULL where unknown. Join it with JOIN; LEFT JOIN would build it whole.
SELECT
  r.org AS org, -- organization login
  r.repository_id AS repository_id, -- GitHub's id of the repository
  r.full_name AS full_name, -- owner/name
  r.default_branch AS branch, -- the default branch
  iif(e.source_count > 0, 1, iif(e.is_known, 0, NULL)) AS is_protected, -- 1: a classic rule or an active ruleset applies
  iif(e.source_count > 0 OR e.is_known, e.source_count, NULL) AS source_count, -- how many sources were seen, see branch_protection
  e.sources AS sources, -- what they are: "classic main, ruleset company"; NULL: none was seen
  (SELECT s.web_url FROM _snapshot AS s) || e.source_path AS source_url, -- where the first of them is set
  iif(e.is_pull_request_required OR e.is_known, e.is_pull_request_required, NULL) AS is_pull_request_required, -- 1: changes need a pull request; NULL unknown
  iif(e.required_approval_count > 0, e.required_approval_count, iif(e.is_known, 0, NULL)) AS required_approval_count, -- approvals a pull request needs, at least: a source may not have said it; NULL unknown
  iif(e.is_stale_review_dismissed OR e.is_known, e.is_stale_review_dismissed, NULL) AS is_stale_review_dismissed, -- 1: new commits cancel approvals; NULL unknown
  iif(e.is_code_owner_review_required OR e.is_known, e.is_code_owner_review_required, NULL) AS is_code_owner_review_required, -- 1: a code owner must approve; NULL unknown
  iif(e.is_last_push_approval_required OR e.is_known, e.is_last_push_approval_required, NULL) AS is_last_push_approval_required, -- 1: someone other than the last pusher must approve; NULL unknown
  iif(e.is_status_check_required OR e.is_known, e.is_status_check_required, NULL) AS is_status_check_required, -- 1: checks must pass; NULL unknown
  iif(e.is_up_to_date_required OR e.is_known, e.is_up_to_date_required, NULL) AS is_up_to_date_required, -- 1: the branch must be up to date before merging; NULL unknown
  iif(e.is_signature_required OR e.is_known, e.is_signature_required, NULL) AS is_signature_required, -- 1: commits must be signed; NULL unknown
  iif(e.is_linear_history_required OR e.is_known, e.is_linear_history_required, NULL) AS is_linear_history_required, -- 1: no merge commits; NULL unknown
  iif(e.is_conversation_resolution_required OR e.is_known, e.is_conversation_resolution_required, NULL) AS is_conversation_resolution_required, -- 1: conversations must be resolved; NULL unknown
  iif(e.is_admin_bound OR e.is_known, e.is_admin_bound, NULL) AS is_admin_bound, -- 1: administrators are bound too; NULL unknown
  iif(e.is_force_push_allowed = 0 OR e.is_known, e.is_force_push_allowed, NULL) AS is_force_push_allowed, -- 1: history can be overwritten; NULL unknown
  iif(e.is_deletion_allowed = 0 OR e.is_known, e.is_deletion_allowed, NULL) AS is_deletion_allowed, -- 1: the branch can be deleted; NULL unknown
  iif(e.is_known, e.bypass_actor_count, NULL) AS bypass_actor_count -- fewest that may bypass one of the sources; NULL unknown or unprotected
FROM _repositories AS r
LEFT JOIN _branch_protection_effects AS e ON e.org = r.org AND e.repository_id = r.repository_id;

CREATE VIEW codeowners_errors AS -- Errors that GitHub found in CODEOWNERS files.
SELECT
  e.org AS org, -- organization login
  e.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = e.org AND n.repository_id = e.repository_id) AS full_name, -- owner/name
  e.path AS path, -- the CODEOWNERS file
  e.line AS line, -- line of the error, from 1
  e."column" AS "column", -- column of the error, from 1
  e.kind AS kind, -- kind of error, for example Unknown owner
  e.source AS source, -- the line's text
  e.suggestion AS suggestion, -- how GitHub would fix it
  e.message AS message -- GitHub's explanation
FROM _codeowners_errors AS e;

CREATE VIEW deploy_keys AS -- SSH keys that open one repository.
SELECT
  k.org AS org, -- organization login
  k.repository_id AS repository_id, -- GitHub's id of the repository
  (SELECT n.full_name FROM _repository_names AS n WHERE n.org = k.org AND n.repository_id = k.repository_id) AS full_name, -- owner/name
  k.key_id AS key_id, -- GitHub's id of the key
  k.title AS title, -- what it was called
  k.is_read_only AS is_read_only, -- 0: the key can push; NULL unknown
  k.is_verified AS is_verified, -- 1: verified by GitHub
  k.is_enabled AS is_enabled, -- 0: switched off by policy; NULL unknown
  k.created_at AS created_at -- when it was added, UTC
FROM _deploy_keys AS k;

CREATE VIEW live_default_branches AS -- Default branches of live_repositories that are not known to be empty, with the strictest effect of all that protects them: one row a repository, NULL where unknown.
SELECT
  r.org AS org, -- organization login
  r.repository_id AS repository_id, -- GitHub's id of the repository: stable through renames
  r.full_name AS full_name, -- owner/name
  r.html_url AS html_url, -- the repository's page
  r.visibility AS visibility, -- public, private or internal; NULL unknown
  r.is_fork AS is_fork, -- 1: forked from another repository
  r.is_template AS is_template, -- 1: a template for new repositories
  r.is_sensitive AS is_sensitive, -- 1: named by sensitive_repositories of the configuration
  r.default_branch AS default_branch, -- name of the default branch
  r.pushed_at AS pushed_at, -- last push to any branch, UTC; NULL: never
  r.has_codeowners AS has_codeowners, -- 1: there is a CODEOWNERS file; NULL unknown
  coalesce(r.default_branch, 'the default branch') AS branch_text, -- name of the default branch for a finding's reason, never NULL
  p.is_protected AS is_protected, -- 1: a classic rule or an active ruleset applies
  p.source_count AS source_count, -- how many sources were seen, see branch_protection
  p.sources AS sources, -- what they are: "classic main, ruleset company"; NULL: none was seen
  p.source_url AS source_url, -- where the first of them is set
  CASE p.source_count WHEN 1 THEN '1 source protects it (' ELSE p.source_count || ' sources protect it (' END || coalesce(p.sources, 'not named') || ')' AS protection_text, -- "2 sources protect it (classic main, ruleset company)"; NULL unknown
  p.is_pull_request_required AS is_pull_request_required, -- 1: changes need a pull request; NULL unknown
  p.required_approval_count AS required_approval_count, -- approvals a pull request needs, at least: a source may not have said it; NULL unknown
  p.is_stale_review_dismissed AS is_stale_review_dismissed, -- 1: new commits cancel approvals; NULL unknown
  p.is_code_owner_review_required AS is_code_owner_review_required, -- 1: a code owner must approve; NULL unknown
  p.is_last_push_approval_required AS is_last_push_approval_required, -- 1: someone other than the last pusher must approve; NULL unknown
  p.is_status_check_required AS is_status_check_required, -- 1: checks must pass; NULL unknown
  p.is_up_to_date_required AS is_up_to_date_required, -- 1: the branch must be up to date before merging; NULL unknown
  p.is_signature_required AS is_signature_required, -- 1: commits must be signed; NULL unknown
  p.is_linear_history_required AS is_linear_history_required, -- 1: no merge commits; NULL unknown
  p.is_conversation_resolution_required AS is_conversation_resolution_required, -- 1: conversations must be resolved; NULL unknown
  p.is_admin_bound AS is_admin_bound, -- 1: administrators are bound too; NULL unknown
  p.is_force_push_allowed AS is_force_push_allowed, -- 1: history can be overwritten; NULL unknown
  p.is_deletion_allowed AS is_deletion_allowed, -- 1: the branch can be deleted; NULL unknown
  p.bypass_actor_count AS bypass_actor_count, -- fewest that may bypass one of the sources; NULL unknown or unprotected
  nullif(substr(
    CASE WHEN r.plan = 'free' AND r.visibility IS DISTINCT FROM 'public' THEN '; the free plan does not enforce protection of private repositories' ELSE '' END
      || CASE WHEN r.is_empty IS NULL THEN '; GitHub did not say whether the repository is empty' ELSE '' END
      || coalesce('; ' || r.doubt, ''),
    3
  ), '') AS doubt -- why it is unknown whether protection of this branch matters, for a finding's reason; NULL: it does
FROM live_repositories AS r
JOIN default_branch_protection AS p ON p.org = r.org AND p.repository_id = r.repository_id
WHERE r.is_empty IS DISTINCT FROM 1;
