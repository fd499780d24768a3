package sanitize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is json.Marshal, but harmless on a terminal, and without the escapes for
// HTML, which would make "<" six bytes long and the file unpleasant to read; no
// browser runs this text as HTML. Errors are those of encoding/json.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// AppendJSON appends a JSON string that is harmless on a terminal and exact for
// a program: hostile runes as escapes, broken UTF-8 as U+FFFD. The bytes are
// those of [JSON].
func AppendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	var n neighbours
	for i, r := range s {
		if r >= 0x20 && r < 0x7f && r != '"' && r != '\\' { // nearly all there is
			b, n = append(b, byte(r)), neighbours{before: r}
			continue
		}
		refused := n.refuse(r)
		switch {
		case r == '"' || r == '\\' || r < 0x20:
			if escape := shortEscapes[r]; escape != "" {
				b = append(b, escape...)
			} else {
				b = appendEscape(b, r)
			}
		case refused || r == utf8.RuneError && isBroken(s[i:]):
			b = appendEscape(b, r)
			n = neighbours{before: 'x'}
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// shortEscapes are those that JSON has a letter for.
var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

// isBroken distinguishes a byte that is no UTF-8 from a U+FFFD that was written.
func isBroken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// escapeJSON is for a finished piece of JSON: valid JSON already, but printed
// on a terminal it could still carry C1 controls and changes of direction.
// They occur only inside strings, where an escape means the same.
func escapeJSON(b []byte) []byte {
	if firstHostile(string(b), "\n") < 0 {
		return b
	}
	var out []byte
	var n neighbours
	for _, r := range string(b) {
		if n.refuse(r) && r >= 0x20 {
			out = appendEscape(out, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// appendEscape appends the escape of a rune inside a JSON string.
func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		return fmt.Appendf(b, `\u%04x\u%04x`, hi, lo)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}
