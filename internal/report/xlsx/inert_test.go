package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"auditor/internal/finding"
	"auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

func TestWorkbookIsInert(t *testing.T) {
	t.Parallel()
	texts := hostile.Texts()
	r := sample.Hostile(texts[0])
	model := r.Findings[1]
	r.Findings = nil
	rows := sample.Rows(r)
	for i, text := range texts {
		f := *model
		f.Subject.ID = fmt.Sprintf("%03d", i)
		f.Org, f.Reason, f.Subject.Name, f.Subject.Owner = "acme", text, text, text
		f.Evidence = []finding.Value{{Column: "token_name", Value: text}, {Column: "seen_at", Value: text}, {Column: "html_url", Value: text}, {Column: "is_x", Value: text}, {Column: "x_count", Value: text}}
		r.Findings = append(r.Findings, &f)
		rows = append(rows, append(slices.Repeat([]any{text}, 4), make([]any, len(r.Inventories[0].Columns)-4)...))
		r.Warnings = append(r.Warnings, text)
		r.Rules = append(r.Rules, report.Rule{ID: text, Title: text, Description: text, See: report.Strings{text}})
	}
	r.Inventories[0].Rows = sample.InMemory(rows)
	r.Arrange()
	b := bookOf(t, r, maxRows)
	b.checkParts("all hostile texts")
	reason := b.column("Findings", "Reason")
	for i, row := range b.rows("Findings")[1:] {
		if want := sanitize.Cell(texts[i]); row[reason] != want {
			t.Errorf("%.40q is in the cell as %.60q", texts[i], row[reason])
		}
		if n := len(utf16.Encode([]rune(row[reason]))); n > sanitize.MaxCell {
			t.Errorf("a cell has %d units", n)
		}
	}
}

func FuzzWorkbook(f *testing.F) {
	for _, s := range hostile.Texts()[:3] { // a workbook takes a while
		f.Add(s[:min(len(s), 100)])
	}
	f.Fuzz(func(t *testing.T, text string) { checkWorkbook(t, text) })
}

// checkWorkbook writes a workbook with the text everywhere: it must open, no
// cell may be a formula that is not ours, no part may be broken XML, and the
// text must be there as text.
func checkWorkbook(t *testing.T, text string) {
	t.Helper()
	b := bookOf(t, sample.Hostile(text), maxRows)
	b.checkParts(text)
	if got, want := b.value("Findings", "Reason", 2), sanitize.Cell(text); got != want {
		t.Errorf("%.40q is in the cell as %.60q", text, got)
	}
}

func (b book) checkParts(text string) {
	b.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b.bytes), int64(len(b.bytes)))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range z.File {
		checkPart(b.t, b.part(f.Name), f.Name, text)
	}
}

func checkPart(t testing.TB, part, name, text string) {
	t.Helper()
	if i := strings.IndexFunc(part, func(r rune) bool { return hostile.Acts(r) && !strings.ContainsRune("\n\r\t", r) }); i >= 0 {
		t.Errorf("%.40q: %s has a hostile rune: %q", text, name, part[max(0, i-20):i+10])
	}
	d := xml.NewDecoder(strings.NewReader(part))
	inFormula := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%.40q: %s: %v", text, name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inFormula = token.Name.Local == "f" && strings.Contains(name, "worksheets/")
		case xml.EndElement:
			inFormula = false
		case xml.CharData:
			if inFormula && !ownFormula(string(token)) {
				t.Errorf("%.40q: %s has the formula %q", text, name, token)
			}
		}
	}
}

// ownFormula accepts HYPERLINK("…","…") with every inner quote doubled.
func ownFormula(s string) bool {
	inner, ok := strings.CutPrefix(s, `HYPERLINK("`)
	inner, ok2 := strings.CutSuffix(inner, `")`)
	parts := strings.Split(strings.ReplaceAll(inner, `""`, ""), `","`)
	return ok && ok2 && len(parts) == 2 && !strings.Contains(parts[0]+parts[1], `"`) && !excelsEscape.MatchString(s)
}
