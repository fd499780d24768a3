package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
)

// sampleDiff has a change of every kind.
func sampleDiff() *Diff {
	now := sampleReport(0, 0).Snapshot
	old := now
	old.File, old.StartedAt, old.FinishedAt = "20261120T020000Z.db", At(sampleTime.AddDate(0, 0, -1)), At(sampleTime.AddDate(0, 0, -1))
	token := finding.Subject{Kind: "token", ID: "98716", Name: "deploy bot", URL: "https://github.com/organizations/acme/settings/personal-access-tokens/98716", Owner: "mona"}
	repository := finding.Subject{Kind: "repository", ID: "7", Name: "acme/payments-api", URL: "https://github.com/acme/payments-api"}
	return &Diff{
		Version: DiffVersion, Old: old, New: now,
		Changes: []finding.Change{
			{Kind: "token", Change: "new", Org: "acme", Subject: token, After: `{"token_id":1,"is_expired":0,"expires_at":null}`, Detail: "Access was granted to the token"},
			{Kind: "token", Change: "widened", Org: "acme", Subject: token, Before: `{"permissions":{"repository/contents":"read"}}`, After: `{"permissions":{"repository/contents":"write"}}`, Detail: "repository/contents was read, is write"},
			{Kind: "request", Change: "gone", Org: "acme", Subject: finding.Subject{Kind: "request", ID: "5"}, Before: `{"request_id":5}`, Detail: "The request was approved, denied or withdrawn"},
			{Kind: "repository", Change: "archived", Org: "acme", Subject: repository, Before: `{"is_archived":0}`, After: `{"is_archived":1}`, Detail: "is_archived was no, is yes"},
			{Kind: "setting", Change: "disabled", Org: "acme", Subject: repository, Before: `{"secret_scanning":"enabled"}`, After: `{"secret_scanning":"disabled"}`, Detail: "secret_scanning was enabled, is disabled"},
			{Kind: "protection", Change: "weakened", Org: "acme", Subject: repository, Before: `{"required_approval_count":2}`, After: `{"required_approval_count":1}`, Detail: "required_approval_count was 2, is 1"},
			{Kind: "member", Change: "gone", Org: "acme", Subject: finding.Subject{Kind: "member", ID: "1", Name: "mona"}, Before: `{"login":"mona"}`, Detail: "The person was member and is not any more"},
		},
		NotCompared: []finding.NotCompared{{Org: "beta-labs", Resource: "members", Why: "it is denied in the later snapshot"}},
	}
}

func TestDiffGolden(t *testing.T) {
	t.Parallel()
	for format, file := range map[string]string{"table": "diff.txt", "json": "diff.json", "markdown": "diff.md"} {
		var b bytes.Buffer
		if err := WriteDiff(&b, format, sampleDiff(), 0); err != nil {
			t.Fatal(err)
		}
		golden(t, file, b.Bytes())
	}
	if err := WriteDiff(&bytes.Buffer{}, "csv", sampleDiff(), 0); err == nil {
		t.Error("there is no csv")
	}
}

// Also without any change it says what was compared.
func TestDiffWithoutChanges(t *testing.T) {
	t.Parallel()
	d := sampleDiff()
	d.Changes, d.NotCompared = nil, nil
	for format, want := range map[string]string{
		"table":    "From 20261120T020000Z.db (2026-11-20 02:14 UTC) to 20261121T020000Z.db (2026-11-21 02:00 UTC): no changes\n",
		"markdown": "**From 20261120T020000Z.db (2026-11-20 02:14 UTC) to 20261121T020000Z.db (2026-11-21 02:00 UTC): no changes**\n",
	} {
		var b bytes.Buffer
		if err := WriteDiff(&b, format, d, 80); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%s", format, err, b.String())
		}
	}
	var b bytes.Buffer
	if err := WriteDiff(&b, "json", d, 0); err != nil || !strings.Contains(b.String(), `"changes": [],`) || !strings.Contains(b.String(), `"not_compared": []`) {
		t.Errorf("json: %v\n%s", err, b.String())
	}
}

func TestDiffFitsTheTerminal(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteDiff(&b, "table", sampleDiff(), 90); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if len([]rune(line)) > 90 && !strings.HasPrefix(line, "From ") {
			t.Errorf("%d wide: %s", len([]rune(line)), line)
		}
	}
}

func changed(changes *Changes) *Report {
	r := sampleReport(5, 5)
	r.Changes = changes
	return r
}

// The workbook has a sheet of what changed where that is known.
func TestChangesSheet(t *testing.T) {
	t.Parallel()
	d := sampleDiff()
	book := bookOf(t, changed(&Changes{Since: d.Old.FinishedAt, List: d.Changes, NotCompared: d.NotCompared}), maxRows)
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
	empty := bookOf(t, changed(&Changes{Since: d.Old.FinishedAt}), maxRows).rows(sheetChanges)
	if last := empty[len(empty)-1]; last[0] != "No changes since the snapshot of 2026-11-20 02:14 UTC." {
		t.Errorf("below: %q", last)
	}
	if sheets := bookOf(t, changed(nil), maxRows).GetSheetList(); slices.Contains(sheets, sheetChanges) {
		t.Errorf("nothing is known, and there is a sheet: %q", sheets)
	}
}

func TestMarkdownHasChanges(t *testing.T) {
	t.Parallel()
	d := sampleDiff()
	c := &Changes{Since: d.Old.FinishedAt}
	for i := range markdownChanges + 5 {
		one := d.Changes[i%2]
		one.Subject.Name = fmt.Sprint("token ", i)
		c.List = append(c.List, one)
	}
	got := markdownOf(t, changed(c))
	for _, want := range []string{
		"### Changes since 2026-11-20\n\n13 tokens new, 12 tokens widened.\n",
		"| token | widened | acme | [token 1](https://github.com/organizations/acme/settings/personal-access-tokens/98716) | mona | repository/contents was read, is write |\n",
		"\nand 5 more; the workbook and auditor diff have all.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "token 24") {
		t.Error("a change beyond the last is shown")
	}
	if got := markdownOf(t, changed(&Changes{})); strings.Contains(got, "Changes since") {
		t.Error("no changes, and a heading for them")
	}
}
