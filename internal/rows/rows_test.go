package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"auditor/internal/raced"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func rowsOf(rows ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func written(t testing.TB, format string, columns []string, width int, rows ...[]any) string {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(&b, format, columns, rowsOf(rows...), width)
	if err != nil || n != len(rows) {
		t.Fatalf("%d rows, %v", n, err)
	}
	return b.String()
}

var (
	queryColumns = []string{"name", "repository_count", "is_expired", "share", "expires_at"}
	queryRows    = [][]any{
		{"ci deploy", int64(12), int64(1), 0.25, nil},
		{"日本語トークン", int64(-3), int64(0), nil, "2026-11-21T00:00:00Z"},
		{nil, nil, nil, 1e21, ""},
	}
)

func TestRowsGolden(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		path, got := filepath.Join("testdata", "rows."+format), written(t, format, queryColumns, 0, queryRows...)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
			t.Errorf("%s differs (-want +got, -update rewrites it; %v):\n%s", path, err, diff)
		}
	}
}

func TestRowsOfNoRows(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"table": "a  is_b\n─  ────\n", "csv": "a,is_b\n", "json": "[]\n", "markdown": "| a | is\\_b |\n| --- | --- |\n",
	} {
		if got := written(t, format, []string{"a", "is_b"}, 80); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestTableOfNoRowsOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	if got := written(t, "table", []string{"subject_name", "reason_of_it", "html_url"}, 20); got != "no rows\n" {
		t.Errorf("got %q", got)
	}
}

func TestRowsKeepColumnsOfOneName(t *testing.T) {
	t.Parallel()
	if got, want := written(t, "json", []string{"id", "id", "id_2"}, 0, []any{int64(1), int64(2), int64(3)}), "[\n{\"id\":1,\"id_2\":2,\"id_2_2\":3}\n]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	columns := []string{"name", "reason", "repository_count"}
	var rows [][]any
	for i := range 50 {
		rows = append(rows, []any{strings.Repeat("n", i), strings.Repeat("日本", i*3), int64(i)})
	}
	for _, width := range []int{200, 120, 80, 40, 30, 20, 10, 3} {
		for line := range strings.Lines(written(t, "table", columns, width, rows...)) {
			if w := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); w > max(width, narrowest+len(gutter)+2) {
				t.Errorf("a line of %d on a terminal of %d: %q", w, width, line)
			}
		}
	}
	if got := written(t, "table", columns, 80, rows...); strings.Contains(strings.Split(got, "\n")[40], "…") != true {
		t.Error("nothing shows that a text was cut")
	}
}

func TestTableTooWideForTheTerminalIsPrintedAsRecords(t *testing.T) {
	t.Parallel()
	var columns []string
	var row []any
	for i := range 20 {
		columns, row = append(columns, fmt.Sprintf("column_%d", i)), append(row, "some value")
	}
	lines := strings.Split(written(t, "table", columns, 80, row, row), "\n")
	if len(lines) != 2*20+2 || lines[0] != "column_0   some value" || lines[20] != "" {
		t.Errorf("got %d lines: %q", len(lines), lines[:3])
	}
}

// Names that are cut to a few letters look alike: then one line a value.
func TestTableDoesNotCutNamesBeyondRecognition(t *testing.T) {
	t.Parallel()
	columns := []string{"setting", "repository_count", "enabled_count", "paused_count", "disabled_count", "unknown_count"}
	row := []any{"secret_scanning_push_protection", int64(1), int64(2), int64(3), int64(4), int64(5)}
	if got := written(t, "table", columns, 72, row); !strings.HasPrefix(got, "setting           reposito…  enabled_…") || !strings.Contains(got, "\nsecret_scanning…          1") {
		t.Errorf("at 72:\n%s", got)
	}
	if got := written(t, "table", columns, 60, row); !strings.HasPrefix(got, "setting           secret_scanning_push_protection\n") {
		t.Errorf("at 60:\n%s", got)
	}
}

// Rows beyond the sample are printed as they come, in the widths of the sample.
func TestTableStreams(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	seen := 0
	n, err := Write(&b, "table", []string{"a"}, func(yield func([]any, error) bool) {
		for i := range 20 * tableSample {
			if i == 19*tableSample {
				seen = b.Len()
			}
			if !yield([]any{strings.Repeat("x", min(i, 2000)%30)}, nil) {
				return
			}
		}
	}, 40)
	if err != nil || n != 20*tableSample || seen == 0 {
		t.Errorf("%d rows, %v; %d bytes were out before the end", n, err, seen)
	}
}

func TestRowsEndWithTheirError(t *testing.T) {
	t.Parallel()
	broken := errors.New("interrupted")
	for _, format := range Formats() {
		var b bytes.Buffer
		n, err := Write(&b, format, []string{"a"}, func(yield func([]any, error) bool) {
			_ = yield([]any{"1"}, nil) && yield(nil, broken)
		}, 0)
		if n != 1 || !errors.Is(err, broken) {
			t.Errorf("%s: %d rows, %v", format, n, err)
		}
		if _, err := Write(full{}, format, []string{"a"}, rowsOf([]any{"1"}), 0); !errors.Is(err, errFull) {
			t.Errorf("%s on a full disk: %v", format, err)
		}
	}
	if _, err := Write(&bytes.Buffer{}, "xml", nil, nil, 0); err == nil || !strings.Contains(err.Error(), "table, csv, json, markdown") {
		t.Errorf("unknown format: %v", err)
	}
}

// full is a disk with no room left.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestRowsAreInert(t *testing.T) {
	t.Parallel()
	for _, s := range hostile.Texts() {
		for _, check := range rowChecks {
			check(t, s)
		}
	}
}

