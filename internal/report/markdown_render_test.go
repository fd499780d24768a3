package report

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"

	"auditor/internal/raced"
)

// The tests here look at Markdown as GitHub would: rendered, with all that a
// stranger could wish for switched on (HTML, bare addresses, task lists).

var gitHubMarkdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.Footnote),
	goldmark.WithRendererOptions(renderer.WithUnsafe()),
)

// seenPage is a rendered text: its tags in order, and the text of each table cell.
type seenPage struct {
	tags  []string
	cells []string
	html  string
}

// rendered takes GitHub's Markdown apart. The renderer escapes all text, so
// that what looks like a tag is one.
func rendered(t testing.TB, source string) seenPage {
	t.Helper()
	var b bytes.Buffer
	if err := gitHubMarkdown.Convert([]byte(source), &b); err != nil {
		t.Fatal(err)
	}
	p := seenPage{html: b.String()}
	for _, tag := range anyTag.FindAllString(p.html, -1) {
		if !ownAddress.MatchString(tag) && tag != "</a>" {
			p.tags = append(p.tags, tag)
		}
	}
	for _, cell := range anyCell.FindAllStringSubmatch(p.html, -1) {
		p.cells = append(p.cells, words(html.UnescapeString(anyTag.ReplaceAllString(cell[1], ""))))
	}
	return p
}

var (
	anyTag     = regexp.MustCompile(`<[^>]*>`)
	anyCell    = regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`)
	ownAddress = regexp.MustCompile(`^<a href="https://github\.com/[^"]*">$`)
	// What GitHub makes links and notifications of in the text of a page.
	mention = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|gh-[0-9]|(https?|ftp)://|mailto:\w|www\.`)
)

// words is a text without the zero-width spaces that we put in, and with
// single spaces: all that rendering may change.
func words(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u200b", "")), " ")
}

// checkRendered compares a page with the page of a harmless text: the same
// tags, no text that GitHub would act on, and the hostile text to be read in
// as many cells as the harmless one.
func checkRendered(t testing.TB, text, got, want, shown, harmless string) {
	t.Helper()
	g, w := rendered(t, got), rendered(t, want)
	if !slices.Equal(g.tags, w.tags) {
		at := 0
		for at < min(len(g.tags), len(w.tags)) && g.tags[at] == w.tags[at] {
			at++
		}
		t.Errorf("%.60q changes the page at tag %d: %q, want %q\n%s", text, at, g.tags[at:min(at+3, len(g.tags))], w.tags[at:min(at+3, len(w.tags))], got)
	}
	if act := mention.FindString(html.UnescapeString(anyTag.ReplaceAllString(g.html, " "))); act != "" {
		t.Errorf("%.60q: GitHub would act on %q", text, act)
	}
	count := func(p seenPage, cell string) (n int) {
		for _, c := range p.cells {
			if c == cell {
				n++
			}
		}
		return n
	}
	if n, m := count(g, words(shown)), count(w, harmless); n < m && words(shown) != "" { // a name of spaces is shown by its id
		t.Errorf("%.60q is to be read in %d cells instead of %d: %q", text, n, m, g.cells)
	}
}

func checkMarkdownRendered(t testing.TB, text, got string) {
	t.Helper()
	checkRendered(t, text, got, harmlessMarkdown(), visible(short(text), ""), "harmless")
}

// harmlessMarkdown is made once: fuzzing compares with it all the time.
var harmlessMarkdown = sync.OnceValue(func() string { return string(renderMarkdown(hostileReport("harmless"), markdownLimit)) })

func checkRowsRendered(t testing.TB, text string) {
	t.Helper()
	page := func(s string) string {
		return written(t, "markdown", []string{s, "b_count"}, 0, []any{s, "x"}, []any{int64(1), s}, []any{"x" + s, s + "x"})
	}
	checkRendered(t, text, page(text), page("harmless"), InertLine(text), "harmless")
}

func TestMarkdownRendersInert(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	for _, text := range append(hostileTexts(), markdownTexts...) {
		checkMarkdownRendered(t, text, markdownOf(t, hostileReport(text)))
		checkRowsRendered(t, text)
	}
}

// markdownTexts begin and end things that only Markdown knows.
var markdownTexts = []string{
	"- list", "1. list", "2) list", "+ list", "---", "===", "    code", "> quote", "# heading", "[ ] task", "[x]: https://evil.example", "[^1]", "[^1]: note",
	"<https://evil.example>", "<a@evil.example>", "http://evil.example", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example", "WwW.evil.example", "mailto:a@evil.example",
	"| --- | --- |", "a | b", "\\", "\\|", "``", "`|`", "```\ncode", "~~~", "<!-- comment", "<details><summary>", "&#x40;octocat", "&commat;octocat", "&lt;b&gt;", "&NewLine;- list",
	"*a* **b** ***c***", "_a_ __b__", "a*b*c", "GH-1", "xgh-12", "acme/api#12", "acme/api@0123456789", "$$x$$", ":octocat:", "![](a)", "[![](a)](b)", "a  \nb", "a\\\nb", "\u00a0- x", "\u3000x",
}

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
