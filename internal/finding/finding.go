package finding

import (
	"iter"
	"strings"
	"time"
)

// Finding is one subject on which one rule has something to say.
type Finding struct {
	Key      Key
	Rule     string // id, such as stale-tokens/unused
	Org      string // login
	Severity Severity
	Status   Status
	Subject  Subject
	Reason   string  // one sentence that states the fact
	Evidence []Value // in the order of the rule's columns; nil where it is not kept, as in the history

	Exception   *Exception // what covers the finding; nil: nothing
	IsNew       *bool      // nil: cannot be said
	FirstSeenAt time.Time  // when it was first a fail; zero: not known
	DueAt       time.Time  // when it should be dealt with; zero: not known
}

// Counts says whether the finding counts against the organization: a fail that
// no exception covers.
func (f *Finding) Counts() bool { return f.Status == Fail && f.Exception == nil }

// IsExcepted says whether an exception covers the finding.
func (f *Finding) IsExcepted() bool { return f.Exception != nil }

// Status is what a rule says of a subject.
type Status string

// The two things that a rule can say.
const (
	Fail    Status = "fail"    // the rule's condition holds
	Unknown Status = "unknown" // GitHub did not say, or we may not see it
)

// IsKnown says whether the word is one of the statuses.
func (s Status) IsKnown() bool { return s == Fail || s == Unknown }

// Key identifies a finding in every snapshot: "<rule>:<org>:<subject>", where
// the subject is the key of [Subject], such as token/98716.
type Key string

// NewKey returns the key of what a rule says of a subject of an organization.
func NewKey(rule, org, subject string) Key { return Key(rule + ":" + org + ":" + subject) }

// Subject returns the part of the key that names the subject; "" if the key is
// none. Neither rule ids nor logins contain a colon.
func (k Key) Subject() string {
	parts := strings.SplitN(string(k), ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// Exception accepts findings, as the configuration has it. All keys that are
// given must match.
type Exception struct {
	Rule       string // id, or glob over ids
	Owner      string // login of the token's owner
	TokenID    string
	Repository string // glob on name or full name; for findings about repositories
	Org        string // login

	Reason     string
	ApprovedBy string // "": nobody is named
	Until      string // last day on which it holds, 2027-03-31; "": for good
}

// All iterates over a list in place.
func All(list []Finding) iter.Seq[*Finding] {
	return func(yield func(*Finding) bool) {
		for i := range list {
			if !yield(&list[i]) {
				return
			}
		}
	}
}