var rowChecks = map[string]func(testing.TB, string){"csv": checkCSV, "json": checkRowsJSON, "markdown": checkRowsMarkdown, "table": checkTable, "manual": checkManual}

func FuzzRowsCSV(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, s string) { checkCSV(t, s) })
}

func FuzzRowsJSON(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, s string) { checkRowsJSON(t, s) })
}

func FuzzRowsMarkdown(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		checkRowsMarkdown(t, s)
		checkRendered(t, s)
	})
}

func FuzzRowsTable(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, s string) { checkTable(t, s) })
}

// checkCSV reads the file as spreadsheets do, with either separator: no field
// may be a formula.
func checkCSV(t testing.TB, s string) {
	t.Helper()
	got := written(t, "csv", []string{s, "b"}, 0, []any{s, "x"}, []any{"x", s}, []any{int64(-1), s})
	hostile.Check(t, got, s)
	records, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(records) != 4 {
		t.Fatalf("%.40q: %d records, %v", s, len(records), err)
	}
	// Semicolons and line breaks split wherever quotes stand in a wrong place.
	pieces := strings.FieldsFunc(got, func(r rune) bool { return r == ';' || r == '\n' })
	for _, piece := range append(pieces, slices.Concat(records...)...) {
		piece = strings.TrimLeft(piece, " \"")
		if piece != "" && strings.ContainsAny(piece[:1], "=+@") || strings.HasPrefix(piece, "-") && piece != "-1" && !strings.HasPrefix(piece, "-1,") {
			t.Errorf("%.40q gives the formula %.80q", s, piece)
		}
	}
}

func checkRowsJSON(t testing.TB, s string) {
	t.Helper()
	got := written(t, "json", []string{"a", "b"}, 0, []any{s, "x"}, []any{nil, s})
	hostile.Check(t, got, s)
	var rows []map[string]any
	if err := json.Unmarshal([]byte(got), &rows); err != nil || len(rows) != 2 {
		t.Fatalf("%.40q: %v", s, err)
	}
	if want := string([]rune(s)); rows[0]["a"] != want || rows[1]["b"] != want {
		t.Errorf("%.40q came back as %.40q", want, rows[0]["a"])
	}
}

func checkRowsMarkdown(t testing.TB, s string) {
	t.Helper()
	got := written(t, "markdown", []string{s, "b"}, 0, []any{s, "x"}, []any{int64(1), s})
	hostile.Check(t, got, s)
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	for _, line := range lines {
		if strings.Count(line, "|") != 3 {
			t.Errorf("%.40q makes the row %.80q", s, line)
		}
	}
	if len(lines) != 4 {
		t.Errorf("%.40q makes %d lines", s, len(lines))
	}
	hostile.CheckLiving(t, got, s)
}

// checkTable prints the text for terminals of several widths, beside so many
// columns that a narrow one gets records: one line stays one line, within the
// terminal.
func checkTable(t testing.TB, s string) {
	t.Helper()
	for _, width := range []int{0, 60, 200} {
		got := written(t, "table", []string{"a", "b_count", "c"}, width, []any{s, int64(1), "x"}, []any{int64(1), nil, s})
		hostile.Check(t, got, s)
		if n := strings.Count(got, "\n"); n != 4 {
			t.Errorf("%.40q makes %d lines", s, n)
		}
		checkWidth(t, got, s, width)
	}
	got := written(t, "table", []string{s, "b", "c", "d", "e"}, 40, []any{s, "x", "x", "x", "x"}, []any{s, s, s, s, s})
	hostile.Check(t, got, s)
	if n := strings.Count(got, "\n"); n != 4 && n != 11 {
		t.Errorf("%.40q makes %d lines", s, n)
	}
	checkWidth(t, got, s, 40)
}

func checkWidth(t testing.TB, got, s string, width int) {
	t.Helper()
	if width == 0 {
		width = 2*sanitize.MaxLine + 100
	}
	for line := range strings.Lines(got) {
		if w := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); w > width {
			t.Errorf("%.40q makes a line of %d on a terminal of %d", s, w, width)
		}
	}
}

func FuzzManual(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, s string) { checkManual(t, s) })
}

// checkManual prints the text as a name and as what it means: nothing acts, and
// no word is lost, however narrow the terminal.
func checkManual(t testing.TB, s string) {
	t.Helper()
	for _, width := range []int{0, 60, 100} {
		var b bytes.Buffer
		if err := WriteManual(&b, []string{"name", "meaning"}, [][]string{{"a", s}, {s, "x"}}, 1, width); err != nil {
			t.Fatal(err)
		}
		hostile.Check(t, b.String(), s)
		if got, want := hostile.Words(b.String()), hostile.Words(sanitize.Line(s)); !strings.Contains(got, want) {
			t.Errorf("%.40q is printed as %.100q", want, got)
		}
		if width == 0 && strings.Count(b.String(), "\n") != 4 {
			t.Errorf("%.40q makes %d lines", s, strings.Count(b.String(), "\n"))
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"}, {"", 0, ""}} {
		if got := shorten(c.in, c.width); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
	if diff := cmp.Diff([]string{"a", "A", "a_2"}, uniqueKeys([]string{"a", "A", "a"})); diff != "" {
		t.Error(diff)
	}
}

func checkRendered(t testing.TB, text string) {
	t.Helper()
	page := func(s string) string {
		return written(t, "markdown", []string{s, "b_count"}, 0, []any{s, "x"}, []any{int64(1), s}, []any{"x" + s, s + "x"})
	}
	hostile.CheckRendered(t, text, page(text), page("harmless"), sanitize.Line(text), "harmless")
}

func TestMarkdownRendersInert(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, text := range append(hostile.Texts(), hostile.MarkdownTexts()...) {
		checkRendered(t, text)
	}
}
