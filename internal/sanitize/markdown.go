package sanitize

import (
	"net/url"
	"regexp"
	"strings"
)

// Markdown is for running text and table cells of GitHub's Markdown. The text
// must not start a line: that is [MarkdownLine]. What GitHub links after
// rendering (mentions, numbers of issues, addresses) is broken up by a
// zero-width space, since an escaped @ still mentions.
func Markdown(s string) string {
	return markdownEscaper.Replace(linkedWord.ReplaceAllString(visible(s, ""), "$1\u200b$2"))
}

// linkedWord is what GitHub links without a sign that marks it: www.example.com,
// and GH-1 like #1.
var linkedWord = regexp.MustCompile(`(?i)(www|gh-)([.\d])`)

var markdownEscaper = strings.NewReplacer(
	"\u200b", "&#8203;",
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	// As entities, for a backslash before a pipe would end the table cell, and
	// not every reader honours it before a bracket.
	`\`, "&#92;", "|", "&#124;", "[", "&#91;", "]", "&#93;",
	"`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "!", `\!`, "$", `\$`,
	"@", "@&#8203;", "#", "#&#8203;",
	// A colon makes a link of what is before it, but not in front of a space or
	// a digit: reasons and times stay readable.
	": ", ": ", ":0", ":0", ":1", ":1", ":2", ":2", ":3", ":3", ":4", ":4", ":5", ":5", ":6", ":6", ":7", ":7", ":8", ":8", ":9", ":9",
	":", "&#58;&#8203;",
)

// MarkdownLine is [Markdown] for text at the start of a line, where it would
// begin a list or underline a heading.
func MarkdownLine(s string) string {
	s = Markdown(s)
	if startsBlock.MatchString(s) {
		s = "&#8203;" + s
	}
	return s
}

var startsBlock = regexp.MustCompile(`^[-+=\d]`)

// maxAddress is the length of the longest address that Markdown links, in bytes.
const maxAddress = 480

// MarkdownLink links a name to a web page; it is [Markdown] of the name alone if
// the address is none, or too long for a summary.
func MarkdownLink(name, address string) string {
	u, err := url.Parse(address)
	if err != nil || !IsWebAddress(address) || len(address) > maxAddress {
		return Markdown(name)
	}
	return "[" + Markdown(name) + "](" + addressEscaper.Replace(visible(u.String(), "")) + ")"
}

// addressEscaper escapes the few signs that would end the link, and that
// url.String leaves.
var addressEscaper = strings.NewReplacer(" ", "%20", `"`, "%22", "(", "%28", ")", "%29", "|", "%7C", "<", "%3C", ">", "%3E", "`", "%60", `\`, "%5C", "*", "%2A", "~", "%7E", "[", "%5B", "]", "%5D", "@", "%40", "&", "&amp;")

// IsWebAddress finds absolute addresses of http and https with a host.
func IsWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
