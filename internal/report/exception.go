package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Exception accepts findings, as the configuration has it. All keys that are
// given must match; an exception without any key matches nothing.
type Exception struct {
	Rule       string // id, or glob over ids
	Owner      string // login of the token's owner
	TokenID    string
	Repository string // glob on name or full name; for findings about repositories
	Org        string

	Reason     string
	ApprovedBy string
	Until      string // last day on which it holds, 2027-03-31; "": for good
}

// exceptions judges findings by the configured exceptions, at one date.
type exceptions struct {
	list []*exception
}

// exception is one of the configuration, ready to be matched.
type exception struct {
	Exception
	number     int // from 1, as in the configuration
	expired    bool
	matched    int            // findings it covers, or would if it had not expired
	again      map[string]int // by rule, those that count again because it has expired
	rule       *regexp.Regexp
	repository *regexp.Regexp
}

// newExceptions prepares the list. An until before the day of now has expired.
func newExceptions(list []Exception, now time.Time) (*exceptions, error) {
	e := &exceptions{}
	for i, x := range list {
		one := &exception{Exception: x, number: i + 1, again: map[string]int{}, rule: glob(x.Rule), repository: glob(x.Repository)}
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

// Name tells the exception in a warning; number is its place in the
// configuration, from 1.
func (e Exception) Name(number int) string {
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

func (e *exception) name() string { return e.Name(e.number) }

// apply finds the exception that covers a finding: the first that holds. A fail
// is marked; unknown stays unknown, for there is no fact yet that could be
// accepted, but the exception is not a useless one.
func (e *exceptions) apply(f *Finding, ruleIDs []string) {
	var expired []*exception
	for _, x := range e.list {
		if !x.matches(f, ruleIDs) {
			continue
		}
		x.matched++
		if x.expired {
			expired = append(expired, x)
		} else if f.Exception == nil && f.Status == StatusFail {
			f.Exception = &Waiver{Reason: x.Reason, ApprovedBy: OptionalString(x.ApprovedBy), Until: OptionalString(x.Until)}
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
func (e *exception) matches(f *Finding, ruleIDs []string) bool {
	return e.isFor(ruleIDs) &&
		(e.Owner == "" || strings.EqualFold(e.Owner, string(f.Subject.Owner))) &&
		(e.TokenID == "" || f.isAboutToken(e.TokenID)) &&
		(e.Repository == "" || f.isAboutRepository(e.repository)) &&
		(e.Org == "" || strings.EqualFold(e.Org, f.Org))
}

func (e *exception) hasKey() bool {
	return e.Rule != "" || e.Owner != "" || e.TokenID != "" || e.Repository != "" || e.Org != ""
}

// isAboutToken tells by the key of a token, or by what a request shows.
func (f *Finding) isAboutToken(id string) bool {
	if f.Subject.Kind == "token" && strings.HasSuffix(f.Key, ":token/"+id) {
		return true
	}
	return slices.ContainsFunc(f.Evidence, func(v Value) bool {
		return v.Column == "token_id" && fmt.Sprint(v.Value) == id
	})
}

// isAboutRepository matches name and full name, however the subject has it.
func (f *Finding) isAboutRepository(pattern *regexp.Regexp) bool {
	if f.Subject.Kind != "repository" {
		return false
	}
	name := f.Subject.Name[strings.LastIndexByte(f.Subject.Name, '/')+1:]
	return pattern.MatchString(name) || pattern.MatchString(f.Org+"/"+name)
}

// glob compiles a pattern in which * stands for any characters, ? for one, and
// [ab] for one of several, as in SQLite; letters match in either case, as they
// do on GitHub.
func glob(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?is)^`)
	for rest := pattern; rest != ""; {
		switch end := strings.IndexByte(rest, ']'); {
		case rest[0] == '*':
			b.WriteString(`.*`)
			rest = rest[1:]
		case rest[0] == '?':
			b.WriteString(`.`)
			rest = rest[1:]
		case rest[0] == '[' && end > 1 && rest[1:end] != "^":
			set := rest[1:end]
			not := ""
			if set[0] == '^' {
				set, not = set[1:], "^"
			}
			b.WriteString("[" + not + strings.NewReplacer(`\`, `\\`, "[", `\[`, "^", `\^`).Replace(set) + "]")
			rest = rest[end+1:]
		default:
			n := len(rest)
			if next := strings.IndexAny(rest[1:], "*?["); next >= 0 {
				n = next + 1
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			rest = rest[n:]
		}
	}
	b.WriteString(`$`)
	if compiled, err := regexp.Compile(b.String()); err == nil {
		return compiled
	}
	return regexp.MustCompile(`(?i)^` + regexp.QuoteMeta(pattern) + `$`) // a set like [z-a]: taken literally
}

// scope is what a warning needs to know about the rules: a report sees only
// the findings of its own.
type scope struct {
	all        map[string][]string // every rule of the set by id, switched off or not: present and former ids
	report     map[string]bool     // those that were run for this report
	incomplete map[string]bool     // of those, what could not see everything
}

// warnings tells which exceptions of this report's concern have expired, and
// which cover nothing: all of them once, and beside it each under the rules of
// this report that it is for.
func (e *exceptions) warnings(s scope) (all []string, byRule map[string][]string) {
	byRule = map[string][]string{}
	for _, x := range e.list {
		w := x.warning(s)
		if w == "" {
			continue
		}
		all = append(all, w)
		for id := range s.report {
			if !x.isFor(s.all[id]) || len(x.again) > 0 && x.again[id] == 0 {
				continue
			}
			text := w
			if len(x.again) > 0 {
				text = x.countedAgain(x.again[id])
			}
			byRule[id] = append(byRule[id], text)
		}
	}
	return all, byRule
}

// notes tells which exceptions cover nothing here, but are for rules too that
// do not run for this report: whether they can go is not for it to say.
func (e *exceptions) notes(s scope) []string {
	var out []string
	for _, x := range e.list {
		if _, here, elsewhere, _ := x.reach(s); here && elsewhere && x.matched == 0 {
			out = append(out, x.name()+" covers nothing in this report; it is also for rules that do not belong to it or are switched off")
		}
	}
	return out
}

// unused lists the places of the exceptions that match nothing.
func (e *exceptions) unused() []int {
	var out []int
	for i, x := range e.list {
		if x.matched == 0 {
			out = append(out, i)
		}
	}
	return out
}

func (e *exception) warning(s scope) string {
	if !e.hasKey() {
		return e.name() + " names nothing that it is for: it covers nothing"
	}
	again := 0
	for _, n := range e.again {
		again += n
	}
	known, here, elsewhere, blind := e.reach(s)
	switch {
	case e.Rule != "" && !known:
		return e.name() + " covers nothing: there is no such rule"
	case !here:
		return ""
	case again > 0:
		return e.countedAgain(again)
	case e.expired && e.matched > 0:
		return fmt.Sprintf("%s expired on %s: what it is for is unknown, or covered by another one", e.name(), e.Until)
	case e.expired && !elsewhere:
		return fmt.Sprintf("%s expired on %s and covers nothing: it can go", e.name(), e.Until)
	case e.matched == 0 && !elsewhere && blind:
		return e.name() + " covers nothing that could be seen; not everything could"
	case e.matched == 0 && !elsewhere:
		return e.name() + " covers nothing: it can go"
	}
	return ""
}

func (e *exception) countedAgain(findings int) string {
	return fmt.Sprintf("%s expired on %s: %s counted again", e.name(), e.Until, were(findings))
}

// isFor says whether the exception concerns a rule, by its present and former ids.
func (e *exception) isFor(ruleIDs []string) bool {
	return e.hasKey() && (e.Rule == "" || slices.ContainsFunc(ruleIDs, e.rule.MatchString))
}

func were(n int) string {
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
