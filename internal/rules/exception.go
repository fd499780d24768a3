package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"auditor/internal/finding"
	"auditor/internal/sqlite"
)

// exceptions are those of the configuration at one date, with what they cover.
type exceptions struct {
	list []*exception
}

// exception is one of the configuration, ready to be matched.
type exception struct {
	finding.Exception
	number     int // from 1, as in the configuration
	expired    bool
	matched    map[string]int // by rule, findings it covers, or would if it had not expired
	again      map[string]int // by rule, those that count again because it has expired
	rule       sqlite.Glob
	repository sqlite.Glob
}

// newExceptions prepares the list. An until before the day of now has expired.
func newExceptions(list []finding.Exception, now time.Time) (*exceptions, error) {
	e := &exceptions{}
	for i, x := range list {
		one := &exception{
			Exception: x, number: i + 1, matched: map[string]int{}, again: map[string]int{},
		}
		if err := one.parseGlobs(); err != nil {
			return nil, fmt.Errorf("%s: %w", one.name(), err)
		}
		if x.Until != "" {
			until, err := time.Parse(time.DateOnly, x.Until)
			if err != nil {
				return nil, fmt.Errorf("%s: until %q is not a date like 2027-03-31", one.name(), x.Until)
			}
			one.expired = until.Format(time.DateOnly) < now.UTC().Format(time.DateOnly)
		}
		e.list = append(e.list, one)
	}
	return e, nil
}

func (e *exception) parseGlobs() (err error) {
	if e.Rule != "" {
		if e.rule, err = sqlite.ParseGlob(e.Rule); err != nil {
			return fmt.Errorf("rule %q is not a glob: %w", e.Rule, err)
		}
	}
	if e.Repository != "" {
		if e.repository, err = sqlite.ParseGlob(e.Repository); err != nil {
			return fmt.Errorf("repository %q is not a glob: %w", e.Repository, err)
		}
	}
	return nil
}

// ExceptionName is the name of an exception in a warning; number is its place in
// the configuration, from 1.
func ExceptionName(e finding.Exception, number int) string {
	var keys []string
	for _, k := range []struct{ name, value string }{
		{"rule", e.Rule}, {"owner", e.Owner}, {"token_id", e.TokenID}, {"repository", e.Repository}, {"org", e.Org},
	} {
		if k.value != "" {
			keys = append(keys, k.name+" "+k.value)
		}
	}
	return fmt.Sprintf("exception %d (%s)", number, strings.Join(keys, ", "))
}

func (e *exception) name() string { return ExceptionName(e.Exception, e.number) }

// apply finds the exception that covers a finding: the first that holds. A fail
// is marked; unknown stays unknown, for there is no fact yet that could be
// accepted, but the exception is not a useless one.
func (e *exceptions) apply(f *finding.Finding, ruleIDs []string) {
	var expired []*exception
	for _, x := range e.list {
		if !x.matches(f, ruleIDs) {
			continue
		}
		x.matched[f.Rule]++
		if x.expired {
			expired = append(expired, x)
		} else if f.Exception == nil && f.Status == finding.Fail {
			f.Exception = &x.Exception
		}
	}
	if f.Counts() {
		for _, x := range expired {
			x.again[f.Rule]++
		}
	}
}

// matches says whether all given keys match. ruleIDs are the rule's present id
// and its former ones.
func (e *exception) matches(f *finding.Finding, ruleIDs []string) bool {
	return e.isFor(ruleIDs) &&
		(e.Owner == "" || strings.EqualFold(e.Owner, f.Subject.Owner)) &&
		(e.TokenID == "" || isAboutToken(f, e.TokenID)) &&
		(e.Repository == "" || isAboutRepository(f, e.repository)) &&
		(e.Org == "" || strings.EqualFold(e.Org, f.Org))
}

func (e *exception) hasKey() bool {
	return e.Rule != "" || e.Owner != "" || e.TokenID != "" || e.Repository != "" || e.Org != ""
}

// isAboutToken goes by the key of a token, or by the evidence of a request.
func isAboutToken(f *finding.Finding, id string) bool {
	if f.Key.Subject() == "token/"+id {
		return true
	}
	return slices.ContainsFunc(f.Evidence, func(v finding.Value) bool {
		return v.Column == "token_id" && fmt.Sprint(v.Value) == id
	})
}

