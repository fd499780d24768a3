-- Repositories with their settings and the protection of their default branch.

INSERT INTO main._repository_ids (org_ref, repository_id, full_name)
SELECT p.org_ref, n.repository_id, n.full_name
FROM snap._repository_names AS n
JOIN temp._present AS p ON p.org = n.org
WHERE true
ORDER BY p.org_ref, n.repository_id
ON CONFLICT (org_ref, repository_id) DO UPDATE SET full_name = excluded.full_name WHERE full_name <> excluded.full_name;

CREATE TEMP TABLE _repository_new (
  repository_ref INTEGER PRIMARY KEY,
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
  pushed_at INTEGER,
  open_dependabot_alert_count INTEGER
) STRICT;

INSERT INTO temp._repository_new (
  repository_ref,
  org_ref,
  repository_id,
  name,
  full_name,
  html_url,
  visibility,
  is_archived,
  is_disabled,
  is_fork,
  is_template,
  is_empty,
  is_sensitive,
  default_branch,
  created_at,
  advanced_security,
  code_security,
  secret_scanning,
  secret_scanning_push_protection,
  secret_scanning_non_provider_patterns,
  secret_scanning_validity_checks,
  secret_scanning_ai_detection,
  dependabot_alerts,
  dependabot_security_updates,
  private_vulnerability_reporting,
  has_security_policy,
  has_codeowners,
  codeowners_error_count,
  deploy_key_count,
  ruleset_count,
  is_protected,
  source_count,
  is_pull_request_required,
  required_approval_count,
  is_stale_review_dismissed,
  is_code_owner_review_required,
  is_last_push_approval_required,
  is_status_check_required,
  is_up_to_date_required,
  is_signature_required,
  is_linear_history_required,
  is_conversation_resolution_required,
  is_admin_bound,
  is_force_push_allowed,
  is_deletion_allowed,
  bypass_actor_count,
  pushed_at,
  open_dependabot_alert_count
)
SELECT
  i.repository_ref,
  p.org_ref,
  r.repository_id,
  r.name,
  r.full_name,
  NULLIF(r.html_url, (SELECT s.web_url FROM snap.snapshot AS s) || '/' || r.full_name),
  r.visibility,
  r.is_archived,
  r.is_disabled,
  r.is_fork,
  r.is_template,
  r.is_empty,
  r.is_sensitive,
  r.default_branch,
  r.created_at,
  r.advanced_security,
  r.code_security,
  r.secret_scanning,
  r.secret_scanning_push_protection,
  r.secret_scanning_non_provider_patterns,
  r.secret_scanning_validity_checks,
  r.secret_scanning_ai_detection,
  r.dependabot_alerts,
  r.dependabot_security_updates,
  r.private_vulnerability_reporting,
  r.has_security_policy,
  r.has_codeowners,
  r.codeowners_error_count,
  r.deploy_key_count,
  r.ruleset_count,
  b.is_protected,
  b.source_count,
  b.is_pull_request_required,
  b.required_approval_count,
  b.is_stale_review_dismissed,
  b.is_code_owner_review_required,
  b.is_last_push_approval_required,
  b.is_status_check_required,
  b.is_up_to_date_required,
  b.is_signature_required,
  b.is_linear_history_required,
  b.is_conversation_resolution_required,
  b.is_admin_bound,
  b.is_force_push_allowed,
  b.is_deletion_allowed,
  b.bypass_actor_count,
  CAST(strftime('%s', r.pushed_at) AS INTEGER),
  r.open_dependabot_alert_count
FROM snap.repositories AS r
CROSS JOIN temp._present AS p
CROSS JOIN main._repository_ids AS i
CROSS JOIN snap.default_branch_protection AS b
WHERE p.org = r.org AND i.org_ref = p.org_ref AND i.repository_id = r.repository_id
  AND b.org = r.org AND b.repository_id = r.repository_id;

-- What was not read wholly keeps the values that were true before.

UPDATE temp._repository_new AS n
SET
  is_empty = COALESCE(n.is_empty, v.is_empty),
  dependabot_alerts = COALESCE(n.dependabot_alerts, v.dependabot_alerts),
  has_security_policy = COALESCE(n.has_security_policy, v.has_security_policy)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'repository_settings');

UPDATE temp._repository_new AS n
SET
  has_codeowners = COALESCE(n.has_codeowners, v.has_codeowners),
  codeowners_error_count = COALESCE(n.codeowners_error_count, v.codeowners_error_count)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'codeowners');

UPDATE temp._repository_new AS n
SET
  deploy_key_count = COALESCE(n.deploy_key_count, v.deploy_key_count)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'deploy_keys');

