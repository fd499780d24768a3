package sanitize

import (
	"regexp"
	"strings"
)

// CSV is for fields of CSV: a leading apostrophe keeps a spreadsheet from
// taking text for a formula. Only for text; numbers go out as they are. The
// quotes of the format are not put around it.
func CSV(s string) string {
	if s = visible(s, "\n"); strings.ContainsAny(s, ";\n") {
		s = formulaInside.ReplaceAllString(s, "$1'$2")
	}
	if StartsFormula(s) {
		s = "'" + s
	}
	return Cut(s, MaxCell)
}

// In a locale whose list separator is the semicolon Excel ignores our quotes in
// the middle of a line: a formula can then start after a semicolon or a line
// break as well, or after an empty pair of quotes.
var formulaInside = regexp.MustCompile(`([;\n])([\pZ"]*[=+\-@＝＋－＠﹦﹢﹣﹫−])`)
