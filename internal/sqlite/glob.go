package sqlite

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Glob is a pattern of SQLite's operator GLOB that ignores the case of letters:
// Match answers what lower(text) GLOB lower(pattern) answers in a statement. It
// is the one kind of pattern in the configuration, in parameters and in SQL.
//
// The sign * matches any characters, / included, ? matches one, [a-z] one of a
// set, [^a-z] one that is not in the set; ] as the first of a set is a member of
// it. There is no escape. Only letters of ASCII have case, as in SQLite's lower
// and in names of GitHub. A text holds no NUL, at which SQLite would end it.
//
// The zero value is the empty pattern: it matches the empty text.
type Glob struct {
	pattern []rune // in lower case
}

// ParseGlob reads a pattern and refuses what matches no name or is a mistake: the
// empty one, a set without its ], a backslash (no name has one: it is meant as
// an escape) and NUL, which ends a text of SQLite.
func ParseGlob(pattern string) (Glob, error) {
	switch {
	case pattern == "":
		return Glob{}, errors.New("the glob is empty")
	case strings.Contains(pattern, `\`):
		return Glob{}, errors.New(`no name has a \, and a glob has no escape: write [*] for a *`)
	case strings.Contains(pattern, "\x00"):
		return Glob{}, errors.New("the glob has a NUL in it")
	}
	g := Glob{pattern: []rune(lower(pattern))}
	for rest := g.pattern; len(rest) > 0; {
		if rest[0] != '[' {
			rest = rest[1:]
			continue
		}
		set, ok := cutSet(rest)
		if !ok {
			return Glob{}, errors.New("a [ has no ] that ends it: write [[] for a [")
		}
		rest = rest[set.size:]
	}
	return g, nil
}

// Match reports whether the pattern matches the whole text.
//
// It tries the shortest run for each * and lengthens that of the last one only:
// where a later * fails, a longer run of an earlier one cannot help.
func (g Glob) Match(text string) bool {
	rest, star := g.pattern, []rune(nil) // star: what follows the last *
	for retry := text; text != "" || len(rest) > 0; {
		if len(rest) > 0 && rest[0] == '*' {
			rest = rest[1:]
			star, retry = rest, text
			continue
		}
		c, size := utf8.DecodeRuneInString(text)
		if text != "" && len(rest) > 0 {
			if element, ok := matchOne(rest, lowerRune(c)); ok {
				rest, text = rest[element:], text[size:]
				continue
			}
		}
		if star == nil || retry == "" {
			return false
		}
		_, size = utf8.DecodeRuneInString(retry)
		retry = retry[size:]
		rest, text = star, retry
	}
	return true
}

// matchOne matches the first element of a pattern, which is not *, and returns
// how long the element is.
func matchOne(pattern []rune, c rune) (size int, ok bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		set, isSet := cutSet(pattern)
		return set.size, isSet && set.has(c)
	}
	return 1, pattern[0] == c
}

// globSet is one [...] of a pattern.
type globSet struct {
	size      int // of the whole, brackets included
	isNegated bool
	members   []rune // as written, less a ] at the start
	hasEnd    bool   // a ] at the start is a member
}

// cutSet reads the set at the start of a pattern; not ok: it does not end.
func cutSet(pattern []rune) (s globSet, ok bool) {
	at := 1
	if at < len(pattern) && pattern[at] == '^' {
		s.isNegated = true
		at++
	}
	if at < len(pattern) && pattern[at] == ']' {
		s.hasEnd = true
		at++
	}
	for end := at; end < len(pattern); end++ {
		if pattern[end] == ']' {
			s.members, s.size = pattern[at:end], end+1
			return s, true
		}
	}
	return s, false
}

// has reads members as SQLite does: a - between two is a range, but not at the
// start or the end of a set, nor right after a range. Of a range from high to low
// only the first is a member.
func (s globSet) has(c rune) bool {
	isIn := s.hasEnd && c == ']'
	const none = 0
	before := rune(none)
	for i := 0; i < len(s.members); i++ {
		if m := s.members[i]; m == '-' && i+1 < len(s.members) && before != none {
			i++
			isIn = isIn || before <= c && c <= s.members[i]
			before = none
		} else {
			isIn = isIn || m == c
			before = m
		}
	}
	return isIn != s.isNegated
}

// lower is SQLite's function of that name: ASCII only.
func lower(text string) string { return strings.Map(lowerRune, text) }

func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
