package report

import (
	"fmt"
	"strconv"

	"auditor/internal/finding"
	"auditor/internal/rows"
	"auditor/internal/sanitize"
)

// Findings are appended to one buffer, as rows are: see rows.AppendObject. The
// bytes are those that encoding/json would give.

// appendFinding appends the finding as the JSON Schema has it.
func appendFinding(f *finding.Finding, b []byte) ([]byte, error) {
	b = sanitize.AppendJSON(append(b, `{"key":`...), string(f.Key))
	b = sanitize.AppendJSON(append(b, `,"rule":`...), f.Rule)
	b = sanitize.AppendJSON(append(b, `,"severity":`...), string(f.Severity))
	b = sanitize.AppendJSON(append(b, `,"status":`...), string(f.Status))
	b = sanitize.AppendJSON(append(b, `,"org":`...), f.Org)
	b = appendSubject(append(b, `,"subject":`...), &f.Subject)
	b = sanitize.AppendJSON(append(b, `,"reason":`...), f.Reason)
	b, err := rows.AppendObject(append(b, `,"evidence":`...), f.Evidence)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", f.Key, err)
	}
	b = append(b, `,"is_new":`...)
	if f.IsNew == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, *f.IsNew)
	}
	b = rows.AppendTime(append(b, `,"first_seen_at":`...), f.FirstSeenAt)
	b = appendException(append(b, `,"exception":`...), f.Exception)
	return append(b, '}'), nil
}

func appendSubject(b []byte, s *finding.Subject) []byte {
	b = sanitize.AppendJSON(append(b, `{"kind":`...), s.Kind)
	b = sanitize.AppendJSON(append(b, `,"id":`...), s.ID)
	b = sanitize.AppendJSON(append(b, `,"name":`...), s.Name)
	b = appendOptional(append(b, `,"url":`...), s.URL)
	b = appendOptional(append(b, `,"owner":`...), s.Owner)
	return append(b, '}')
}

func appendException(b []byte, e *finding.Exception) []byte {
	if e == nil {
		return append(b, "null"...)
	}
	b = sanitize.AppendJSON(append(b, `{"reason":`...), e.Reason)
	b = appendOptional(append(b, `,"approved_by":`...), e.ApprovedBy)
	b = appendOptional(append(b, `,"until":`...), e.Until)
	return append(b, '}')
}

// appendResolved appends what is gone as the JSON Schema has it.
func appendResolved(r *Resolved, b []byte) ([]byte, error) {
	b = sanitize.AppendJSON(append(b, `{"key":`...), string(r.Key))
	b = sanitize.AppendJSON(append(b, `,"rule":`...), r.Rule)
	b = sanitize.AppendJSON(append(b, `,"org":`...), r.Org)
	b = appendSubject(append(b, `,"subject":`...), &r.Subject)
	b = rows.AppendTime(append(b, `,"last_seen_at":`...), r.LastSeenAt.Time)
	return append(b, '}'), nil
}

// appendChange appends what differs between two snapshots.
func appendChange(c *finding.Change, b []byte) ([]byte, error) {
	b = sanitize.AppendJSON(append(b, `{"kind":`...), c.Kind)
	b = sanitize.AppendJSON(append(b, `,"change":`...), c.Change)
	b = sanitize.AppendJSON(append(b, `,"org":`...), c.Org)
	b = appendSubject(append(b, `,"subject":`...), &c.Subject)
	for _, side := range []struct {
		name  string
		facts finding.Facts
	}{{"before", c.Before}, {"after", c.After}} {
		text, err := encodeFacts(side.facts)
		if err != nil {
			return nil, err
		}
		b = append(append(append(append(b, `,"`...), side.name...), `":`...), text...)
	}
	b = sanitize.AppendJSON(append(b, `,"detail":`...), c.Detail)
	return append(b, '}'), nil
}

// appendOptional appends a text, or null for none.
func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return sanitize.AppendJSON(b, s)
}
