package rules

import "strings"

// A placeholder is a parameter where a query uses it.
type placeholder struct {
	text string // with its sign: :days
	line int    // 1-based
}

// placeholders finds the parameters of a query outside of strings, quoted names
// and comments. It does not parse SQL: what it misses, SQLite finds.
func placeholders(sql string) []placeholder {
	var found []placeholder
	scan(sql, func(at, n int, kind tokenKind) {
		if kind == aPlaceholder {
			found = append(found, placeholder{text: sql[at : at+n], line: 1 + strings.Count(sql[:at], "\n")})
		}
	})
	return found
}

// A tokenKind is what scan tells apart.
type tokenKind int

const (
	aPlaceholder tokenKind = iota
	aWord
	aSign // one character that is none of the others, spaces included
)

// scan reports what a query has outside of strings, quoted names and comments.
func scan(sql string, report func(at, n int, kind tokenKind)) {
	for i := 0; i < len(sql); {
		switch rest := sql[i:]; {
		case strings.HasPrefix(rest, "--"):
			i += through(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			i += 2 + through(rest[2:], "*/")
		case rest[0] == '[':
			i += 1 + through(rest[1:], "]")
		case strings.ContainsRune("'\"`", rune(rest[0])):
			i += 1 + through(rest[1:], rest[:1])
		case rest[0] == '?', strings.ContainsRune(":@$", rune(rest[0])) && wordLength(rest[1:]) > 0:
			n := 1 + wordLength(rest[1:])
			report(i, n, aPlaceholder)
			i += n
		default:
			// A word is passed over as a whole: SQLite takes its $ for a letter.
			if n := wordLength(rest); n > 0 {
				report(i, n, aWord)
				i += n
			} else {
				report(i, 1, aSign)
				i++
			}
		}
	}
}

// through is the length of text up to the end of the first mark in it.
func through(text, mark string) int {
	if at := strings.Index(text, mark); at >= 0 {
		return at + len(mark)
	}
	return len(text)
}

func wordLength(text string) int {
	for i := range len(text) {
		c := text[i]
		isWord := c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !isWord {
			return i
		}
	}
	return len(text)
}
