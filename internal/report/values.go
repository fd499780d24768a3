package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"auditor/internal/rows"
	"auditor/internal/sanitize"
)

// Time is an instant that prints as RFC 3339 in UTC with Z and whole seconds.
// Zero means not known: JSON null.
type Time struct{ time.Time }

// At wraps an instant.
func At(t time.Time) Time { return Time{t} }

// String is the RFC 3339 text, "" if not known.
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Day is the date in UTC.
func (t Time) Day() string { return t.UTC().Format("2006-01-02") }

// MarshalJSON prints the text, or null if not known.
func (t Time) MarshalJSON() ([]byte, error) { return sanitize.JSON(orNull(t.String())) }

// OptionalString is a text of which "" means not known: JSON null.
type OptionalString string

// MarshalJSON prints the text, or null if not known.
func (s OptionalString) MarshalJSON() ([]byte, error) { return sanitize.JSON(orNull(string(s))) }

// OptionalInt is a number of which 0 means not known: JSON null.
type OptionalInt int

// MarshalJSON prints the number, or null if not known.
func (i OptionalInt) MarshalJSON() ([]byte, error) { return sanitize.JSON(orNull(int(i))) }

// Strings is a list that prints as [] when nil.
type Strings []string

// MarshalJSON prints the list.
func (s Strings) MarshalJSON() ([]byte, error) { return sanitize.JSON(append([]string{}, s...)) }

// Some joins the first n words: "acme, beta and 27 more".
func (s Strings) Some(n int) string {
	if len(s) <= n {
		return strings.Join(s, ", ")
	}
	return strings.Join(s[:n], ", ") + " and " + strconv.Itoa(len(s)-n) + " more"
}

// Parameters are the values a rule ran with, by name; prints as {} when nil.
type Parameters map[string]any

// MarshalJSON prints the names sorted.
func (p Parameters) MarshalJSON() ([]byte, error) {
	clean := make(map[string]json.RawMessage, len(p))
	for k, v := range p {
		var err error
		if clean[k], err = rows.AppendValue(nil, v); err != nil {
			return nil, err
		}
	}
	return sanitize.JSON(clean)
}

// Lines has a line "name = value" for each, sorted by name.
func (p Parameters) Lines() []string {
	var lines []string
	for name, value := range p {
		lines = append(lines, fmt.Sprintf("%s = %v", name, value))
	}
	slices.Sort(lines)
	return lines
}

// OrgCounts counts findings by organization; prints as {} when nil.
type OrgCounts map[string]int

// MarshalJSON prints the organizations sorted.
func (c OrgCounts) MarshalJSON() ([]byte, error) {
	if c == nil {
		return []byte("{}"), nil
	}
	return sanitize.JSON(map[string]int(c))
}

// orNull gives nil for the zero value.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
