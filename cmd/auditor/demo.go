package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditor/internal/collect"
	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
)

const (
	demoOrg  = "acme"
	demoSeed = 1
)

func (a *app) demoCommand() *cobra.Command {
	var dir, size string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Try everything against a simulated GitHub, without credentials",
		Long: `Start a simulated GitHub on this machine, inside this process, and run the real
thing against it over HTTP: two snapshots a simulated day apart, and the reports.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s := world.Size(size)
			if !slices.Contains([]world.Size{world.Small, world.Medium, world.Large}, s) {
				return &usageError{fmt.Errorf("--size %q is not small, medium or large", size)}
			}
			return a.demo(c.Context(), dir, s)
		},
	}
	c.Flags().StringVar(&dir, "dir", "auditor-demo", "folder `DIR` for snapshots and reports")
	c.Flags().StringVar(&size, "size", "small", "`SIZE` of the organization: small, medium or large")
	return c
}

// demo audits a simulated organization yesterday and today.
func (a *app) demo(ctx context.Context, dir string, size world.Size) error {
	clock := &shiftedClock{now: a.env.now, by: -24 * time.Hour}
	w := world.Generate(demoSeed, size, demoOrg, clock.Now())
	server := fakegithub.New(w, fakegithub.Options{Now: clock.Now})
	url, stop, err := server.Start()
	if err != nil {
		return fmt.Errorf("start the simulated GitHub: %w", err)
	}
	defer stop()
	if err := writeDemo(dir, url, server); err != nil {
		return err
	}
	demo := *a
	environment := *a.env
	environment.now = clock.Now
	demo.env, demo.configFile = &environment, filepath.Join(dir, "config.yaml")
	fmt.Fprintf(a.env.stdout, "A simulated GitHub with the %s organization %s listens on %s.\n", size, demoOrg, url)
	cfg, err := loadConfig(demo.configFile)
	if err != nil {
		return err
	}
	if _, err := demo.collect(ctx, cfg, collect.Filters{}); err != nil {
		return err
	}
	w.AdvanceDay()
	clock.by = 0
	audit, err := demo.audit(ctx, cfg, reportOptions{})
	if err != nil {
		return err
	}
	result, err := demo.collect(ctx, cfg, collect.Filters{})
	if err != nil {
		return err
	}
	one, err := audit.open(ctx, result.Path)
	if err != nil {
		return err
	}
	defer one.snapshot.Close()
	if err := audit.remember(ctx, one); err != nil { // yesterday's snapshot too
		return err
	}
	if err := audit.write(ctx, one); err != nil {
		return err
	}
	c := demo.configFile
	fmt.Fprintf(a.env.stdout, demoEnd, filepath.Join(dir, "reports"), c, c, c, c, result.Path)
	return nil
}

const demoEnd = `
What to try next (auditor is this program, however you started it: go run ./cmd/auditor):
  open the workbooks in %s
  auditor -c %s diff
  auditor -c %s query over-broad-access/inventory
  auditor -c %s query "SELECT owner_login, count(*) AS token_count FROM tokens GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
  auditor -c %s query --history "SELECT rule, finding_count FROM finding_counts WHERE severity = 'critical'"
  sqlite3 %s ".schema tokens"
`

// shiftedClock lets the demo make yesterday's snapshot today.
type shiftedClock struct {
	now func() time.Time
	by  time.Duration
}

func (c *shiftedClock) Now() time.Time { return c.now().Add(c.by) }

// writeDemo leaves a configuration and the key of the simulated App in dir.
func writeDemo(dir, url string, server *fakegithub.Server) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder of the demo: %w", err)
	}
	text := fmt.Sprintf(`# Written by auditor demo. The simulated GitHub is gone when the demo ends, but
# auditor -c %s query, diff, snapshots, report and rules work on what it left.
github:
  api_url: %s
  app:
    client_id: %s
    private_key_file: demo.pem
orgs: [%s]
collect:
  points_per_minute: 0  # the simulated GitHub has no such limit
reports:
  formats: [xlsx, json, markdown]
sensitive_repositories:
  names: ["payments*"]
  topics: [pci]
  properties: {tier: [critical]}
`, strings.ReplaceAll(filepath.Join(dir, "config.yaml"), "\n", " "), url, server.ClientID(), demoOrg)
	for _, file := range []struct {
		name    string
		content []byte
	}{{"demo.pem", server.PrivateKeyPEM()}, {"config.yaml", []byte(text)}} {
		if err := os.WriteFile(filepath.Join(dir, file.name), file.content, 0o600); err != nil {
			return fmt.Errorf("write the demo's %s: %w", file.name, err)
		}
	}
	return nil
}
