package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"auditor/internal/sanitize"
)

// Exit statuses; see doc.go. When several apply, failed wins over incomplete,
// and incomplete over findings.
const (
	statusDone       = 0
	statusFailed     = 1
	statusUsage      = 2
	statusFindings   = 3
	statusIncomplete = 4
)

// exit is the status of a command that did its job.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a mistake on the command line or in the configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// app is what the commands share: the environment and the global flags.
type app struct {
	env                   *environment
	configFile, logFormat string
	isVerbose, isQuiet    bool
	allowOpenKey          bool
	log                   *slog.Logger
}

// run is the whole program: it returns the exit status.
func run(ctx context.Context, env *environment) int {
	a := &app{env: env}
	a.log = newLog(env.stderr, "text", a.logOptions())
	root := a.rootCommand()
	root.SetArgs(env.args)
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	return a.status(root.ExecuteContext(ctx))
}

// commands in the order of the help page.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.demoCommand(), a.runCommand(), a.collectCommand(), a.reportCommand(),
		a.queryCommand(), a.diffCommand(), a.snapshotsCommand(), a.rulesCommand(), a.versionCommand(),
	}
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "auditor",
		Short:         "Audit the personal access tokens and repository settings of GitHub organizations",
		Long:          manual,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.setLog()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configFile, "config", "c", "config.yaml", "configuration `FILE`")
	flags.BoolVarP(&a.isVerbose, "verbose", "v", false, "log more")
	flags.BoolVarP(&a.isQuiet, "quiet", "q", false, "log only warnings and errors")
	flags.StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	flags.BoolVar(&a.allowOpenKey, "insecure-key-permissions", false, "accept a private key file that others can read")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(a.commands()...)
	return root
}

func (a *app) setLog() error {
	switch a.logFormat {
	case "text", "json":
		a.log = newLog(a.env.stderr, a.logFormat, a.logOptions())
	default:
		return &usageError{fmt.Errorf("--log-format %q is neither text nor json", a.logFormat)}
	}
	return nil
}

// status prints the error, if any, and turns it into the exit status.
func (a *app) status(err error) int {
	var e exit
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &e):
		return int(e)
	}
	a.printError(err)
	var usage *usageError
	if errors.As(err, &usage) || isCobraUsage(err) {
		return statusUsage
	}
	return statusFailed
}

func (a *app) printError(err error) {
	advice := hint(err)
	if a.logFormat == "json" {
		a.log.Error(err.Error(), "hint", advice)
		return
	}
	fmt.Fprintln(a.env.stderr, "auditor:", sanitize.Lines(err.Error()))
	if advice != "" {
		fmt.Fprintln(a.env.stderr, "hint:", advice)
	}
}

// isCobraUsage recognises the mistakes that cobra finds before a command runs
// and for which it has no types.
func isCobraUsage(err error) bool {
	text := err.Error()
	for _, start := range []string{"unknown command", "accepts ", "requires at least", "invalid argument", "if any flags in the group"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// load reads the configuration and checks it.
func (a *app) load() (*config, error) {
	cfg, err := loadConfig(a.configFile)
	if err != nil {
		return nil, err
	}
	return cfg, cfg.check()
}

// loadAny is load for commands that need no organization: a missing config.yaml
// that nobody asked for gives the defaults.
func (a *app) loadAny(c *cobra.Command) (*config, error) {
	if _, err := os.Stat(a.configFile); errors.Is(err, fs.ErrNotExist) && !c.Flags().Changed("config") {
		return defaults(), nil
	}
	return a.load()
}