// isAboutRepository matches name and full name, however the subject has it.
func isAboutRepository(f *finding.Finding, pattern sqlite.Glob) bool {
	if f.Subject.Kind != "repository" {
		return false
	}
	name := f.Subject.Name[strings.LastIndexByte(f.Subject.Name, '/')+1:]
	return pattern.Match(name) || pattern.Match(f.Org+"/"+name)
}

// scope is what a warning depends on: a report speaks of its own rules only.
type scope struct {
	all        map[string][]string // every rule of the set by id, switched off or not: present and former ids
	report     map[string]bool     // those that were run for this report
	incomplete map[string]bool     // of those, what could not see everything
}

// count adds up the findings of the report's rules.
func (s scope) count(byRule map[string]int) int {
	n := 0
	for rule, count := range byRule {
		if s.report[rule] {
			n += count
		}
	}
	return n
}

// warnings names the exceptions of this report's concern that have expired or
// cover nothing: all of them once, and each under the rules of this report that
// it is for.
func (e *exceptions) warnings(s scope) (all []string, byRule map[string][]string) {
	byRule = map[string][]string{}
	for _, x := range e.list {
		w := x.warning(s)
		if w == "" {
			continue
		}
		all = append(all, w)
		for id := range s.report {
			isAgain := s.count(x.again) > 0
			if !x.isFor(s.all[id]) || isAgain && x.again[id] == 0 {
				continue
			}
			text := w
			if isAgain {
				text = x.countedAgain(x.again[id])
			}
			byRule[id] = append(byRule[id], text)
		}
	}
	return all, byRule
}

// notes names the exceptions that cover nothing here, but are also for rules
// that do not belong to this report: it cannot say whether they can go.
func (e *exceptions) notes(s scope) []string {
	var out []string
	for _, x := range e.list {
		if _, here, elsewhere, _ := x.reach(s); here && elsewhere && s.count(x.matched) == 0 {
			out = append(out, x.name()+" covers nothing in this report; it is also for rules that do not belong to it or are switched off")
		}
	}
	return out
}

// unused are the exceptions that match no finding of any rule.
func (e *exceptions) unused() []*exception {
	return slices.DeleteFunc(slices.Clone(e.list), func(x *exception) bool { return len(x.matched) > 0 })
}

func (e *exception) warning(s scope) string {
	if !e.hasKey() {
		return e.name() + " names nothing that it is for: it covers nothing"
	}
	again, matched := s.count(e.again), s.count(e.matched)
	known, here, elsewhere, blind := e.reach(s)
	switch {
	case e.Rule != "" && !known:
		return e.name() + " covers nothing: there is no such rule"
	case !here:
		return ""
	case again > 0:
		return e.countedAgain(again)
	case e.expired && matched > 0:
		return fmt.Sprintf("%s expired on %s: what it is for is unknown, or covered by another one", e.name(), e.Until)
	case e.expired && !elsewhere:
		return fmt.Sprintf("%s expired on %s and covers nothing: it can go", e.name(), e.Until)
	case matched == 0 && !elsewhere && blind:
		return e.name() + " covers nothing that could be seen; not everything could"
	case matched == 0 && !elsewhere:
		return e.name() + " covers nothing: it can go"
	}
	return ""
}

func (e *exception) countedAgain(findings int) string {
	return fmt.Sprintf("%s expired on %s: %s counted again", e.name(), e.Until, countedFindings(findings))
}

// isFor says whether the exception concerns a rule, by its present and former ids.
func (e *exception) isFor(ruleIDs []string) bool {
	return e.hasKey() && (e.Rule == "" || slices.ContainsFunc(ruleIDs, e.rule.Match))
}

func countedFindings(n int) string {
	if n == 1 {
		return "1 finding is"
	}
	return fmt.Sprintf("%d findings are", n)
}

// reach says whether any rule has a matching id, whether the exception concerns
// this report, whether it concerns another one too (where it may be of use),
// and whether one of its rules here could not see everything.
func (e *exception) reach(s scope) (known, here, elsewhere, blind bool) {
	for id, names := range s.all {
		if !e.isFor(names) {
			continue
		}
		known = true
		here = here || s.report[id]
		elsewhere = elsewhere || !s.report[id]
		blind = blind || s.incomplete[id]
	}
	return known, here, elsewhere, blind
}
