package rules

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// remediationFolder holds texts that the remediation of many rules shares, one
// NAME.txt each, beside the folders of the reports.
const remediationFolder = "_remediation"

// remediationName is a shared text as a header names it.
var remediationName = regexp.MustCompile(`^@([a-z0-9]+(?:-[a-z0-9]+)*)$`)

// loadRemediations adds the shared texts of a source. A source may have none.
func (s *Set) loadRemediations(source Source) []Problem {
	names, err := fs.Glob(source.FS, remediationFolder+"/*.txt")
	if err != nil {
		return []Problem{{File: path.Join(source.Name, remediationFolder), What: err.Error()}}
	}
	var problems []Problem
	for _, file := range names {
		if what, meant := s.loadRemediation(source.FS, file); what != "" {
			problems = append(problems, Problem{File: path.Join(source.Name, file), What: what, Meant: meant})
		}
	}
	return problems
}

// loadRemediation adds one shared text; the answer says what is wrong with it.
func (s *Set) loadRemediation(fsys fs.FS, file string) (what, meant string) {
	name := strings.TrimSuffix(path.Base(file), ".txt")
	content, err := fs.ReadFile(fsys, file)
	text := strings.Join(strings.Fields(string(content)), " ")
	_, isSecond := s.remediations[name]
	switch {
	case err != nil:
		return err.Error(), ""
	case !namePattern.MatchString(name):
		return fmt.Sprintf("%q is not a name for a shared remediation", name), "small letters and digits, joined by -"
	case isSecond:
		return fmt.Sprintf("there is another shared remediation %s", name), "give it another name"
	case len(content) > largest:
		return fmt.Sprintf("the file has %d bytes", len(content)), "a shared remediation has at most 1 MiB"
	case !utf8.ValidString(text) || text == "":
		return "the file is empty or not UTF-8 text", ""
	}
	if s.remediations == nil {
		s.remediations = map[string]string{}
	}
	s.remediations[name] = text
	return "", ""
}

// expand replaces each @name by the shared text of that name, but only where a
// sentence begins: elsewhere it is a person or a team, as in "Ask @octocat".
// unknown is the first name that has no text; then expanded is of no use.
func expand(text string, shared map[string]string) (expanded, unknown string) {
	words := strings.Fields(text)
	isStart := true
	for i, word := range words {
		match := remediationName.FindStringSubmatch(word)
		if isStart && match != nil {
			paragraph, ok := shared[match[1]]
			if !ok && unknown == "" {
				unknown = match[1]
			}
			words[i] = paragraph
			continue // the next word begins a sentence too
		}
		isStart = strings.HasSuffix(word, ".")
	}
	return strings.Join(words, " "), unknown
}

func (p *headerParser) remediation(e entry) {
	expanded, unknown := expand(e.value, p.remediations)
	if unknown != "" {
		p.problem(e.line, fmt.Sprintf("there is no shared remediation @%s", unknown),
			didYouMean(unknown, slices.Sorted(maps.Keys(p.remediations))))
		return
	}
	p.rule.Remediation = expanded
	p.rule.hasSharedText = expanded != strings.Join(strings.Fields(e.value), " ")
}

// Text is the file for a reader: the whole of SQL, but with the texts that its
// remediation shares with other rules in place of their names.
func (r Rule) Text() string {
	if !r.hasSharedText {
		return r.SQL
	}
	lines := strings.Split(r.SQL, "\n")
	first := r.lines["remediation"] - 1
	after := first + 1
	for strings.HasPrefix(lines[after], "--  ") || strings.HasPrefix(lines[after], "-- \t") || strings.HasPrefix(lines[after], "--\t") {
		after++
	}
	return strings.Join(slices.Concat(lines[:first], keyLines("remediation: "+r.Remediation), lines[after:]), "\n")
}

// keyLines writes a key of a header as comment lines of at most 78 characters,
// longer only where a single word is.
func keyLines(text string) []string {
	lines := []string{"--"}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		if utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) > 78 && *last != "--" {
			lines = append(lines, "--   "+word)
			continue
		}
		*last += " " + word
	}
	return lines
}
