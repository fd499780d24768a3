package sqlite

import (
	"fmt"
	"strings"
)

// A statement is never parsed here, that is SQLite's work; it is only cut into
// tokens as SQLite cuts it, to see what SQLite would not refuse: a second
// statement, and functions whose answer depends on the day they are asked.

// Kind is what a [Token] is.
type Kind int

const (
	Word        Kind = iota // keyword, name or number
	Text                    // 'text' or a blob
	Quoted                  // "name", [name] or `name`
	Parameter               // :name, @name, $name or ?
	Punctuation             // one character
)

// Token is a part of a statement.
type Token struct {
	Kind   Kind
	Value  string // as written; of text: without its quotes
	Offset int    // in bytes
}

// Tokens cuts a statement into tokens, leaving out white space and comments. A
// text or quoted name that does not end reaches to the end, as for SQLite.
func Tokens(statement string) []Token {
	var tokens []Token
	for i := 0; i < len(statement); {
		end, kind := next(statement, i)
		if kind >= 0 {
			value := statement[i:end]
			if kind == Text {
				value = unquote(value)
			}
			tokens = append(tokens, Token{kind, value, i})
		}
		i = end
	}
	return tokens
}

// next returns where the token that begins at i ends, and its kind; -1 for
// white space and comments.
func next(sql string, i int) (end int, kind Kind) {
	rest := sql[i:]
	switch c := sql[i]; {
	case strings.HasPrefix(rest, "--"):
		return i + until(rest, 2, "\n"), -1
	case strings.HasPrefix(rest, "/*"):
		return i + until(rest, 2, "*/"), -1
	case strings.HasPrefix(rest, "\ufeff"): // white space for SQLite, where a token would begin
		return i + len("\ufeff"), -1
	case strings.IndexByte(" \t\n\f\r", c) >= 0:
		return i + 1, -1
	case c == '\'':
		return i + quotedLength(rest, '\''), Text
	case c == '"' || c == '`':
		return i + quotedLength(rest, c), Quoted
	case c == '[':
		return i + until(rest, 1, "]"), Quoted
	case c == '?' || strings.IndexByte(":@$#", c) >= 0:
		n := parameterLength(rest)
		if n == 1 && c != '?' {
			return i + 1, Punctuation
		}
		return i + n, Parameter
	case isWord(c):
		return i + wordLength(rest), Word
	}
	return i + 1, Punctuation
}

// until returns the length of s up to and with the first end after from.
func until(s string, from int, end string) int {
	if n := strings.Index(s[from:], end); n >= 0 {
		return from + n + len(end)
	}
	return len(s)
}

