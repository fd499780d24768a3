package report

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is appended by hand is what the tags say: a field that is added to one
// and not to the other is found here.
func TestAppendedIsWhatTheTagsSay(t *testing.T) {
	t.Parallel()
	reports := []*Report{sampleReport(100, 0), {Findings: []Finding{{}}, Resolved: []Resolved{{}}}}
	for _, text := range hostileTexts() {
		reports = append(reports, hostileReport(text))
	}
	for _, r := range reports {
		for i := range r.Findings {
			checkAppended(t, &r.Findings[i], (*Finding).appendJSON)
		}
		for i := range r.Resolved {
			checkAppended(t, &r.Resolved[i], (*Resolved).appendJSON)
		}
	}
}

func checkAppended[T any](t testing.TB, v *T, appendJSON func(*T, []byte) ([]byte, error)) {
	t.Helper()
	got, err := appendJSON(v, []byte("before"))
	want, err2 := encoded(v, []byte("before"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-encoded +appended:\n%s", diff)
	}
}

func TestAppendedValues(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, true, int64(-7), 7, 0.1, 1e21, 1e-7, math.Copysign(0, -1), "a\"b\\c\n\r\t\b\f\x00\x7f", "<&>", "\ufffd\xff", "\u2028", "é😀", []string{"<\u202e>"}, map[string]int{"b": 1, "a": 2}} {
		checkAppended(t, &v, func(v *any, b []byte) ([]byte, error) { return appendValue(b, *v) })
	}
	if _, err := appendObject(nil, Evidence{{"x", func() {}}}); err == nil {
		t.Error("a function was written as JSON")
	}
	f := Finding{Key: "a/b:acme:token/1", Evidence: Evidence{{"x", func() {}}}}
	if err := WriteJSON(io.Discard, &Report{Name: "a", Findings: []Finding{f}}); err == nil || err.Error() != "write report a as JSON: finding a/b:acme:token/1: column x: json: unsupported type: func()" {
		t.Errorf("error is %v", err)
	}
}

// Findings leave no garbage behind, so that memory does not grow with them.
func TestJSONAllocatesNothingForAFinding(t *testing.T) {
	few, many := sampleReport(100, 0), sampleReport(10_100, 0)
	allocs := func(r *Report) float64 {
		return testing.AllocsPerRun(3, func() {
			if err := WriteJSON(io.Discard, r); err != nil {
				t.Fatal(err)
			}
		})
	}
	if each := (allocs(many) - allocs(few)) / 10_000; each > 0.5 {
		t.Errorf("%.1f allocations for each finding", each)
	}
}

// BenchmarkJSON writes few and many findings: bytes allocated for each, and the
// peak of the heap over what the report itself takes, tell whether memory
// grows with them.
func BenchmarkJSON(b *testing.B) {
	for _, n := range []int{10_000, 200_000} {
		r := sampleReport(n, 0)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			peak := peakHeap(func() {
				for b.Loop() {
					if err := WriteJSON(io.Discard, r); err != nil {
						b.Fatal(err)
					}
				}
			})
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(n), "B/finding")
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
		})
		runtime.KeepAlive(r)
	}
}
