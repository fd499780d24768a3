package xlsx

import (
	"fmt"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report"
)

// look names a cell style.
type look int

const (
	lookText      look = iota
	lookWrap           // a paragraph
	lookInertText      // text that would be a formula if somebody edited the cell
	lookInertWrap
	lookMuted // unknown, not given
	lookDate
	lookCount // 1,234
	lookNumber
	lookFloat
	lookLink
	lookHeader
	lookHeaderRight // above numbers
	lookInput       // for the reader to fill in
	lookTitle
	lookSubtitle
	lookVerdict
	lookHeading
	lookLabel
	lookGood // the box when all was seen
	lookBad  // the box when something was not
	lookWarn
	lookTileLabel
	lookTile
	lookTileCritical
	lookTileHigh
	lookTileMedium
	lookTileLow
	lookTileWorse
	lookTileBetter
)

// The colours of the workbook, from dark to light where it matters.
const (
	navy, grey, paleGrey, white = "1F3864", "7F7F7F", "F2F2F2", "FFFFFF"
	linkBlue                    = "0563C1"
)

// shade is how a word is coloured: severities, settings, statuses.
type shade struct{ fill, font string }

// shades is the one list of coloured words.
var shades = []struct {
	word string
	shade
}{
	{"critical", shade{"9C0006", white}},
	{"high", shade{"F4B084", "833C0B"}},
	{"medium", shade{"FFE699", "7F6000"}},
	{"low", shade{"DDEBF7", navy}},
	{"unclassified", shade{"E4DFEC", "403151"}},
	{"admin", shade{"FFC7CE", "9C0006"}},
	{"write", shade{"FFEB9C", "7F6000"}},
	{"gone", shade{"FFC7CE", "9C0006"}},
	{"outside", shade{"FFEB9C", "7F6000"}},
	{"all", shade{"FFEB9C", "7F6000"}},
	{"enabled", shade{"C6EFCE", "006100"}},
	{"disabled", shade{"FFC7CE", "9C0006"}},
	{"paused", shade{"FFEB9C", "7F6000"}},
	{"complete", shade{"C6EFCE", "006100"}},
	{"incomplete", shade{"FFC7CE", "9C0006"}},
	{"partial", shade{"FFEB9C", "7F6000"}},
	{"denied", shade{"FFC7CE", "9C0006"}},
	{"failed", shade{"FFC7CE", "9C0006"}},
	{"skipped", shade{"EDEDED", "595959"}},
	{"unknown", shade{"EDEDED", "595959"}},
}

// outcomeWords are those of a rule that are coloured.
var outcomeWords = []string{"complete", "incomplete"}

func (b *workbook) addStyles() error {
	b.style, b.format = map[look]int{}, map[string]int{}
	for l, s := range styles() {
		id, err := b.file.NewStyle(s)
		if err != nil {
			return fmt.Errorf("style %d: %w", l, err)
		}
		b.style[look(l)] = id
	}
	for _, s := range shades {
		id, err := b.file.NewConditionalStyle(&excelize.Style{
			Font: &excelize.Font{Color: s.font},
			Fill: solid(s.fill),
		})
		if err != nil {
			return fmt.Errorf("format of %s: %w", s.word, err)
		}
		b.format[s.word] = id
	}
	return nil
}

