package xlsx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report/sample"
)

func TestFindingsSheet(t *testing.T) {
	t.Parallel()
	r := sample.Report(20, 0)
	b := bookOf(t, r, maxRows)
	want := []string{"Severity", "Subject", "Finding", "Status", "Organization", "Kind", "Owner", "Reason", "New", "First seen", "Exception", "Decision", "Comment", "Last used", "Days unused", "Expires", "Repository selection", "Expired", "Rule", "Key"}
	if diff := cmp.Diff(want, b.rows("Findings")[0]); diff != "" {
		t.Error(diff)
	}
	f := r.Findings[0]
	for title, want := range map[string]string{
		"Severity": string(f.Severity), "Status": string(f.Status), "Organization": f.Org, "Kind": "token", "Subject": f.Subject.Name, "Owner": f.Subject.Owner,
		"Reason": f.Reason, "Rule": f.Rule, "Key": string(f.Key), "Decision": "", "Comment": "", "Days unused": fmt.Sprint(f.Evidence[1].Value),
	} {
		if got := b.value("Findings", title, 2); got != want {
			t.Errorf("%s is %q, want %q", title, got, want)
		}
	}
	formula, err := b.GetCellFormula("Findings", "B2")
	if want := `HYPERLINK("` + f.Subject.URL + `","` + f.Subject.Name + `")`; err != nil || formula != want {
		t.Errorf("link is %s, want %s (%v)", formula, want, err)
	}
	when, err := b.GetCellValue("Findings", at(b.column("Findings", "Last used")+1, 2))
	if want := f.Evidence[0].Value.(string); err != nil || when != strings.Replace(want[:16], "T", " ", 1) {
		t.Errorf("date shows as %q, want %q (%v)", when, want, err)
	}
	if kind, err := b.GetCellType("Findings", at(b.column("Findings", "Last used")+1, 2)); err != nil || kind != excelize.CellTypeUnset {
		t.Errorf("a date is a cell of type %v, not a number (%v)", kind, err)
	}
}

// What the reader must know of a column of evidence is a note on its header,
// and unknown is a word.
func TestEvidenceSaysWhetherReachIsEffective(t *testing.T) {
	t.Parallel()
	r := sample.Report(3, 0)
	for i := range r.Findings {
		r.Findings[i].Evidence = []finding.Value{{Column: "is_reach_effective", Value: []any{int64(1), int64(0), nil}[i]}}
	}
	b := bookOf(t, r, maxRows)
	for i, want := range []string{"yes", "no", "unknown"} {
		if got := b.value("Findings", "Reach is effective", i+2); got != want {
			t.Errorf("row %d says %q, want %q", i+2, got, want)
		}
	}
	comments, err := b.GetComments("Findings")
	if err != nil || !slices.ContainsFunc(comments, func(c excelize.Comment) bool {
		return strings.Contains(c.Text, "Evidence: is_reach_effective: yes: its owner can do all that it grants") && strings.Contains(c.Text, "; no: ") &&
			strings.HasSuffix(c.Text, "(unknown: GitHub did not say, or it does not apply)")
	}) {
		t.Errorf("no note explains is_reach_effective (%v)", err)
	}
}

func TestDecisionsFitTheSubject(t *testing.T) {
	t.Parallel()
	r := sample.Report(6, 0)
	for i, kind := range []string{"token", "token", "repository", "token", "request", "org"} {
		r.Findings[i].Subject.Kind = kind
	}
	validations, err := bookOf(t, r, maxRows).GetDataValidations("Findings")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range validations {
		got[v.Sqref] = v.Formula1
	}
	want := map[string]string{
		"L2:L3 L5:L5": `"keep,narrow,revoke,accept risk"`, "L4:L4": `"enable,restrict,archive,accept risk"`,
		"L6:L6": `"approve,deny,ask owner"`, "L7:L7": `"enable,restrict,accept risk"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Evidence for which there is no column left is not lost.
func TestEvidenceBeyondTheColumns(t *testing.T) {
	t.Parallel()
	r := sample.Report(2, 0)
	r.Findings[1].Evidence = nil
	for i := range maxEvidenceColumn + 20 {
		r.Findings[1].Evidence = append(r.Findings[1].Evidence, finding.Value{Column: fmt.Sprintf("fact_%d", i), Value: int64(i)})
	}
	b := bookOf(t, r, maxRows)
	more := b.value("Findings", "More evidence", 3)
	if columns := len(b.rows("Findings")[0]); columns != commentColumn+maxEvidenceColumn+3 || strings.Count(more, "\n") < 19 || !strings.HasSuffix(more, "\nfact_319: 319") {
		t.Errorf("%d columns, and then %q", columns, more)
	}
	if got := b.value("Findings", "More evidence", 2); got != "" {
		t.Errorf("the other finding has more: %q", got)
	}
}

// A reason of many lines is shown in part, and does not lie over the next row.
func TestLongParagraphsHaveARowOfSomeLines(t *testing.T) {
	t.Parallel()
	r := sample.Report(4, 0)
	for i, reason := range []string{strings.Repeat("line\n", 300), strings.Repeat("word ", 2000), "two\nlines", "one line"} {
		r.Findings[i].Reason, r.Findings[i].Exception = reason, nil
	}
	r.Rules[0].Description = strings.Repeat("line\n", 300)
	b := bookOf(t, r, maxRows)
	for row, want := range []float64{usualLines * 15, usualLines * 15, 30, 15} {
		if got, err := b.GetRowHeight("Findings", row+2); err != nil || got != want {
			t.Errorf("row %d is %g points high, want %g (%v)", row+2, got, want, err)
		}
	}
	if got, err := b.GetRowHeight("Rules", 2); err != nil || got != 27*15 {
		t.Errorf("the rule is %g points high (%v)", got, err)
	}
}
