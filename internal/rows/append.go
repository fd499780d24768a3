package rows

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

// What there are hundreds of thousands of, findings and the rows of queries, is
// appended to one buffer: encoding/json would leave two kilobytes of garbage
// for each, and with much on the heap the collector lets garbage grow to as
// much again. The bytes are those that encoding/json would give.

// AppendObject appends one flat JSON object, keys in the order given. Columns
// named is_ and has_ become true and false, for jq takes 0 for true. The error
// names a column whose value JSON cannot have.
func AppendObject(b []byte, values []finding.Value) ([]byte, error) {
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(sanitize.AppendJSON(b, v.Column), ':')
		var err error
		typed, _ := finding.KindOf(v.Column).Typed(v.Value)
		if b, err = AppendValue(b, typed); err != nil {
			return nil, fmt.Errorf("column %s: %w", v.Column, err)
		}
	}
	return append(b, '}'), nil
}

// AppendValue appends a value as JSON. SQLite can answer infinity (9e999), for which
// JSON has no word, and bytes are text to us.
func AppendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return sanitize.AppendJSON(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case []byte:
		return sanitize.AppendJSON(b, string(v)), nil
	case time.Time:
		return AppendTime(b, v), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return sanitize.AppendJSON(b, strconv.FormatFloat(v, 'g', -1, 64)), nil
		}
	}
	text, err := sanitize.JSON(v)
	return append(b, text...), err
}

// AppendTime appends a time as RFC 3339 in UTC with whole seconds, or null for
// the zero time: not known.
func AppendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339), '"')
}
