package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "auditor/internal/store"
	"auditor/internal/store/storetest"
)

// sample is a small published snapshot.
func sample(t *testing.T) *Snapshot {
	t.Helper()
	w, _ := storetest.Create(t)
	storetest.Add(t, w, "tokens", "", storetest.TokenJSON)
	storetest.Add(t, w, "token_repositories", "25381", `{"id":7,"full_name":"acme/x"}`)
	return storetest.Publish(t, w)
}

func TestGuardRefuses(t *testing.T) {
	t.Parallel()
	s := sample(t)
	outside := filepath.Join(t.TempDir(), "out.db")
	before, err := os.ReadFile(s.Info().Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ statement, want string }{
		{`ATTACH '` + outside + `' AS x`, "only SELECT"},
		{`SELECT 1; ATTACH '` + outside + `' AS x`, "only one statement"},
		{`VACUUM INTO '` + outside + `'`, "only SELECT"},
		{`PRAGMA query_only = 0`, "only SELECT"},
		{`SELECT * FROM pragma_database_list`, "PRAGMA"},
		{`SELECT * FROM "pragma_table_info"('tokens')`, "PRAGMA"},
		{`DELETE FROM _tokens`, "only SELECT"},
		{`INSERT INTO _tiers VALUES (9, 'x')`, "only SELECT"},
		{`UPDATE _snapshot SET filters = ''`, "only SELECT"},
		{`REPLACE INTO _tiers VALUES (9, 'x')`, "only SELECT"},
		{`WITH x AS (SELECT 1) DELETE FROM _tokens`, "syntax error"},
		{`WITH x AS (SELECT 1) INSERT INTO _tiers SELECT 9, 'x'`, "syntax error"},
		{`CREATE TABLE t (a)`, "only SELECT"},
		{`CREATE TEMP TABLE t (a)`, "only SELECT"},
		{`DROP VIEW tokens`, "only SELECT"},
		{`BEGIN`, "only SELECT"},
		{`EXPLAIN SELECT 1`, "only SELECT"},
		{`EXPLAIN QUERY PLAN SELECT 1`, "only SELECT"},
		{`SELECT 1; SELECT 2`, "only one statement"},
		{`SELECT 1; -- two` + "\n" + `DROP VIEW tokens`, "only one statement"},
		{`SELECT ';' AS a, 'it''s' || ";" ; DELETE FROM _tokens`, "only one statement"},
		{`SELECT 1) UNION SELECT * FROM (SELECT 2`, "nothing to close"},
		{`SELECT '(' || 1) AS x`, "nothing to close"},
		{`SELECT date('now')`, "'now'"},
		{`SELECT DATE('NOW')`, "'NOW'"},
		{`SELECT unixepoch('subsec')`, "time of asking"},
		{`SELECT date()`, "too few arguments"},
		{`SELECT datetime ( /* */ )`, "too few arguments"},
		{`SELECT "date"()`, "too few arguments"},
		{`SELECT strftime('%Y')`, "too few arguments"},
		{`SELECT CURRENT_TIMESTAMP`, "time of asking"},
		{`SELECT current_date`, "time of asking"},
		{`SELECT current_time`, "time of asking"},
		{`SELECT "double"`, "no such column"},
		{`SELECT * FROM tokens WHERE token_name = "Some Token"`, "no such column"},
		{`SELECT load_extension('x')`, "not authorized"},
		{`SELECT readfile('/etc/passwd')`, "no such function"},
		{`SELECT writefile('` + outside + `', 'x')`, "no such function"},
		{`SELECT ?`, "written :name"},
		{`SELECT ?1`, "written :name"},
		{`SELECT @x`, "written :name"},
		{`SELECT $x`, "written :name"},
		{`SELECT :1`, "written :name"},
		{`SELECT 1` + "\x00" + `; DROP VIEW tokens`, "NUL"},
		{``, "no statement"},
		{` ; -- nothing`, "no statement"},
		{`SELECT length(zeroblob(100000000))`, "too big"},
		{`SELECT * FROM missing`, "no such table"},
		{`SELECT FROM tokens`, "syntax error"},
		{`SELECT org FROM tokens JOIN orgs`, "ambiguous"},
	} {
		rows, err := s.Select(t.Context(), c.statement, map[string]any{})
		if err == nil {
			for _, e := range rows.All() {
				err = errors.Join(err, e)
			}
		}
		var q *QueryError
		if !errors.As(err, &q) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a QueryError with %q", c.statement, err, c.want)
		}
		if _, err := s.Check(t.Context(), c.statement, nil); err == nil && c.want != "too big" && c.want != "not authorized" {
			t.Errorf("Check takes %s", c.statement)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file was made")
	}
	after, err := os.ReadFile(s.Info().Path)
	if err != nil || string(after) != string(before) {
		t.Error("the snapshot was changed")
	}
}

