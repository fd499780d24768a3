package report_test

import (
	"testing"

	. "auditor/internal/report"
)

func TestTitlesAreWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"last_used_at": "Last used", "expires_at": "Expires", "at": "At", "unused_days": "Days unused", "days": "Days", "expires_in_days": "Days until expiry",
		"is_archived": "Archived", "is_pull_request_required": "Pull request required", "is": "Is", "is_": "Is", "has_codeowners": "Has CODEOWNERS",
		"has_upper_bound_reach": "Reach is an upper bound", "is_reach_effective": "Reach is effective", "html_url": "GitHub page", "grant_id": "Grant ID",
		"org": "Organization", "open_dependabot_alert_count": "Open Dependabot alert count", "repository_count": "Repository count", "": "", "__": "",
	} {
		if got := (Column{Name: name}).Title(); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