// quotedLength returns the length of what is quoted by q, which is doubled inside.
func quotedLength(s string, q byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func unquote(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'")
	return strings.ReplaceAll(s, "''", "'")
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && (isWord(s[n]) || s[n] == '$') {
		n++
	}
	return n
}

// parameterLength is 1 if nothing follows the sign. SQLite takes Tcl's forms,
// $a::b(c), behind every sign but ?.
func parameterLength(s string) int {
	n := 1 + wordLength(s[1:])
	for n > 1 && s[0] != '?' && strings.HasPrefix(s[n:], "::") {
		n += 2 + wordLength(s[n+2:])
	}
	if n > 1 && s[0] != '?' && strings.HasPrefix(s[n:], "(") {
		if end := strings.IndexAny(s[n:], ") \t\n\v\f\r"); end >= 0 && s[n+end] == ')' {
			n += end + 1
		}
	}
	return n
}

// vetted is a statement that may be given to SQLite.
type vetted struct {
	body       string          // without a semicolon at the end
	parameters map[string]bool // names without their prefix
}

// askedTime ends the refusal of what asks for the time.
const askedTime = " is the time of asking; use :now, the time of the snapshot"

// clockTexts make a date function ask the clock, the last two when they stand
// where the time should.
var clockTexts = map[string]bool{"now": true, "subsec": true, "subsecond": true}

// clockFunctions ask the clock when they get fewer arguments than this.
var clockFunctions = map[string]int{"date": 1, "time": 1, "datetime": 1, "julianday": 1, "unixepoch": 1, "strftime": 2}

// vet refuses what is not one SELECT, or asks for the time.
func vet(sql string) (vetted, error) {
	if strings.ContainsRune(sql, 0) {
		return vetted{}, &QueryError{Message: "a NUL character in the statement"}
	}
	tokens := Tokens(sql)
	v := vetted{body: sql, parameters: map[string]bool{}}
	for len(tokens) > 0 && tokens[len(tokens)-1].Value == ";" && tokens[len(tokens)-1].Kind == Punctuation {
		v.body = sql[:tokens[len(tokens)-1].Offset]
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return vetted{}, &QueryError{Message: "no statement"}
	}
	switch first := strings.ToLower(tokens[0].Value); {
	case tokens[0].Kind == Word && (first == "select" || first == "with" || first == "values"):
	default:
		return vetted{}, refusal(sql, tokens[0], "only SELECT is allowed")
	}
	depth := 0
	for i, t := range tokens {
		if err := vetToken(sql, tokens, i); err != nil {
			return vetted{}, err
		}
		switch {
		case t.Kind == Punctuation && t.Value == "(":
			depth++
		case t.Kind == Punctuation && t.Value == ")":
			if depth--; depth < 0 {
				return vetted{}, refusal(sql, t, "nothing to close")
			}
		}
		if t.Kind == Parameter {
			v.parameters[t.Value[1:]] = true
		}
	}
	if err := unended(sql, tokens[len(tokens)-1]); err != nil {
		return vetted{}, err
	}
	return v, nil
}

// unended is the error of a text or quoted name, the last Token, that goes on
// to the end of the statement: SQLite would read on in what shape puts behind.
func unended(sql string, last Token) error {
	if last.Kind != Text && last.Kind != Quoted {
		return nil
	}
	quotes := sql[last.Offset:]
	closing := quotes[:1]
	isWhole := strings.Count(quotes[:quotedLength(quotes, quotes[0])], closing)%2 == 0
	if closing == "[" {
		closing, isWhole = "]", strings.Contains(quotes, "]")
	}
	if isWhole {
		return nil
	}
	line, column := place(sql, last.Offset)
	return &QueryError{Message: "what is quoted here does not end: its closing " + closing + " is missing", Line: line, Column: column}
}

// vetToken refuses the token at i.
func vetToken(sql string, tokens []Token, i int) error {
	t := tokens[i]
	name := strings.ToLower(strings.Trim(t.Value, "\"`[]"))
	switch {
	case t.Kind == Punctuation && t.Value == ";":
		return refusal(sql, t, "only one statement is allowed")
	case t.Kind == Parameter && (t.Value[0] != ':' || '0' <= t.Value[1] && t.Value[1] <= '9' || strings.ContainsAny(t.Value[1:], ":(")):
		return refusal(sql, t, "parameters are written :name")
	case t.Kind == Text && clockTexts[strings.ToLower(t.Value)]:
		return refusal(sql, t, "'"+t.Value+"'"+askedTime)
	case t.Kind == Word || t.Kind == Quoted:
		if least, ok := clockFunctions[name]; ok && arguments(tokens[i+1:]) < least {
			return refusal(sql, t, fmt.Sprintf("%s with too few arguments is the time of asking; use :now, the time of the snapshot", name))
		}
	}
	return nil
}

// arguments counts the arguments of a call whose tokens follow the function's
// name; many if it is no call.
func arguments(tokens []Token) int {
	const many = 1 << 30
	if len(tokens) == 0 || tokens[0].Value != "(" || tokens[0].Kind != Punctuation {
		return many
	}
	count, depth := 0, 0
	for _, t := range tokens {
		switch {
		case t.Kind == Punctuation && t.Value == "(":
			depth++
			continue
		case t.Kind == Punctuation && t.Value == ")":
			if depth--; depth == 0 {
				return count
			}
		case t.Kind == Punctuation && t.Value == "," && depth == 1:
			count++
			continue
		}
		count = max(count, 1)
	}
	return many
}

// refusal makes the error for a token.
func refusal(sql string, t Token, message string) *QueryError {
	line, column := place(sql, t.Offset)
	return &QueryError{Message: message, Near: t.Value, Line: line, Column: column}
}

// place turns an offset in bytes into line and column, both from 1.
func place(sql string, offset int) (line, column int) {
	before := sql[:offset]
	line = strings.Count(before, "\n") + 1
	return line, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}
