package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"auditor/internal/sqlite"
)

// field is what the schema says about a place in the objects of a resource,
// and about the places below it. The zero value says nothing: anything goes.
type field struct {
	path     string    // "security_and_analysis.*.status"; "" for the object itself
	part     string    // the resource whose coverage it concerns
	kind     fieldKind // "": not declared
	words    []string  // of kindWord
	presence string    // see _fields
	decides  bool      // without it the part is unknown

	children map[string]*field // by member; nil: none is declared
	required []*field          // those of children that must be there
	index    int               // in required of its parent; -1: it may be absent
	each     *field            // every item of a list, or every member of an object whose names are somebody's own; nil: not declared
}

// fieldKind is a kind of value, as _fields names it.
type fieldKind string

const (
	kindID      fieldKind = "id" // without it the object is none
	kindInteger fieldKind = "integer"
	kindText    fieldKind = "text"
	kindFlag    fieldKind = "flag"
	kindTime    fieldKind = "time"
	kindWord    fieldKind = "word"
	kindObject  fieldKind = "object"
	kindAny     fieldKind = "any"
	kindList    fieldKind = "list"
)

// begins reports whether a value of the kind can begin so.
func (k fieldKind) begins(token jsontext.Kind) bool {
	switch k {
	case kindID, kindInteger:
		return token == '0'
	case kindText, kindTime, kindWord:
		return token == '"'
	case kindFlag:
		return token == 't' || token == 'f'
	case kindObject:
		return token == '{'
	case kindList:
		return token == '['
	}
	return true
}

// admits reports whether a value that begins as its kind does is one.
func (f *field) admits(value jsontext.Value) bool {
	switch f.kind {
	case kindID, kindInteger:
		_, err := strconv.ParseInt(string(value), 10, 64)
		return err == nil
	case kindTime:
		return isTime(textOf(value))
	case kindWord:
		return slices.Contains(f.words, textOf(value))
	}
	return true
}

// textOf is the text of a JSON string.
func textOf(value jsontext.Value) string {
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(text)
}

// isTime reports whether SQLite reads a text as the time that it says: RFC 3339
// with an offset of at most 14 hours.
func isTime(text string) bool {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return false
	}
	_, offset := t.Zone()
	return max(offset, -offset) <= int(14*time.Hour/time.Second)
}

// below is the declaration of a member, or of an item of a list ("").
func (f *field) below(name []byte) *field {
	if f == nil {
		return nil
	}
	if child := f.children[string(name)]; child != nil {
		return child
	}
	return f.each
}

// hasOwnNames reports whether the names of an object's members are somebody's own:
// of custom properties, of permissions.
func (f *field) hasOwnNames() bool { return f != nil && f.each != nil && f.kind == kindObject }

// declare adds a row of _fields below the object's root.
func (f *field) declare(path, part, kind, presence string, decides bool) error {
	at := f
	for step := range strings.SplitSeq(path, ".") {
		next := at.each
		if step != "*" {
			next = at.children[step]
		}
		if next == nil {
			next = &field{index: -1}
			at.attach(step, next)
		}
		at = next
	}
	name, words, isWord := strings.Cut(kind, ": ")
	at.path, at.part, at.kind, at.presence, at.decides = path, part, fieldKind(name), presence, decides
	if isWord {
		at.words = strings.Split(words, ", ")
	}
	if !slices.Contains([]fieldKind{kindID, kindInteger, kindText, kindFlag, kindTime, kindWord, kindObject, kindList, kindAny}, at.kind) || isWord != (at.kind == kindWord) {
		return fmt.Errorf("field %s: unknown kind %q", path, kind)
	}
	return nil
}

func (f *field) attach(step string, child *field) {
	switch {
	case step == "*":
		f.each = child
	case f.children == nil:
		f.children = map[string]*field{step: child}
	default:
		f.children[step] = child
	}
}

// settle lists the members that must be there, once all is declared.
func (f *field) settle() {
	for _, child := range sortedFields(f.children) {
		if child.presence == "required" || child.presence == "nullable" {
			child.index = len(f.required)
			f.required = append(f.required, child)
		}
		child.settle()
	}
	if f.each != nil {
		f.each.settle()
	}
}

func sortedFields(all map[string]*field) []*field {
	var sorted []*field
	for _, child := range all {
		sorted = append(sorted, child)
	}
	slices.SortFunc(sorted, func(a, b *field) int { return strings.Compare(a.path, b.path) })
	return sorted
}

// learnFields reads what the schema in the file says about the objects.
func (w *Writer) learnFields(ctx context.Context) error {
	rows, err := w.db.QueryContext(ctx, `SELECT f.resource, f.path, COALESCE(f.part, f.resource), f.kind, f.presence, f.is_decisive FROM _fields AS f ORDER BY f.resource, f.path`)
	err = sqlite.EachRow(rows, err, func(rows *sql.Rows) error {
		var resource, path, part, kind, presence string
		var decides bool
		if err := rows.Scan(&resource, &path, &part, &kind, &presence, &decides); err != nil {
			return err
		}
		r := w.resource(resource)
		w.resources[resource] = r
		if r.fields == nil {
			r.fields = &field{kind: kindObject, part: resource, presence: "required", index: -1}
		}
		return r.fields.declare(path, part, kind, presence, decides)
	})
	if err != nil {
		return fmt.Errorf("read what the schema says about objects: %w", err)
	}
	for _, r := range w.resources {
		if r.fields != nil {
			r.fields.settle()
		}
	}
	return nil
}
