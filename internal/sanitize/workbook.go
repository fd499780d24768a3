package sanitize

import (
	"regexp"
	"strings"
)

// MaxCell is Excel's limit for the text of a cell, in UTF-16 units. Excel also
// breaks longer fields of a CSV file into further cells.
const MaxCell = 32767

// Cell is for cells of a workbook. Strings are written as text there, so a
// formula is already only text; what remains is XML, length, invisible
// characters and Excel's escapes. Line breaks stay.
func Cell(s string) string { return Cut(breakEscapes(visible(s, "\n")), MaxCell) }

// Header is for the header of a table's column: one line of at most 200 UTF-16
// units; "" if nothing of the text can be shown.
func Header(s string) string {
	return Cut(escapedRune.ReplaceAllString(strings.TrimSpace(visible(s, "")), "?"), 200)
}

// Footer is for the footer of a printed page, where an ampersand starts a code.
func Footer(s string) string { return strings.ReplaceAll(Cut(visible(s, ""), 100), "&", "&&") }

// StartsFormula finds texts that become a formula when somebody edits the cell
// or saves the sheet as CSV; a writer gives such cells the text format.
func StartsFormula(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' || s[0] >= 'a' && s[0] <= 'z' {
		return false // nearly all there is
	}
	return formulaStart.MatchString(s)
}

// FitsFormula finds texts that can be put between quotes in a formula as they
// are, but for quotes, which are doubled: at most 255 units, nothing that a
// reader of XML would take apart. Excel may read _x0022_ as a quotation mark,
// which would end the string.
func FitsFormula(s string) bool {
	return s != "" && len(Cut(s, 255)) == len(s) && visible(s, "") == s &&
		strings.TrimSpace(s) == s && !escapedRune.MatchString(s)
}

// breakEscapes breaks what Excel reads as an escape: _x202E_ changes the
// direction. The library writes most of them so that they are only read, but
// loses text that merely looks like one (my_xtest_name), and lets the second of
// two that share an underscore through.
func breakEscapes(s string) string {
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

var formulaStart = regexp.MustCompile(`^[\s\pZ"]*[=+\-@＝＋－＠﹦﹢﹣﹫−]`)
