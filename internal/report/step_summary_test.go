package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"auditor/internal/raced"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
)

// flood is a report of many findings, whose texts are as long as GitHub takes
// and become a multiple of that in Markdown.
func flood(findings int) *Report {
	long := strings.Repeat(":", 40000)
	r := sample.Hostile(long)
	model, rule, coverage := r.Findings[2], Rule{ID: "a/b", Title: long, Severity: "low", Outcome: long}, r.Coverage[0]
	for i := range findings {
		model.Subject.ID = fmt.Sprint(i)
		r.Findings = append(r.Findings, model)
	}
	for range 1000 {
		r.Rules, r.Coverage, r.Warnings = append(r.Rules, rule), append(r.Coverage, coverage), append(r.Warnings, long)
		r.Trend = append(r.Trend, TrendPoint{At: r.GeneratedAt})
	}
	r.Arrange()
	return r
}

func TestStepSummaryOfAFloodStaysBelowTheLimit(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	r := flood(100_000)
	for before, want := range map[int]int{0: 3, 300 << 10: 3, 934 << 10: 1, 954 << 10: 0} {
		path := filepath.Join(t.TempDir(), "summary.md")
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), before), 0o600); err != nil {
			t.Fatal(err)
		}
		err := AppendStepSummary(path, []*Report{r, r, r})
		got, err2 := os.ReadFile(path)
		if err2 != nil {
			t.Fatal(err2)
		}
		shown := strings.Count(string(got), "\n## Stale tokens\n")
		if len(got) > 1<<20 || shown != want || (err == nil) != (want == 3) {
			t.Errorf("with %d bytes before: %d bytes, %d reports, %v", before, len(got), shown, err)
		}
		for _, text := range strings.Split(string(got[before:]), "\n## Stale tokens\n")[1:] {
			checkTables(t, text, "a flood")
			if !strings.Contains(text, "findings are shown; the workbook") || !strings.Contains(text, "\nSnapshot 2026") {
				t.Errorf("with %d bytes before, the end of the report is missing: %q", before, text[max(0, len(text)-300):])
			}
		}
	}
}

// What is there stays, and a heading begins on a line of its own.
func TestStepSummaryIsAppended(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary.md")
	for range 2 {
		if err := AppendStepSummary(path, []*Report{sample.Report(9, 0), sample.Report(0, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	once := "\n" + markdownOf(t, sample.Report(9, 0)) + "\n" + markdownOf(t, sample.Report(0, 0))
	if string(got) != once+once {
		t.Errorf("got\n%s", got)
	}
	if err := os.WriteFile(path, []byte("no end of line"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := AppendStepSummary(path, []*Report{sample.Report(0, 0)}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.HasPrefix(got, []byte("no end of line\n## Stale tokens\n")) {
		t.Errorf("got %.60q", got)
	}
}

func TestStepSummaryThatIsFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary.md")
	full := bytes.Repeat([]byte("x"), 1<<20-70<<10)
	if err := os.WriteFile(path, full, 0o600); err != nil {
		t.Fatal(err)
	}
	err := AppendStepSummary(path, []*Report{sample.Report(9, 0), sample.Report(0, 0)})
	if err == nil || !strings.Contains(err.Error(), "no room for 2 of 2 reports: it has 976896 bytes already") {
		t.Errorf("error is %v", err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, full) {
		t.Errorf("%d bytes became %d", len(full), len(got))
	}
}

func TestStepSummaryRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{"a folder": dir, "no folder": filepath.Join(dir, "none", "x")} {
		if err := AppendStepSummary(path, []*Report{sample.Report(0, 0)}); err == nil {
			t.Errorf("%s was written to", name)
		}
	}
	if err := AppendStepSummary(os.DevNull, nil); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device: %v", err) // or a pipe, which would wait for a reader
	}
}

// Whatever room there is: a page within it, and tables that are whole.
func TestMarkdownFitsAnyRoom(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	r := flood(200)
	for limit := StepSummaryLeast; limit < 600<<10; limit += 99_999 {
		got := string(RenderMarkdown(r, limit))
		if len(got) > limit || !strings.HasPrefix(got, "## Stale tokens\n") || !strings.HasSuffix(got, ".\n") {
			t.Errorf("%d bytes of %d: %.40q … %q", len(got), limit, got, got[len(got)-80:])
		}
		checkTables(t, got, fmt.Sprint("room for ", limit))
	}
}
