package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

func TestCoverageStatus(t *testing.T) {
	for status, want := range map[CoverageStatus]struct{ isComplete, isUnread, isMissing, isMissingOptional bool }{
		StatusComplete: {isComplete: true},
		StatusPartial:  {isMissing: true, isMissingOptional: true},
		StatusDenied:   {isUnread: true, isMissing: true, isMissingOptional: true},
		StatusFailed:   {isUnread: true, isMissing: true, isMissingOptional: true},
		StatusSkipped:  {isUnread: true, isMissing: true},
	} {
		got := want
		got.isComplete, got.isUnread = status.IsComplete(), status.IsUnread()
		got.isMissing, got.isMissingOptional = status.IsMissing(true), status.IsMissing(false)
		if got != want {
			t.Errorf("%s: got %+v, want %+v", status, got, want)
		}
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "members", "admin", `{"id":1,"login":"a"}`)
	storetest.Add(t, w, "members", "member", `{"id":2,"login":"b"}`, `{"id":1,"login":"a"}`)
	if err := w.Fail(t.Context(), Walk{Org: "acme", Resource: "tokens", Next: "page3"}, Cost{Requests: 4}, "403 Forbidden", 403); err != nil {
		t.Fatal(err)
	}
	storetest.Add(t, w, "repository_settings", "", settingsJSON)
	all := []Coverage{
		{Org: "acme", Resource: "branch_protection", Status: "complete", RowCount: 2},
		{Org: "acme", Resource: "codeowners", Status: "complete", RowCount: 1},
		{Org: "acme", Resource: "dependabot_alerts", Status: "skipped", Message: "switched off", RowCount: 1},
		{Org: "acme", Resource: "members", Status: "partial", RowCount: 2, RequestCount: 2},
		{Org: "acme", Resource: "repository_settings", Status: "complete", RowCount: 1, RequestCount: 1},
		{Org: "acme", Resource: "tokens", Status: "denied", IsRequired: true, HTTPStatus: 403, Message: "Resource not accessible", Permission: "organization_personal_access_tokens=read", RequestCount: 4},
		{Org: "acme", Resource: "weather", Status: "failed"},
	}
	for _, c := range all {
		if _, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: c.Resource, Status: "failed", HTTPStatus: 500, Message: "first try", Permission: "x"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Cover(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "org", Status: "fine"}); err == nil {
		t.Error("an unknown status was stored")
	}
	s := storetest.Publish(t, w)
	got, err := s.Coverage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
	if got := query(t, s, "SELECT http_status, message, permission FROM coverage WHERE resource IN ('members', 'tokens') ORDER BY resource"); got !=
		"[null,null,null]\n[403,\"Resource not accessible\",\"organization_personal_access_tokens=read\"]" {
		t.Errorf("NULLs: %s", got)
	}
	if s.Info().IsComplete {
		t.Error("complete without a required resource")
	}
}

func TestIsComplete(t *testing.T) {
	t.Parallel()
	for want, status := range map[int]string{1: "complete", 0: "partial"} {
		w, _ := storetest.Create(t)
		storetest.Cover(t, w, "denied", "members")
		if _, err := w.Cover(t.Context(), Coverage{Org: "acme", Resource: "tokens", Status: CoverageStatus(status), IsRequired: true}); err != nil {
			t.Fatal(err)
		}
		if got := query(t, storetest.Publish(t, w), "SELECT is_complete FROM snapshot"); got != fmt.Sprintf("[%d]", want) {
			t.Errorf("%s: %s", status, got)
		}
	}
}
