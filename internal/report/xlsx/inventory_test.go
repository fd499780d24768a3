package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"auditor/internal/raced"
	"auditor/internal/report"
	"auditor/internal/report/sample"
)

// An inventory that is longer than the sample that decides on its columns is
// asked once, and none of its rows is lost or held.
func TestLongInventoryIsReadOnce(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	r := sample.Report(0, 0)
	asked, row := 0, make([]any, 2)
	pairs := report.Table{Name: "inventory-pairs", Title: "Pairs", Columns: []report.Column{{Name: "full_name"}, {Name: "count"}}}
	pairs.Rows = func(yield func([]any, error) bool) {
		asked++
		for i := range sampleSize + 7 {
			if row[0], row[1] = fmt.Sprint("acme/", i), int64(i); !yield(row, nil) { // the slice is used again
				return
			}
		}
	}
	r.Inventories = append(r.Inventories, pairs)
	rows := bookOf(t, r, maxRows).rows("Pairs")
	if asked != 1 || len(rows) != sampleSize+8 {
		t.Fatalf("asked %d times, %d rows", asked, len(rows))
	}
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprint("acme/", i) || row[1] != fmt.Sprint(i) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
}

// A workbook that lacks rows must not look like a whole one.
func TestInventoryThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk I/O error")
	for _, after := range []int{0, 3, sampleSize, sampleSize + 3} {
		r := sample.Report(0, 0)
		r.Inventories = []report.Table{{Title: "Pairs", Columns: []report.Column{{Name: "count"}}, Rows: func(yield func([]any, error) bool) {
			for i := range after {
				if !yield([]any{int64(i)}, nil) {
					return
				}
			}
			yield(nil, broken)
		}}}
		if err := Write(&bytes.Buffer{}, r); !errors.Is(err, broken) {
			t.Errorf("after %d rows: %v", after, err)
		}
	}
}

func TestInventoriesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := sample.Report(0, 0)
	r.Inventories = append(r.Inventories, sample.Inventory(1), sample.Inventory(2))
	b := bookOf(t, r, maxRows)
	want := []string{"Summary", "Findings", "Tokens", "Tokens 2", "Tokens 3", "Coverage", "Rules"}
	if diff := cmp.Diff(want, b.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	var names []string
	for _, sheet := range want[2:5] {
		tables, err := b.GetTables(sheet)
		if err != nil || len(tables) != 1 {
			t.Fatalf("%s: %v (%v)", sheet, tables, err)
		}
		names = append(names, tables[0].Name)
	}
	if diff := cmp.Diff([]string{"Inventory", "Inventory_B", "Inventory_C"}, names); diff != "" {
		t.Error(diff)
	}
	for _, name := range names {
		if !slices.ContainsFunc(b.GetDefinedName(), func(d excelize.DefinedName) bool { return d.Name == name+"_range" && d.Scope == "Workbook" }) {
			t.Errorf("%s has no defined name", name)
		}
	}
}

// The grid of settings is coloured by what is good, not by yes and no.
func TestSettingsAreColouredByWhatIsGood(t *testing.T) {
	t.Parallel()
	r := sample.Report(0, 0)
	r.Inventories = []report.Table{{
		Title:   "Repositories",
		Columns: []report.Column{{Name: "is_pull_request_required"}, {Name: "is_force_push_allowed"}, {Name: "is_fork"}, {Name: "secret_scanning"}, {Name: "level"}},
		Rows:    sample.InMemory([][]any{{int64(1), int64(1), int64(1), "enabled", "write"}}),
	}}
	b := bookOf(t, r, maxRows)
	formats, err := b.GetConditionalFormats("Repositories")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for area, list := range formats {
		for _, f := range list {
			style, err := b.GetConditionalStyle(*f.Format)
			if err != nil {
				t.Fatal(err)
			}
			got[area] = append(got[area], f.Value+" "+style.Fill.Color[0])
		}
	}
	want := map[string][]string{
		"A2:A2": {`"yes" C6EFCE`, `"no" FFC7CE`, `"unknown" EDEDED`}, "B2:B2": {`"no" C6EFCE`, `"yes" FFC7CE`, `"unknown" EDEDED`},
		"D2:D2": {`"enabled" C6EFCE`, `"disabled" FFC7CE`, `"paused" FFEB9C`, `"unknown" EDEDED`}, "E2:E2": {`"admin" FFC7CE`, `"write" FFEB9C`, `"unknown" EDEDED`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNullHasTheWordOfTheManual(t *testing.T) {
	t.Parallel()
	r := sample.Report(0, 0)
	r.Inventories = []report.Table{{
		Title: "Tokens",
		Columns: []report.Column{
			{Name: "expires_at", Comment: "when the token expires, UTC; NULL: never"}, {Name: "owner_role", Comment: "owner, member, outside, or gone; NULL unknown"},
			{Name: "last_used_at", Comment: "last use; NULL: never used"}, {Name: "bypass_actor_count", Comment: "fewest; NULL unknown or unprotected"}, {Name: "note"},
		},
		Rows: sample.InMemory([][]any{make([]any, 5), {"2027-01-02T00:00:00Z", "gone", "2026-01-02T00:00:00Z", int64(1), "x"}}),
	}}
	b := bookOf(t, r, maxRows)
	if diff := cmp.Diff([]string{"never", "unknown", "never used"}, b.rows("Tokens")[1]); diff != "" {
		t.Error(diff)
	}
	comments, err := b.GetComments("Tokens")
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, c := range comments {
		notes = append(notes, c.Text)
	}
	if all := strings.Join(notes, "\n"); strings.Contains(all, "NULL") || !strings.Contains(all, "fewest; empty unknown or unprotected") || !strings.Contains(all, "or gone (unknown: GitHub did not say") {
		t.Errorf("the notes are %q", all)
	}
}

// A page has its margins: a footer without one lies under the table.
func TestPagesHaveMarginsAndFooters(t *testing.T) {
	t.Parallel()
	b := bookOf(t, sample.Report(5, 5), maxRows)
	for _, sheet := range b.GetSheetList() {
		margins, err := b.GetPageMargins(sheet)
		if err != nil || *margins.Bottom < 0.5 || *margins.Footer <= 0 || *margins.Footer >= *margins.Bottom || *margins.Top <= 0 {
			t.Errorf("%s: %+v (%v)", sheet, margins, err)
		}
		layout, err := b.GetPageLayout(sheet)
		if err != nil || *layout.Orientation != "landscape" || *layout.FitToHeight != 0 || *layout.FitToWidth < 1 {
			t.Errorf("%s: %+v (%v)", sheet, layout, err)
		}
		footer, err := b.GetHeaderFooter(sheet)
		if err != nil || !strings.Contains(footer.OddFooter, "20261121T020000Z.db") || !strings.Contains(footer.OddFooter, "&P / &N") {
			t.Errorf("%s: %+v (%v)", sheet, footer, err)
		}
	}
}
