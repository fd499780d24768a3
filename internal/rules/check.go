package rules

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"auditor/internal/sqlite"
	"auditor/internal/store"
)

// lead are the columns that every rule begins with.
var lead = []string{"status", "subject", "org", "reason"}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Check compiles every rule and saved query of the set, those switched off
// included, against an empty snapshot: statement, columns, parameters and
// population, and that it reads public views only. It reads nothing else. An
// empty answer means that all of them run.
func (s *Set) Check(ctx context.Context) []Problem {
	empty, err := store.Empty(ctx)
	if err != nil {
		return []Problem{{What: fmt.Sprintf("make an empty snapshot to check the rules: %v", err)}}
	}
	defer empty.Close()
	stub, err := store.Stub(ctx)
	if err != nil {
		return []Problem{{What: fmt.Sprintf("make a stub of the views to check the rules: %v", err)}}
	}
	defer stub.Close()
	var problems []Problem
	for _, r := range s.rules {
		if r.isCompiled {
			continue
		}
		c := checker{rule: r, empty: empty.Database(), stub: stub.Database(), now: empty.Info().FinishedAt}
		c.check(ctx)
		problems = append(problems, c.problems...)
	}
	return problems
}

type checker struct {
	rule        Rule
	empty, stub *sqlite.Database
	now         time.Time
	problems    []Problem
}

func (c *checker) check(ctx context.Context) {
	if !c.parameters() {
		return // SQLite would tell the same again, in other words
	}
	columns, ok := c.compile(ctx, c.rule.SQL, 0)
	if ok {
		c.columns(columns)
		c.findings(ctx)
		c.ends(ctx)
	}
	if c.rule.Population != "" {
		c.compile(ctx, c.rule.populationSQL(), c.rule.lines["population"])
	}
}

// parameters holds what is declared against what is used: the driver ignores a
// surplus value, and a missing one is NULL.
func (c *checker) parameters() bool {
	used := map[string]bool{}
	statements := []struct {
		sql  string
		line int // of the population; 0: the placeholder tells
	}{{c.rule.SQL, 0}, {c.rule.populationSQL(), c.rule.lines["population"]}}
	for _, statement := range statements {
		for _, p := range placeholders(statement.sql) {
			line := statement.line
			if line == 0 {
				line = p.line
			}
			name, isNamed := strings.CutPrefix(p.text, ":")
			switch {
			case !isNamed:
				c.problem(line, fmt.Sprintf("%s is no parameter of a rule", p.text), "write :name and declare param: name …")
			case name != "now" && !slices.Contains(c.declared(), name) && !used[name]:
				c.problem(line, fmt.Sprintf("parameter :%s is not declared", name), didYouMean(name, c.declared()))
			}
			used[name] = true
		}
	}
	for _, p := range c.rule.Params {
		if !used[p.Name] {
			c.problem(c.rule.lines["param "+p.Name], fmt.Sprintf("parameter %s is declared but not used", p.Name), "write :"+p.Name+" in the query")
		}
	}
	return len(c.problems) == 0
}

func (c *checker) declared() []string {
	var names []string
	for _, p := range c.rule.Params {
		names = append(names, p.Name)
	}
	return names
}

// compile tries a statement against both databases and returns its columns.
func (c *checker) compile(ctx context.Context, sql string, line int) ([]string, bool) {
	names := declaredBy(sql)
	columns, err := c.empty.Check(ctx, sql, names)
	if err != nil {
		c.refused(ctx, err, line, "")
		return nil, false
	}
	if _, err := c.stub.Check(ctx, sql, names); err != nil {
		c.refused(ctx, err, line, "rules read public views only: auditor query --schema lists them")
		return nil, false
	}
	return columns, true
}

