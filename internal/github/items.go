package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

var errNotJSON = errors.New("the answer is not JSON")

// decodeList cuts the text of a list into its items. Decoding it with
// encoding/json would read the text three times, which was a third of a run's
// CPU. The items are parts of the text, not copies, and have no room to grow
// into the next one.
func decodeList(text []byte) ([]json.RawMessage, error) {
	if kind := jsontext.Value(text).Kind(); kind != '[' {
		return nil, fmt.Errorf("want a list, got %s", nameOf(kind))
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return nil, errNotJSON
	}
	items := []json.RawMessage{}
	for d.PeekKind() != ']' {
		item, err := d.ReadValue()
		if err != nil {
			return nil, errNotJSON // the decoder's error could quote the answer
		}
		end := int(d.InputOffset())
		items = append(items, json.RawMessage(text[end-len(item):end:end]))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errNotJSON
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errNotJSON
	}
	return items, nil
}

// isJSON reports whether a text is one JSON value. Like encoding/json, and
// unlike jsontext, it takes a member that occurs twice and text that is not UTF-8.
func isJSON(text []byte) bool {
	return jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// nameOf is a kind of JSON value in words, for messages.
func nameOf(kind jsontext.Kind) string {
	switch kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	case '0':
		return "a number"
	}
	return "nothing"
}
