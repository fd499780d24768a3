package xlsx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/report/sample"
)

func TestSummarySaysWhatMatters(t *testing.T) {
	t.Parallel()
	r := sample.Report(40, 0)
	b := bookOf(t, r, maxRows)
	all := fmt.Sprint(b.rows("Summary"))
	for _, want := range []string{
		"Stale tokens", "acme, beta-labs", "21 November 2026, 02:14 UTC", r.Snapshot.File, r.Snapshot.SHA256, r.PreviousSnapshot.File, r.Verdict(),
		"beta-labs: members denied, HTTP 403, Resource not accessible by integration. Grant the App: Organization permissions > Members: Read-only",
		"Warning: exception 2", "Findings by severity", "Findings by rule", "Trend", "Owners with most findings", "Never expires", "2026-11-20 02:14",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the Summary does not say %q", want)
		}
	}
	for i := 1; i <= 3; i++ {
		if !strings.Contains(b.part(fmt.Sprintf("xl/charts/chart%d.xml", i)), "<barChart>") {
			t.Errorf("chart %d is no bar chart", i)
		}
	}
}

func TestSummarySaysWhetherItIsComplete(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 0)
	r.Coverage, r.Warnings = r.Coverage[:3], nil
	if s := fmt.Sprint(bookOf(t, r, maxRows).rows("Summary")); !strings.Contains(s, "Complete: everything") {
		t.Error("a complete audit is not called so")
	}
	r.Coverage[1].Status, r.Coverage[1].IsRequired, r.Snapshot.IsComplete = "denied", true, false
	rows := bookOf(t, r, maxRows).rows("Summary")
	if s := fmt.Sprint(rows[:6]); !strings.Contains(s, "Not complete: required data could not be read") || !strings.Contains(s, "denied (required)") {
		t.Errorf("what could not be seen does not come first: %v", rows[:6])
	}
	r.PreviousSnapshot = nil
	if s := fmt.Sprint(bookOf(t, r, maxRows).rows("Summary")); !strings.Contains(s, "there is no earlier snapshot") || !strings.Contains(s, "–") {
		t.Error("a first audit claims to have compared")
	}
}

// A reader finds the other sheets by the Summary.
func TestSummaryListsTheSheets(t *testing.T) {
	t.Parallel()
	b := bookOf(t, sample.Report(25, 12), 11)
	rows := b.rows("Summary")
	start := slices.IndexFunc(rows, func(row []string) bool { return slices.Contains(row, "In this workbook") }) + 2
	var listed []string
	for i, row := range rows[start:] {
		if len(row) < 4 {
			break
		}
		listed = append(listed, row[1])
		if isLink, target, err := b.GetCellHyperLink("Summary", at(colLabel, start+i+1)); !isLink || target != "'"+row[1]+"'!A1" {
			t.Errorf("%s leads to %q (%v)", row[1], target, err)
		}
	}
	if diff := cmp.Diff(b.GetSheetList()[1:], listed); diff != "" {
		t.Error(diff)
	}
	all := fmt.Sprint(rows)
	for _, want := range []string{"Rows 11 to 20. What the rules found", "How to read this workbook", "It is not the same as fine.", "65,530", "Tokens. Every token."} {
		if !strings.Contains(all, want) {
			t.Errorf("the Summary does not say %q", want)
		}
	}
	if strings.Contains(all, "More prose") {
		t.Error("the Summary has the whole description of an inventory")
	}
}

// The Summary shows whether it got better.
func TestSummaryShowsTheChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before int
		want   string
		look   look
	}{{4, "-4", lookTileBetter}, {-3, "3", lookTileWorse}, {0, "0", lookTile}} {
		r := sample.Report(20, 0)
		r.Trend[0].BySeverity = r.Summary.BySeverity
		r.Trend[0].BySeverity.High += c.before
		p := page{book: &workbook{report: r}}
		if n, l := p.change(); fmt.Sprint(n) != c.want || l != c.look {
			t.Errorf("%d more before: change %v in look %d", c.before, n, l)
		}
		r.Trend = r.Trend[1:]
		if n, _ := p.change(); n != "–" {
			t.Errorf("nothing to compare with, and the change is %v", n)
		}
	}
}
