package report

import (
	"bufio"
	"bytes"
	_ "embed" // for the schema
	"fmt"
	"io"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
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
	j := &jsonWriter{w: buffered}
	j.raw("{")
	j.field("version", r.Version)
	j.field("report", r.Name)
	j.field("generated_at", r.GeneratedAt)
	j.field("auditor_version", r.AuditorVersion)
	j.field("snapshot", r.Snapshot)
	j.field("previous_snapshot", r.PreviousSnapshot)
	j.field("warnings", r.Warnings)
	list(j, "coverage", r.Coverage, encoded[Coverage])
	j.field("summary", r.Summary)
	list(j, "rules", r.Rules, encoded[Rule])
	list(j, "findings", r.Findings, func(f **finding.Finding, b []byte) ([]byte, error) { return appendFinding(*f, b) })
	list(j, "resolved", r.Resolved, appendResolved)
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
	w      io.Writer
	line   []byte // used again for every item of a list
	fields int
	err    error
}

func (j *jsonWriter) raw(s string) {
	if j.err == nil {
		_, j.err = io.WriteString(j.w, s)
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
	item(j, &v, encoded)
}

// list writes one item a line; [] when there is none.
func list[T any](j *jsonWriter, name string, items []T, appendJSON func(*T, []byte) ([]byte, error)) {
	j.key(name)
	j.raw("[")
	for i := range items {
		if i > 0 {
			j.raw(",")
		}
		j.raw("\n    ")
		item(j, &items[i], appendJSON)
	}
	if len(items) > 0 {
		j.raw("\n  ")
	}
	j.raw("]")
}

func item[T any](j *jsonWriter, v *T, appendJSON func(*T, []byte) ([]byte, error)) {
	if j.err != nil {
		return
	}
	if j.line, j.err = appendJSON(v, j.line[:0]); j.err == nil {
		_, j.err = j.w.Write(j.line)
	}
}

// encoded appends what there is little of, as its tags say.
func encoded[T any](v *T, b []byte) ([]byte, error) {
	text, err := sanitize.JSON(v)
	return append(b, text...), err
}
