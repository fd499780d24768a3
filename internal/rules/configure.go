package rules

import (
	"fmt"
	"maps"
	"slices"

	"auditor/internal/finding"
)

// A Setting is what the configuration says about one rule.
type Setting struct {
	Enabled  *bool          // nil: as it is
	Severity string         // empty: the rule's own
	Params   map[string]any // by name, as a YAML or JSON decoder leaves the values
}

// Configure applies the settings, which are keyed by rule id (a former id will
// do). Each value that cannot be applied is a problem that names its rule and
// key, and is left as it was; the others are applied all the same.
func (s *Set) Configure(settings map[string]Setting) []Problem {
	var problems []Problem
	for _, id := range slices.Sorted(maps.Keys(settings)) {
		i := s.index(id)
		if i < 0 {
			problems = append(problems, Problem{Rule: id,
				What: "there is no such rule", Meant: didYouMean(id, s.ids())})
			continue
		}
		for _, p := range s.rules[i].configure(settings[id]) {
			p.Rule = id
			problems = append(problems, p)
		}
	}
	return problems
}

func (r *Rule) configure(setting Setting) []Problem {
	var problems []Problem
	if setting.Enabled != nil {
		r.IsDisabled = !*setting.Enabled
	}
	if setting.Severity != "" {
		switch {
		case r.Severity == "":
			problems = append(problems, Problem{Key: "severity", What: "a saved query has no severity"})
		case !finding.Severity(setting.Severity).IsKnown():
			problems = append(problems, Problem{Key: "severity",
				What:  fmt.Sprintf("unknown severity %q", setting.Severity),
				Meant: didYouMean(setting.Severity, finding.SeverityNames())})
		default:
			r.Severity = setting.Severity
		}
	}
	values := maps.Clone(r.values)
	for _, name := range slices.Sorted(maps.Keys(setting.Params)) {
		i := slices.IndexFunc(r.Params, func(p Param) bool { return p.Name == name })
		if i < 0 {
			problems = append(problems, Problem{Key: name,
				What: "the rule has no such parameter", Meant: didYouMean(name, r.settable())})
			continue
		}
		value, err := r.Params[i].convert(setting.Params[name])
		if err != nil {
			problems = append(problems, Problem{Key: name, What: err.Error(), Meant: r.Params[i].Meaning})
			continue
		}
		values[name] = value
	}
	r.values = values
	return problems
}

// settable are the keys that a setting of the rule may have.
func (r *Rule) settable() []string {
	names := []string{"enabled", "severity"}
	for _, p := range r.Params {
		names = append(names, p.Name)
	}
	return names
}
