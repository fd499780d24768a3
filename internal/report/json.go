package report

import (
	"bufio"
	"bytes"
	_ "embed" // for the schema
	"encoding/json"
	"fmt"
	"io"
)

//go:embed schema/report.schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) that every JSON report obeys.
func Schema() []byte { return bytes.Clone(schema) }

// WriteJSON writes the canonical form: one line for each finding, so that
// files can be compared line by line, and written row by row, so that memory
// does not grow with the findings.
func WriteJSON(w io.Writer, r *Report) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	j := newJSONWriter(buffered)
	j.raw("{")
	j.field("version", r.Version)
	j.field("report", r.Name)
	j.field("generated_at", r.GeneratedAt)
	j.field("auditor_version", r.AuditorVersion)
	j.field("snapshot", r.Snapshot)
	j.field("previous_snapshot", r.PreviousSnapshot)
	j.field("warnings", r.Warnings)
	list(j, "coverage", r.Coverage)
	j.field("summary", r.Summary)
	list(j, "rules", r.Rules)
	list(j, "findings", r.Findings)
	list(j, "resolved", r.Resolved)
	j.raw("\n}\n")
	if j.err == nil {
		j.err = buffered.Flush()
	}
	if j.err != nil {
		return fmt.Errorf("write report %s as JSON: %w", r.Name, j.err)
	}
	return nil
}

// jsonWriter writes an object field by field and remembers the first error.
type jsonWriter struct {
	w       io.Writer
	line    bytes.Buffer // reused for every value
	encoder *json.Encoder
	fields  int
	err     error
}

func newJSONWriter(w io.Writer) *jsonWriter {
	j := &jsonWriter{w: w}
	j.encoder = json.NewEncoder(&j.line)
	j.encoder.SetEscapeHTML(false)
	return j
}

func (j *jsonWriter) raw(s string) {
	if j.err == nil {
		_, j.err = io.WriteString(j.w, s)
	}
}

func (j *jsonWriter) value(v any) {
	if j.err != nil {
		return
	}
	j.line.Reset()
	if j.err = j.encoder.Encode(v); j.err == nil {
		_, j.err = j.w.Write(inertJSON(bytes.TrimSuffix(j.line.Bytes(), []byte("\n"))))
	}
}

func (j *jsonWriter) key(name string) {
	if j.fields > 0 {
		j.raw(",")
	}
	j.fields++
	j.raw("\n  \"" + name + "\": ")
}

func (j *jsonWriter) field(name string, v any) {
	j.key(name)
	j.value(v)
}

// list writes one item a line; [] when there is none.
func list[T any](j *jsonWriter, name string, items []T) {
	j.key(name)
	j.raw("[")
	for i := range items {
		if i > 0 {
			j.raw(",")
		}
		j.raw("\n    ")
		j.value(&items[i])
	}
	if len(items) > 0 {
		j.raw("\n  ")
	}
	j.raw("]")
}
