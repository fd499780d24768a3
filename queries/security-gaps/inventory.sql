-- All repositories with every setting
--
-- Every repository with its security settings and the strictest protection of
-- its default branch. An empty cell means that GitHub did not say, not that a
-- setting is off.

SELECT
  r.org AS org,
  r.full_name AS full_name,
  r.visibility AS visibility,
  r.is_archived AS is_archived,
  r.is_disabled AS is_disabled,
  r.is_fork AS is_fork,
  r.is_template AS is_template,
  r.is_empty AS is_empty,
  r.is_sensitive AS is_sensitive,
  r.secret_scanning AS secret_scanning,
  r.secret_scanning_push_protection AS secret_scanning_push_protection,
  r.secret_scanning_non_provider_patterns AS secret_scanning_non_provider_patterns,
  r.secret_scanning_validity_checks AS secret_scanning_validity_checks,
  r.secret_scanning_ai_detection AS secret_scanning_ai_detection,
  r.dependabot_alerts AS dependabot_alerts,
  r.open_dependabot_alert_count AS open_dependabot_alert_count,
  r.dependabot_security_updates AS dependabot_security_updates,
  r.private_vulnerability_reporting AS private_vulnerability_reporting,
  r.advanced_security AS advanced_security,
  r.code_security AS code_security,
  r.has_security_policy AS has_security_policy,
  r.has_codeowners AS has_codeowners,
  r.codeowners_error_count AS codeowners_error_count,
  r.default_branch AS default_branch,
  p.is_protected AS is_protected,
  p.is_pull_request_required AS is_pull_request_required,
  p.required_approval_count AS required_approval_count,
  p.is_stale_review_dismissed AS is_stale_review_dismissed,
  p.is_code_owner_review_required AS is_code_owner_review_required,
  p.is_last_push_approval_required AS is_last_push_approval_required,
  p.is_status_check_required AS is_status_check_required,
  p.is_up_to_date_required AS is_up_to_date_required,
  p.is_signature_required AS is_signature_required,
  p.is_linear_history_required AS is_linear_history_required,
  p.is_conversation_resolution_required AS is_conversation_resolution_required,
  p.is_admin_bound AS is_admin_bound,
  p.is_force_push_allowed AS is_force_push_allowed,
  p.is_deletion_allowed AS is_deletion_allowed,
  p.bypass_actor_count AS bypass_actor_count,
  r.created_at AS created_at,
  r.pushed_at AS pushed_at,
  r.repository_id AS repository_id,
  r.html_url AS html_url
FROM repositories AS r
JOIN default_branch_protection AS p
  ON p.org = r.org
  AND p.repository_id = r.repository_id
ORDER BY
  r.org,
  r.full_name
