package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	. "auditor/internal/report"
	"auditor/internal/report/sample"
)

func TestDiffGolden(t *testing.T) {
	t.Parallel()
	for format, file := range map[string]string{"table": "diff.txt", "json": "diff.json", "markdown": "diff.md"} {
		var b bytes.Buffer
		if err := WriteDiff(&b, format, sample.Diff(), 0); err != nil {
			t.Fatal(err)
		}
		golden(t, file, b.Bytes())
	}
	if err := WriteDiff(&bytes.Buffer{}, "csv", sample.Diff(), 0); err == nil {
		t.Error("there is no csv")
	}
}

// Also without any change it says what was compared.
func TestDiffWithoutChanges(t *testing.T) {
	t.Parallel()
	d := sample.Diff()
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
	if err := WriteDiff(&b, "table", sample.Diff(), 90); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if len([]rune(line)) > 90 && !strings.HasPrefix(line, "From ") {
			t.Errorf("%d wide: %s", len([]rune(line)), line)
		}
	}
}

func TestMarkdownHasChanges(t *testing.T) {
	t.Parallel()
	d := sample.Diff()
	c := &Changes{Since: d.Old.FinishedAt}
	for i := range MarkdownChanges + 5 {
		one := d.Changes[i%2]
		one.Subject.Name = fmt.Sprint("token ", i)
		c.List = append(c.List, one)
	}
	got := markdownOf(t, sample.Changed(c))
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
	if got := markdownOf(t, sample.Changed(&Changes{})); strings.Contains(got, "Changes since") {
		t.Error("no changes, and a heading for them")
	}
}
