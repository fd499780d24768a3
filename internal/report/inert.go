package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Every text in a report may have been written by an attacker. This file makes
// it harmless: one function for each kind of output, and nothing else in the
// package knows how.

// isHostile tells the runes that act instead of showing: control characters
// (terminal escapes start with one), overrides of the writing direction, other
// invisible characters (text can hide in them), line separators and code
// points that XML forbids. Those that emoji and some scripts need are hostile
// only in the wrong place: see neighbours.
func isHostile(r rune) bool {
	switch {
	case r < 0x20 || r == 0x7f:
		return true
	case r < 0x80 || isJoiner(r) || isSelector(r):
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r&0xfffe == 0xfffe || (r >= 0xfdd0 && r <= 0xfdef)
}

// isJoiner tells the joiner of emoji and Indic scripts and the non-joiner of
// Persian.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// isSelector tells what makes an emoji of a sign, or a sign of an emoji.
func isSelector(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

// neighbours are what stands in front of a rune: some belong in some places
// only. Between Latin letters a joiner would make two names look alike, text
// can hide in a sequence of joiners or selectors, and a tower of accents covers
// the lines above. Zero is the start of a text.
type neighbours struct {
	before rune
	marks  int // that stand on the last letter
}

// mostMarks is how many marks a letter may carry: scripts need five.
const mostMarks = 8

// refuse tells whether a rune must not come through, and goes on to the next.
// An escape will stand in its place.
func (n *neighbours) refuse(r rune) bool {
	if isHostile(r) || n.lurks(r) {
		*n = neighbours{before: 'x'}
		return true
	}
	if n.before = r; unicode.In(r, unicode.Mn, unicode.Me) {
		n.marks++
	} else {
		n.marks = 0
	}
	return false
}

// lurks tells a rune that is no harm elsewhere.
func (n *neighbours) lurks(r rune) bool {
	switch {
	case isJoiner(r):
		return n.before < 0x300 || isJoiner(n.before)
	case isSelector(r):
		return n.before < 0x80 && !strings.ContainsRune("0123456789#*", n.before) || isJoiner(n.before) || isSelector(n.before)
	}
	return n.marks >= mostMarks && unicode.In(r, unicode.Mn, unicode.Me)
}

// firstHostile is where the first rune stands that must not come through, -1
// if there is none. Runes in keep may.
func firstHostile(s, keep string) int {
	var n neighbours
	for i, r := range s {
		if r >= 0x20 && r < 0x7f { // nearly all there is
			n = neighbours{before: r}
			continue
		}
		if n.refuse(r) && !strings.ContainsRune(keep, r) {
			return i
		}
	}
	return -1
}

// visible replaces hostile runes by their escape, so that one sees that they
// were there, and broken UTF-8 by U+FFFD. Runes in keep stay.
func visible(s, keep string) string {
	if utf8.ValidString(s) && firstHostile(s, keep) < 0 {
		return s
	}
	var b strings.Builder
	var n neighbours
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		switch {
		case !n.refuse(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteByte(' ')
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// maxCell is Excel's limit for the text of a cell, in UTF-16 units. Excel also
// breaks longer fields of a CSV file into further cells.
const maxCell = 32767

// cut shortens s to at most limit UTF-16 units, and says so.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	mark := fmt.Sprintf(" … [cut, %d characters in all]", utf8.RuneCountInString(s))
	end, units := 0, 0
	room := limit - len(mark) // bytes of the mark: a little more than its units
	for i, r := range s {
		if units <= room {
			end = i
		}
		if units += utf16.RuneLen(r); units > limit {
			return s[:end] + mark
		}
	}
	return s
}

// inertCell is for cells of a workbook. Strings are written as text there, so
// a formula is already only text; what remains is XML, length, invisible
// characters and Excel's escapes. Line breaks stay.
func inertCell(s string) string { return cut(unescapable(visible(s, "\n")), maxCell) }

// unescapable breaks what Excel reads as an escape: _x202E_ changes the
// direction. The library writes most of them so that they are only read, but
// loses text that merely looks like one (my_xtest_name), and lets the second of
// two that share an underscore through.
func unescapable(s string) string {
	if !strings.Contains(s, "_x") && !strings.Contains(s, "_X") || !escapedRune.MatchString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == '_' && escapedRune.MatchString(s[i:min(i+7, len(s))]) {
			b.WriteString(`\u005f`)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escapedRune is an escape of Excel, or what the library takes for one.
var escapedRune = regexp.MustCompile(`(?i)_x[0-9a-z]{4}_`)

// startsFormula tells texts that become a formula when somebody edits the cell
// or saves the sheet as CSV; the writer gives such cells the text format.
func startsFormula(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' || s[0] >= 'a' && s[0] <= 'z' {
		return false // nearly all there is
	}
	return formulaStart.MatchString(s)
}

var (
	formulaStart = regexp.MustCompile(`^[\s\pZ"]*[=+\-@＝＋－＠﹦﹢﹣﹫−]`)
	// In a locale whose list separator is the semicolon Excel ignores our
	// quotes in the middle of a line: a formula can then start after a
	// semicolon or a line break as well, or after an empty pair of quotes.
	formulaInside = regexp.MustCompile(`([;\n])([\pZ"]*[=+\-@＝＋－＠﹦﹢﹣﹫−])`)
)

// inertCSV is for fields of CSV: a leading apostrophe keeps a spreadsheet from
// taking text for a formula. Only for text; numbers go out as they are.
func inertCSV(s string) string {
	if s = visible(s, "\n"); strings.ContainsAny(s, ";\n") {
		s = formulaInside.ReplaceAllString(s, "$1'$2")
	}
	if startsFormula(s) {
		s = "'" + s
	}
	return cut(s, maxCell)
}

// maxLine is the longest value that people are shown on a line, in UTF-16
// units: of 40,000 characters nobody reads the end, and a table pads each row to
// its widest. Files for programs have all of it.
const maxLine = 2000

// InertLine is for one line on a terminal: no escape sequence, no line break,
// no change of direction, no end that is out of sight.
func InertLine(s string) string { return cut(visible(s, ""), maxLine) }

// InertLines is for text on a terminal whose line breaks are ours.
func InertLines(s string) string { return visible(s, "\n\t") }

// InertWriter is for finished lines of a log, in JSON or with values quoted as
// in Go. Control characters are escaped there already, which is not all that a
// terminal obeys. Each Write has whole lines.
func InertWriter(w io.Writer) io.Writer { return inertWriter{w} }

type inertWriter struct{ w io.Writer }

func (i inertWriter) Write(p []byte) (int, error) {
	if _, err := i.w.Write(inertJSON(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// inertMarkdown is for running text and table cells of GitHub's Markdown. The
// text must not start a line: that is inertMarkdownLine. What GitHub links after
// rendering (mentions, numbers of issues, addresses) is broken up by a
// zero-width space, since an escaped @ still mentions.
func inertMarkdown(s string) string {
	return markdownEscaper.Replace(linkedWord.ReplaceAllString(visible(s, ""), "$1\u200b$2"))
}

// linkedWord is what GitHub links without a sign to tell it: www.example.com,
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
	// A colon makes a link of what stands before it, but not in front of a
	// space or a digit: reasons and times stay readable.
	": ", ": ", ":0", ":0", ":1", ":1", ":2", ":2", ":3", ":3", ":4", ":4", ":5", ":5", ":6", ":6", ":7", ":7", ":8", ":8", ":9", ":9",
	":", "&#58;&#8203;",
)

// inertMarkdownLine is inertMarkdown for text at the start of a line, where it
// would begin a list or underline a heading.
func inertMarkdownLine(s string) string {
	s = inertMarkdown(s)
	if startsBlock.MatchString(s) {
		s = "&#8203;" + s
	}
	return s
}

var startsBlock = regexp.MustCompile(`^[-+=\d]`)

// inertJSON is for a finished piece of JSON: valid JSON already, but printed
// on a terminal it could still carry C1 controls and changes of direction.
// They stand only inside strings, where an escape means the same.
func inertJSON(b []byte) []byte {
	if firstHostile(string(b), "\n") < 0 {
		return b
	}
	var out []byte
	var n neighbours
	for _, r := range string(b) {
		if n.refuse(r) && r >= 0x20 {
			out = appendEscape(out, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// appendEscape appends the escape of a rune inside a JSON string.
func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		return fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}
