package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const sampleScript = `CREATE TABLE _tokens (id INTEGER PRIMARY KEY, name TEXT, word TEXT, used_at TEXT);
	INSERT INTO _tokens VALUES (1, 'a', 'now', '2026-11-21T00:00:00Z'), (2, 'b', 'subsec', NULL);
	CREATE INDEX _names ON _tokens (name);
	CREATE TABLE _owners (id INTEGER PRIMARY KEY, login TEXT);
	CREATE VIEW tokens AS SELECT t.*, o.login FROM _tokens AS t LEFT JOIN _owners AS o ON o.id = t.id;`

// sample opens a small database.
func sample(t *testing.T, o Options) (d *Database, path string) {
	t.Helper()
	path = write(t, sampleScript)
	d, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, path
}

func write(t *testing.T, script string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a file.db")
	db := Writable(path, url.Values{"mode": {"rwc"}})
	_, err := db.ExecContext(t.Context(), script)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// answer is all rows of a statement, one a line.
func answer(ctx context.Context, d *Database, statement string, params map[string]any) (string, error) {
	rows, err := d.Select(ctx, statement, params)
	if err != nil {
		return "", err
	}
	var lines []string
	for row, err := range rows.All() {
		if err != nil {
			return "", err
		}
		lines = append(lines, strings.Trim(fmt.Sprint(row), "[]"))
	}
	return strings.Join(lines, "\n"), nil
}

// Whatever asks for the time is refused: by its words when it is compiled, and
// else when it asks.
func TestClockIsRefused(t *testing.T) {
	t.Parallel()
	d, _ := sample(t, Options{Memory: "CREATE TABLE findings (word TEXT); INSERT INTO findings VALUES ('now')"})
	params := map[string]any{"p": "now", "f": "%s"}
	for _, statement := range []string{
		"SELECT date('now')",
		"SELECT date('no' || 'w')",
		"SELECT datetime(:p)",
		"SELECT julianday(word) FROM tokens",
		"SELECT julianday(word) FROM findings",
		"SELECT count(*) FROM tokens WHERE unixepoch(lower('NOW')) > 0",
		"SELECT strftime('%s')",
		"SELECT strftime(:f)",
		"SELECT unixepoch()",
		"SELECT unixepoch('sub' || 'sec')",
		"SELECT datetime(\ufeff)",
		"SELECT time(substr('xnow', 2), '+1 day')",
		"SELECT timediff(char(110, 111, 119), '2026-01-01')",
		"SELECT timediff('2026-01-01', trim(' now '))",
		"SELECT current_date",
		"SELECT \ufeffcurrent_timestamp",
		"\ufeffSELECT date()",
		"SELECT id FROM tokens ORDER BY date(word)",
		"SELECT id, date(word) AS d FROM tokens GROUP BY 1 HAVING max(date(word)) > '2000'",
		"WITH w(x) AS (VALUES ('now')) SELECT strftime('%Y', x) FROM w",
		"SELECT date(j.value) FROM json_each('[\"n\\u006fw\"]') AS j",
		"SELECT :p('), date(' || '",
	} {
		given := map[string]any{}
		for name, value := range params {
			if strings.Contains(statement, ":"+name) {
				given[name] = value
			}
		}
		got, err := answer(t.Context(), d, statement, given)
		var q *QueryError
		if !errors.As(err, &q) {
			t.Errorf("%s: %q, %v; want a QueryError", statement, got, err)
		}
	}
}

// A refused statement leaves the connection sound.
func TestDatesOfColumnsAreAllowed(t *testing.T) {
	t.Parallel()
	d, _ := sample(t, Options{})
	if _, err := answer(t.Context(), d, "SELECT date(lower('NOW'))", nil); err == nil {
		t.Error("the clock was not refused")
	}
	now := map[string]any{"now": "2026-11-22T00:00:00Z"}
	got, err := answer(t.Context(), d, `SELECT unixepoch(:now) - unixepoch(used_at), date(used_at, '-90 days'), strftime('%Y', used_at), datetime(NULL), date('garbage'),
		date(1792540800, 'unixepoch'), timediff(:now, used_at) FROM tokens WHERE id = 1`, now)
	if want := "86400 2026-08-23 2026 <nil> <nil> 2026-10-21 +0000-00-01 00:00:00.000"; got != want || err != nil {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	got, err = answer(t.Context(), d, "\ufeffSELECT 1", nil)
	if got != "1" || err != nil {
		t.Errorf("a byte order mark: %s, %v", got, err)
	}
}

// What the guard refuses by words, the connection refuses by itself.
func TestConnectionOnlyReads(t *testing.T) {
	t.Parallel()
	d, path := sample(t, Options{Memory: "CREATE TABLE findings (x)", Attached: []Attachment{{"other", write(t, "CREATE TABLE o (x)")}}})
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "out.db")
	conn, err := d.guard(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.release()
	for _, statement := range []string{
		"ATTACH '" + outside + "' AS x", "VACUUM INTO '" + outside + "'", "PRAGMA query_only = 0", "PRAGMA query_only", "DETACH other",
		"DELETE FROM _tokens", "INSERT INTO findings VALUES (1)", "DELETE FROM other.o", "CREATE TEMP TABLE t (a)", "CREATE TABLE memory.t (a)",
		"BEGIN", "SAVEPOINT a", "ANALYZE", "REINDEX", "SELECT load_extension('x')", "SELECT * FROM pragma_database_list", "EXPLAIN DELETE FROM _tokens",
	} {
		if _, err := conn.conn.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s: done", statement)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file was made")
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	other := write(t, "CREATE TABLE _days (n INTEGER); CREATE VIEW days AS SELECT n FROM _days; INSERT INTO _days VALUES (7)")
	d, _ := sample(t, Options{Memory: "CREATE TABLE _f (id INTEGER, rule TEXT); CREATE VIEW findings AS SELECT id, rule FROM _f", Attached: []Attachment{{"history", other}}})
	for statement, want := range map[string]string{
		"SELECT name FROM tokens":                     "_tokens",
		"SELECT login FROM tokens":                    "_owners _tokens",
		"SELECT rule FROM findings":                   "memory._f",
		"SELECT n FROM history.days":                  "history._days",
		"SELECT name, n FROM tokens, days, memory._f": "_tokens history._days memory._f",
		"SELECT 1": "",
		"SELECT 1 WHERE EXISTS (SELECT 1 FROM findings)":  "memory._f",
		"SELECT id FROM _tokens EXCEPT SELECT id FROM _f": "_tokens memory._f",
	} {
		got, err := d.Reads(t.Context(), statement)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v; want %s", statement, got, err, want)
		}
	}
	got, err := answer(t.Context(), d, "SELECT name, n FROM tokens JOIN history.days ORDER BY name", nil)
	if got != "a 7\nb 7" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func findings(n int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield([]any{i%2 + 1, "stale-tokens/unused"}) {
				return
			}
		}
	}
}