func TestEndlessRecursionStops(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for name, statement := range map[string]string{
		"before the first row": `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c`,
		"after the first row":  `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x = 1`,
		"between rows":         `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c`,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			began := time.Now()
			rows, err := s.Select(ctx, statement, nil)
			if err == nil {
				for _, e := range rows.All() {
					err = e
				}
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("stopped after %v", took)
			}
		})
	}
	// The connection is good for the next one.
	if got := query(t, s, "SELECT count(*) FROM tokens"); got != "[1]" {
		t.Errorf("afterwards: %s", got)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	s := sample(t)
	rows, err := s.Select(t.Context(), "WITH a AS (SELECT :n AS n, :t AS t)\nSELECT n, t, :f AS f, :b AS b, :z AS z, x'41' AS x, :now AS now, ';' AS \"a;b\" FROM a; -- end\n ; ",
		map[string]any{"n": 7, "t": "it's", "f": 1.5, "b": true, "z": nil, "now": "2026-11-21T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows.Columns, ","); got != "n,t,f,b,z,x,now,a;b" {
		t.Errorf("columns %s", got)
	}
	n := 0
	for row, err := range rows.All() {
		n++
		want := []any{int64(7), "it's", 1.5, int64(1), nil, "A", "2026-11-21T00:00:00Z", ";"}
		for i := range want {
			if err != nil || row[i] != want[i] {
				t.Errorf("%s: %#v, %v; want %#v", rows.Columns[i], row[i], err, want[i])
			}
		}
	}
	if n != 1 {
		t.Errorf("%d rows", n)
	}
	for _, c := range []struct {
		statement string
		params    map[string]any
		want      string
	}{
		{"SELECT :days", map[string]any{}, "parameter :days has no value"},
		{"SELECT :days", map[string]any{"days": 1, "dais": 1}, "parameter :dais is not used"},
		{"SELECT :at", map[string]any{"at": time.Now()}, "a time.Time cannot be a value"},
	} {
		if _, err := s.Select(t.Context(), c.statement, c.params); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.statement, err, c.want)
		}
	}
	// Brackets in texts are not brackets.
	if _, err := s.Check(t.Context(), `SELECT 'a (' || 1 || ')' AS x, (1) AS y, ')' AS z`, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Select(t.Context(), "SELECT 1", map[string]any{"now": "x"}); err != nil {
		t.Errorf("a surplus now: %v", err)
	}
}

