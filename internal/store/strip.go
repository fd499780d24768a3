package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// compactor copies JSON values without white space and without hypermedia:
// members named "url", "_links" or "…_url" other than "html_url", at any depth,
// except where the names are somebody's own. What is not as the schema declares
// it is left out, and noted. It copies token by token, because decoding 200,000
// repositories of 5 KB into maps would cost more than all the rest. The zero value
// is ready; not safe for concurrent use.
type compactor struct {
	decoder jsontext.Decoder
	out     []byte
	odd     []oddity // of the item that was stripped last
	isLost  bool     // it has no identity
}

// maxDepth of nesting; SQLite reads JSON up to 1,000, encoding/json to 10,000.
const maxDepth = 900

var errNotJSON = errors.New("not JSON")

// strip returns item less its hypermedia and less what is not as fields, nil for
// none, say. With keys, only these members of the outermost object stay. A member
// that occurs twice, and text that is not UTF-8, stay as they are: what to make of
// them is for SQLite to say.
func (s *compactor) strip(item json.RawMessage, fields *field, keys map[string]bool) (string, error) {
	s.decoder.Reset(bytes.NewBuffer(item), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	s.out, s.odd, s.isLost = s.out[:0], nil, false
	isOdd, err := s.value(fields, keys)
	if err != nil {
		return "", errNotJSON // the decoder's error could quote the item
	}
	if _, err := s.decoder.ReadToken(); err != io.EOF {
		return "", errNotJSON
	}
	s.isLost = s.isLost || isOdd
	return string(s.out), nil
}

// isLink reports whether a member of this name is hypermedia. The name is
// compared as it was sent: an escaped spelling is kept, which loses nothing.
func isLink(name []byte) bool {
	return string(name) == "url" || string(name) == "_links" ||
		bytes.HasSuffix(name, []byte("_url")) && string(name) != "html_url"
}

// value copies the value that begins here, unless it is odd; keys as in strip.
func (s *compactor) value(f *field, keys map[string]bool) (isOdd bool, err error) {
	kind := s.decoder.PeekKind()
	isNull := kind == 'n' && f != nil && f.presence != "required"
	if f != nil && !isNull && !f.kind.begins(kind) {
		value, err := s.decoder.ReadValue()
		s.note(f, value)
		return true, err
	}
	switch kind {
	case '{':
		return false, s.object(f, keys)
	case '[':
		return false, s.array(f)
	}
	value, err := s.decoder.ReadValue()
	if err == nil && f != nil && !isNull && !f.admits(value) {
		s.note(f, value)
		return true, nil
	}
	s.out = append(s.out, value...)
	return false, err
}

func (s *compactor) object(f *field, keys map[string]bool) error {
	if err := s.delimiter('{'); err != nil {
		return err
	}
	var seen uint64 // of f.required
	for isFirst := true; s.decoder.PeekKind() == '"'; {
		name, err := s.decoder.ReadValue()
		if err != nil {
			return err
		}
		bare := name[1 : len(name)-1]
		if isLink(bare) && !f.hasOwnNames() || keys != nil && !keys[string(bare)] {
			if err := s.decoder.SkipValue(); err != nil {
				return err
			}
			continue
		}
		child, before := f.below(bare), len(s.out)
		if child != nil && child.index >= 0 {
			seen |= 1 << child.index
		}
		if !isFirst {
			s.out = append(s.out, ',')
		}
		s.out = append(append(s.out, name...), ':')
		isOdd, err := s.value(child, nil)
		switch {
		case err != nil:
			return err
		case isOdd && child.presence == "required":
			s.out = append(s.out, "null"...)
		case isOdd: // null would be an answer
			s.out = s.out[:before]
			continue
		}
		isFirst = false
	}
	if f != nil {
		for i, child := range f.required {
			if seen&(1<<i) == 0 {
				s.note(child, nil)
			}
		}
	}
	return s.delimiter('}')
}

// array copies a list. An odd item stays as null: others keep their places.
func (s *compactor) array(f *field) error {
	if err := s.delimiter('['); err != nil {
		return err
	}
	for isFirst := true; s.decoder.PeekKind() != ']'; isFirst = false {
		if !isFirst {
			s.out = append(s.out, ',')
		}
		isOdd, err := s.value(f.below(nil), nil)
		if err != nil { // also where nothing begins
			return err
		}
		if isOdd {
			s.out = append(s.out, "null"...)
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

// note records that a value, nil for an absent one, is not as declared.
func (s *compactor) note(f *field, value jsontext.Value) {
	s.isLost = s.isLost || f.kind == kindID
	s.odd = append(s.odd, newOddity(f, value))
}
