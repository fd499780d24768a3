package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"modernc.org/sqlite"
)

// QueryError says what is wrong with a statement.
type QueryError struct {
	Message string
	Near    string // the token that SQLite stumbled over; "" if it did not tell
	Line    int    // of Near, from 1; 0 if unknown
	Column  int    // of Near in characters, from 1; 0 if unknown
}

func (e *QueryError) Error() string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("line %d, column %d: near %q: %s", e.Line, e.Column, e.Near, e.Message)
	case e.Near != "":
		return fmt.Sprintf("near %q: %s", e.Near, e.Message)
	}
	return e.Message
}

// maxLength bounds a text or blob that a statement may make, in bytes.
const maxLength = 64 << 20

// Rows is the answer to a SELECT. It must be read with [Rows.All] or closed.
type Rows struct {
	Columns []string
	ctx     context.Context
	rows    *sql.Rows
	conn    *guardedConn
}

// All yields the rows: int64, float64, string or nil a column (a blob comes as
// string). After an error, the last thing yielded, there is no more. The slice
// is reused. All closes the Rows, also when the loop is left early.
func (r *Rows) All() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer r.Close()
		values := make([]any, len(r.Columns))
		targets := make([]any, len(r.Columns))
		for i := range values {
			targets[i] = &values[i]
		}
		for r.rows.Next() {
			if err := r.rows.Scan(targets...); err != nil {
				yield(nil, err)
				return
			}
			if err := r.conn.asked(); err != nil {
				yield(nil, err)
				return
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					values[i] = string(b)
				}
			}
			if !yield(values, nil) {
				return
			}
		}
		if err := r.rows.Err(); err != nil {
			yield(nil, queryError(r.ctx, "", err))
		} else if err := r.conn.asked(); err != nil {
			yield(nil, err)
		}
	}
}

// Close ends the statement. It may be repeated.
func (r *Rows) Close() error {
	err := r.rows.Close()
	r.conn.release()
	return err
}

