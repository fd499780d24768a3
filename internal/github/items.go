package github

import (
	"bytes"
	"encoding/json"
)

// cutList cuts the text of a list into its items; ok is false when it is none.
// The chain has found the text to be JSON, and the store checks each item again:
// here only quotes, brackets and commas are looked at. Decoding would read it
// three times more, which was a third of a run's CPU. The items are parts of
// the text, not copies.
func cutList(text []byte) (items []json.RawMessage, ok bool) {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' {
		return nil, false
	}
	items = []json.RawMessage{}
	start, depth := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfText(text, i)
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 1 {
				items = append(items, item(text[start:i]))
				start = i + 1
			}
		}
		if depth == 0 {
			if last := item(text[start:min(i, len(text))]); len(last) > 0 || len(items) > 0 {
				items = append(items, last)
			}
			return items, i == len(text)-1
		}
	}
	return nil, false
}

// item is one without the space around it, and with no room to grow into the next.
func item(text []byte) json.RawMessage {
	text = bytes.TrimSpace(text)
	return text[:len(text):len(text)]
}

// endOfText is where the quote stands that ends the text which begins at start:
// the next one with an even number of backslashes before it.
func endOfText(text []byte, start int) int {
	for i := start + 1; ; i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text)
		}
		i += n
		backslashes := 0
		for text[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i
		}
	}
}
