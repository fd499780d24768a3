package report

import (
	"fmt"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
	"auditor/internal/store"
)

// Verdict is the report in one sentence.
func (r *Report) Verdict() string {
	s := r.Summary
	if s.Findings == 0 {
		return "No findings" + r.sidelines()
	}
	var parts []string
	for _, severity := range finding.Severities() {
		if n := s.BySeverity.Of(severity); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, severity))
		}
	}
	return finding.Count(s.Findings, "finding") + ": " + strings.Join(parts, ", ") + r.sidelines()
}

// sidelines is what follows the findings: the unknown, the excepted, and the
// change since the previous snapshot.
func (r *Report) sidelines() string {
	s, text := r.Summary, ""
	if s.Unknown > 0 {
		text += fmt.Sprintf("; %d unknown", s.Unknown)
	}
	if s.Excepted > 0 {
		text += fmt.Sprintf("; %d excepted", s.Excepted)
	}
	if p := r.PreviousSnapshot; p != nil {
		text += fmt.Sprintf(". Since %s: %d new, %d resolved", p.FinishedAt.Day(), s.New, s.Resolved)
	}
	return text + "."
}

// Completeness says in plain words whether all could be seen; bad are the
// lines for what could not, required resources first.
func (r *Report) Completeness() (line string, bad []string) {
	var optional []string
	for i := range r.Coverage {
		c := &r.Coverage[i]
		switch {
		case !store.CoverageStatus(c.Status).IsMissing(c.IsRequired):
		case c.IsRequired:
			bad = append(bad, c.sentence())
		default:
			optional = append(optional, c.sentence())
		}
	}
	required := len(bad)
	bad = append(bad, optional...)
	switch {
	case !r.Snapshot.IsComplete || required > 0:
		return "Not complete: required data could not be read. There may be more findings than shown here.", bad
	case len(bad) > 0:
		return "All required data was read to its end, but some optional data could not be seen. Rules that need it are marked incomplete.", bad
	}
	return "Complete: everything that was asked for was read to its end.", nil
}

// sentence says what could not be seen, why, and what to grant.
func (c *Coverage) sentence() string {
	s := c.Org + ": " + c.Resource + " " + c.Status
	if c.IsRequired {
		s += " (required)"
	}
	if c.HTTPStatus != 0 {
		s += fmt.Sprintf(", HTTP %d", c.HTTPStatus)
	}
	if c.Message != "" {
		s += ", " + sanitize.Cut(string(c.Message), 300)
	}
	if c.Permission != "" {
		s += ". Grant the App: " + string(c.Permission)
	}
	return s
}

// Titles are the titles of the rules, by their ids.
func (r *Report) Titles() map[string]string {
	titles := map[string]string{}
	for i := range r.Rules {
		titles[r.Rules[i].ID] = r.Rules[i].Title
	}
	return titles
}

// Remarks are the warnings and notes, each a line.
func (r *Report) Remarks() []string {
	var lines []string
	for _, w := range r.Warnings {
		lines = append(lines, "Warning: "+w)
	}
	for _, n := range r.Notes {
		lines = append(lines, "Note: "+n)
	}
	return lines
}

// CoverageStatuses returns the words for how far a resource could be read, the
// best first.
func CoverageStatuses() []string {
	var words []string
	for _, s := range store.CoverageStatuses() {
		words = append(words, string(s))
	}
	return words
}
