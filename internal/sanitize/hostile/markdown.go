package hostile

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
)

// The checks here look at Markdown as GitHub would: rendered, with all that a
// stranger could wish for switched on (HTML, bare addresses, task lists).

func gitHubMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithRendererOptions(renderer.WithUnsafe()),
	)
}

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
	if err := gitHubMarkdown().Convert([]byte(source), &b); err != nil {
		t.Fatal(err)
	}
	p := seenPage{html: b.String()}
	for _, tag := range anyTag.FindAllString(p.html, -1) {
		if !ownAddress.MatchString(tag) && tag != "</a>" {
			p.tags = append(p.tags, tag)
		}
	}
	for _, cell := range anyCell.FindAllStringSubmatch(p.html, -1) {
		p.cells = append(p.cells, Words(html.UnescapeString(anyTag.ReplaceAllString(cell[1], ""))))
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

// Words is a text without the zero-width spaces that we put in, and with
// single spaces: all that rendering may change.
func Words(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u200b", "")), " ")
}

// CheckRendered compares a page with the page of a harmless text: the same
// tags, no text that GitHub would act on, and the hostile text to be read in
// as many cells as the harmless one.
func CheckRendered(t testing.TB, text, got, want, shown, harmless string) {
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
	if n, m := count(g, Words(shown)), count(w, harmless); n < m && Words(shown) != "" { // a name of spaces is shown by its id
		t.Errorf("%.60q is to be read in %d cells instead of %d: %q", text, n, m, g.cells)
	}
}

// What GitHub would act on, had it come through: HTML, mentions, numbers of
// issues, images, addresses outside of a link of ours.
var (
	livingMarkdown = regexp.MustCompile(`(?i)<|@[^&]|#[0-9A-Z]|!\[|\]\(|https?://|mailto:|www\.[a-z]`)
	entities       = regexp.MustCompile(`&#(\d+;)`)
)

// CheckLiving fails if Markdown without links of ours has anything that GitHub
// would act on.
func CheckLiving(t testing.TB, got, text string) {
	t.Helper()
	got = entities.ReplaceAllString(got, "&$1") // the number sign of an entity is none
	if i := livingMarkdown.FindStringIndex(got); i != nil {
		t.Errorf("%.40q: still acts: %q", text, got[max(0, i[0]-30):min(len(got), i[1]+30)])
	}
}
