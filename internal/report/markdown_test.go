package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"auditor/internal/raced"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

func markdownOf(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteMarkdown(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownGolden(t *testing.T) {
	t.Parallel()
	golden(t, "sample.md", []byte(markdownOf(t, sample.Report(9, 0))))
}

func TestMarkdownWithoutFindings(t *testing.T) {
	t.Parallel()
	r := sample.Report(0, 0)
	r.PreviousSnapshot, r.Trend = nil, nil
	got := markdownOf(t, r)
	for _, want := range []string{"**No findings.**", "| 0 | 0 | 0 | 0 | **0** | – | – | 0 | 0 |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Worst findings") || strings.Contains(got, "Trend") {
		t.Errorf("an empty section in\n%s", got)
	}
}

func TestMarkdownAlwaysFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("@", 40000)
	r := sample.Hostile(long)
	finding, rule := r.Findings[2], Rule{ID: "a/b", Title: long, Severity: "low", Outcome: long}
	coverage := r.Coverage[0]
	for i := range 1000 {
		finding.Subject.ID = fmt.Sprint(i)
		r.Findings, r.Rules = append(r.Findings, finding), append(r.Rules, rule)
		r.Coverage, r.Warnings, r.Snapshot.Orgs = append(r.Coverage, coverage), append(r.Warnings, long), append(r.Snapshot.Orgs, long)
		r.Trend = append(r.Trend, TrendPoint{At: r.GeneratedAt})
	}
	r.Arrange()
	got := markdownOf(t, r)
	if len(got) > MarkdownLimit || !strings.HasPrefix(got, "## Stale tokens") {
		t.Errorf("%d bytes", len(got))
	}
	checkTables(t, got, "a flood")
}

func TestMarkdownShowsTheWorstOfMany(t *testing.T) {
	t.Parallel()
	got := markdownOf(t, sample.Report(5000, 0))
	_, list, _ := strings.Cut(got, "### Worst findings")
	if n := strings.Count(list, "\n| critical |"); n != MarkdownFindings {
		t.Errorf("%d critical findings of hundreds are shown", n)
	}
	if !regexp.MustCompile(`100 of \d+ findings are shown; the workbook and the JSON report have all\.`).MatchString(got) {
		t.Error("nothing says that there are more")
	}
}

func TestMarkdownIsInert(t *testing.T) {
	t.Parallel()
	for _, text := range hostile.Texts() {
		checkMarkdown(t, markdownOf(t, sample.Hostile(text)), text)
	}
}

func FuzzMarkdown(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		got := markdownOf(t, sample.Hostile(text))
		checkMarkdown(t, got, text)
		checkMarkdownRendered(t, text, got)
	})
}

var (
	ownLink  = regexp.MustCompile(`\]\(https?://[^\s()<>|"\x60\\]+\)`)
	headings = regexp.MustCompile(`(?m)^(#{2,3}) `)
)

// checkMarkdown checks what is in the text after our own links and marks
// are taken out.
func checkMarkdown(t *testing.T, got, text string) {
	t.Helper()
	hostile.Check(t, got, text)
	hostile.CheckLiving(t, headings.ReplaceAllString(ownLink.ReplaceAllString(got, "]"), ""), text)
	checkTables(t, got, text)
}

// checkTables checks that every row has as many cells as its header, and that
// what is outside of tables is ours.
func checkTables(t *testing.T, got, text string) {
	t.Helper()
	columns := 0
	for line := range strings.SplitSeq(got, "\n") {
		switch {
		case strings.HasPrefix(line, "| ") && strings.HasSuffix(line, " |"):
			if n := strings.Count(line, "|"); columns == 0 {
				columns = n
			} else if n != columns {
				t.Fatalf("%.40q: %d cells instead of %d: %.200s", text, n-1, columns-1, line)
			}
		case line == "":
			columns = 0
		case !regexp.MustCompile(`^(##|###|\*\*|GitHub audit|⚠️|All required|Complete|Not complete|- |Snapshot |\d+ (of|token|repositor)|Not compared:|and \d+ more)`).MatchString(line):
			t.Fatalf("%.40q: a line that we did not write: %.200s", text, line)
		}
	}
}

func checkMarkdownRendered(t testing.TB, text, got string) {
	t.Helper()
	hostile.CheckRendered(t, text, got, harmlessMarkdown(), sanitize.Line(Short(text)), "harmless")
}

// harmlessMarkdown is made once: fuzzing compares with it all the time.
var harmlessMarkdown = sync.OnceValue(func() string { return string(RenderMarkdown(sample.Hostile("harmless"), MarkdownLimit)) })

func TestMarkdownRendersInert(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, text := range append(hostile.Texts(), hostile.MarkdownTexts()...) {
		checkMarkdownRendered(t, text, markdownOf(t, sample.Hostile(text)))
	}
}
