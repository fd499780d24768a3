package rows

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

func manualOf(t *testing.T, width int) string {
	t.Helper()
	var b bytes.Buffer
	err := WriteManual(&b, []string{"name", "meaning", "parameters"}, [][]string{
		{"who-can-write", "Who can write to a repository, and how", "repository=TEXT"},
		{"日本", "a\x1b[31m text", ""},
	}, 1, width)
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestManual(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		0: `
name           meaning                                 parameters
─────────────  ──────────────────────────────────────  ───────────────
who-can-write  Who can write to a repository, and how  repository=TEXT
日本           a\u001b[31m text
`,
		64: `
name           meaning                           parameters
─────────────  ────────────────────────────────  ───────────────
who-can-write  Who can write to a repository,    repository=TEXT
               and how
日本           a\u001b[31m text
`,
		40: `
name           parameters
    meaning
─────────────  ───────────────
who-can-write  repository=TEXT
    Who can write to a repository, and
    how
日本
    a\u001b[31m text
`,
	} {
		if got := manualOf(t, width); got != want[1:] {
			t.Errorf("width %d:\n%s\nwant%s", width, got, want)
		}
	}
}

func TestManualFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for width := 34; width < 90; width++ {
		for line := range strings.Lines(manualOf(t, width)) {
			if w := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("a line of %d on a terminal of %d: %q", w, width, line)
			}
		}
	}
}
