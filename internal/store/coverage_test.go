package store

import "testing"

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
