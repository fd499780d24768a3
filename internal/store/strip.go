package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// stripper copies one JSON value without white space and without hypermedia:
// members named "url", "_links" or "…_url" other than "html_url", at any depth.
// It works on bytes that encoding/json has called valid, because decoding
// 200,000 repositories of 5 KB into maps would cost more than all the rest.
type stripper struct {
	in  []byte
	pos int
	out []byte
}

// strip returns item less its hypermedia. With keys, only these members of
// the outermost object stay.
func strip(item json.RawMessage, keys map[string]bool) (string, error) {
	if !json.Valid(item) {
		return "", fmt.Errorf("not JSON: %.80q", item)
	}
	s := stripper{in: item, out: make([]byte, 0, len(item))}
	s.value(keys)
	return string(s.out), nil
}

// isLink reports whether a member of this name is hypermedia. The name is
// compared as it was sent: an escaped spelling is kept, which loses nothing.
func isLink(name string) bool {
	return name == "url" || name == "_links" || (strings.HasSuffix(name, "_url") && name != "html_url")
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

// value copies the value that begins here.
func (s *stripper) value(keys map[string]bool) {
	s.skipSpace()
	switch s.in[s.pos] {
	case '{':
		s.object(keys)
	case '[':
		s.array()
	default:
		s.out = append(s.out, s.scalar()...)
	}
}

// scalar returns the text, number or word that begins here and steps over it.
func (s *stripper) scalar() []byte {
	start := s.pos
	if s.in[s.pos] != '"' {
		for s.pos < len(s.in) && bytes.IndexByte([]byte(" \t\r\n,]}"), s.in[s.pos]) < 0 {
			s.pos++
		}
		return s.in[start:s.pos]
	}
	for s.pos++; s.in[s.pos] != '"'; s.pos++ {
		if s.in[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos++
	return s.in[start:s.pos]
}

func (s *stripper) object(keys map[string]bool) {
	s.pos++
	s.out = append(s.out, '{')
	for first := true; ; {
		s.skipSpace()
		switch s.in[s.pos] {
		case '}':
			s.pos++
			s.out = append(s.out, '}')
			return
		case ',':
			s.pos++
			continue
		}
		name := s.scalar()
		s.skipSpace()
		s.pos++ // the colon
		bare := string(name[1 : len(name)-1])
		if isLink(bare) || (keys != nil && !keys[bare]) {
			s.skip()
			continue
		}
		if !first {
			s.out = append(s.out, ',')
		}
		first = false
		s.out = append(append(s.out, name...), ':')
		s.value(nil)
	}
}

func (s *stripper) array() {
	s.pos++
	s.out = append(s.out, '[')
	for first := true; ; {
		s.skipSpace()
		switch s.in[s.pos] {
		case ']':
			s.pos++
			s.out = append(s.out, ']')
			return
		case ',':
			s.pos++
			continue
		}
		if !first {
			s.out = append(s.out, ',')
		}
		first = false
		s.value(nil)
	}
}

// skip steps over the value that begins here.
func (s *stripper) skip() {
	s.skipSpace()
	for depth := 0; ; {
		switch s.in[s.pos] {
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.pos++
		default:
			s.scalar()
		}
		if depth == 0 {
			return
		}
	}
}
