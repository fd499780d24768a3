package hostile

import (
	"fmt"
	"slices"
	"testing"
)

func TestRenderedPagesAreSeenThrough(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"<b>x</b>", "a@evil.example", "https://evil.example", "![x](y)", "`code`", "**x**", "- [ ] x", "~~x~~", "> x", "[x](javascript:x)", "<!-- x -->"} {
		if p := rendered(t, source); slices.Equal(p.tags, rendered(t, "x").tags) {
			t.Errorf("%q looks like plain text: %q", source, p.html)
		}
	}
	for _, source := range []string{"hello @octocat", "see #1", "see GH-1"} {
		if p := rendered(t, source); !mention.MatchString(p.html) {
			t.Errorf("%q goes unseen: %q", source, p.html)
		}
	}
	p := rendered(t, "| a | b |\n| --- | ---: |\n| `x` \\| y | [z](https://github.com/z) |\n")
	if got := fmt.Sprintf("%q", p.cells); got != `["a" "b" "x | y" "z"]` {
		t.Errorf("cells are %s", got)
	}
}
