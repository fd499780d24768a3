package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// tally is the counts of one group: an owner or a repository.
type tally struct {
	name   string
	url    string
	org    string
	counts finding.Counts
}

// ranking is a list of groups, worst first.
type ranking struct {
	title string
	list  []tally
}

// rankings says who has most of the findings: owners for tokens and requests,
// repositories, organizations.
func (r *Report) rankings() []ranking {
	out := []ranking{{title: "Owners with most findings"}, {title: "Repositories with most findings"}, {title: "Organizations with findings"}}
	groups := map[string]*tally{}
	for i := range r.Findings {
		f := r.Findings[i]
		if !f.Counts() {
			continue
		}
		which, name, url := 2, f.Org, ""
		switch f.Subject.Kind {
		case "token", "request":
			which, name = 0, f.Subject.Owner
			if name == "" {
				name = "(owner unknown)"
			}
		case "repository":
			which, name, url = 1, f.Subject.Label(), f.Subject.URL
		}
		key := fmt.Sprint(which, "\x00", f.Org, "\x00", name)
		if groups[key] == nil {
			groups[key] = &tally{name: name, url: url, org: f.Org}
		}
		groups[key].counts.Add(f.Severity)
	}
	for key, t := range groups {
		which := key[0] - '0'
		out[which].list = append(out[which].list, *t)
	}
	for _, o := range out {
		slices.SortFunc(o.list, worseFirst)
	}
	return slices.DeleteFunc(out, func(o ranking) bool { return len(o.list) == 0 })
}

// worseFirst orders by the number of criticals, then highs, and so on.
func worseFirst(a, b tally) int {
	for _, s := range finding.Severities() {
		if c := cmp.Compare(b.counts.Of(s), a.counts.Of(s)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.org, b.org))
}

// rulesByWeight lists the rules that have something to say first: by findings
// and severity. The others follow by id.
func (r *Report) rulesByWeight() []Rule {
	list := slices.Clone(r.Rules)
	slices.SortStableFunc(list, func(a, b Rule) int {
		return cmp.Or(
			cmp.Compare(boolInt(a.Failed == 0), boolInt(b.Failed == 0)),
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(b.Failed, a.Failed), cmp.Compare(a.ID, b.ID),
		)
	})
	return list
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// verdict is the report in one sentence.
func (r *Report) verdict() string {
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
	return plural(s.Findings, "finding") + ": " + strings.Join(parts, ", ") + r.sidelines()
}

// sidelines is what stands beside the findings: the unknown, the excepted, and
// the change since the previous snapshot.
func (r *Report) sidelines() string {
	s, text := r.Summary, ""
	if s.Unknown > 0 {
		text += fmt.Sprintf("; %d unknown", s.Unknown)
	}
	if s.Excepted > 0 {
		text += fmt.Sprintf("; %d excepted", s.Excepted)
	}
	if p := r.PreviousSnapshot; p != nil {
		text += fmt.Sprintf(". Since %s: %d new, %d resolved", day(p.FinishedAt), s.New, s.Resolved)
	}
	return text + "."
}

// completeness says in plain words whether all could be seen; bad are the
// lines for what could not, required resources first.
func (r *Report) completeness() (line string, bad []string) {
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
		s += ", " + cut(string(c.Message), 300)
	}
	if c.Permission != "" {
		s += ". Grant the App: " + string(c.Permission)
	}
	return s
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func day(t Time) string { return t.UTC().Format("2006-01-02") }
