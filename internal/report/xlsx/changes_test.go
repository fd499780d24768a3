package xlsx

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/report"
	"auditor/internal/report/sample"
)

// The workbook has a sheet of what changed where that is known.
func TestChangesSheet(t *testing.T) {
	t.Parallel()
	d := sample.Diff()
	book := bookOf(t, sample.Changed(&report.Changes{Since: d.Old.FinishedAt, List: d.Changes, NotCompared: d.NotCompared}), maxRows)
	rows := book.rows(sheetChanges)
	if diff := cmp.Diff([]string{"Kind", "Change", "Organization", "Subject", "Owner", "What", "Before", "After"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	got := []string{book.value(sheetChanges, "Change", 3), book.value(sheetChanges, "Owner", 3), book.value(sheetChanges, "Before", 3), book.value(sheetChanges, "After", 5), book.value(sheetChanges, "Before", 2)}
	want := []string{"widened", "mona", "repository/contents = read", "is_archived = yes", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if last := rows[len(rows)-1]; last[0] != "Not compared: beta-labs: members: it is denied in the later snapshot" {
		t.Errorf("below: %q", last)
	}
	empty := bookOf(t, sample.Changed(&report.Changes{Since: d.Old.FinishedAt}), maxRows).rows(sheetChanges)
	if last := empty[len(empty)-1]; last[0] != "No changes since the snapshot of 2026-11-20 02:14 UTC." {
		t.Errorf("below: %q", last)
	}
	if sheets := bookOf(t, sample.Changed(nil), maxRows).GetSheetList(); slices.Contains(sheets, sheetChanges) {
		t.Errorf("nothing is known, and there is a sheet: %q", sheets)
	}
}
