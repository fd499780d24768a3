package xlsx

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

func longestWord(title string) float64 {
	longest := 0.0
	for word := range strings.FieldsSeq(title) {
		longest = max(longest, widthOf(word))
	}
	return longest
}

// widthOf is about how wide a word is in bold, in characters: capitals need more.
func widthOf(word string) float64 {
	width := 0.0
	for _, r := range word {
		width++
		if unicode.IsUpper(r) {
			width += 0.25
		}
	}
	return width
}

// headerHeight is the height in points in which all headers can be read.
func headerHeight(columns []sheetColumn) float64 {
	most := 1
	for _, c := range columns {
		lines, used := 1, 0.0
		for word := range strings.FieldsSeq(c.title) {
			n := widthOf(word) + 1
			if used > 0 && used+n > c.width-2 { // less the indent
				lines, used = lines+1, 0
			}
			used += n
		}
		most = max(most, lines)
	}
	return float64(15*min(most, 6) + 6)
}

// usualLines of a paragraph are shown: a hostile reason would make its row fill
// the screen. What a rule's author writes may take more.
const usualLines = 8

// lineHeight is the height in points that the row's paragraphs need; 0 leaves
// it to the reader's program. Excel would find out by itself, LibreOffice and
// Google Sheets do not.
func (b *workbook) lineHeight(cells []any, columns []sheetColumn) float64 {
	const points = 15 // a line
	most := 1
	for i, v := range cells {
		c, ok := v.(excelize.Cell)
		if !ok || c.StyleID != b.style[lookWrap] && c.StyleID != b.style[lookInertWrap] {
			continue
		}
		text, _ := c.Value.(string)
		most = max(most, min(linesOf(text, columns[i].width), cmp.Or(columns[i].lines, usualLines)))
	}
	if most == 1 {
		return 0
	}
	return float64(most * points)
}

// linesOf is about how many lines a text takes in a column.
func linesOf(text string, width float64) int {
	n := 0
	for part := range strings.SplitSeq(text, "\n") {
		n += 1 + int(float64(utf8.RuneCountInString(part))*0.95/width)
	}
	return n
}
