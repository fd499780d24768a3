package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report"
	"auditor/internal/sanitize"
)

// cell makes a stream cell of a typed value. Nil is an empty cell, except
// where a word is due: an unknown setting must not look like a forgotten one.
func (b *workbook) cell(kind finding.ColumnKind, v any) any {
	v, _ = kind.Typed(v)
	switch v := v.(type) {
	case nil:
		if kind == finding.YesNo || kind == report.Setting {
			return b.muted(report.UnknownWord)
		}
		return nil
	case bool:
		return excelize.Cell{StyleID: b.style[lookText], Value: finding.YesOrNo(v)}
	case int64:
		return b.number(kind, v)
	case int:
		return b.number(kind, int64(v))
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return b.text(strconv.FormatFloat(v, 'g', -1, 64))
		}
		return excelize.Cell{StyleID: b.style[lookFloat], Value: v}
	case report.Time:
		return b.date(v.Time)
	case []byte:
		return b.text(string(v))
	case string:
		return b.string(kind, v)
	}
	return nil
}

// muted is a word of ours for what is not there.
func (b *workbook) muted(word string) excelize.Cell {
	return excelize.Cell{StyleID: b.style[lookMuted], Value: word}
}

func (b *workbook) string(kind finding.ColumnKind, s string) any {
	switch kind {
	case finding.Time:
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return b.date(t)
		}
	case finding.Link:
		return b.link(s, s)
	}
	return b.text(s)
}

func (b *workbook) text(s string) excelize.Cell { return b.plainOrInert(s, lookText, lookInertText) }

// optional is a text, or an empty cell for none.
func (b *workbook) optional(s string) any {
	if s == "" {
		return nil
	}
	return b.text(s)
}

// paragraph is text that breaks into lines, as many as its column shows.
func (b *workbook) paragraph(s string) excelize.Cell {
	return b.plainOrInert(s, lookWrap, lookInertWrap)
}

func (b *workbook) plainOrInert(s string, plain, inert look) excelize.Cell {
	if sanitize.StartsFormula(s) {
		plain = inert
	}
	return excelize.Cell{StyleID: b.style[plain], Value: sanitize.Cell(s)}
}

// number writes counts with separators and ids without. Beyond 15 digits Excel
// would round: text.
func (b *workbook) number(kind finding.ColumnKind, n int64) any {
	if n > 999999999999999 || n < -999999999999999 {
		return b.text(strconv.FormatInt(n, 10))
	}
	l := lookNumber
	if kind == finding.Number {
		l = lookCount
	}
	return excelize.Cell{StyleID: b.style[l], Value: n}
}

// date writes a real date; what Excel's calendar lacks stays text.
func (b *workbook) date(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	if t.Year() < 1901 || t.Year() > 9999 {
		return b.text(report.At(t).String())
	}
	return excelize.Cell{StyleID: b.style[lookDate], Value: serial(t)}
}

// serial counts days since the end of 1899, which is what Excel calls a date.
func serial(t time.Time) float64 {
	const epoch = 25569 // 1 January 1970
	return epoch + float64(t.Unix())/86400
}

// link writes a HYPERLINK formula, with its text as the cached value: other
// readers than Excel see nothing else. A formula it is, since a sheet can hold
// only 65,530 real links. What does not fit a formula is written as text.
func (b *workbook) link(address, text string) any {
	if !sanitize.IsWebAddress(address) || !sanitize.FitsFormula(address) || !sanitize.FitsFormula(text) {
		return b.text(text)
	}
	return excelize.Cell{
		StyleID: b.style[lookLink],
		Formula: `HYPERLINK("` + quote.Replace(address) + `","` + quote.Replace(text) + `")`,
		Value:   text,
	}
}

var quote = strings.NewReplacer(`"`, `""`)
