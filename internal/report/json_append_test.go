package report_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"auditor/internal/finding"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/rows"
	"auditor/internal/sanitize"
	"auditor/internal/sanitize/hostile"
)

// The JSON of what the vocabulary has no tags for, as encoding/json writes it.
type (
	wireSubject struct {
		Kind  string         `json:"kind"`
		ID    string         `json:"id"`
		Name  string         `json:"name"`
		URL   OptionalString `json:"url"`
		Owner OptionalString `json:"owner"`
	}
	wireException struct {
		Reason     string         `json:"reason"`
		ApprovedBy OptionalString `json:"approved_by"`
		Until      OptionalString `json:"until"`
	}
	wireFinding struct {
		Key         finding.Key      `json:"key"`
		Rule        string           `json:"rule"`
		Severity    finding.Severity `json:"severity"`
		Status      finding.Status   `json:"status"`
		Org         string           `json:"org"`
		Subject     wireSubject      `json:"subject"`
		Reason      string           `json:"reason"`
		Evidence    wireEvidence     `json:"evidence"`
		IsNew       *bool            `json:"is_new"`
		FirstSeenAt Time             `json:"first_seen_at"`
		Exception   *wireException   `json:"exception"`
	}
	wireResolved struct {
		Key        finding.Key `json:"key"`
		Rule       string      `json:"rule"`
		Org        string      `json:"org"`
		Subject    wireSubject `json:"subject"`
		LastSeenAt Time        `json:"last_seen_at"`
	}
	wireEvidence []finding.Value
)

func (e wireEvidence) MarshalJSON() ([]byte, error) { return rows.AppendObject(nil, e) }

func wireOf(f *finding.Finding) wireFinding {
	w := wireFinding{
		Key: f.Key, Rule: f.Rule, Severity: f.Severity, Status: f.Status, Org: f.Org, Subject: wireSubjectOf(f.Subject), Reason: f.Reason,
		Evidence: f.Evidence, IsNew: f.IsNew, FirstSeenAt: At(f.FirstSeenAt),
	}
	if x := f.Exception; x != nil {
		w.Exception = &wireException{Reason: x.Reason, ApprovedBy: OptionalString(x.ApprovedBy), Until: OptionalString(x.Until)}
	}
	return w
}

func wireSubjectOf(s finding.Subject) wireSubject {
	return wireSubject{Kind: s.Kind, ID: s.ID, Name: s.Name, URL: OptionalString(s.URL), Owner: OptionalString(s.Owner)}
}

// What is appended by hand is what encoding/json writes.
func TestAppendedIsWhatEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	reports := []*Report{sample.Report(100, 0), {Findings: []*finding.Finding{{}}, Resolved: []Resolved{{}}}}
	for _, text := range hostile.Texts() {
		reports = append(reports, sample.Hostile(text))
	}
	for _, r := range reports {
		for i := range r.Findings {
			checkFinding(t, r.Findings[i])
		}
		for i := range r.Resolved {
			x := &r.Resolved[i]
			wire := wireResolved{Key: x.Key, Rule: x.Rule, Org: x.Org, Subject: wireSubjectOf(x.Subject), LastSeenAt: x.LastSeenAt}
			checkAppended(t, &wire, func(_ *wireResolved, b []byte) ([]byte, error) { return AppendResolved(x, b) })
		}
	}
}

func checkFinding(t testing.TB, f *finding.Finding) {
	t.Helper()
	wire := wireOf(f)
	checkAppended(t, &wire, func(_ *wireFinding, b []byte) ([]byte, error) { return AppendFinding(f, b) })
}

func checkAppended[T any](t testing.TB, v *T, appendJSON func(*T, []byte) ([]byte, error)) {
	t.Helper()
	got, err := appendJSON(v, []byte("before"))
	text, err2 := sanitize.JSON(v)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if diff := cmp.Diff("before"+string(text), string(got)); diff != "" {
		t.Errorf("-encoded +appended:\n%s", diff)
	}
}

func TestJSONNamesTheColumnThatItCannotWrite(t *testing.T) {
	t.Parallel()
	f := finding.Finding{Key: "a/b:acme:token/1", Evidence: []finding.Value{{Column: "x", Value: func() {}}}}
	if err := WriteJSON(io.Discard, &Report{Name: "a", Findings: []*finding.Finding{&f}}); err == nil || err.Error() != "write report a as JSON: finding a/b:acme:token/1: column x: json: unsupported type: func()" {
		t.Errorf("error is %v", err)
	}
}

// Findings leave no garbage behind, so that memory does not grow with them.
func TestJSONAllocatesNothingForAFinding(t *testing.T) {
	few, many := sample.Report(100, 0), sample.Report(10_100, 0)
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
		r := sample.Report(n, 0)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			peak := sample.PeakHeap(func() {
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
