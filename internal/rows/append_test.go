package rows

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

// What is appended by hand is what encoding/json writes.
func TestAppendedValues(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, true, int64(-7), 7, 0.1, 1e21, 1e-7, math.Copysign(0, -1), "a\"b\\c\n\r\t\b\f\x00\x7f", "<&>", "\ufffd\xff", "\u2028", "é😀", []string{"<\u202e>"}, map[string]int{"b": 1, "a": 2}} {
		got, err := AppendValue([]byte("before"), v)
		want, err2 := sanitize.JSON(v)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if diff := cmp.Diff("before"+string(want), string(got)); diff != "" {
			t.Errorf("-encoded +appended:\n%s", diff)
		}
	}
	if _, err := AppendObject(nil, []finding.Value{{Column: "x", Value: func() {}}}); err == nil || err.Error() != "column x: json: unsupported type: func()" {
		t.Errorf("a function as JSON: %v", err)
	}
}

func TestAppendedValuesAreTyped(t *testing.T) {
	t.Parallel()
	e := []finding.Value{{Column: "unused_days", Value: int64(214)}, {Column: "is_expired", Value: int64(1)}, {Column: "has_x", Value: int64(0)}, {Column: "is_odd", Value: int64(7)}, {Column: "share", Value: 0.5}, {Column: "expires_at", Value: nil}, {Column: "name", Value: "<b> & co"}, {Column: "is_known", Value: true}}
	got, err := AppendObject(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"unused_days":214,"is_expired":true,"has_x":false,"is_odd":7,"share":0.5,"expires_at":null,"name":"<b> & co","is_known":true}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
