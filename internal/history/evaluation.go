package history

import (
	"cmp"
	"fmt"
	"iter"

	"auditor/internal/finding"
)

// evaluation is what was found in a snapshot, with each rule, subject and verdict
// once: findings refer to them by their places in the lists.
type evaluation struct {
	rules    numbers[string]
	verdicts numbers[verdict]
	subjects numbers[subjectKey]
	words    []*finding.Finding // of each subject, the one whose words describe it
	findings []given
	counts   map[[2]int]int // of findings, by rule and verdict
}

type verdict struct {
	severity   finding.Severity
	status     finding.Status
	isExcepted bool
}

type subjectKey struct{ org, key string }

type given struct {
	rule, subject, verdict int
	found                  *finding.Finding
}

// numbers gives numbers to values in the order in which they come.
type numbers[T comparable] struct {
	all   []T
	known map[T]int
}

func (n *numbers[T]) of(value T) int {
	number, ok := n.known[value]
	if !ok {
		if n.known == nil {
			n.known = map[T]int{}
		}
		number = len(n.all)
		n.known[value] = number
		n.all = append(n.all, value)
	}
	return number
}

// newEvaluation orders findings. Of two with one key the fail counts, and of two
// fails the one that no exception covers.
func newEvaluation(findings iter.Seq[*finding.Finding]) (*evaluation, error) {
	j := &evaluation{counts: map[[2]int]int{}}
	places := map[[2]int]int{} // in j.findings, by rule and subject
	if findings == nil {
		return j, nil
	}
	for f := range findings {
		subject, err := j.subject(f)
		if err != nil {
			return nil, err
		}
		rule := j.rules.of(f.Rule)
		place, ok := places[[2]int{rule, subject}]
		if !ok {
			places[[2]int{rule, subject}] = len(j.findings)
			j.findings = append(j.findings, given{rule: rule, subject: subject, found: f})
		} else if weight(f) > weight(j.findings[place].found) {
			j.findings[place].found = f
		}
	}
	for i := range j.findings {
		f := &j.findings[i]
		f.verdict = j.verdicts.of(verdict{f.found.Severity, f.found.Status, f.found.IsExcepted()})
		j.counts[[2]int{f.rule, f.verdict}]++
	}
	return j, nil
}

// subject is the number of what a finding is about, whose words may come to
// describe it.
func (j *evaluation) subject(f *finding.Finding) (int, error) {
	key := f.Key.Subject()
	if key == "" || f.Key != finding.NewKey(f.Rule, f.Org, key) {
		return 0, fmt.Errorf("finding %s: its key is not made of its rule %s, its organization %s and its subject", f.Key, f.Rule, f.Org)
	}
	number := j.subjects.of(subjectKey{f.Org, key})
	if number == len(j.words) {
		j.words = append(j.words, f)
	} else if hasPrecedence(f, j.words[number]) {
		j.words[number] = f
	}
	return number, nil
}

// weight is how much a finding counts among others with its key.
func weight(f *finding.Finding) int {
	switch {
	case f.Status != finding.Fail:
		return 0
	case f.IsExcepted():
		return 1
	}
	return 2
}

// hasPrecedence says whether a subject is described in the words of a rather than
// those of b, whatever their order: of two grants of a token those of the one that
// counts, else of the later one.
func hasPrecedence(a, b *finding.Finding) bool {
	if a.Subject == b.Subject {
		return false
	}
	return cmp.Or(
		cmp.Compare(weight(a), weight(b)),
		cmp.Compare(len(a.Subject.ID), len(b.Subject.ID)),
		cmp.Compare(a.Subject.ID, b.Subject.ID),
		cmp.Compare(a.Subject.Name, b.Subject.Name),
		cmp.Compare(a.Subject.URL, b.Subject.URL),
		cmp.Compare(a.Subject.Owner, b.Subject.Owner),
		cmp.Compare(a.Subject.Kind, b.Subject.Kind),
	) > 0
}