// Select runs one guarded SELECT. params are values of :name parameters
// (integers, floats, text, booleans, nil); all that the statement uses must be
// there and, but for "now", no others. The statement ends with ctx, also in
// the middle of a row. What is wrong with the statement is a [QueryError].
func (d *Database) Select(ctx context.Context, statement string, params map[string]any) (*Rows, error) {
	v, err := vet(statement)
	if err != nil {
		return nil, err
	}
	args, err := v.bind(params)
	if err != nil {
		return nil, err
	}
	conn, err := d.guard(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := d.shape(ctx, conn, v); err != nil {
		conn.release()
		return nil, err
	}
	rows, err := conn.query(ctx, v.body, args...)
	if err != nil {
		conn.release()
		return nil, queryError(ctx, v.body, err)
	}
	columns, err := rows.Columns()
	if err != nil {
		rows.Close()
		conn.release()
		return nil, err
	}
	return &Rows{Columns: columns, ctx: ctx, rows: rows, conn: conn}, nil
}

// Check compiles a statement and returns its columns. declared are the
// parameters that it should use: no more, no fewer, but for "now".
func (d *Database) Check(ctx context.Context, statement string, declared []string) (columns []string, err error) {
	v, err := vet(statement)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(v.parameters)) {
		if name != "now" && !slices.Contains(declared, name) {
			return nil, &QueryError{Message: "parameter :" + name + " is not declared"}
		}
	}
	for _, name := range declared {
		if name != "now" && !v.parameters[name] {
			return nil, &QueryError{Message: "parameter :" + name + " is declared and not used"}
		}
	}
	conn, err := d.guard(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.release()
	return d.shape(ctx, conn, v)
}

// shape compiles the statement as a subquery, which can be nothing but a
// SELECT, and returns its columns.
func (d *Database) shape(ctx context.Context, conn *guardedConn, v vetted) ([]string, error) {
	if columns, ok := d.columns.Load(v.body); ok {
		return slices.Clone(columns.([]string)), nil
	}
	args, _ := v.bind(nil)
	rows, err := conn.query(ctx, "SELECT * FROM (\n"+v.body+"\n) LIMIT 0", args...)
	if err != nil {
		return nil, v.tooShort(ctx, conn, queryError(ctx, v.body, err))
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return nil, err
	}
	d.columns.Store(v.body, slices.Clone(columns))
	return columns, nil
}

// tooShort tells the error that SQLite met behind the statement, in what shape
// puts there, from others: with a comma for the parenthesis, the comma is wrong.
func (v vetted) tooShort(ctx context.Context, conn *guardedConn, err error) error {
	var q, comma *QueryError
	switch {
	case !errors.As(err, &q):
		return err
	case q.Message == "incomplete input":
		return unclosed(v.body)
	case q.Near != ")" || q.Message != "syntax error":
		return err
	}
	args, _ := v.bind(nil)
	rows, again := conn.query(ctx, "SELECT * FROM (\n"+v.body+"\n,) LIMIT 0", args...)
	if again == nil {
		rows.Close()
	}
	if !errors.As(queryError(ctx, v.body, again), &comma) || comma.Near != "," {
		return err
	}
	return endsEarly(v.body)
}

func endsEarly(body string) error {
	line, column := place(body, len(strings.TrimRight(body, " \t\n\f\r")))
	return &QueryError{Message: "the statement ends too early", Line: line, Column: column}
}

// unclosed is the error of a statement of which SQLite did not see the end.
func unclosed(body string) error {
	var open []Token
	for _, t := range Tokens(body) {
		switch {
		case t.Kind != Punctuation:
		case t.Value == "(":
			open = append(open, t)
		case t.Value == ")" && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return endsEarly(body)
	}
	return refusal(body, open[len(open)-1], "nothing closes it")
}

// bind makes the driver's arguments. nil params bind NULL to everything.
func (v vetted) bind(params map[string]any) ([]any, error) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !v.parameters[name] && name != "now" {
			return nil, &QueryError{Message: "parameter :" + name + " is not used by the statement"}
		}
	}
	var args []any
	for _, name := range slices.Sorted(maps.Keys(v.parameters)) {
		value, ok := params[name]
		if !ok && params != nil {
			return nil, &QueryError{Message: "parameter :" + name + " has no value"}
		}
		switch value.(type) {
		case nil, int, int64, float64, string, bool:
			args = append(args, sql.Named(name, value))
		default:
			return nil, &QueryError{Message: fmt.Sprintf("parameter :%s: a %T cannot be a value", name, value)}
		}
	}
	return args, nil
}

var (
	driverPrefix = regexp.MustCompile(`^(?:SQL logic error: )?`)
	driverCode   = regexp.MustCompile(` \(\d+\)$`)
	nearToken    = regexp.MustCompile(`^near "([^"]+)": (.+)$`)
	unknownName  = regexp.MustCompile(`^(?:no such column|no such table|no such function|ambiguous column name): (\S+)`)
)

// queryError turns the driver's error into a [QueryError]; the end of the
// context stays what it is.
func queryError(ctx context.Context, statement string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if refused, ok := errors.AsType[*QueryError](err); ok {
		refused.locate(statement)
		return refused
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	message := driverPrefix.ReplaceAllString(driverCode.ReplaceAllString(e.Error(), ""), "")
	q := &QueryError{Message: message}
	if m := nearToken.FindStringSubmatch(message); m != nil {
		q.Near, q.Message = m[1], m[2]
	} else if m := unknownName.FindStringSubmatch(message); m != nil {
		q.Near = strings.Trim(m[1][strings.LastIndexByte(m[1], '.')+1:], "\"`[]")
	}
	q.locate(statement)
	return q
}

// locate finds the place of Near when the statement has it only once.
func (e *QueryError) locate(statement string) {
	found := -1
	for _, t := range Tokens(statement) {
		if e.Near == "" || !strings.EqualFold(strings.Trim(t.Value, "\"`[]"), e.Near) {
			continue
		}
		if found >= 0 {
			return
		}
		found = t.Offset
	}
	if found >= 0 {
		e.Line, e.Column = place(statement, found)
	}
}
