package rules

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"auditor/internal/finding"
)

// keys of a header, in the order in which a message lists them.
var keys = []string{"severity", "enabled", "param", "population", "remediation", "see", "formerly"}

var (
	keyLine   = regexp.MustCompile(`^([A-Za-z][A-Za-z_-]*):(?:[ \t]+(.*))?$`)
	idPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$`)
)

// headerParser collects the header of one file into a rule.
type headerParser struct {
	rule         *Rule
	remediations map[string]string // shared texts by name
	problems     []Problem
	entries      []entry // key lines with their continuations
	prose        []string
}

// An entry is one key of a header.
type entry struct {
	key   string
	parts []string // its value and the continuation lines, joined at the end
	value string
	line  int
}

// parseHeader fills the rule from the leading "--" lines of its SQL.
func parseHeader(r *Rule, remediations map[string]string) []Problem {
	p := &headerParser{rule: r, remediations: remediations}
	r.lines = map[string]int{}
	lines, hasBody := headerLines(r.SQL)
	for i, line := range lines {
		p.line(i+1, line)
	}
	p.checkTitle(lines)
	r.Description = paragraphs(p.prose)
	for _, e := range p.entries {
		e.value = strings.TrimSpace(strings.Join(e.parts, " "))
		p.entry(e)
	}
	p.values()
	if r.IsOptIn && r.Severity == "" {
		p.problem(r.lines["enabled"], "a saved query cannot be switched off", "it runs only on request; a rule has a severity")
	}
	if !hasBody {
		p.problem(len(lines)+1, "there is no query", "a SELECT belongs below the header")
	}
	return p.problems
}

// headerLines returns the leading comment lines less their dashes and one
// space, and whether anything but empty lines follows them.
func headerLines(sql string) (lines []string, hasBody bool) {
	all := strings.Split(sql, "\n")
	for i, line := range all {
		line = strings.TrimRight(line, " \t\r")
		text, ok := strings.CutPrefix(line, "--")
		if !ok {
			return lines, strings.TrimSpace(strings.Join(all[i:], "")) != ""
		}
		lines = append(lines, strings.TrimPrefix(text, " "))
	}
	return lines, false
}

// line sorts one header line into prose, a key or the continuation of a key.
func (p *headerParser) line(number int, text string) {
	indented := strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t")
	if indented && len(p.entries) > 0 && number > 1 {
		last := &p.entries[len(p.entries)-1]
		last.parts = append(last.parts, strings.TrimSpace(text))
		return
	}
	if match := keyLine.FindStringSubmatch(text); match != nil && number > 1 && p.key(number, match[1]) {
		p.entries = append(p.entries, entry{key: match[1], parts: []string{match[2]}, line: number})
		return
	}
	if len(p.entries) == 0 {
		if number > 1 {
			p.prose = append(p.prose, text)
		}
	} else if text != "" {
		p.problem(number, "there is prose below the first key",
			"indent it by two more spaces to continue the key above, or move it up")
	}
}

// key says whether a word before a colon is meant as a key. Prose may hold a
// colon after its first word ("Beware: …"), so a word with a capital, or within
// a paragraph, is a key only when it looks like one of ours.
func (p *headerParser) key(number int, word string) bool {
	if slices.Contains(keys, word) {
		return true
	}
	isWithin := len(p.entries) == 0 && len(p.prose) > 0 && p.prose[len(p.prose)-1] != ""
	if (isWithin || word != strings.ToLower(word)) && Nearest(word, keys) == "" {
		return false
	}
	p.problem(number, fmt.Sprintf("unknown key %q", word), didYouMean(word, keys))
	return true
}

func (p *headerParser) checkTitle(lines []string) {
	if len(lines) > 0 && lines[0] != "" {
		match := keyLine.FindStringSubmatch(lines[0])
		if match == nil || !slices.Contains(keys, strings.ToLower(match[1])) {
			p.rule.Title = strings.TrimSpace(lines[0])
			return
		}
	}
	p.problem(1, "the title is missing", "the first line says in a few words what is found: -- Token that nobody uses")
}

// entry stores one key; unknown ones are problems already.
func (p *headerParser) entry(e entry) {
	if !slices.Contains(keys, e.key) {
		return
	}
	_, isSecond := p.rule.lines[e.key]
	if isSecond && !slices.Contains([]string{"param", "see", "formerly"}, e.key) {
		p.problem(e.line, fmt.Sprintf("%s is given twice", e.key), fmt.Sprintf("first on line %d", p.rule.lines[e.key]))
		return
	}
	if !isSecond {
		p.rule.lines[e.key] = e.line
	}
	if e.value == "" {
		p.problem(e.line, fmt.Sprintf("%s is empty", e.key), "")
		return
	}
	switch e.key {
	case "severity":
		p.severity(e)
	case "enabled":
		p.enabled(e)
	case "param":
		p.param(e)
	case "population":
		p.rule.Population = e.value
	case "remediation":
		p.remediation(e)
	case "see":
		p.see(e)
	case "formerly":
		p.formerly(e)
	}
}

func (p *headerParser) severity(e entry) {
	if !finding.Severity(e.value).IsKnown() {
		p.problem(e.line, fmt.Sprintf("unknown severity %q", e.value), didYouMean(e.value, finding.SeverityNames()))
		return
	}
	p.rule.Severity = e.value
}

func (p *headerParser) enabled(e entry) {
	if e.value != "yes" && e.value != "no" {
		p.problem(e.line, fmt.Sprintf("enabled: %q is neither yes nor no", e.value), "no: only where the configuration switches it on")
		return
	}
	p.rule.IsOptIn = e.value == "no"
	p.rule.IsDisabled = p.rule.IsOptIn
}

func (p *headerParser) param(e entry) {
	param, what, meant := parseParam(e.value)
	if what != "" {
		p.problem(e.line, what, meant)
		return
	}
	if slices.ContainsFunc(p.rule.Params, func(other Param) bool { return other.Name == param.Name }) {
		p.problem(e.line, fmt.Sprintf("param %s is given twice", param.Name), "")
		return
	}
	p.rule.Params = append(p.rule.Params, param)
	p.rule.lines["param "+param.Name] = e.line
}

func (p *headerParser) see(e entry) {
	u, err := url.Parse(e.value)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(e.value, " \t") {
		p.problem(e.line, fmt.Sprintf("see: %q is not a link", e.value), "one https:// address per line")
		return
	}
	p.rule.See = append(p.rule.See, e.value)
}

func (p *headerParser) formerly(e entry) {
	if !idPattern.MatchString(e.value) {
		p.problem(e.line, fmt.Sprintf("formerly: %q is not a rule id", e.value), "REPORT/NAME, one per line")
		return
	}
	p.rule.Formerly = append(p.rule.Formerly, e.value)
}

// values sets the parameters to their defaults, which are checked by now.
func (p *headerParser) values() {
	p.rule.values = map[string]any{}
	for _, param := range p.rule.Params {
		if param.IsRequired {
			if p.rule.Severity != "" {
				p.problem(p.rule.lines["param "+param.Name], fmt.Sprintf("param %s has no default", param.Name),
					"a rule runs by itself, so nobody can be asked for a value; "+form)
			}
			continue
		}
		if value, err := param.Parse(param.Default); err == nil {
			p.rule.values[param.Name] = value
		}
	}
}

func (p *headerParser) problem(line int, what, meant string) {
	p.problems = append(p.problems, Problem{File: p.rule.File, Line: line, Rule: p.rule.ID, What: what, Meant: meant})
}

// paragraphs joins lines to paragraphs, which an empty line separates.
func paragraphs(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		switch {
		case line == "" && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n\n"):
			b.WriteString("\n\n")
		case line != "":
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n\n") {
				b.WriteByte(' ')
			}
			b.WriteString(strings.TrimSpace(line))
		}
	}
	return strings.TrimSpace(b.String())
}
