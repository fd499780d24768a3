package sanitize_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

func TestTextsAreInert(t *testing.T) {
	t.Parallel()
	for _, text := range append(hostile.Texts(), hostile.MarkdownTexts()...) {
		checkAll(t, text)
	}
}

func FuzzText(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, text string) { checkAll(t, text) })
}

// checkAll runs a text through every function: nothing acts in what comes out,
// and what is harmless and short comes out of Line as it was.
func checkAll(t *testing.T, text string) {
	t.Helper()
	for _, got := range []string{
		sanitize.Line(text), sanitize.CSV(text), sanitize.Cell(text), sanitize.Header(text), sanitize.Footer(text), sanitize.Markdown(text),
		sanitize.MarkdownLine(text), sanitize.MarkdownLink(text, "https://github.com/"+text), string(sanitize.AppendJSON(nil, text)),
	} {
		hostile.Check(t, got, text)
	}
	line := sanitize.Line(text)
	if strings.Contains(line, "\n") || units(line) > sanitize.MaxLine || sanitize.Line(line) != line {
		t.Errorf("%.40q is the line %.60q", text, line)
	}
	if cell := sanitize.Cell(text); units(cell) > sanitize.MaxCell {
		t.Errorf("%.40q is a cell of %d units", text, units(cell))
	}
	if sanitize.StartsFormula(sanitize.CSV(text)) {
		t.Errorf("%.40q is a formula in CSV", text)
	}
	checkJSON(t, text)
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// checkJSON checks that both ways to JSON give the same bytes, and a program
// the same text.
func checkJSON(t *testing.T, text string) {
	t.Helper()
	appended := sanitize.AppendJSON(nil, text)
	var got string
	if err := json.Unmarshal(appended, &got); err != nil || got != string([]rune(text)) {
		t.Errorf("%.40q came back as %.40q (%v)", text, got, err)
	}
	if encoded, err := sanitize.JSON(text); err != nil || utf8.ValidString(text) && string(encoded) != string(appended) {
		t.Errorf("%.40q: encoded %.60s, appended %.60s (%v)", text, encoded, appended, err)
	}
}

func TestWriterEscapesWhatALogLeaves(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	line := "{\"a\":\"\u202ex\"}\n"
	if n, err := sanitize.Writer(&b).Write([]byte(line)); n != len(line) || err != nil || b.String() != "{\"a\":\"\\u202ex\"}\n" {
		t.Errorf("%d bytes, %v: %q", n, err, b.String())
	}
}