// styles lists the styles by look. A slice, since the order gives the ids.
func styles() []*excelize.Style {
	var (
		top      = &excelize.Alignment{Vertical: "top"}
		text     = &excelize.Alignment{Vertical: "top", Horizontal: "left", Indent: 1}
		wrapped  = &excelize.Alignment{Vertical: "top", Horizontal: "left", Indent: 1, WrapText: true}
		middle   = &excelize.Alignment{Vertical: "center", Horizontal: "left", Indent: 1, WrapText: true}
		right    = &excelize.Alignment{Vertical: "center", Horizontal: "right", WrapText: true}
		centered = &excelize.Alignment{Vertical: "center", Horizontal: "center"}
		stamp    = "yyyy-mm-dd hh:mm"
	)
	const asText = 49 // the number format "@"
	list := []*excelize.Style{
		lookText:        {Alignment: text},
		lookWrap:        {Alignment: wrapped},
		lookInertText:   {Alignment: text, NumFmt: asText},
		lookInertWrap:   {Alignment: wrapped, NumFmt: asText},
		lookMuted:       {Alignment: text, Font: font(excelize.Font{Color: grey, Italic: true})},
		lookDate:        {Alignment: text, CustomNumFmt: &stamp},
		lookCount:       {Alignment: top, CustomNumFmt: countFormat()},
		lookNumber:      {Alignment: top, NumFmt: 1},
		lookFloat:       {Alignment: top},
		lookLink:        {Alignment: text, Font: font(excelize.Font{Color: linkBlue, Underline: "single"})},
		lookHeader:      {Alignment: middle, Fill: solid(navy), Font: font(excelize.Font{Bold: true, Color: white})},
		lookHeaderRight: {Alignment: right, Fill: solid(navy), Font: font(excelize.Font{Bold: true, Color: white})},
		lookInput:       {Alignment: wrapped, Fill: solid("FFFBE6")},
		lookTitle:       {Font: font(excelize.Font{Size: 22, Bold: true, Color: navy})},
		lookSubtitle:    {Font: font(excelize.Font{Color: grey})},
		lookVerdict:     {Font: font(excelize.Font{Size: 13, Bold: true, Color: navy})},
		lookHeading:     {Font: font(excelize.Font{Size: 13, Bold: true, Color: navy}), Border: []excelize.Border{{Type: "bottom", Color: navy, Style: 1}}},
		lookLabel:       {Alignment: text, Font: font(excelize.Font{Color: grey})},
		lookGood:        box("E2EFDA", "375623"),
		lookBad:         box("FFC7CE", "9C0006"),
		lookWarn:        box("FFF2CC", "7F6000"),
		lookTileLabel:   {Alignment: centered, Font: font(excelize.Font{Color: grey, Size: 10})},
		lookTile:        tile(paleGrey, navy),
	}
	for _, s := range shades[:len(finding.Severities())] { // in the order of the looks
		list = append(list, tile(s.fill, s.font))
	}
	signed := "+#,##0;-#,##0;0"
	for _, s := range []*excelize.Style{tile("FFC7CE", "9C0006"), tile("C6EFCE", "006100")} {
		s.CustomNumFmt = &signed
		list = append(list, s)
	}
	return list
}

func font(f excelize.Font) *excelize.Font {
	f.Family = "Calibri" // unnamed it would be anything
	return &f
}

// tile is a number to be seen from afar.
func tile(back, color string) *excelize.Style {
	return &excelize.Style{
		Alignment: &excelize.Alignment{Vertical: "center", Horizontal: "center", ShrinkToFit: true}, Fill: solid(back),
		CustomNumFmt: countFormat(), Font: font(excelize.Font{Size: 20, Bold: true, Color: color}),
	}
}

// box is a message across the page.
func box(back, color string) *excelize.Style {
	return &excelize.Style{
		Alignment: &excelize.Alignment{Vertical: "center", Horizontal: "left", Indent: 1, WrapText: true},
		Fill:      solid(back), Font: font(excelize.Font{Color: color}),
	}
}

func countFormat() *string {
	format := "#,##0"
	return &format
}

// tint colours a word as another one is coloured.
type tint struct{ word, like string }

// tints are the words to be coloured in a column.
func (c sheetColumn) tints() []tint {
	var list []tint
	for _, word := range c.words {
		list = append(list, tint{word, word})
	}
	if c.good != "" {
		bad := map[string]string{"yes": "no", "no": "yes"}[c.good]
		list = append(list, tint{c.good, "enabled"}, tint{bad, "disabled"}, tint{report.UnknownWord, report.UnknownWord})
	}
	return list
}

func themselves(words []string) []tint { return sheetColumn{words: words}.tints() }

// colour lets Excel colour words in a range: conditional formats, so that the
// colour follows when a reader changes the word. Words without a colour of
// their own are passed over.
func (b *workbook) colour(sheet, area string, tints []tint) error {
	var options []excelize.ConditionalFormatOptions
	for _, t := range tints {
		if id, ok := b.format[t.like]; ok {
			options = append(options, excelize.ConditionalFormatOptions{
				Type: "cell", Criteria: "==", Value: `"` + t.word + `"`, Format: &id,
			})
		}
	}
	if len(options) == 0 {
		return nil
	}
	return b.file.SetConditionalFormat(sheet, area, options)
}
