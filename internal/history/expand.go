package history

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ledgers of all schema files, in their order: in that they are brought up to
// date, and the list of a token ends with the token.
var ledgers = sync.OnceValues(func() ([]ledger, error) {
	texts, err := fileTexts("sql/schema")
	if err != nil {
		return nil, err
	}
	var all []ledger
	for _, text := range texts {
		some, err := parseLedgers(text)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
})

// marker is a line of a SQL file that columns of a ledger take the place of:
//
//	@define org org_id..            org_id INTEGER,
//	@names org org_id..             org_id,
//	@select o org org_id..          o.org_id,
//	@view org org_id..              v.org_id AS org_id, -- what the declaration says
//	@state org plan..               'plan', v.plan,
//	@watched                        ('org', 'plan', 'setting', 'changed', NULL),
//	@keep org                       the statements of sql/keep.sql
//	@file changes                   the file sql/changes.sql
var marker = regexp.MustCompile(`(?m)^( *)@(\w+)(?: (.*))?\n(\s*(?:FROM|\)|;))?`)

// expand replaces the markers of a SQL file. A list has no comma at its end.
func expand(text string) (string, error) {
	var failed error
	text = columnDetail.ReplaceAllString(text, "$1")
	text = marker.ReplaceAllStringFunc(text, func(match string) string {
		m := marker.FindStringSubmatch(match)
		lines, err := expandMarker(m[2], strings.Fields(m[3]))
		if err != nil {
			failed = fmt.Errorf("marker @%s %s: %w", m[2], m[3], err)
		}
		if m[4] != "" && len(lines) > 0 && m[2] != "file" && m[2] != "keep" {
			lines[len(lines)-1] = withoutComma(lines[len(lines)-1])
		}
		var b strings.Builder
		for _, line := range lines {
			b.WriteString(m[1] + line + "\n")
		}
		return b.String() + m[4]
	})
	return text, failed
}

// withoutComma is the last line of a list.
func withoutComma(line string) string {
	if strings.Contains(line, ", -- ") {
		return strings.Replace(line, ", -- ", " -- ", 1)
	}
	return strings.TrimSuffix(line, ",")
}

func expandMarker(name string, args []string) ([]string, error) {
	switch {
	case name == "watched":
		return watched()
	case name == "file" && len(args) == 1:
		text, err := files.ReadFile("sql/" + args[0] + ".sql")
		return []string{strings.TrimSuffix(string(text), "\n")}, err
	case name == "keep" && len(args) == 1:
		l, err := findLedger(args[0])
		if err != nil {
			return nil, err
		}
		text, err := l.keep()
		return []string{text}, err
	case name == "select" && len(args) == 3:
		return listed(args[1], args[2], func(c column) (string, bool) { return args[0] + "." + c.name + ",", true })
	case len(args) == 2 && slices.Contains([]string{"define", "names", "view", "state"}, name):
		return listed(args[0], args[1], func(c column) (string, bool) { return formatted(name, c) })
	}
	return nil, errors.New("it is unknown, or has other arguments")
}

// formatted prints a column as a marker wants it, with a comma behind it.
func formatted(marker string, c column) (line string, ok bool) {
	switch marker {
	case "define":
		return c.name + " " + c.kind + ",", true
	case "names":
		return c.name + ",", true
	case "view":
		return "v." + c.name + " AS " + c.name + ", -- " + c.doc, true
	case "state":
		return "'" + c.name + "', v." + c.name + ",", !c.isApart
	}
	return "", false
}

func findLedger(name string) (ledger, error) {
	all, err := ledgers()
	for _, l := range all {
		if l.name == name {
			return l, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("there is no ledger %s", name)
	}
	return ledger{}, err
}

func listed(name, columns string, format func(column) (string, bool)) (lines []string, err error) {
	l, err := findLedger(name)
	if err != nil {
		return nil, err
	}
	some, err := l.between(columns)
	for _, c := range some {
		if line, ok := format(c); ok {
			lines = append(lines, line)
		}
	}
	return lines, err
}

// watched are the rows of the table _watched.
func watched() (lines []string, err error) {
	all, err := ledgers()
	for _, l := range all {
		for _, c := range l.columns {
			if len(c.watch) == 0 {
				continue
			}
			nullMeans := "NULL"
			if len(c.watch) > 2 {
				nullMeans = "'" + c.watch[2] + "'"
			}
			lines = append(lines, fmt.Sprintf("('%s', '%s', '%s', '%s', %s),", l.name, c.name, c.watch[0], c.watch[1], nullMeans))
		}
	}
	return lines, err
}

// keep is sql/keep.sql for each set of resources that columns are known with.
func (l *ledger) keep() (string, error) {
	var order []string
	groups := map[string][]string{} // names by resources
	for _, c := range l.columns {
		if len(c.known) == 0 {
			continue
		}
		resources := "'" + strings.Join(c.known, "', '") + "'"
		if groups[resources] == nil {
			order = append(order, resources)
		}
		groups[resources] = append(groups[resources], c.name)
	}
	var b strings.Builder
	for _, resources := range order {
		assignments := join(groups[resources], ",\n  ", func(c string) string { return c + " = COALESCE(n." + c + ", v." + c + ")" })
		text, err := l.statement("keep", "{assignments}", assignments, "{resources}", resources, "{count}", fmt.Sprint(1+strings.Count(resources, ",")))
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// statement is a file of sql for this ledger: {ledger} is its name, {keys} and
// {values} are names of columns, {new.keys}, {new.values} and {old.values} those
// of the row n of "_x_new" and the row v of "_x_ver", {same} says that the keys of
// these are equal, {among} and {ends} are conditions.
func (l *ledger) statement(name string, more ...string) (string, error) {
	text, err := fs.ReadFile(files, "sql/"+name+".sql")
	if err != nil {
		return "", err
	}
	of := func(alias string, names []string) string {
		return join(names, ", ", func(c string) string { return alias + c })
	}
	all := append(append([]string(nil), l.keys...), l.values()...)
	return strings.NewReplacer(append(more,
		"{ledger}", l.name, "{among}", l.among, "{ends}", l.ends,
		"{all}", of("", all), "{new.all}", of("n.", all), "{new.keys}", of("n.", l.keys),
		"{new.values}", of("n.", l.values()), "{old.values}", of("v.", l.values()),
		"{same}", join(l.keys, " AND ", func(c string) string { return "v." + c + " = n." + c }),
	)...).Replace(string(text)), nil
}

func join(names []string, separator string, format func(string) string) string {
	terms := make([]string, len(names))
	for i, name := range names {
		terms[i] = format(name)
	}
	return strings.Join(terms, separator)
}
