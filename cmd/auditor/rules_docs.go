package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"auditor/internal/finding"
	"auditor/internal/history"
	"auditor/internal/rules"
	"auditor/internal/store"
	"auditor/queries"
)

func (a *app) rulesDocsCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "docs [DIR]",
		Short: "Write the manual of the rules, saved queries and views as Markdown",
		Long: `Write the manual of the built-in rules, saved queries and views as Markdown, and
of those of the folder DIR. The configuration takes no part in it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, problems, err := compileOwnRules(c.Context(), args)
			if err != nil {
				return err
			}
			if err := rulesError(problems); err != nil {
				return err
			}
			permissions, err := queries.Catalog()
			if err != nil {
				return err
			}
			return a.writeDocs(out, rulesManual(set, permissions))
		},
	}
	c.Flags().StringVar(&out, "out", "", "write to `FILE` (default: standard output)")
	return c
}

// writeDocs replaces the file as a whole, or prints the text.
func (a *app) writeDocs(out, text string) error {
	if out == "" {
		_, err := fmt.Fprint(a.env.stdout, text)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".docs-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), out)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return nil
}

// manualText collects the Markdown of the manual.
type manualText struct{ strings.Builder }

func (m *manualText) linef(format string, args ...any) {
	fmt.Fprintf(m, format+"\n", args...)
}

// row is a line of a table: cells with bars and line breaks stay in their cell.
func (m *manualText) row(cells ...string) {
	for _, cell := range cells {
		m.WriteString("| " + strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell) + " ")
	}
	m.WriteString("|\n")
}

func (m *manualText) table(columns ...string) {
	m.row(columns...)
	m.linef("%s|", strings.Repeat("|---", len(columns)))
}

// rulesManual is queries/README.md: everything in it comes from the headers of
// the files, the comments of the views or the catalog.
func rulesManual(set *rules.Set, permissions []queries.Permission) string {
	m := &manualText{}
	m.linef("# Rules, saved queries and views\n")
	m.linef("Written by `auditor rules docs --out queries/README.md`: do not edit. `docs/own-rules.md`")
	m.linef("shows how to write a rule of your own.\n")
	for _, name := range set.Reports() {
		m.linef("- [%s](#%[1]s)", name)
	}
	m.linef("- [Saved queries](#saved-queries)\n- [Views](#views)\n- [History](#history)\n- [Permission tiers](#permission-tiers)")
	for _, name := range set.Reports() {
		m.report(name, set)
	}
	m.queries(set)
	m.views()
	m.history()
	m.tiers(permissions)
	return m.String()
}

func (m *manualText) report(name string, set *rules.Set) {
	m.linef("\n## %s\n", name)
	m.table("severity", "rule", "finds")
	var of []rules.Rule
	for _, severity := range finding.SeverityNames() {
		for _, r := range documented(set) {
			if r.Report == name && r.Severity == severity {
				of = append(of, r)
				m.row(severityOf(r), fmt.Sprintf("[%s](#%s)", r.Name, anchor(r.ID)), r.Title)
			}
		}
	}
	for _, r := range of {
		m.rule(r)
	}
}

// documented are the rules that run, and those that wait to be switched on.
func documented(set *rules.Set) []rules.Rule {
	all := set.Rules()
	for _, r := range set.Disabled() {
		if r.IsOptIn {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b rules.Rule) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func severityOf(r rules.Rule) string {
	if r.IsOptIn {
		return r.Severity + ", off"
	}
	return r.Severity
}

// anchor is GitHub's anchor for a heading that is an id.
func anchor(id string) string { return strings.ReplaceAll(id, "/", "") }

func (m *manualText) rule(r rules.Rule) {
	m.linef("\n### %s\n", r.ID)
	if r.Severity != "" {
		m.linef("**%s** (%s)\n", r.Title, severityOf(r))
	} else {
		m.linef("**%s**\n", r.Title)
	}
	m.linef("%s", r.Description)
	if r.IsOptIn {
		m.linef("\nOff until the configuration says `rules: {settings: {%s: {enabled: true}}}`.", r.ID)
	}
	if r.Population != "" {
		m.linef("\nLooks at: `%s`", r.Population)
	}
	m.params(r.Params)
	if r.Remediation != "" {
		m.linef("\nWhat to do: %s", r.Remediation)
	}
	if len(r.See) > 0 {
		m.linef("")
		for _, link := range r.See {
			m.linef("- <%s>", link)
		}
	}
	if len(r.Formerly) > 0 {
		m.linef("\nFormerly: %s", strings.Join(r.Formerly, ", "))
	}
}

func (m *manualText) params(params []rules.Param) {
	if len(params) == 0 {
		return
	}
	m.linef("")
	m.table("parameter", "kind", "default", "meaning")
	for _, p := range params {
		value := "`" + p.Default + "`"
		switch {
		case p.IsRequired:
			value = "must be given"
		case p.Default == "":
			value = "empty"
		}
		m.row("`"+p.Name+"`", p.Kind, value, p.Meaning)
	}
}

func (m *manualText) queries(set *rules.Set) {
	m.linef("\n## Saved queries\n")
	m.linef("Ask one with `auditor query NAME`, parameters with `--param NAME=VALUE`. The")
	m.linef("inventories are the sheets with the whole population of a report.\n")
	m.table("query", "answers", "parameters")
	for _, q := range set.Queries() {
		usage := usageOf(q.Params)
		if usage != "" {
			usage = "`" + usage + "`"
		}
		m.row(fmt.Sprintf("[%s](#%s)", q.ID, anchor(q.ID)), q.Title, usage)
	}
	for _, q := range set.Queries() {
		m.rule(q)
	}
}

func (m *manualText) views() {
	m.linef("\n## Views\n")
	m.linef("The public views are the interface of a snapshot, for rules, for `auditor query`")
	m.linef("and for any program that reads SQLite. NULL is what GitHub did not say.")
	m.listViews("View", store.Views())
}

// history documents what auditor query --history asks.
func (m *manualText) history() {
	m.linef("\n## History\n")
	m.linef("The history beside the snapshots answers `auditor query --history`: these queries")
	m.linef("by name, and SQL over these views.\n")
	m.table("query", "answers", "parameters")
	set, _ := rules.Load(rules.Source{Name: "queries/_history", FS: queries.History(), IsCompiled: true})
	for _, q := range set.Queries() {
		m.row(q.ID, q.Title, "`"+usageOf(q.Params)+"`")
	}
	m.listViews("History view", history.Views())
}

func (m *manualText) listViews(what string, views []store.View) {
	for _, view := range views {
		m.linef("\n### %s %s\n\n%s\n", what, view.Name, view.Comment)
		m.table("column", "meaning")
		for _, column := range view.Columns {
			m.row("`"+column.Name+"`", column.Comment)
		}
	}
}

// tierNames in the order of their danger; what the catalog lacks counts as
// unclassified, between high and medium.
var tierNames = [...]string{"critical", "high", "medium", "low"}

func (m *manualText) tiers(permissions []queries.Permission) {
	m.linef("\n## Permission tiers\n")
	m.linef("How bad it is when a token holds a permission, by key and level. A key or level")
	m.linef("that is not listed is *unclassified*, which ranks between high and medium.")
	for _, tier := range tierNames {
		m.linef("\n### Tier %s\n", tier)
		m.table("scope", "permission", "level", "what its holder can do")
		for _, p := range permissions {
			if p.Tier == tier {
				m.row(p.Scope, "`"+p.Permission+"`", p.Level, p.Why)
			}
		}
	}
}
