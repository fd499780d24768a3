package fakegithub

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fault is one way in which the simulated GitHub fails. It affects a share of the
// requests (Rate) or one of them (At), optionally only those whose path begins
// with Path.
//
// Which requests fail depends on [Options].Seed, on the request line (for GraphQL:
// the query and its variables) and on the number of earlier requests with that
// line, not on the timing of concurrent requests; only At depends on that. Faults
// end: a line has at most Options.FaultsInARow of them in a row, over all kinds,
// and never two 401 in a row. With Over they do not end: the same query fails as
// long as it asks for more than Over items.
type Fault struct {
	Kind string  // see FaultKinds
	Rate float64 // share of the requests that fail, 0 to 1
	At   int     // instead of Rate: the n-th request that can fail, counted from 1, or the next that may
	Path string  // prefix of the path below the API's root; "": every path
	// Over limits a GraphQL fault to queries for more than so many items, and
	// makes it last until the client asks for less.
	Over int
	// Wait is how long a limit asks the client to wait, 0: one second. For hang
	// and stall it is how long the connection is held, 0: until the client
	// disconnects.
	Wait time.Duration
	// By is, for skew, how far the server's clock is ahead; may be negative.
	By time.Duration
}

// FaultKind is a kind of fault and what it does.
type FaultKind struct{ Name, Does string }

// FaultKinds lists every kind that Fault.Kind may be.
func FaultKinds() []FaultKind {
	var out []FaultKind
	for _, k := range kinds() {
		out = append(out, FaultKind{k.name, k.does})
	}
	return out
}

// AllFaults is every kind at a moderate rate, multiplied by factor. A client
// should collect everything in spite of them.
func AllFaults(factor float64) []Fault {
	var out []Fault
	for _, k := range kinds() {
		f := k.moderate
		f.Kind = k.name
		f.Rate *= factor
		out = append(out, f)
	}
	return out
}

// ParseFault parses the form of the command line: a kind and settings, for
// example status502:rate=0.02 or stall:at=17,path=/orgs/.
func ParseFault(s string) (Fault, error) {
	kind, rest, _ := strings.Cut(s, ":")
	f := Fault{Kind: kind}
	if findKind(kind) == nil {
		return f, fmt.Errorf("unknown fault %q: the kinds are %s", kind, strings.Join(kindNames(), ", "))
	}
	if err := parseSettings(rest, f.set); err != nil {
		return f, fmt.Errorf("fault %s: %w", kind, err)
	}
	if f.Rate == 0 && f.At == 0 && kind != skew {
		return f, fmt.Errorf("fault %s: neither rate nor at is given", kind)
	}
	return f, nil
}

// set sets one setting of the text.
func (f *Fault) set(key, value string) error {
	var err error
	switch key {
	case "rate":
		if f.Rate, err = strconv.ParseFloat(value, 64); err == nil && !(f.Rate > 0 && f.Rate <= 1) {
			err = fmt.Errorf("%s is not above 0 and at most 1", value)
		}
	case "at":
		f.At, err = positive(value)
	case "over":
		f.Over, err = positive(value)
	case "path":
		f.Path = value
	case "wait":
		f.Wait, err = time.ParseDuration(value)
	case "by":
		f.By, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("unknown setting %q: the settings are rate, at, path, over, wait, by", key)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %w", key, value, err)
	}
	return nil
}

func positive(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is below 1", n)
	}
	return n, err
}

// parseSettings parses key=value,key=value.
func parseSettings(s string, set func(key, value string) error) error {
	for setting := range strings.SplitSeq(s, ",") {
		key, value, ok := strings.Cut(setting, "=")
		switch {
		case setting == "":
			continue
		case !ok:
			return fmt.Errorf("%q is not of the form key=value", setting)
		}
		if err := set(key, value); err != nil {
			return err
		}
	}
	return nil
}
