package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"auditor/internal/rules"
	"auditor/internal/sanitize"
	"auditor/queries"
)

func (a *app) rulesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "List, show, check and document the rules",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.rulesListCommand(), a.rulesShowCommand(), a.rulesCheckCommand(), a.rulesDocsCommand())
	return c
}

func (a *app) rulesListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rules",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadAny(c)
			if err != nil {
				return err
			}
			set, problems, err := a.soundRules(c.Context(), cfg, compileOwnRules)
			if err != nil {
				return err
			}
			var rows [][]string
			for _, r := range set.Rules() {
				rows = append(rows, []string{r.Severity, r.ID, r.Title})
			}
			for _, r := range set.Disabled() {
				rows = append(rows, []string{"off", r.ID, r.Title})
			}
			if err := a.printManual("table", []string{"severity", "rule", "title"}, rows, 2); err != nil {
				return err
			}
			return rulesError(problems)
		},
	}
}

func (a *app) rulesShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a rule: what it means, its parameters, its SQL",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := a.configuredRules(c)
			if err != nil {
				return err
			}
			rule, ok := set.Find(args[0])
			if !ok {
				return unknownRule(args[0], set)
			}
			_, err = fmt.Fprintf(a.env.stdout, "%s\n\n%s\n", rule.ID, sanitize.Lines(strings.TrimRight(rule.Text(), "\n")))
			return err
		},
	}
}

func unknownRule(id string, set *rules.Set) error {
	var known []string
	for _, r := range slices.Concat(set.Rules(), set.Disabled(), set.Queries()) {
		known = append(known, r.ID)
	}
	near := didYouMean(id, known)
	if near == "" {
		near = ": auditor rules list and auditor query --list show them"
	}
	return &usageError{fmt.Errorf("no rule or query %q%s", id, near)}
}

func (a *app) rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [DIR]",
		Short: "Compile the rules of a folder, or the built-in and configured ones",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var dirs []string
			if len(args) == 1 {
				dirs = args
			} else {
				cfg, err := a.loadAny(c)
				if err != nil {
					return err
				}
				for _, dir := range cfg.Rules.Dirs {
					dirs = append(dirs, cfg.path(dir))
				}
			}
			set, problems, err := compileRules(c.Context(), dirs)
			if err != nil {
				return err
			}
			slices.SortStableFunc(problems, func(a, b rules.Problem) int {
				return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
			})
			for _, p := range problems {
				fmt.Fprintln(a.env.stdout, sanitize.Lines(p.String()))
			}
			fmt.Fprintf(a.env.stdout, "%d rules and %d queries are sound, %d problems\n", len(set.Rules())+len(set.Disabled()), len(set.Queries()), len(problems))
			if len(problems) > 0 {
				return exit(statusUsage)
			}
			return nil
		},
	}
}

func (a *app) configuredRules(c *cobra.Command) (*rules.Set, error) {
	cfg, err := a.loadAny(c)
	if err != nil {
		return nil, err
	}
	return a.rules(c.Context(), cfg)
}

// rules are the built-in ones and those of the configured folders, with the
// configured severities and parameters.
func (a *app) rules(ctx context.Context, cfg *config) (*rules.Set, error) {
	set, problems, err := a.soundRules(ctx, cfg, compileOwnRules)
	if err != nil {
		return nil, err
	}
	return set, rulesError(problems)
}

// rulesError is the mistake of having rules with problems.
func rulesError(problems []rules.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return &usageError{fmt.Errorf("rules:\n%s", strings.Join(lines, "\n"))}
}

// A loader reads the built-in rules and those of folders: compileOwnRules, or
// readRules where even that would take longer than the job.
type loader func(context.Context, []string) (*rules.Set, []rules.Problem, error)

// soundRules are the rules without problems, configured, and what is wrong with the
// others.
func (a *app) soundRules(ctx context.Context, cfg *config, load loader) (*rules.Set, []rules.Problem, error) {
	dirs := make([]string, len(cfg.Rules.Dirs))
	for i, dir := range cfg.Rules.Dirs {
		dirs[i] = cfg.path(dir)
	}
	set, problems, err := load(ctx, dirs)
	if err != nil {
		return nil, nil, err
	}
	k := &checker{config: cfg}
	for _, p := range set.Configure(k.ruleSettings()) {
		at := strings.TrimSuffix("rules.settings."+p.Rule+"."+p.Key, ".")
		p.Rule = "" // the path says it
		k.problem(at, "%v", p)
	}
	// Settings of a rule that has problems would be reported as mistakes.
	if len(k.problems) > 0 && len(problems) == 0 {
		return nil, nil, cfg.check(k.problems...)
	}
	return set, problems, nil
}

func readRules(_ context.Context, dirs []string) (*rules.Set, []rules.Problem, error) {
	return loadRules(dirs, rules.Source{Name: "queries", FS: queries.FS, IsCompiled: true})
}

func loadRules(dirs []string, builtIn rules.Source) (*rules.Set, []rules.Problem, error) {
	sources := []rules.Source{builtIn}
	for _, dir := range dirs {
		if _, err := os.ReadDir(dir); err != nil {
			return nil, nil, &usageError{fmt.Errorf("read rules: %w", err)}
		}
		sources = append(sources, rules.Source{Name: dir, FS: os.DirFS(dir)})
	}
	set, problems := rules.Load(sources...)
	return set, problems, nil
}

// compileOwnRules compiles the rules of the folders.
func compileOwnRules(ctx context.Context, dirs []string) (*rules.Set, []rules.Problem, error) {
	set, problems, err := readRules(ctx, dirs)
	return compiled(ctx, set, problems, err)
}

// compileRules compiles the built-in rules too.
func compileRules(ctx context.Context, dirs []string) (*rules.Set, []rules.Problem, error) {
	set, problems, err := loadRules(dirs, rules.Source{Name: "queries", FS: queries.FS})
	return compiled(ctx, set, problems, err)
}

func compiled(ctx context.Context, set *rules.Set, problems []rules.Problem, err error) (*rules.Set, []rules.Problem, error) {
	if err != nil {
		return nil, nil, err
	}
	problems = append(problems, set.Check(ctx)...)
	return set.Without(problems), problems, nil
}

// each is rows as the writers take them.
func each(rows [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}
