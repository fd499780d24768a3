package report

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"auditor/internal/finding"
)

// What there are hundreds of thousands of, findings and the rows of queries, is
// appended to one buffer: encoding/json would leave two kilobytes of garbage
// for each, and with much on the heap the collector lets garbage grow to as
// much again. The bytes are those that encoding/json would give.

// appendFinding appends the finding as the JSON Schema has it.
func appendFinding(f *finding.Finding, b []byte) ([]byte, error) {
	b = appendText(append(b, `{"key":`...), string(f.Key))
	b = appendText(append(b, `,"rule":`...), f.Rule)
	b = appendText(append(b, `,"severity":`...), string(f.Severity))
	b = appendText(append(b, `,"status":`...), string(f.Status))
	b = appendText(append(b, `,"org":`...), f.Org)
	b = appendSubject(append(b, `,"subject":`...), &f.Subject)
	b = appendText(append(b, `,"reason":`...), f.Reason)
	b, err := appendObject(append(b, `,"evidence":`...), f.Evidence)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", f.Key, err)
	}
	b = append(b, `,"is_new":`...)
	if f.IsNew == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, *f.IsNew)
	}
	b = appendTime(append(b, `,"first_seen_at":`...), Time{f.FirstSeenAt})
	b = appendException(append(b, `,"exception":`...), f.Exception)
	return append(b, '}'), nil
}

func appendSubject(b []byte, s *finding.Subject) []byte {
	b = appendText(append(b, `{"kind":`...), s.Kind)
	b = appendText(append(b, `,"id":`...), s.ID)
	b = appendText(append(b, `,"name":`...), s.Name)
	b = appendOptional(append(b, `,"url":`...), s.URL)
	b = appendOptional(append(b, `,"owner":`...), s.Owner)
	return append(b, '}')
}

func appendException(b []byte, e *finding.Exception) []byte {
	if e == nil {
		return append(b, "null"...)
	}
	b = appendText(append(b, `{"reason":`...), e.Reason)
	b = appendOptional(append(b, `,"approved_by":`...), e.ApprovedBy)
	b = appendOptional(append(b, `,"until":`...), e.Until)
	return append(b, '}')
}

// appendResolved appends what is gone as the JSON Schema has it.
func appendResolved(r *Resolved, b []byte) ([]byte, error) {
	b = appendText(append(b, `{"key":`...), string(r.Key))
	b = appendText(append(b, `,"rule":`...), r.Rule)
	b = appendText(append(b, `,"org":`...), r.Org)
	b = appendSubject(append(b, `,"subject":`...), &r.Subject)
	b = appendTime(append(b, `,"last_seen_at":`...), r.LastSeenAt)
	return append(b, '}'), nil
}

// appendChange appends what differs between two snapshots.
func appendChange(c *finding.Change, b []byte) ([]byte, error) {
	b = appendText(append(b, `{"kind":`...), c.Kind)
	b = appendText(append(b, `,"change":`...), c.Change)
	b = appendText(append(b, `,"org":`...), c.Org)
	b = appendSubject(append(b, `,"subject":`...), &c.Subject)
	for _, side := range []struct {
		name  string
		facts finding.Facts
	}{{"before", c.Before}, {"after", c.After}} {
		text, err := encodeFacts(side.facts)
		if err != nil {
			return nil, err
		}
		b = append(append(append(append(b, `,"`...), side.name...), `":`...), inertJSON(text)...)
	}
	b = appendText(append(b, `,"detail":`...), c.Detail)
	return append(b, '}'), nil
}

// appendObject appends one flat JSON object, keys in the order given. Columns
// named is_ and has_ become true and false, for jq takes 0 for true.
func appendObject(b []byte, values []finding.Value) ([]byte, error) {
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, v.Column), ':')
		var err error
		if b, err = appendValue(b, typed(finding.KindOf(v.Column), v.Value)); err != nil {
			return nil, fmt.Errorf("column %s: %w", v.Column, err)
		}
	}
	return append(b, '}'), nil
}

// appendValue appends a value. SQLite can answer infinity (9e999), for which
// JSON has no word, and bytes are text to us.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendText(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case []byte:
		return appendText(b, string(v)), nil
	case time.Time:
		return appendTime(b, Time{v}), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return appendText(b, strconv.FormatFloat(v, 'g', -1, 64)), nil
		}
	}
	text, err := encode(v)
	return append(b, inertJSON(text)...), err
}

// appendOptional appends a text, or null for none.
func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendText(b, s)
}

// appendTime appends a time, or null if it is not known.
func appendTime(b []byte, t Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return append(t.UTC().AppendFormat(append(b, '"'), timeLayout), '"')
}

// shortEscapes are those that JSON has a letter for.
var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

// appendText appends a JSON string that is harmless on a terminal and exact
// for a program: hostile runes as escapes, broken UTF-8 as U+FFFD.
func appendText(b []byte, s string) []byte {
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

// isBroken tells a byte that is no UTF-8 from a U+FFFD that was written.
func isBroken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}
