package rules

import "slices"

// A Rule is one query file: a rule when it has a severity, a saved query when
// it has none.
type Rule struct {
	ID          string   // REPORT/NAME, from the path; NAME alone for a query in the root
	Report      string   // the folder; empty for a query in the root
	Name        string   // the file without .sql
	Title       string   // first header line
	Description string   // prose; paragraphs are separated by an empty line
	Severity    string   // critical, high, medium or low; empty: a saved query
	Population  string   // FROM clause of what the rule looks at; empty: not declared
	Remediation string   // what to do about a finding, shared texts included; may be empty
	SQL         string   // the whole file, header included
	File        string   // path as its Source names it
	See         []string // links, in the order of the file
	Params      []Param  // in the order of the file
	Formerly    []string // ids that the rule had before
	IsOptIn     bool     // off unless the configuration switches it on
	IsDisabled  bool     // switched off, by its header or by Configure

	values     map[string]any // by parameter: configured value, else the default; typed
	isCompiled bool           // by its Source
	lines      map[string]int // 1-based line of the first occurrence of a header key

	hasSharedText bool // Remediation is longer than in the file: names are replaced
}

// A Param is a named value that the query uses as :name.
type Param struct {
	Name    string
	Kind    string // integer, number, text or boolean
	Default string // as written in the header
	Meaning string

	// IsRequired: it has no default, so that a saved query can only be asked
	// with a value. Rules run by themselves and have none such.
	IsRequired bool
}

// Parameters returns the values that a run binds beside :now: the configured
// ones, else the defaults, as int64, float64, string or bool by their kind. A
// required parameter is missing until it is configured.
func (r Rule) Parameters() map[string]any {
	values := make(map[string]any, len(r.values))
	for name, value := range r.values {
		values[name] = value
	}
	return values
}

// A Set is the rules and saved queries of all sources.
type Set struct {
	rules        []Rule            // sorted by id, one an id
	remediations map[string]string // shared texts by name
}

// Rules returns the rules (those with a severity) that are not switched off,
// sorted by id.
func (s *Set) Rules() []Rule {
	return s.filter(func(r Rule) bool { return r.Severity != "" && !r.IsDisabled })
}

// Disabled returns the rules that their header or the configuration switched
// off, sorted by id.
func (s *Set) Disabled() []Rule {
	return s.filter(func(r Rule) bool { return r.Severity != "" && r.IsDisabled })
}

// Queries returns the saved queries (those without a severity), sorted by id.
func (s *Set) Queries() []Rule {
	return s.filter(func(r Rule) bool { return r.Severity == "" })
}

// Reports returns the names of the reports, sorted: folders with a rule, be it
// switched off.
func (s *Set) Reports() []string {
	var reports []string
	for _, r := range s.rules {
		if r.Severity != "" && !slices.Contains(reports, r.Report) {
			reports = append(reports, r.Report)
		}
	}
	slices.Sort(reports)
	return reports
}

// Find returns the rule or query with that id, be it a former one or switched
// off; false when there is none.
func (s *Set) Find(id string) (Rule, bool) {
	if i := s.index(id); i >= 0 {
		return s.rules[i], true
	}
	return Rule{}, false
}

// index prefers a present id over a former one.
func (s *Set) index(id string) int {
	if i := slices.IndexFunc(s.rules, func(r Rule) bool { return r.ID == id }); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.rules, func(r Rule) bool { return slices.Contains(r.Formerly, id) })
}

// Without returns the set less the rules that the problems are about.
func (s *Set) Without(problems []Problem) *Set {
	bad := map[string]bool{}
	for _, p := range problems {
		bad[p.File] = true
	}
	sound := &Set{}
	for _, r := range s.rules {
		if !bad[r.File] {
			sound.rules = append(sound.rules, r)
		}
	}
	return sound
}

func (s *Set) ids() []string {
	ids := make([]string, 0, len(s.rules))
	for _, r := range s.rules {
		ids = append(ids, r.ID)
	}
	return ids
}

func (s *Set) filter(keep func(Rule) bool) []Rule {
	var kept []Rule
	for _, r := range s.rules {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}
