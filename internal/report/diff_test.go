package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

func diffOf(t testing.TB, format, text string, width int) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDiff(&b, format, sample.HostileDiff(text), width); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDiffIsInert(t *testing.T) {
	t.Parallel()
	for _, text := range append(hostile.Texts(), hostile.MarkdownTexts()...) {
		checkDiff(t, text)
	}
}

func FuzzDiff(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, text string) { checkDiff(t, text) })
}

// checkDiff compares two snapshots that differ in the text: each form of the
// comparison has the shape that it has with a harmless one.
func checkDiff(t testing.TB, text string) {
	t.Helper()
	const harmless = "harmless"
	for _, width := range []int{0, 200} {
		got := diffOf(t, "table", text, width)
		hostile.Check(t, got, text)
		if n, want := strings.Count(got, "\n"), strings.Count(diffOf(t, "table", harmless, width), "\n"); n != want {
			t.Errorf("%.40q makes %d lines instead of %d", text, n, want)
		}
	}
	hostile.CheckRendered(t, text, diffOf(t, "markdown", text, 0), diffOf(t, "markdown", harmless, 0), sanitize.Line(Short(text)), harmless)
	checkDiffJSON(t, text)
}

func checkDiffJSON(t testing.TB, text string) {
	t.Helper()
	got := diffOf(t, "json", text, 0)
	hostile.Check(t, got, text)
	var d struct {
		Changes []struct {
			Detail string
			After  map[string]any
		}
		NotCompared []struct{ Why string } `json:"not_compared"`
	}
	if err := json.Unmarshal([]byte(got), &d); err != nil {
		t.Fatalf("%.40q: %v", text, err)
	}
	want := string([]rune(text)) // each broken byte as U+FFFD
	if d.Changes[0].Detail != want || d.Changes[0].After["token_name"] != want || d.NotCompared[0].Why != want {
		t.Errorf("%.40q came back as %.40q", want, d.Changes[0].Detail)
	}
}
