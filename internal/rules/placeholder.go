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
	scan(sql, func(at, n int, isPlaceholder bool) {
		if isPlaceholder {
			found = append(found, placeholder{text: sql[at : at+n], line: 1 + strings.Count(sql[:at], "\n")})
		}
	})
	return found
}

// words finds where the bare words of a query begin.
func words(sql string) []int {
	var found []int
	scan(sql, func(at, _ int, isPlaceholder bool) {
		if !isPlaceholder {
			found = append(found, at)
		}
	})
	return found
}

// scan reports the words and the parameters of a query.
func scan(sql string, report func(at, n int, isPlaceholder bool)) {
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
			report(i, n, true)
			i += n
		default:
			// A word is passed over as a whole: SQLite takes its $ for a letter.
			n := wordLength(rest)
			if n > 0 {
				report(i, n, false)
			}
			i += max(1, n)
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