// declaredBy are the parameters that a statement uses, as Check wants them.
func declaredBy(sql string) []string {
	var names []string
	for _, p := range placeholders(sql) {
		if name := strings.TrimPrefix(p.text, ":"); name != "now" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// refused tells what SQLite or the guard said: at the given line, or at theirs
// when it is 0.
func (c *checker) refused(ctx context.Context, err error, line int, meant string) {
	var q *sqlite.QueryError
	if !errors.As(err, &q) {
		c.problem(line, err.Error(), meant)
		return
	}
	column := 0
	if line == 0 {
		line, column = Place(ctx, c.empty, c.rule.SQL, q) // the statement is the whole file
	}
	what := q.Message
	if q.Near != "" {
		what = fmt.Sprintf("near %q: %s", q.Near, q.Message)
	}
	if meant == "" {
		meant = Spelling(q)
	}
	c.problem(line, what, meant)
	c.problems[len(c.problems)-1].Column = column
}

// patience is how long a query may take on an empty snapshot, on which a sound
// one is done at once.
const patience = 2 * time.Second

// ends finds the recursion that has no end: it compiles.
func (c *checker) ends(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	values := c.rule.Bindings(c.now)
	for _, p := range c.rule.Params {
		if _, ok := values[p.Name]; !ok {
			values[p.Name] = nil
		}
	}
	rows, err := c.empty.Select(limited, c.rule.SQL, values)
	if err == nil {
		for _, err = range rows.All() {
			if err != nil {
				break
			}
		}
	}
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		c.problem(0, fmt.Sprintf("the query does not end: stopped after %v, on an empty snapshot", patience),
			"a recursive WITH needs a WHERE or LIMIT that ends it")
	}
}

// findings refuses a rule that reads what rules find.
func (c *checker) findings(ctx context.Context) {
	tables, err := c.empty.Reads(ctx, c.rule.SQL)
	if err == nil && c.rule.Severity != "" && slices.Contains(tables, store.FindingsTable) {
		c.problem(0, "a rule cannot read the view findings: it is what the rules find", "saved queries and sheets can")
	}
}

// Spelling tells which view or column a name unknown to SQLite was meant to be:
// did you mean "tokens"? Empty when none is near.
func Spelling(q *sqlite.QueryError) string {
	var names []string
	for _, view := range store.Views() {
		switch {
		case strings.HasPrefix(q.Message, "no such table"):
			names = append(names, view.Name)
		case strings.HasPrefix(q.Message, "no such column"):
			for _, column := range view.Columns {
				names = append(names, column.Name)
			}
		}
	}
	// A column of another view may have just that name.
	names = slices.DeleteFunc(names, func(name string) bool { return strings.EqualFold(name, q.Near) })
	if near := Nearest(q.Near, names); near != "" && columnName.MatchString(strings.ToLower(q.Near)) {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func (c *checker) columns(columns []string) {
	if c.rule.Severity != "" && (len(columns) < len(lead) || !slices.Equal(columns[:len(lead)], lead)) {
		c.problem(0, "the columns are "+strings.Join(columns, ", "), "a rule begins with "+strings.Join(lead, ", "))
		return
	}
	for i, column := range columns {
		// A subquery calls the second column of a name "name:1".
		name, _, isNumbered := strings.Cut(column, ":")
		switch {
		case isNumbered && slices.Contains(columns[:i], name):
			c.problem(0, fmt.Sprintf("there are two columns %s", name), "give one another name with AS")
		case !columnName.MatchString(column):
			c.problem(0, fmt.Sprintf("column %d is called %q", i+1, column), "give it a name of small letters, digits and _ with AS")
		}
	}
}

func (c *checker) problem(line int, what, meant string) {
	c.problems = append(c.problems, Problem{File: c.rule.File, Line: line, Rule: c.rule.ID, What: what, Meant: meant})
}

// populationSQL counts what the rule looks at; empty when it does not say.
func (r Rule) populationSQL() string {
	if r.Population == "" {
		return ""
	}
	return "SELECT count(*) AS population FROM " + r.Population
}
