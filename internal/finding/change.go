package finding

import (
	"cmp"
	"slices"
)

// Change is one thing that differs between two snapshots.
type Change struct {
	Kind    string // token, request, repository, setting, protection or member
	Change  string // new, gone, widened, narrowed, renewed, awake, renamed, published, archived, enabled, disabled, weakened, strengthened or changed
	Org     string
	Subject Subject
	Before  Facts  // what differs, as it was; "" for new
	After   Facts  // what differs, as it is; "" for gone
	Detail  string // one sentence
}

// Facts is a JSON object of columns and their values; "" is an empty one.
type Facts string

// changeKinds are the kinds of changes, in the order in which they are printed.
var changeKinds = [...]string{"token", "request", "repository", "setting", "protection", "member"}

// Compare orders changes so that equal histories give equal lists: by kind,
// organization and subject.
func (c Change) Compare(other Change) int {
	return cmp.Or(
		cmp.Compare(slices.Index(changeKinds[:], c.Kind), slices.Index(changeKinds[:], other.Kind)),
		cmp.Compare(c.Org, other.Org),
		cmp.Compare(c.Subject.Name, other.Subject.Name),
		cmp.Compare(c.Subject.ID, other.Subject.ID),
		cmp.Compare(c.Change, other.Change),
		cmp.Compare(c.Before, other.Before),
		cmp.Compare(c.After, other.After),
	)
}

// NotCompared is a resource of which the comparison of two snapshots says
// nothing, or not all.
type NotCompared struct {
	Org      string `json:"org"`
	Resource string `json:"resource"`
	Why      string `json:"why"` // one sentence
}

// String is the whole as one sentence.
func (n NotCompared) String() string { return n.Org + ": " + n.Resource + ": " + n.Why }
