package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// stripper copies one JSON value without white space and without hypermedia:
// members named "url", "_links" or "…_url" other than "html_url", at any depth.
// It works on bytes, because decoding 200,000 repositories of 5 KB into maps
// would cost more than all the rest. It trusts nothing: what it writes is
// checked, what it steps over need not be JSON.
type stripper struct {
	in    []byte
	pos   int
	depth int
	out   []byte
}

// maxDepth of nesting; SQLite reads JSON up to 1,000, encoding/json to 10,000.
const maxDepth = 900

var errNotJSON = errors.New("not JSON")

// strip returns item less its hypermedia. With keys, only these members of
// the outermost object stay.
func strip(item json.RawMessage, keys map[string]bool) (string, error) {
	s := stripper{in: item, out: make([]byte, 0, len(item)/2)}
	if !s.value(keys) {
		return "", errNotJSON
	}
	s.skipSpace()
	if s.pos != len(s.in) || !json.Valid(s.out) {
		return "", errNotJSON
	}
	return string(s.out), nil
}

// isLink reports whether a member of this name is hypermedia. The name is
// compared as it was sent: an escaped spelling is kept, which loses nothing.
func isLink(name string) bool {
	return name == "url" || name == "_links" || (strings.HasSuffix(name, "_url") && name != "html_url")
}

// peek returns the next character that is not white space; 0 at the end.
func (s *stripper) peek() byte {
	s.skipSpace()
	if s.pos >= len(s.in) {
		return 0
	}
	return s.in[s.pos]
}

func (s *stripper) skipSpace() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// value copies the value that begins here; false: there is none.
func (s *stripper) value(keys map[string]bool) bool {
	switch s.peek() {
	case '{':
		return s.members('}', keys)
	case '[':
		return s.members(']', nil)
	}
	text, ok := s.scalar()
	s.out = append(s.out, text...)
	return ok
}

// scalar steps over the text, number or word that begins here.
func (s *stripper) scalar() (text []byte, ok bool) {
	start := s.pos
	if s.pos < len(s.in) && s.in[s.pos] == '"' {
		ok = s.text()
		return s.in[start:s.pos], ok
	}
	for s.pos < len(s.in) && !isEnd(s.in[s.pos]) {
		s.pos++
	}
	return s.in[start:s.pos], s.pos > start
}

// isEnd tells whether a character ends a number or word.
func isEnd(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', '"', '[', ']', '{', '}':
		return true
	}
	return false
}

// text steps over the text that begins here; false: it does not end.
func (s *stripper) text() bool {
	for s.pos++; ; {
		n := bytes.IndexByte(s.in[s.pos:], '"')
		if n < 0 {
			s.pos = len(s.in)
			return false
		}
		end := s.pos + n
		s.pos = end + 1
		backslashes := 0
		for s.in[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return true
		}
	}
}

// members copies the object or array that begins here, up to end.
func (s *stripper) members(end byte, keys map[string]bool) bool {
	if s.depth++; s.depth > maxDepth {
		return false
	}
	s.out = append(s.out, s.in[s.pos])
	s.pos++
	for isFirst := true; ; {
		switch s.peek() {
		case end:
			s.pos++
			s.depth--
			s.out = append(s.out, end)
			return true
		case ',':
			s.pos++
			continue
		}
		isWritten, ok := s.member(end == '}', isFirst, keys)
		if !ok {
			return false
		}
		isFirst = isFirst && !isWritten
	}
}

// member copies the member of an object or array that begins here, or steps
// over it.
func (s *stripper) member(isNamed, isFirst bool, keys map[string]bool) (isWritten, ok bool) {
	var name []byte
	if isNamed {
		if name, ok = s.name(); !ok {
			return false, false
		}
		bare := string(name[1 : len(name)-1])
		if isLink(bare) || (keys != nil && !keys[bare]) {
			return false, s.skip()
		}
	}
	if !isFirst {
		s.out = append(s.out, ',')
	}
	if isNamed {
		s.out = append(append(s.out, name...), ':')
	}
	return true, s.value(nil)
}

// name steps over a member's name, with its quotes, and the colon.
func (s *stripper) name() (name []byte, ok bool) {
	if s.peek() != '"' {
		return nil, false
	}
	name, ok = s.scalar()
	if !ok || s.peek() != ':' {
		return nil, false
	}
	s.pos++
	return name, true
}

// skip steps over the value that begins here.
func (s *stripper) skip() bool {
	for depth := 0; ; {
		switch s.peek() {
		case 0:
			return false
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':':
			s.pos++
		default:
			if _, ok := s.scalar(); !ok {
				return false
			}
		}
		if depth <= 0 {
			return depth == 0
		}
	}
}
