package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"auditor/internal/finding"
	. "auditor/internal/report"
	"auditor/internal/report/sample"
	"auditor/internal/sanitize/hostile"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got), -update rewrites it:\n%s", path, diff)
	}
}

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(document)
}

func jsonOf(t testing.TB, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJSONGolden(t *testing.T) {
	t.Parallel()
	golden(t, "sample.json", jsonOf(t, sample.Report(9, 0)))
}

func TestJSONObeysItsSchema(t *testing.T) {
	t.Parallel()
	s := compileSchema(t)
	reports := map[string]*Report{"sample": sample.Report(200, 3), "no findings": sample.Report(0, 0)}
	first := sample.Report(5, 0)
	first.PreviousSnapshot, first.Resolved = nil, nil
	reports["first"] = first
	for _, text := range hostile.Texts() {
		reports["hostile "+text[:min(len(text), 20)]] = sample.Hostile(text)
	}
	for name, r := range reports {
		if err := validate(s, jsonOf(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaIsStrict(t *testing.T) {
	t.Parallel()
	s, good := compileSchema(t), jsonOf(t, sample.Report(9, 0))
	for name, edit := range map[string][2]string{
		"a key more":              {`"version": 1,`, `"version": 1, "extra": 1,`},
		"a key more in a finding": {`{"key":"stale`, `{"extra":1,"key":"stale`},
		"a severity more":         {`"severity":"low","status"`, `"severity":"info","status"`},
		"null for a list":         {`"missing":[]`, `"missing":null`},
		"a local time":            {`"started_at":"2026-11-21T02:00:09Z"`, `"started_at":"2026-11-21T02:00:09+01:00"`},
		"an object as evidence":   {`"evidence":{"last_used_at":"`, `"evidence":{"x":{},"last_used_at":"`},
		"a key less":              {`"warnings"`, `"warning"`},
	} {
		bad := bytes.Replace(good, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(bad, good) {
			t.Errorf("%s: %s is not in the report", name, edit[0])
		} else if validate(s, bad) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

func TestJSONIsTheSameForTheSameInput(t *testing.T) {
	t.Parallel()
	r := sample.Report(100, 0)
	want := jsonOf(t, r)
	slices.Reverse(r.Findings)
	slices.Reverse(r.Rules)
	slices.Reverse(r.Coverage)
	slices.Reverse(r.Resolved)
	r.Arrange()
	if diff := cmp.Diff(string(want), string(jsonOf(t, r))); diff != "" {
		t.Error(diff)
	}
}

func TestFindingsAreSorted(t *testing.T) {
	t.Parallel()
	found := func(severity finding.Severity, rule, org, id string) *finding.Finding {
		return &finding.Finding{Severity: severity, Rule: rule, Org: org, Subject: finding.Subject{Kind: "token", ID: id}, Status: finding.Fail}
	}
	want := []*finding.Finding{
		found("critical", "z", "z", "9"), found("high", "a", "b", "1"), found("high", "a", "b", "2"), found("high", "a", "c", "1"),
		found("high", "b", "a", "1"), found("medium", "a", "a", "1"), found("low", "a", "a", "1"),
	}
	r := &Report{Findings: slices.Clone(want)}
	slices.Reverse(r.Findings)
	r.Arrange()
	if diff := cmp.Diff(want, r.Findings); diff != "" {
		t.Error(diff)
	}
}

func TestJSONOfAnEmptyReportHasNoNullLists(t *testing.T) {
	t.Parallel()
	var got map[string]any
	if err := json.Unmarshal(jsonOf(t, &Report{Rules: []Rule{{ID: "a/b"}}, Findings: []*finding.Finding{{}}}), &got); err != nil {
		t.Fatal(err)
	}
	rule, finding := got["rules"].([]any)[0].(map[string]any), got["findings"].([]any)[0].(map[string]any)
	for name, v := range map[string]any{
		"warnings": got["warnings"], "coverage": got["coverage"], "resolved": got["resolved"], "see": rule["see"], "missing": rule["missing"],
		"orgs": got["snapshot"].(map[string]any)["orgs"],
	} {
		if list, ok := v.([]any); !ok || len(list) != 0 {
			t.Errorf("%s is %v, want []", name, v)
		}
	}
	for name, v := range map[string]any{"parameters": rule["parameters"], "evidence": finding["evidence"], "by_org": got["summary"].(map[string]any)["by_org"]} {
		if object, ok := v.(map[string]any); !ok || len(object) != 0 {
			t.Errorf("%s is %v, want {}", name, v)
		}
	}
}

// What a program reads is exactly what was there, but for bytes that are no
// text; what a person sees with cat is harmless.
func TestJSONIsInertAndExact(t *testing.T) {
	t.Parallel()
	for _, text := range hostile.Texts() {
		checkJSON(t, text)
	}
}

func FuzzJSON(f *testing.F) {
	hostile.Seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		checkJSON(t, text)
		r := sample.Hostile(text)
		checkFinding(t, r.Findings[0])
	})
}

func checkJSON(t *testing.T, text string) {
	t.Helper()
	got := jsonOf(t, sample.Hostile(text))
	hostile.Check(t, string(got), text)
	var r struct {
		Findings []struct{ Reason string }
	}
	if err := json.Unmarshal(got, &r); err != nil {
		t.Fatalf("%.40q: %v", text, err)
	}
	want := string([]rune(text)) // each broken byte as U+FFFD
	if r.Findings[0].Reason != want {
		t.Errorf("%.40q came back as %.40q", want, r.Findings[0].Reason)
	}
}

// chunks remembers the largest single write.
type chunks struct{ largest, total int }

func (c *chunks) Write(p []byte) (int, error) {
	c.largest, c.total = max(c.largest, len(p)), c.total+len(p)
	return len(p), nil
}

func TestJSONIsWrittenRowByRow(t *testing.T) {
	t.Parallel()
	var c chunks
	if err := WriteJSON(&c, sample.Report(2000, 0)); err != nil {
		t.Fatal(err)
	}
	if c.total < 500_000 || c.largest > 1<<17 {
		t.Errorf("%d bytes were written, up to %d at once", c.total, c.largest)
	}
}