// Many statements at once, some left early, on few connections.
func TestSelectIsConcurrent(t *testing.T) {
	t.Parallel()
	s := sample(t)
	done := make(chan error)
	for i := range 20 {
		go func() {
			rows, err := s.Select(t.Context(), "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 500) SELECT x, :i AS i FROM c", map[string]any{"i": i})
			if err == nil {
				for row, e := range rows.All() {
					if err = e; err != nil || row[1] != int64(i) {
						err = errors.Join(err, errors.New("another statement's row"))
						break
					}
					if i%2 == 0 && row[0] == int64(250) {
						break
					}
				}
			}
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestQueryErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for _, c := range []struct {
		statement    string
		near         string
		line, column int
	}{
		{"SELECT org\nFORM tokens WHERE", "", 0, 0},
		{"SELECT org,\n  grand_id\nFROM tokens", "grand_id", 2, 3},
		{"SELECT t.grand_id\nFROM tokens AS t", "grand_id", 1, 10},
		{"SELECT org\nFROM tokenz", "tokenz", 2, 6},
		{"SELECT 'ü', blub(1)", "blub", 1, 13},
		{"SELECT 1\n; DROP VIEW tokens", ";", 2, 1},
		{"SELECT org FROM tokens\nWHERE access_granted_at < date('now')", "now", 2, 32},
		{"SELECT \"grand_id\" FROM tokens", "grand_id", 1, 8},
		{"SELECT (1+) FROM tokens", ")", 1, 11},
	} {
		_, err := s.Check(t.Context(), c.statement, nil)
		var q *QueryError
		if !errors.As(err, &q) {
			t.Errorf("%s: %v", c.statement, err)
			continue
		}
		if c.near != "" && (q.Near != c.near || q.Line != c.line || q.Column != c.column) {
			t.Errorf("%s: near %q at %d:%d; want %q at %d:%d (%v)", c.statement, q.Near, q.Line, q.Column, c.near, c.line, c.column, err)
		}
	}
}

// What is missing at the end is told there, and not as something wrong with
// what shape puts behind the statement.
func TestStatementsThatEndTooEarly(t *testing.T) {
	t.Parallel()
	s := sample(t)
	for statement, want := range map[string]string{
		"SELECT 1 AS":                      "1:12 the statement ends too early",
		"SELECT 1\nFROM \n":                "2:5 the statement ends too early",
		"SELECT count(*) FROM orgs WHERE;": "1:32 the statement ends too early",
		"SELECT 1 /* never ends":           "1:23 the statement ends too early",
		"SELECT (1, (2) + 3":               "1:8 nothing closes it",
		"SELECT 'it''s":                    "1:8 what is quoted here does not end: its closing ' is missing",
		"SELECT 1,\n  \"x":                 "2:3 what is quoted here does not end: its closing \" is missing",
		"SELECT [x FROM tokens":            "1:8 what is quoted here does not end: its closing ] is missing",
		"SELECT x'00":                      "1:9 what is quoted here does not end: its closing ' is missing",
		"SELECT 'a', ''''":                 "<nil>",
	} {
		_, err := s.Check(t.Context(), statement, nil)
		got := fmt.Sprint(err)
		var q *QueryError
		if errors.As(err, &q) {
			got = fmt.Sprintf("%d:%d %s", q.Line, q.Column, q.Message)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", statement, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := sample(t)
	columns, err := s.Check(t.Context(), "SELECT 'fail' AS status, org FROM tokens WHERE last_used_at < date(:now, '-' || :days || ' days') -- :not ':this'", []string{"days"})
	if err != nil || strings.Join(columns, ",") != "status,org" {
		t.Errorf("%v, %v", columns, err)
	}
	for _, c := range []struct {
		statement string
		declared  []string
		want      string
	}{
		{"SELECT :days", nil, "parameter :days is not declared"},
		{"SELECT 1", []string{"days"}, "parameter :days is declared and not used"},
		{"SELECT ':days'", []string{"days"}, "parameter :days is declared and not used"},
	} {
		if _, err := s.Check(t.Context(), c.statement, c.declared); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.statement, err, c.want)
		}
	}
}

func TestEmptyAndStub(t *testing.T) {
	t.Parallel()
	empty, err := Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stub, err := Stub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range Views() {
		for name, s := range map[string]*Snapshot{"empty": empty, "stub": stub} {
			columns, err := s.Check(t.Context(), "SELECT * FROM "+view.Name, nil)
			if err != nil || len(columns) != len(view.Columns) {
				t.Errorf("%s: %s: %v, %v", name, view.Name, columns, err)
			}
		}
	}
	if _, err := empty.Check(t.Context(), "SELECT * FROM _tokens", nil); err != nil {
		t.Error(err)
	}
	if _, err := stub.Check(t.Context(), "SELECT * FROM _tokens", nil); err == nil {
		t.Error("the stub has private tables")
	}
	for _, s := range []*Snapshot{empty, stub} {
		dir := s.Temporary()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s stays", dir)
		}
	}
}
