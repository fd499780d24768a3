package rules

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// A Problem is a defect of a rule file or of a rule's settings, written as a
// compiler does.
type Problem struct {
	File  string // as its Source names it; empty for settings
	Line  int    // 1-based; 0 when the whole file is meant
	Rule  string // id of the rule; empty when it has none yet
	Key   string // for settings: severity or the parameter; else empty
	What  string // what is wrong
	Meant string // what was probably meant, or how to put it right; may be empty

	Column int // in characters, 1-based; 0 when unknown
}

// String is "file:line:column: what (meant)", or "rule: key: what (meant)" for
// settings.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.File != "" && p.Line > 0 && p.Column > 0:
		fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	case p.File != "" && p.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	case p.File != "":
		fmt.Fprintf(&b, "%s: ", p.File)
	case p.Rule != "" && p.Key != "":
		fmt.Fprintf(&b, "%s: %s: ", p.Rule, p.Key)
	case p.Rule != "":
		fmt.Fprintf(&b, "%s: ", p.Rule)
	}
	b.WriteString(p.What)
	if p.Meant != "" {
		fmt.Fprintf(&b, " (%s)", p.Meant)
	}
	return b.String()
}

// didYouMean is the sentence for the candidate nearest to the word, or the
// list of all when none is near.
func didYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(candidates) == 0 || len(candidates) > 12 {
		return ""
	}
	return "known: " + strings.Join(candidates, ", ")
}

// Nearest returns the candidate that a typing slip turns into the word: a third
// of its letters and one more may differ, five at most. Empty when there is none.
func Nearest(word string, candidates []string) string {
	best, found := min(len(word)/3+1, 5)+1, ""
	for _, candidate := range candidates {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), candidate); d < best {
			best, found = d, candidate
		}
	}
	return found
}
