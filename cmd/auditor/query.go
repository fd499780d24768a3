package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/history"
	"auditor/internal/rows"
	"auditor/internal/rules"
	"auditor/internal/sqlite"
	"auditor/internal/store"
	"auditor/queries"
)

type queryOptions struct {
	snapshot, file, format string
	params                 []string
	timeout                time.Duration
	limit                  int // rows; below 0: what suits the format
	isList, isSchema       bool
	isHistory              bool // ask the history instead of a snapshot
}

func (a *app) queryCommand() *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query NAME|SQL",
		Short: "Ask a snapshot, or the history: a saved query, or SQL",
		Long: `Ask a snapshot: a saved query, a rule, or SQL over the public views. It can only
read, and ends after --timeout. Tables show the first 1,000 rows unless --limit
says otherwise, and say so; csv and json are whole unless --limit is given.

With --history it asks what all snapshots told, also those that were pruned: the
same views with a snapshot_id, and changes, findings, finding_counts.`,
		Example: `  auditor query --list
  auditor query who-can-write --param 'repository=acme/pay*'
  auditor query --schema tokens
  auditor query "SELECT token_name, owner_login FROM tokens WHERE expires_at IS NULL"
  auditor query stale-tokens/inventory --format csv
  auditor query --history trend`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("give the SQL as one argument, in quotes")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(rows.Formats(), o.format) {
				return &usageError{fmt.Errorf("--format %q%s: known are %s", o.format, didYouMean(o.format, rows.Formats()), strings.Join(rows.Formats(), ", "))}
			}
			if c.Flags().Changed("limit") && o.limit < 0 {
				return &usageError{fmt.Errorf("--limit %d: give a number of rows, or 0 for all", o.limit)}
			}
			if o.isSchema {
				return a.printSchema(o, strings.Join(args, ""))
			}
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			if o.isList {
				return a.list(c.Context(), cfg, o, args)
			}
			sql, params, err := a.question(c.Context(), cfg, o, args)
			if err != nil {
				return err
			}
			return a.query(c.Context(), cfg, o, sql, params)
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.snapshot, "snapshot", "", "snapshot `FILE` (default: the newest one)")
	flags.StringVarP(&o.file, "file", "f", "", "read the SQL from `FILE`, - for standard input")
	flags.StringVar(&o.format, "format", "table", "`FORMAT`: "+strings.Join(rows.Formats(), ", "))
	flags.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long the question may take, such as 10s or 2m")
	flags.StringArrayVar(&o.params, "param", nil, "value of a parameter, `NAME=VALUE`")
	flags.IntVar(&o.limit, "limit", -1, "show at most `N` rows, 0 all (default 1000 in table and markdown, all in csv and json)")
	flags.BoolVar(&o.isList, "list", false, "list the saved queries and their parameters")
	flags.BoolVar(&o.isSchema, "schema", false, "list the views, or the columns of the view that is named")
	flags.BoolVar(&o.isHistory, "history", false, "ask the history instead of a snapshot, also with --list and --schema")
	c.MarkFlagsMutuallyExclusive("list", "schema", "file")
	c.MarkFlagsMutuallyExclusive("history", "snapshot")
	return c
}

func (a *app) list(ctx context.Context, cfg *config, o queryOptions, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("--list lists all saved queries: it takes no %q", args[0])}
	}
	set, problems, err := a.savedQueries(ctx, cfg, o)
	if err != nil {
		return err
	}
	if err := a.listQueries(o.format, set); err != nil {
		return err
	}
	return rulesError(problems)
}

// savedQueries are those for what is asked. They are not compiled: the one that
// is asked says what is wrong with it, and the others are not its business.
func (a *app) savedQueries(ctx context.Context, cfg *config, o queryOptions) (*rules.Set, []rules.Problem, error) {
	if o.isHistory {
		set, problems := rules.Load(rules.Source{Name: "queries/_history", FS: queries.History(), IsCompiled: true})
		return set, problems, nil
	}
	return a.soundRules(ctx, cfg, readRules)
}

var savedName = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)

// bindings are the values of a question's parameters, given the time it asks about.
type bindings func(now time.Time) map[string]any

// question finds the SQL to run: that of a saved query or rule, or what was written.
func (a *app) question(ctx context.Context, cfg *config, o queryOptions, args []string) (sql string, _ bindings, _ error) {
	given, err := parseParams(o.params)
	if err != nil {
		return "", nil, err
	}
	switch {
	case (len(args) == 1) == (o.file != ""):
		return "", nil, &usageError{errors.New("give the name of a saved query, SQL, or -f FILE")}
	case o.file != "":
		text, err := a.readFile(o.file)
		return text, adHoc(given), err
	case !savedName.MatchString(args[0]):
		return args[0], adHoc(given), nil
	}
	set, problems, err := a.savedQueries(ctx, cfg, o)
	if err != nil {
		return "", nil, err
	}
	rule, ok := set.Find(args[0])
	switch {
	case !ok && len(problems) > 0:
		return "", nil, rulesError(problems)
	case !ok:
		return "", nil, unknownRule(args[0], set)
	}
	params, err := saved(rule, given)
	return rule.SQL, params, err
}

func parseParams(texts []string) (map[string]string, error) {
	params := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &usageError{fmt.Errorf("--param %q is not NAME=VALUE", text)}
		}
		params[name] = value
	}
	return params, nil
}

// adHoc binds :now, and gives parameters the type that they look like.
func adHoc(given map[string]string) bindings {
	return func(now time.Time) map[string]any {
		params := map[string]any{"now": now.UTC().Format(time.RFC3339)}
		for name, text := range given {
			params[name] = text
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				params[name] = n
			} else if f, err := strconv.ParseFloat(text, 64); err == nil {
				params[name] = f
			}
		}
		return params
	}
}

