package report

import (
	"bytes"
	"fmt"
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
// invisible format characters (text can hide in them), line separators and
// code points that XML forbids. The two joiners stay: emoji and Persian need
// them, and they can do no harm.
func isHostile(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return false
	case r < 0x20 || r == 0x7f:
		return true
	case r < 0x80:
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) ||
		r&0xfffe == 0xfffe || (r >= 0xfdd0 && r <= 0xfdef)
}

// visible replaces hostile runes by their escape, so that one sees that they
// were there, and broken UTF-8 by U+FFFD. Runes in keep stay.
func visible(s, keep string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, isHostile) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		switch {
		case !isHostile(r) || strings.ContainsRune(keep, r):
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
	units, all := 0, 0
	mark := fmt.Sprintf(" … [cut, %d characters in all]", utf8.RuneCountInString(s))
	end := len(s)
	room := limit - len(mark) // bytes of the mark: a little more than its units
	for i, r := range s {
		if units <= room {
			end = i
		}
		n := utf16.RuneLen(r)
		units += n
		all += n
	}
	if all <= limit {
		return s
	}
	return s[:end] + mark
}

// inertCell is for cells of a workbook. Strings are written as text there, so
// a formula is already only text; what remains is XML, length and invisible
// characters. Line breaks stay.
func inertCell(s string) string { return cut(visible(s, "\n"), maxCell) }

// startsFormula tells texts that become a formula when somebody edits the cell
// or saves the sheet as CSV; the writer gives such cells the text format.
func startsFormula(s string) bool { return formulaStart.MatchString(s) }

var (
	formulaStart = regexp.MustCompile(`^[\s"]*[=+\-@＝＋－＠]`)
	// In a locale whose list separator is the semicolon Excel ignores our
	// quotes in the middle of a line: a formula can then start after a
	// semicolon or a line break as well, or after an empty pair of quotes.
	formulaInside = regexp.MustCompile(`([;\n])([\s"]*[=+\-@＝＋－＠])`)
)

// inertCSV is for fields of CSV: a leading apostrophe keeps a spreadsheet from
// taking text for a formula. Only for text; numbers go out as they are.
func inertCSV(s string) string {
	s = formulaInside.ReplaceAllString(visible(s, "\n"), "$1'$2")
	if formulaStart.MatchString(s) {
		s = "'" + s
	}
	return cut(s, maxCell)
}

// inertTerminal is for one line on a terminal: no escape sequence, no line
// break, no change of direction.
func inertTerminal(s string) string { return visible(s, "") }

// inertMarkdown is for running text and table cells of GitHub's Markdown. The
// text must not start a line. What GitHub links after rendering (mentions,
// issue numbers) is broken up by a zero-width space, since an escaped @ still
// mentions.
func inertMarkdown(s string) string { return markdownEscaper.Replace(visible(s, "")) }

var markdownEscaper = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	// As entities, for a backslash before a pipe would end the table cell, and
	// not every reader honours it before a bracket.
	`\`, "&#92;", "|", "&#124;", "[", "&#91;", "]", "&#93;",
	"`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`, "!", `\!`, "$", `\$`,
	"@", "@&#8203;", "#", "#&#8203;",
	// A colon makes a link of what stands before it, but not in front of a
	// space or a digit: reasons and times stay readable.
	": ", ": ", ":0", ":0", ":1", ":1", ":2", ":2", ":3", ":3", ":4", ":4", ":5", ":5", ":6", ":6", ":7", ":7", ":8", ":8", ":9", ":9",
	":", "&#58;",
	"www.", "www&#46;", "WWW.", "WWW&#46;",
)

// inertJSON is for a finished piece of JSON: valid JSON already, but printed
// on a terminal it could still carry C1 controls and changes of direction.
// They stand only inside strings, where an escape means the same.
func inertJSON(b []byte) []byte {
	if bytes.IndexFunc(b, isHostile) < 0 {
		return b
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		switch {
		case r < 0x20 || !isHostile(r):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes()
}
