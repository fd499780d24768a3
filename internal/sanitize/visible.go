package sanitize

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// isHostile finds the runes that act instead of showing: control characters
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

// isJoiner finds the joiner of emoji and Indic scripts and the non-joiner of
// Persian.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// isSelector finds what makes an emoji of a sign, or a sign of an emoji.
func isSelector(r rune) bool { return r == '\ufe0e' || r == '\ufe0f' }

// neighbours are what precedes a rune: some runes belong in some places only.
// Between Latin letters a joiner would make two names look alike, text can hide
// in a sequence of joiners or selectors, and a tower of accents covers the lines
// above. Zero is the start of a text.
type neighbours struct {
	before rune
	marks  int // on the last letter
}

// maxMarks is how many marks a letter may carry: scripts need five.
const maxMarks = 8

// refuse says whether a rune must not come through, and moves on to the next.
// An escape will replace it.
func (n *neighbours) refuse(r rune) bool {
	if isHostile(r) || n.isMisplaced(r) {
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

// isMisplaced finds a rune that does no harm elsewhere.
func (n *neighbours) isMisplaced(r rune) bool {
	switch {
	case isJoiner(r):
		return n.before < 0x300 || isJoiner(n.before)
	case isSelector(r):
		return n.before < 0x80 && !strings.ContainsRune("0123456789#*", n.before) || isJoiner(n.before) || isSelector(n.before)
	}
	return n.marks >= maxMarks && unicode.In(r, unicode.Mn, unicode.Me)
}

// firstHostile is the place of the first rune that must not come through, -1
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

// visible replaces hostile runes by their escape, so that a reader sees that
// they were there, and broken UTF-8 by U+FFFD. Runes in keep stay.
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

// Cut shortens a text to at most limit UTF-16 units, and says so at its end. It
// does nothing else: the text must be harmless already, or become so later.
func Cut(s string, limit int) string {
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
