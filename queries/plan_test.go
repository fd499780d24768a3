package queries_test

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auditor/internal/raced"
	"auditor/internal/store"
)

// largeTables have thousands of rows of one organization.
var largeTables = []string{"_tokens", "_token_permissions", "_reach_members", "_reach_counts", "_repositories", "_sensitive_repositories", "_repository_names", "_repository_settings", "_branch_protection", "_branch_protection_effects"}

// TestNoScanInAScan holds every rule and saved query to time that does not grow
// with the square of the organization: its program must not read all of one
// large table for each row of another. The empty snapshot has no statistics
// that could make a scan look cheap.
func TestNoScanInAScan(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	snapshot, err := store.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	db, err := sql.Open("sqlite", "file:"+snapshot.Info().Path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages := largePages(t, db)
	for _, rule := range slices.Concat(builtIn(t).Rules(), builtIn(t).Queries()) {
		statements := []string{rule.SQL}
		if rule.Population != "" {
			statements = append(statements, "SELECT count(*) FROM "+rule.Population)
		}
		for _, statement := range statements {
			if inner := nestedScan(program(t, db, statement), pages); inner != "" {
				t.Errorf("%s: scans %s once for each row of another large table", rule.ID, inner)
			}
		}
	}
}

// The check would find one.
func TestNestedScanIsFound(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	snapshot, err := store.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	db, err := sql.Open("sqlite", "file:"+snapshot.Info().Path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages := largePages(t, db)
	for statement, want := range map[string]string{
		"SELECT t.grant_id FROM tokens AS t JOIN repositories AS r ON r.full_name LIKE t.token_name":                                             "_",
		"SELECT t.grant_id FROM tokens AS t WHERE EXISTS (SELECT 1 FROM token_permissions AS p WHERE p.grant_id + 0 = t.grant_id)":               "_",
		"SELECT t.grant_id FROM tokens AS t WHERE t.grant_id IN (SELECT p.grant_id FROM token_permissions AS p)":                                 "",
		"SELECT t.grant_id, p.level FROM tokens AS t JOIN token_permissions AS p ON p.org = t.org AND p.grant_id = t.grant_id":                   "",
		"SELECT t.grant_id, (SELECT count(*) FROM repositories) FROM tokens AS t":                                                                "",
		"SELECT r.repository_id, p.is_protected FROM repositories AS r JOIN default_branch_protection AS p ON p.repository_id = r.repository_id": "",
	} {
		if got := nestedScan(program(t, db, statement), pages); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: found %q, want %q…", statement, got, want)
		}
	}
}

// TestFirstRowsOfWhoCanWrite holds the query that may have millions of rows to
// sorting no more than those of one repository at a time, so that a table of
// its first rows is there at once.
func TestFirstRowsOfWhoCanWrite(t *testing.T) {
	t.Parallel()
	raced.Skip(t)
	snapshot, err := store.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	db, err := sql.Open("sqlite", "file:"+snapshot.Info().Path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	query, ok := builtIn(t).Find("who-can-write")
	if !ok {
		t.Fatal("there is no query who-can-write")
	}
	plan := planOf(t, db, query.SQL)
	ofRepositories, ofHidden, ok := strings.Cut(plan, "RIGHT\n")
	if !ok || !strings.Contains(plan, "SCAN r USING INDEX _repositories_by_name") {
		t.Fatalf("repositories do not come by name:\n%s", plan)
	}
	if !strings.Contains(ofRepositories, "LAST 2 TERMS OF ORDER BY") || strings.Contains(ofRepositories, "TEMP B-TREE FOR ORDER BY") {
		t.Errorf("all rows are sorted before the first comes:\n%s", plan)
	}
	if !strings.Contains(ofHidden, "MATERIALIZE hidden") {
		t.Errorf("repositories that were not seen are looked for again and again:\n%s", plan)
	}
}

// planOf returns the lines of SQLite's plan.
func planOf(t *testing.T, db *sql.DB, statement string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, unbound(statement)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int64
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// largePages maps the root pages of large tables and their indexes to the table.
func largePages(t *testing.T, db *sql.DB) map[int64]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT s.rootpage, s.tbl_name FROM sqlite_schema AS s WHERE s.rootpage > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	pages := map[int64]string{}
	for rows.Next() {
		var page int64
		var table string
		if err := rows.Scan(&page, &table); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(largeTables, table) {
			pages[page] = table
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return pages
}

// step is one instruction of SQLite's program.
type step struct {
	opcode     string
	p1, p2, p3 int64
}

func program(t *testing.T, db *sql.DB, statement string) []step {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN "+statement, unbound(statement)...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var steps []step
	for rows.Next() {
		var s step
		var address, p4, p5, comment any
		if err := rows.Scan(&address, &s.opcode, &s.p1, &s.p2, &s.p3, &p4, &p5, &comment); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// nestedScan names a large table that is read from its beginning to its end
// inside the loop over another one; what runs once only does not count.
func nestedScan(steps []step, pages map[int64]string) string {
	tables := map[int64]string{} // by cursor
	for _, s := range steps {
		if table := pages[s.p2]; (s.opcode == "OpenRead" || s.opcode == "ReopenIdx") && s.p3 == 0 && table != "" {
			tables[s.p1] = table
		}
	}
	for end, outer := range steps {
		if (outer.opcode != "Next" && outer.opcode != "Prev") || tables[outer.p1] == "" {
			continue
		}
		for i := int(outer.p2); i < end; i++ {
			inner := steps[i]
			switch {
			case inner.opcode == "Once" && int(inner.p2) > i:
				i = int(inner.p2) - 1
			case (inner.opcode == "Rewind" || inner.opcode == "Last") && tables[inner.p1] != "" && inner.p1 != outer.p1:
				return fmt.Sprint(tables[inner.p1], " (for ", tables[outer.p1], ")")
			}
		}
	}
	return ""
}

// parameterNames finds too many, in texts and comments: those bind nothing.
var parameterNames = regexp.MustCompile(`:[a-z]\w*`)

// unbound binds NULL to every parameter.
func unbound(statement string) []any {
	var args []any
	for _, name := range parameterNames.FindAllString(statement, -1) {
		if !slices.ContainsFunc(args, func(a any) bool { return a.(sql.NamedArg).Name == name[1:] }) {
			args = append(args, sql.Named(name[1:], nil))
		}
	}
	return args
}
