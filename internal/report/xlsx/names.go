package xlsx

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"auditor/internal/sanitize"
)

// uniqueTitles makes headers that a table accepts: not empty, no line breaks,
// no two alike in any case of letters, at most 255 long.
func uniqueTitles(columns []sheetColumn) []sheetColumn {
	out, seen := make([]sheetColumn, len(columns)), map[string]bool{}
	for i, c := range columns {
		title := sanitize.Header(c.title)
		if title == "" {
			title = "Column " + strconv.Itoa(i+1)
		}
		c.title = title
		for n := 2; seen[strings.ToLower(c.title)]; n++ {
			c.title = title + " (" + strconv.Itoa(n) + ")"
		}
		seen[strings.ToLower(c.title)] = true
		out[i] = c
	}
	return out
}

var forbiddenInSheetName = regexp.MustCompile(`[:\\/?*\[\]]`)

// titleEnd is where the subject of a title ends: "All tokens, the most powerful
// first" is about all tokens.
var titleEnd = regexp.MustCompile(`[,;:.(]| with | by | and their `)

// sheetName makes a name that Excel accepts out of a title: at most 31
// characters with room for " 2 (12)", none of those it uses itself.
func sheetName(title, fallback string) string {
	if end := titleEnd.FindStringIndex(title); end != nil {
		title = title[:end[0]]
	}
	name := strings.Join(strings.Fields(forbiddenInSheetName.ReplaceAllString(sanitize.Line(title), " ")), " ")
	name = strings.Trim(name, " '")
	if utf8.RuneCountInString(name) > 23 {
		return fallback
	}
	for _, taken := range []string{"", sheetSummary, sheetFindings, sheetResolved, sheetChanges, sheetCoverage, sheetRules, "History"} {
		if strings.EqualFold(name, taken) {
			return fallback
		}
	}
	return name
}

// freeName is the name, with a number behind it if another sheet has it.
func (b *workbook) freeName(name string) string {
	free := name
	for n := 2; slices.ContainsFunc(b.contents, func(c contents) bool { return strings.EqualFold(c.sheet, free) }); n++ {
		free = name + " " + strconv.Itoa(n)
	}
	return free
}
