package fakegithub

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fault is one way the simulated GitHub misbehaves. It strikes a share of the
// requests (Rate) or one of them (At), optionally only those whose path begins
// with Path.
//
// Faults are decided from [Options].Seed, the request line (for GraphQL: the
// query and its variables) and how often that line was asked before, so that
// they do not depend on the timing of concurrent requests; only At does. They
// end: a line suffers at most Options.FaultsInARow of them in a row, counted
// over all kinds, and never two 401 in a row. With Over they do not end: then
// the same query fails for as long as it asks for more than Over items.
type Fault struct {
	Kind string  // see FaultKinds
	Rate float64 // share of the requests that suffer, 0 to 1
	At   int     // instead of Rate: the n-th request that could, counted from 1; or the next that may
	Path string  // prefix of the path below the API's root; "": every path
	// Over limits a GraphQL fault to queries for more than so many items, and
	// makes it last until the client asks for less.
	Over int
	// Wait is what a limit tells the client to wait, 0: one second; for hang
	// and stall how long the connection is held, 0: until the client goes.
	Wait time.Duration
	// By is how far the server's clock is ahead, for skew; may be negative.
	By time.Duration
}

// FaultKind names a kind of fault and tells what it does.
type FaultKind struct{ Name, Does string }

// FaultKinds lists every kind that Fault.Kind may be.
func FaultKinds() []FaultKind {
	var out []FaultKind
	for _, k := range kinds() {
		out = append(out, FaultKind{k.name, k.does})
	}
	return out
}

// AllFaults is every kind at a moderate rate, multiplied by factor: what a
// client should survive without losing a row.
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

// ParseFault reads the form of the command line: a kind, then settings, as in
// status502:rate=0.02 or stall:at=17,path=/orgs/ (see faultSettings).
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

// set is one setting of a fault's text.
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

// parseSettings reads key=value,key=value.
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
