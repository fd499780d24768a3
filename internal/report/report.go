package report

import (
	"cmp"
	"slices"

	"auditor/internal/finding"
)

// Version is the version of the JSON shape. It grows when a key changes its
// meaning or goes away, not when one is added.
const Version = 1

// Report is one report over one snapshot: the exact content of the JSON file, and
// what only other formats show. The same snapshot, rules and
// configuration give an equal Report.
type Report struct {
	Version          int                `json:"version"`
	Name             string             `json:"report"`       // folder of its rules, such as "stale-tokens"
	GeneratedAt      Time               `json:"generated_at"` // finish of the snapshot, so that equal input gives equal bytes
	AuditorVersion   string             `json:"auditor_version"`
	Snapshot         Snapshot           `json:"snapshot"`
	PreviousSnapshot *Snapshot          `json:"previous_snapshot"` // nil: nothing to compare with
	Warnings         Strings            `json:"warnings"`          // about the configuration: expired or useless exceptions
	Coverage         []Coverage         `json:"coverage"`
	Summary          Summary            `json:"summary"`
	Rules            []Rule             `json:"rules"`
	Findings         []*finding.Finding `json:"findings"` // by severity (worst first), rule, org, subject
	Resolved         []Resolved         `json:"resolved"` // of the previous snapshot, gone now

	Title       string       `json:"-"` // for people: "Stale tokens"
	Inventories []Table      `json:"-"` // the whole population first, then what else is worth a sheet
	Trend       []TrendPoint `json:"-"` // past snapshots and this one, oldest first
	Changes     *Changes     `json:"-"` // since the previous snapshot; nil: the history does not know

	Notes []string `json:"-"` // exceptions that cover nothing here, but may elsewhere
}

// Snapshot names the evidence that a report was made from.
type Snapshot struct {
	File       string  `json:"file"`   // base name
	SHA256     string  `json:"sha256"` // hex
	StartedAt  Time    `json:"started_at"`
	FinishedAt Time    `json:"finished_at"`
	IsComplete bool    `json:"is_complete"` // every required resource of every organization was read to its end
	Orgs       Strings `json:"orgs"`
}

// Coverage says how much of one resource of one organization could be seen.
type Coverage struct {
	Org        string         `json:"org"`
	Resource   string         `json:"resource"`
	Status     string         `json:"status"` // complete, partial, denied, failed, skipped
	IsRequired bool           `json:"is_required"`
	HTTPStatus OptionalInt    `json:"http_status"` // of the refusal
	Message    OptionalString `json:"message"`
	Permission OptionalString `json:"permission"` // what to grant, by its name in GitHub's settings

	RowCount     int64 `json:"-"`
	RequestCount int64 `json:"-"`
}

// Summary counts the findings. Findings, Excepted and Unknown add up to the
// length of the list.
type Summary struct {
	Findings   int            `json:"findings"` // fails that no exception covers
	New        int            `json:"new"`      // those of Findings that the previous snapshot did not have
	Resolved   int            `json:"resolved"`
	Excepted   int            `json:"excepted"` // fails that an exception covers
	Unknown    int            `json:"unknown"`
	BySeverity finding.Counts `json:"by_severity"` // of Findings
	ByOrg      OrgCounts      `json:"by_org"`      // of Findings; every organization of the snapshot is there
}

// Rule is a rule as it was run, with what it found.
type Rule struct {
	ID          string           `json:"id"`
	Title       string           `json:"title"`
	Severity    finding.Severity `json:"severity"`
	Description string           `json:"description"`
	Remediation string           `json:"remediation"`
	See         Strings          `json:"see"`
	Parameters  Parameters       `json:"parameters"`
	Outcome     string           `json:"outcome"`    // complete, or incomplete: something it reads could not be seen
	Missing     Strings          `json:"missing"`    // "org/resource", sorted
	Population  *int64           `json:"population"` // subjects it applies to; nil: the rule does not say
	Failed      int              `json:"failed"`     // not excepted
	Unknown     int              `json:"unknown"`
	Excepted    int              `json:"excepted"`

	Warnings []string `json:"-"` // those of Report.Warnings that concern this rule
}

// Resolved is a fail of the previous snapshot that this one does not have.
type Resolved struct {
	Key        finding.Key
	Rule       string
	Org        string
	Subject    finding.Subject
	LastSeenAt Time
}

// TrendPoint is how bad it was at one snapshot, as the history has it, or as
// today's rules evaluate it.
type TrendPoint struct {
	At         Time
	BySeverity finding.Counts // of the fails that no exception covers
}

// Worst returns the highest severity among the findings that count, "" if
// there is none.
func (r *Report) Worst() finding.Severity {
	for _, s := range finding.Severities() {
		if r.Summary.BySeverity.Of(s) > 0 {
			return s
		}
	}
	return ""
}

// CountAtLeast counts the findings of the given severity or worse that no
// exception covers. An unknown severity name counts nothing.
func (r *Report) CountAtLeast(severity finding.Severity) int {
	n := 0
	for _, s := range finding.Severities() {
		if severity.IsKnown() && s.Rank() <= severity.Rank() {
			n += r.Summary.BySeverity.Of(s)
		}
	}
	return n
}

// Arrange puts everything into its printed order and counts: what makes equal
// input give equal bytes. [Build] has done so; it is for a Report made by hand.
func (r *Report) Arrange() {
	slices.SortStableFunc(r.Findings, func(a, b *finding.Finding) int {
		return cmp.Or(
			cmp.Compare(uint(a.Severity.Rank()), uint(b.Severity.Rank())),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Org, b.Org), compareSubjects(a.Subject, b.Subject),
		)
	})
	slices.SortStableFunc(r.Resolved, func(a, b Resolved) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Org, b.Org), compareSubjects(a.Subject, b.Subject))
	})
	slices.SortStableFunc(r.Coverage, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Resource, b.Resource))
	})
	slices.SortStableFunc(r.Rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	r.count()
}

// DropEvidence lets go of the evidence of all findings, which is most of what they
// take: JSON and workbooks show it, summaries do not.
func (r *Report) DropEvidence() {
	for _, f := range r.Findings {
		f.Evidence = nil
	}
}

// compareSubjects orders ids as text, other than finding.Subject.Compare: it is the
// order of the published JSON.
func compareSubjects(a, b finding.Subject) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

// count fills the summary and each rule's counts from the findings.
func (r *Report) count() {
	s := Summary{Resolved: len(r.Resolved), ByOrg: OrgCounts{}}
	for _, org := range r.Snapshot.Orgs {
		s.ByOrg[org] = 0
	}
	rules := map[string]*Rule{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		rule.Failed, rule.Unknown, rule.Excepted = 0, 0, 0
		rules[rule.ID] = rule
	}
	for i := range r.Findings {
		f := r.Findings[i]
		rule := rules[f.Rule]
		if rule == nil {
			rule = &Rule{} // a hand-made report without its rules: still counted as a whole
		}
		switch {
		case f.Status == finding.Unknown:
			s.Unknown++
			rule.Unknown++
		case f.Exception != nil:
			s.Excepted++
			rule.Excepted++
		default:
			s.Findings++
			rule.Failed++
			s.BySeverity.Add(f.Severity)
			s.ByOrg[f.Org]++
			if f.IsNew != nil && *f.IsNew {
				s.New++
			}
		}
	}
	r.Summary = s
}
