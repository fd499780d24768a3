package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// compactor copies JSON values without white space and without hypermedia:
// members named "url", "_links" or "…_url" other than "html_url", at any depth.
// It copies token by token, because decoding 200,000 repositories of 5 KB into
// maps would cost more than all the rest. The zero value is ready; not safe for
// concurrent use.
type compactor struct {
	decoder jsontext.Decoder
	out     []byte
}

// maxDepth of nesting; SQLite reads JSON up to 1,000, encoding/json to 10,000.
const maxDepth = 900

var errNotJSON = errors.New("not JSON")

// strip returns item less its hypermedia. With keys, only these members of
// the outermost object stay. A member that occurs twice, and text that is not
// UTF-8, stay as they are: what to make of them is for SQLite to say.
func (s *compactor) strip(item json.RawMessage, keys map[string]bool) (string, error) {
	s.decoder.Reset(bytes.NewBuffer(item), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	s.out = s.out[:0]
	if err := s.value(keys); err != nil {
		return "", errNotJSON // the decoder's error could quote the item
	}
	if _, err := s.decoder.ReadToken(); err != io.EOF {
		return "", errNotJSON
	}
	return string(s.out), nil
}

// isLink reports whether a member of this name is hypermedia. The name is
// compared as it was sent: an escaped spelling is kept, which loses nothing.
func isLink(name []byte) bool {
	return string(name) == "url" || string(name) == "_links" ||
		bytes.HasSuffix(name, []byte("_url")) && string(name) != "html_url"
}

// value copies the value that begins here; keys as in strip.
func (s *compactor) value(keys map[string]bool) error {
	switch s.decoder.PeekKind() {
	case '{':
		return s.object(keys)
	case '[':
		return s.array()
	}
	text, err := s.decoder.ReadValue()
	s.out = append(s.out, text...)
	return err
}

func (s *compactor) object(keys map[string]bool) error {
	if err := s.delimiter('{'); err != nil {
		return err
	}
	for isFirst := true; s.decoder.PeekKind() == '"'; {
		name, err := s.decoder.ReadValue()
		if err != nil {
			return err
		}
		bare := name[1 : len(name)-1]
		if isLink(bare) || keys != nil && !keys[string(bare)] {
			if err := s.decoder.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if !isFirst {
			s.out = append(s.out, ',')
		}
		isFirst = false
		s.out = append(append(s.out, name...), ':')
		if err := s.value(nil); err != nil {
			return err
		}
	}
	return s.delimiter('}')
}

func (s *compactor) array() error {
	if err := s.delimiter('['); err != nil {
		return err
	}
	for isFirst := true; s.decoder.PeekKind() != ']'; isFirst = false {
		if !isFirst {
			s.out = append(s.out, ',')
		}
		if err := s.value(nil); err != nil { // also where nothing begins
			return err
		}
	}
	return s.delimiter(']')
}

// delimiter copies a bracket that was peeked at, or fails where it is another.
func (s *compactor) delimiter(want byte) error {
	token, err := s.decoder.ReadToken()
	switch {
	case err != nil:
		return err
	case byte(token.Kind()) != want || s.decoder.StackDepth() > maxDepth:
		return errNotJSON
	}
	s.out = append(s.out, want)
	return nil
}
