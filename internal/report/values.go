package report

import (
	"bytes"
	"encoding/json"
	"time"

	"auditor/internal/finding"
)

// Time is an instant that prints as RFC 3339 in UTC with Z and whole seconds.
// Zero means not known: JSON null.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05Z"

// At wraps an instant.
func At(t time.Time) Time { return Time{t} }

// String is the RFC 3339 text, "" if not known.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

// MarshalJSON prints the text, or null if not known.
func (t Time) MarshalJSON() ([]byte, error) { return encode(orNull(t.String())) }

// OptionalString is a text of which "" means not known: JSON null.
type OptionalString string

// MarshalJSON prints the text, or null if not known.
func (s OptionalString) MarshalJSON() ([]byte, error) { return encode(orNull(string(s))) }

// OptionalInt is a number of which 0 means not known: JSON null.
type OptionalInt int

// MarshalJSON prints the number, or null if not known.
func (i OptionalInt) MarshalJSON() ([]byte, error) { return encode(orNull(int(i))) }

// Strings is a list that prints as [] when nil.
type Strings []string

// MarshalJSON prints the list.
func (s Strings) MarshalJSON() ([]byte, error) { return encode(append([]string{}, s...)) }

// Parameters are the values a rule ran with, by name; prints as {} when nil.
type Parameters map[string]any

// MarshalJSON prints the names sorted.
func (p Parameters) MarshalJSON() ([]byte, error) {
	clean := make(map[string]json.RawMessage, len(p))
	for k, v := range p {
		var err error
		if clean[k], err = appendValue(nil, v); err != nil {
			return nil, err
		}
	}
	return encode(clean)
}

// OrgCounts counts findings by organization; prints as {} when nil.
type OrgCounts map[string]int

// MarshalJSON prints the organizations sorted.
func (c OrgCounts) MarshalJSON() ([]byte, error) {
	if c == nil {
		return []byte("{}"), nil
	}
	return encode(map[string]int(c))
}

// typed gives a value of any query the type of its column: what breaks the promise
// of the column's name stays as it is.
func typed(kind finding.ColumnKind, v any) any {
	value, _ := kind.Typed(v)
	return value
}

// orNull gives nil for the zero value.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// encode is json.Marshal without HTML escaping, which would make "<" six bytes
// long and the file unpleasant to read; no browser runs this text as HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
