// Package hostile has texts that an attacker could choose for a name, and checks
// of what became of them. It is for tests only.
//
// Start with [Texts]: a test of a writer prints each of them in every place that
// a stranger can write to, and a fuzz test begins with [Seed]. [Check] finds what
// still acts in any output, [CheckLiving] and [CheckRendered] in Markdown.
package hostile

import (
	"strings"
	"testing"
	"unicode/utf8"

	"auditor/internal/sanitize"
)

// Texts is what an attacker could put into any name.
func Texts() []string {
	return []string{
		"=HYPERLINK(\"https://evil.example\",\"x\")", "+1+1", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r\n=1+1", "  =1+1", "x;=1+1", "x\n=cmd|'/c calc'!A0",
		"＝1+1", "'=1+1", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "**bold** _it_ `code` ~~s~~ # h", "](https://evil.example) [x", "![x](https://evil.example/x.png)",
		"@octocat @acme/admins", "see #1 and acme/x#2", "a|b\\|c\\", "line\nbreak\r\nand\rmore", "nul\x00bell\x07", "\x1b[31mred\x1b]0;title\x07", "\u009b31m", "abc\u202egnp.exe", "\u2066iso\u2069",
		"zero\u200bwidth\ufeff", "tag\U000e0041\U000e007f", "bad\xff\xfeutf8", "\xed\xa0\x80lone", "\ufffe\uffff", "_x0022_),1+1,(\"", "_x000D_", "&amp; &#64;octocat", "https://evil.example www.evil.example a@evil.example",
		"$x^2$ :tada:", strings.Repeat("A", 40000), strings.Repeat("=", 33000), "", " ", "{{ .Secret }} ${{ secrets.X }}", "\"quoted\",\"fields\"", "::set-output name=x::y", "</table>", "\u2028ls\u2029",
		"ad\u200dmin\ufe0f", "filler\u3164\U000e0101", "a" + strings.Repeat("\u0301\u20dd", 20), "👩\u200d💻 1\ufe0f\u20e3", "my_xtest_name _x0041_x202E_",
	}
}

// MarkdownTexts begin and end things that only Markdown knows.
func MarkdownTexts() []string {
	return []string{
		"- list", "1. list", "2) list", "+ list", "---", "===", "    code", "> quote", "# heading", "[ ] task", "[x]: https://evil.example", "[^1]", "[^1]: note",
		"<https://evil.example>", "<a@evil.example>", "http://evil.example", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example", "WwW.evil.example", "mailto:a@evil.example",
		"| --- | --- |", "a | b", "\\", "\\|", "``", "`|`", "```\ncode", "~~~", "<!-- comment", "<details><summary>", "&#x40;octocat", "&commat;octocat", "&lt;b&gt;", "&NewLine;- list",
		"*a* **b** ***c***", "_a_ __b__", "a*b*c", "GH-1", "xgh-12", "acme/api#12", "acme/api@0123456789", "$$x$$", ":octocat:", "![](a)", "[![](a)](b)", "a  \nb", "a\\\nb", "\u00a0- x", "\u3000x",
	}
}

// Seed gives a fuzz test the texts, cut short: the long ones have tests of their
// own.
func Seed(f *testing.F) {
	for _, s := range Texts() {
		f.Add(s[:min(len(s), 200)])
	}
}

// IsHarmless says that nothing in the text acts instead of showing; line breaks
// are ours.
func IsHarmless(text string) bool {
	return sanitize.Lines(text) == text && !strings.Contains(text, "\t")
}

// Acts says that the rune acts wherever it is.
func Acts(r rune) bool {
	const letter = "क" // one that joiners and selectors may follow
	return sanitize.Line(letter+string(r)) != letter+string(r)
}

// Check fails if what was written of a text can act on a terminal.
func Check(t testing.TB, got, text string) {
	t.Helper()
	if !IsHarmless(got) || !utf8.ValidString(got) {
		t.Fatalf("%.40q: a hostile rune in %.80q", text, got)
	}
}
