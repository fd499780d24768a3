package history

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A ledger is a table of what was true from one snapshot to another, "_x_ver".
// Its temporary table "_x_new" has what is true in the snapshot in hand.
//
// The schema files declare it: CREATE TABLE with one column a line. Above it the
// comment says when rows end, beside each column what the public view says of it,
// and after an @ what else there is to know:
//
//	-- @ends where v.org_ref IN (…)
//	CREATE TABLE _org_ver (
//	  plan TEXT, -- billing plan @known org @watch setting changed
//
// @known names the resources that have to be complete: else a value that the
// snapshot lacks stays as it was. @watch says which kind of change a difference
// is, and how it is described (see the table _watched). @apart columns are not
// among the state that differences show.
type ledger struct {
	name    string
	keys    []string // what the rows are about
	columns []column // with the keys, without valid_from and valid_to
	among   string   // condition of the rows v that "_x_new" speaks of; "true" for all
	ends    string   // condition on which a row v ends whose keys the snapshot lacks
}

// column is one of a ledger, in the order of its table.
type column struct {
	name    string
	kind    string   // "TEXT NOT NULL"
	doc     string   // for the public view
	known   []string // resources that have to be complete
	watch   []string // tells_of, way and, for some, null_means of the table _watched
	isApart bool
}

var (
	ledgerTable  = regexp.MustCompile(`(?ms)((?:^-- [^\n]*\n)*)^CREATE TABLE _(\w+)_ver \(\n(.*?)\n\) STRICT`)
	columnLine   = regexp.MustCompile(`^  ([a-z_]+) ([A-Z][^,]*?)(?: REFERENCES _\w+ \(\w+\))?,?(?: -- (.*))?$`)
	keyLine      = regexp.MustCompile(`^  PRIMARY KEY \((.*), valid_from\)$`)
	columnDetail = regexp.MustCompile(`(?m)^(  [a-z_]+ [A-Z][^,\n]*?,?) -- .*$`)
)

// parseLedgers reads the declarations of a schema file. A table without @ends is
// kept by statements of its own.
func parseLedgers(text string) (all []ledger, err error) {
	for _, m := range ledgerTable.FindAllStringSubmatch(text, -1) {
		l := ledger{name: m[2], among: "true"}
		conditions := strings.Split(strings.ReplaceAll(strings.ReplaceAll(m[1], "\n-- ", " "), "-- ", ""), "@")
		for _, c := range conditions[1:] {
			c = strings.TrimSpace(c)
			if condition, ok := strings.CutPrefix(c, "ends where "); ok {
				l.ends = condition
			} else if condition, ok := strings.CutPrefix(c, "among "); ok {
				l.among = condition
			} else {
				return nil, fmt.Errorf("ledger %s: @%s is no condition", l.name, c)
			}
		}
		if l.ends == "" {
			continue
		}
		for line := range strings.Lines(m[3]) {
			if err := l.parseLine(strings.TrimSuffix(line, "\n")); err != nil {
				return nil, fmt.Errorf("ledger %s: %w", l.name, err)
			}
		}
		all = append(all, l)
	}
	return all, nil
}

func (l *ledger) parseLine(line string) error {
	if m := keyLine.FindStringSubmatch(line); m != nil {
		l.keys = strings.Split(m[1], ", ")
		return nil
	}
	m := columnLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%q is no column", line)
	}
	if m[1] == "valid_from" || m[1] == "valid_to" {
		return nil
	}
	tags := strings.Split(m[3], "@")
	c := column{name: m[1], kind: m[2], doc: strings.TrimSpace(tags[0])}
	for _, tag := range tags[1:] {
		words := strings.Fields(tag)
		switch {
		case len(words) > 1 && words[0] == "known":
			c.known = words[1:]
		case len(words) > 2 && words[0] == "watch":
			c.watch = words[1:]
		case len(words) == 1 && words[0] == "apart":
			c.isApart = true
		default:
			return fmt.Errorf("column %s: @%s says nothing", c.name, tag)
		}
	}
	l.columns = append(l.columns, c)
	return nil
}

// values are the columns that are no keys.
func (l *ledger) values() []string {
	var names []string
	for _, c := range l.columns {
		if !slices.Contains(l.keys, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// between returns the columns of a range: "plan", "plan..name" or "plan..".
func (l *ledger) between(text string) ([]column, error) {
	first, last, isRange := strings.Cut(text, "..")
	place := func(name string) int {
		return slices.IndexFunc(l.columns, func(c column) bool { return c.name == name })
	}
	from, to := place(first), place(first)
	switch {
	case isRange && last == "":
		to = len(l.columns) - 1
	case isRange:
		to = place(last)
	}
	if from < 0 || to < from {
		return nil, fmt.Errorf("ledger %s has no columns %s", l.name, text)
	}
	return l.columns[from : to+1], nil
}