// saved binds the parameters that the header of a saved query declares.
func saved(rule rules.Rule, given map[string]string) (bindings, error) {
	values := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		text := given[name]
		i := slices.IndexFunc(rule.Params, func(p rules.Param) bool { return p.Name == name })
		if i < 0 {
			return nil, &usageError{fmt.Errorf("--param %s: %s has no such parameter%s", name, rule.ID, parametersOf(rule, name))}
		}
		value, err := rule.Params[i].Parse(text)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--param %s: %w", name, err)}
		}
		values[name] = value
	}
	for _, p := range rule.Params {
		if _, ok := rule.Parameters()[p.Name]; !ok && values[p.Name] == nil {
			return nil, &usageError{fmt.Errorf("%s needs --param %s=%s: %s", rule.ID, p.Name, strings.ToUpper(p.Kind), p.Meaning)}
		}
	}
	return func(now time.Time) map[string]any {
		params := rule.Bindings(now)
		maps.Copy(params, values)
		return params
	}, nil
}

// parametersOf is what to say about a parameter that a query does not have.
func parametersOf(rule rules.Rule, name string) string {
	var known []string
	for _, p := range rule.Params {
		known = append(known, p.Name)
	}
	if near := didYouMean(name, known); near != "" || len(known) == 0 {
		return near
	}
	return ": it has " + strings.Join(known, ", ")
}

func (a *app) readFile(name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(a.env.stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", &usageError{fmt.Errorf("read query: %w", err)}
	}
	return string(text), nil
}

func (a *app) query(ctx context.Context, cfg *config, o queryOptions, sql string, params bindings) error {
	asked, err := a.asked(ctx, cfg, o, sql)
	if err != nil {
		return err
	}
	defer asked.close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	err = a.answer(ctx, asked.database, o, sql, params(asked.now))
	if errors.Is(err, context.DeadlineExceeded) {
		return &stoppedError{err, o.timeout}
	}
	return pointed(ctx, asked.database, err, sql)
}

// stoppedError says that a question took its time and was stopped.
type stoppedError struct {
	err   error
	after time.Duration
}

func (e *stoppedError) Error() string {
	return fmt.Sprintf("query: stopped after %v, its time limit (--timeout)", e.after)
}

func (e *stoppedError) Unwrap() error { return e.err }

func (a *app) answer(ctx context.Context, database *sqlite.Database, o queryOptions, sql string, params map[string]any) error {
	found, err := database.Select(ctx, sql, params)
	if err != nil {
		return err
	}
	limit, isCut := o.limit, false
	if limit < 0 {
		limit = defaultLimit(o.format)
	}
	if _, err := rows.Write(a.env.stdout, o.format, found.Columns, limited(found.All(), limit, &isCut), a.env.stdoutWidth); err != nil {
		return err
	}
	if isCut {
		return a.printCut(o.format, limit)
	}
	return nil
}

// asked is what a question is put to, and the time that it is about.
type asked struct {
	database *sqlite.Database
	now      time.Time
	close    func() error
}

// asked opens what the question is for.
func (a *app) asked(ctx context.Context, cfg *config, o queryOptions, sql string) (asked, error) {
	if o.isHistory {
		file, err := history.Read(ctx, history.Path(cfg.path(cfg.Snapshots.Dir)))
		if err != nil {
			return asked{}, err
		}
		return asked{file.Database(), file.FinishedAt(), file.Close}, nil
	}
	var attached []sqlite.Attachment
	if namesSchema(sql, historySchema) {
		path := history.Path(cfg.path(cfg.Snapshots.Dir))
		if _, err := os.Stat(path); err != nil {
			return asked{}, fmt.Errorf("open history %s: %w", path, history.ErrNone)
		}
		attached = append(attached, sqlite.Attachment{Name: historySchema, Path: path})
	}
	snapshot, err := a.open(ctx, cfg, o.snapshot, attached...)
	if err != nil {
		return asked{}, err
	}
	one := asked{snapshot.Database(), snapshot.Brief().FinishedAt, snapshot.Close}
	// A mistake in the statement is reported when it is run, with its place.
	if readsFindings, err := snapshot.ReadsFindings(ctx, sql); err != nil || !readsFindings {
		return one, nil
	}
	if err := a.fillFindings(ctx, cfg, snapshot); err != nil {
		return asked{}, errors.Join(err, snapshot.Close())
	}
	return one, nil
}

// historySchema is the name by which a question to a snapshot reaches the views of
// the history: history.tokens.
const historySchema = "history"

// namesSchema says whether a statement has the name of a schema before a dot.
func namesSchema(sql, schema string) bool {
	tokens := sqlite.Tokens(sql)
	for i, t := range tokens[:max(len(tokens)-1, 0)] {
		if tokens[i+1].Value == "." && strings.EqualFold(strings.Trim(t.Value, "\"`[]"), schema) {
			return true
		}
	}
	return false
}

// fillFindings evaluates the rules for the view findings of a snapshot, as the
// reports would show them.
func (a *app) fillFindings(ctx context.Context, cfg *config, snapshot *store.Snapshot) error {
	audit, err := a.audit(ctx, cfg, reportOptions{})
	if err != nil {
		return err
	}
	one, err := audit.evaluate(ctx, snapshot)
	if err != nil {
		return err
	}
	if _, err := audit.past(ctx, one); err != nil {
		return err
	}
	return snapshot.FillFindings(ctx, one.evaluation.Findings())
}

// open opens the snapshot at path, or the newest one.
func (a *app) open(ctx context.Context, cfg *config, path string, attached ...sqlite.Attachment) (*store.Snapshot, error) {
	if path == "" {
		var err error
		if path, err = store.Newest(cfg.path(cfg.Snapshots.Dir)); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, path, attached...)
}
