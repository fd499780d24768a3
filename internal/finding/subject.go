package finding

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Subject is what a finding or a change is about.
type Subject struct {
	Kind  string // name of one of Kinds
	ID    string // grant, request, repository or user id as text, or login
	Name  string // "" if GitHub gave none
	URL   string // GitHub's page; "" if there is none
	Owner string // login of the owner of a token or request; else ""
}

// Kind is a kind of subject.
type Kind struct {
	Name   string // as in "token/98716"
	Plural string
	Group  string // kinds of one group interest the same readers

	// IDColumn is the column of an inventory that lists subjects of this kind;
	// "" if none does.
	IDColumn string
	// Decisions are what a reader can decide about a finding on such a subject;
	// nil if rules do not report it.
	Decisions []string
	// IsJudged: rules report it. Of the others only changes are reported.
	IsJudged bool
}

// kinds is the one list of the kinds of subjects.
var kinds = [...]Kind{
	{Name: "token", Plural: "tokens", Group: "access", IDColumn: "grant_id", IsJudged: true, Decisions: []string{"keep", "narrow", "revoke", "accept risk"}},
	{Name: "request", Plural: "requests", Group: "access", IsJudged: true, Decisions: []string{"approve", "deny", "ask owner"}},
	{Name: "repository", Plural: "repositories", Group: "repositories", IDColumn: "repository_id", IsJudged: true, Decisions: []string{"enable", "restrict", "archive", "accept risk"}},
	{Name: "org", Plural: "organizations", Group: "repositories", IsJudged: true, Decisions: []string{"enable", "restrict", "accept risk"}},
	{Name: "member", Plural: "members", Group: "access"},
}

// Kinds returns all kinds of subjects.
func Kinds() []Kind { return slices.Clone(kinds[:]) }

// JudgedKinds returns the names of the kinds that rules report.
func JudgedKinds() []string {
	var names []string
	for _, k := range kinds {
		if k.IsJudged {
			names = append(names, k.Name)
		}
	}
	return names
}

// Plural returns the plural of a kind's name, and of any other regular word.
func Plural(word string) string {
	for _, k := range kinds {
		if k.Name == word {
			return k.Plural
		}
	}
	return word + "s"
}

// Count is a number of things in words: "1 finding", "3 repositories".
func Count(n int, word string) string {
	if n != 1 {
		word = Plural(word)
	}
	return strconv.Itoa(n) + " " + word
}

// ParseSubject reads "token/98716" as a rule writes it: a kind that rules
// report, and an id; false if it is none.
func ParseSubject(text string) (kind, id string, ok bool) {
	kind, id, ok = strings.Cut(text, "/")
	return kind, id, ok && id != "" && slices.Contains(JudgedKinds(), kind)
}

// Compare orders subjects by kind and id: ids are numbers as text, so a shorter
// one is smaller.
func (s Subject) Compare(other Subject) int {
	return cmp.Or(
		cmp.Compare(s.Kind, other.Kind),
		cmp.Compare(len(s.ID), len(other.ID)),
		cmp.Compare(s.ID, other.ID),
	)
}

// Label is the name to show: never empty.
func (s Subject) Label() string {
	if strings.TrimSpace(s.Name) == "" {
		return s.Kind + " " + s.ID
	}
	return s.Name
}