UPDATE temp._repository_new AS n
SET
  ruleset_count = COALESCE(n.ruleset_count, v.ruleset_count)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'rulesets');

UPDATE temp._repository_new AS n
SET
  is_protected = COALESCE(n.is_protected, v.is_protected),
  source_count = COALESCE(n.source_count, v.source_count),
  is_pull_request_required = COALESCE(n.is_pull_request_required, v.is_pull_request_required),
  required_approval_count = COALESCE(n.required_approval_count, v.required_approval_count),
  is_stale_review_dismissed = COALESCE(n.is_stale_review_dismissed, v.is_stale_review_dismissed),
  is_code_owner_review_required = COALESCE(n.is_code_owner_review_required, v.is_code_owner_review_required),
  is_last_push_approval_required = COALESCE(n.is_last_push_approval_required, v.is_last_push_approval_required),
  is_status_check_required = COALESCE(n.is_status_check_required, v.is_status_check_required),
  is_up_to_date_required = COALESCE(n.is_up_to_date_required, v.is_up_to_date_required),
  is_signature_required = COALESCE(n.is_signature_required, v.is_signature_required),
  is_linear_history_required = COALESCE(n.is_linear_history_required, v.is_linear_history_required),
  is_conversation_resolution_required = COALESCE(n.is_conversation_resolution_required, v.is_conversation_resolution_required),
  is_admin_bound = COALESCE(n.is_admin_bound, v.is_admin_bound),
  is_force_push_allowed = COALESCE(n.is_force_push_allowed, v.is_force_push_allowed),
  is_deletion_allowed = COALESCE(n.is_deletion_allowed, v.is_deletion_allowed),
  bypass_actor_count = COALESCE(n.bypass_actor_count, v.bypass_actor_count)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'branch_protection');

UPDATE temp._repository_new AS n
SET
  private_vulnerability_reporting = COALESCE(n.private_vulnerability_reporting, v.private_vulnerability_reporting)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'private_vulnerability_reporting');

-- The list of repositories does not tell paused from enabled.

UPDATE temp._repository_new AS n
SET
  dependabot_security_updates = iif(v.dependabot_security_updates = 'paused' AND n.dependabot_security_updates IS NOT 'disabled', 'paused', COALESCE(n.dependabot_security_updates, v.dependabot_security_updates))
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'automated_security_fixes');

UPDATE temp._repository_new AS n
SET
  is_sensitive = max(n.is_sensitive, v.is_sensitive)
FROM main._repository_ver AS v
WHERE v.repository_ref = n.repository_ref AND v.valid_to = 2147483647
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'properties');

UPDATE temp._repository_new AS n
SET open_dependabot_alert_count = (SELECT a.open_dependabot_alert_count FROM main._repository_activity AS a WHERE a.repository_ref = n.repository_ref ORDER BY a.snapshot_id DESC LIMIT 1)
WHERE n.open_dependabot_alert_count IS NULL
  AND NOT EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = n.org_ref AND w.resource = 'dependabot_alerts');

INSERT INTO main._repository_activity (repository_ref, snapshot_id, pushed_at, open_dependabot_alert_count)
SELECT n.repository_ref, :snapshot_id, n.pushed_at, n.open_dependabot_alert_count
FROM temp._repository_new AS n
LEFT JOIN main._repository_activity AS a
  ON a.repository_ref = n.repository_ref
  AND a.snapshot_id = (SELECT max(l.snapshot_id) FROM main._repository_activity AS l WHERE l.repository_ref = n.repository_ref)
WHERE a.snapshot_id IS NULL OR (n.pushed_at, n.open_dependabot_alert_count) IS NOT (a.pushed_at, a.open_dependabot_alert_count)
ORDER BY n.repository_ref;

-- The reach of tokens of selection all, also for those that are not in this
-- snapshot.
INSERT INTO main._snapshot_orgs (snapshot_id, org_ref, is_present, repository_count)
SELECT
  :snapshot_id,
  o.org_ref,
  p.org_ref IS NOT NULL,
  iif(
    EXISTS (SELECT 1 FROM temp._whole AS w WHERE w.org_ref = o.org_ref AND w.resource = 'repositories'),
    (SELECT count(*) FROM temp._repository_new AS n WHERE n.org_ref = o.org_ref),
    (SELECT m.repository_count FROM main._snapshot_orgs AS m WHERE m.org_ref = o.org_ref AND m.snapshot_id = :snapshot_id - 1)
  )
FROM main._orgs AS o
LEFT JOIN temp._present AS p ON p.org_ref = o.org_ref
ORDER BY o.org_ref;
