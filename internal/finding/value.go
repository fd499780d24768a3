package finding

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Value is one named fact: int64, float64, string, bool, or nil for unknown.
type Value struct {
	Column string
	Value  any
}

// ColumnKind is what a column holds. It follows from the column's name, so that
// no rule and no inventory needs code for its looks.
type ColumnKind string

// The kinds of columns.
const (
	Text   ColumnKind = "text"
	Time   ColumnKind = "time"   // _at: RFC 3339 text
	Link   ColumnKind = "link"   // _url
	YesNo  ColumnKind = "yes/no" // is_, has_: 0 and 1
	Number ColumnKind = "number" // _count, _days
)

// kindByName is the one list of what names mean.
var kindByName = [...]struct {
	prefix, suffix string
	kind           ColumnKind
}{
	{prefix: "is_", kind: YesNo},
	{prefix: "has_", kind: YesNo},
	{suffix: "_at", kind: Time},
	{suffix: "_url", kind: Link},
	{suffix: "_count", kind: Number},
	{suffix: "_days", kind: Number},
}

// KindOf returns what a column holds by its name; Text if the name says nothing.
func KindOf(column string) ColumnKind {
	for _, k := range kindByName {
		if strings.HasPrefix(column, k.prefix) && strings.HasSuffix(column, k.suffix) {
			return k.kind
		}
	}
	switch column { // the bare words, as in SELECT count(*) AS count
	case "url":
		return Link
	case "count", "days":
		return Number
	}
	return Text
}

// Typed gives a value of SQLite the type that a column of the kind promises: bool
// for 0 and 1 in is_ and has_, int64 in _count and _days. A value that breaks the
// promise is returned as it was, with false.
func (k ColumnKind) Typed(value any) (typed any, ok bool) {
	switch v := value.(type) { // what stays is not put into an interface again
	case nil:
		return nil, true
	case int64:
		if k == YesNo && (v == 0 || v == 1) {
			return v == 1, true
		}
		return value, k == Number || k == Text
	case float64:
		if k == Number && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), true
		}
		return value, k == Text
	case string:
		return value, k == Text || k == Time || k == Link
	case bool:
		return value, k == YesNo
	}
	return value, false
}

// YesOrNo is how people read the values of a YesNo column.
func YesOrNo(value bool) string {
	if value {
		return "yes"
	}
	return "no"
}

// Shown is a value as messages show it: text in quotes.
func Shown(value any) string {
	if v, ok := value.(string); ok {
		return strconv.Quote(v)
	}
	return fmt.Sprint(value)
}
