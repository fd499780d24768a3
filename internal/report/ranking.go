package report

import (
	"cmp"
	"fmt"
	"slices"

	"auditor/internal/finding"
)

// Group is the findings of one owner, repository or organization.
type Group struct {
	Name   string
	URL    string // GitHub's page; "" if there is none
	Org    string // login
	Counts finding.Counts
}

// Ranking is a list of groups, worst first.
type Ranking struct {
	Title  string
	Groups []Group
}

// Rankings says who has most of the findings: owners for tokens and requests,
// repositories, organizations. A ranking without groups is left out.
func (r *Report) Rankings() []Ranking {
	out := []Ranking{{Title: "Owners with most findings"}, {Title: "Repositories with most findings"}, {Title: "Organizations with findings"}}
	groups := map[string]*Group{}
	for _, f := range r.Findings {
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
			groups[key] = &Group{Name: name, URL: url, Org: f.Org}
		}
		groups[key].Counts.Add(f.Severity)
	}
	for key, g := range groups {
		which := key[0] - '0'
		out[which].Groups = append(out[which].Groups, *g)
	}
	for _, o := range out {
		slices.SortFunc(o.Groups, worseFirst)
	}
	return slices.DeleteFunc(out, func(o Ranking) bool { return len(o.Groups) == 0 })
}

// worseFirst orders by the number of criticals, then highs, and so on.
func worseFirst(a, b Group) int {
	for _, s := range finding.Severities() {
		if c := cmp.Compare(b.Counts.Of(s), a.Counts.Of(s)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Org, b.Org))
}

// RulesByWeight lists the rules that have something to say first: by findings
// and severity. The others follow by id.
func (r *Report) RulesByWeight() []Rule {
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