// Statements join a table in memory with a view of the file on several
// connections, while it is filled: each sees all of its rows or none.
// Connections come and go at the same time, each with a clock of its own in
// SQLite's one list. The race detector sees whoever reads that list unlocked.
func TestClocksAtOnce(t *testing.T) {
	t.Parallel()
	done := make(chan error)
	for range 4 {
		go func() {
			for range 200 {
				c, err := newClock()
				if err != nil {
					done <- err
					return
				}
				asked := c.isAsked()
				c.free()
				if asked {
					done <- fmt.Errorf("%s was asked before it was used", c.name)
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryIsSharedByConnections(t *testing.T) {
	t.Parallel()
	d, path := sample(t, Options{Idle: 4, Memory: "CREATE TABLE findings (token_id INTEGER, rule TEXT)"})
	before, _ := os.ReadFile(path)
	const statement = "SELECT count(*) FROM findings AS f JOIN tokens AS t ON t.id = f.token_id"
	done := make(chan error)
	for range 8 {
		go func() {
			got, err := answer(t.Context(), d, statement, nil)
			if err == nil && got != "0" && got != "2000" {
				err = fmt.Errorf("%s rows", got)
			}
			done <- err
		}()
	}
	if err := d.Fill(t.Context(), "findings", findings(2000)); err != nil {
		t.Error(err)
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got, err := answer(t.Context(), d, statement, nil); got != "2000" || err != nil {
		t.Errorf("afterwards %s, %v", got, err)
	}
	if err := d.Fill(t.Context(), "missing", findings(1)); err == nil {
		t.Error("a table that is not there was filled")
	}
	if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
		t.Error("the file was changed")
	}
}

// A row in memory takes what its data take and less than 100 bytes more.
func TestMemoryOfARow(t *testing.T) {
	t.Parallel()
	d, _ := sample(t, Options{Memory: "CREATE TABLE findings (token_id INTEGER, rule TEXT)"})
	const count = 20000
	if err := d.Fill(t.Context(), "findings", findings(count)); err != nil {
		t.Fatal(err)
	}
	var size int64
	if err := d.memory.db.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size); err != nil {
		t.Fatal(err)
	}
	data := int64(len("stale-tokens/unused") + 1)
	if more := size/count - data; more > 100 {
		t.Errorf("%d bytes more a row", more)
	}
}

// A wait for a lock ends with its context, not after the busy timeout.
func TestLockWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d, path := sample(t, Options{})
	db := Writable(path, url.Values{"mode": {"rw"}, "_txlock": {"exclusive"}})
	defer db.Close()
	if got, err := answer(t.Context(), d, "SELECT count(*) FROM _tokens", nil); got != "2" || err != nil {
		t.Fatal(got, err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := answer(ctx, d, "SELECT count(*) FROM _tokens", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 800*time.Millisecond {
		t.Errorf("waited %v", took)
	}
}
