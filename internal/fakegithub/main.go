package fakegithub

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Exit statuses of Main.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// flags are the command line.
type flags struct {
	size, orgs, dir, addr                    string
	missing, suspended, notInstalled, people string
	empty                                    string
	seed                                     uint64
	latency, tokenLifetime, ttl              time.Duration
	rateLimit, graphqlLimit, days            int
	ghes, selected                           bool
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	s := flag.NewFlagSet("fakegithub", flag.ContinueOnError)
	s.SetOutput(stderr)
	s.StringVar(&f.size, "size", "small", "empty, small, medium or large")
	s.StringVar(&f.orgs, "org", "acme", "organizations, comma-separated")
	s.Uint64Var(&f.seed, "seed", 1, "the same seed makes the same organizations")
	s.StringVar(&f.dir, "dir", "", "folder for url, app.pem, client_id and app_id")
	s.StringVar(&f.addr, "addr", "127.0.0.1:0", "address to listen on; port 0 picks one")
	s.StringVar(&f.missing, "missing", "", "permissions the installation lacks, comma-separated")
	s.StringVar(&f.suspended, "suspended", "", "organizations that suspended the installation, comma-separated")
	s.StringVar(&f.notInstalled, "not-installed", "", "organizations without the App, comma-separated")
	s.StringVar(&f.empty, "empty", "", "organizations of -org that have no repositories and no tokens, comma-separated")
	s.StringVar(&f.people, "user-accounts", "", "personal accounts with an installation, comma-separated")
	s.DurationVar(&f.latency, "latency", 0, "slept before every answer")
	s.DurationVar(&f.tokenLifetime, "token-lifetime", time.Hour, "of installation tokens")
	s.DurationVar(&f.ttl, "ttl", 0, "end after this time; 0: never")
	s.IntVar(&f.rateLimit, "rate-limit", 0, "REST requests an hour; 0: as GitHub grants, -1: no limit")
	s.IntVar(&f.graphqlLimit, "graphql-limit", 0, "GraphQL points an hour; likewise")
	s.IntVar(&f.days, "days", 0, "simulated days that have passed since the organizations were made")
	s.BoolVar(&f.ghes, "ghes", false, "serve as GitHub Enterprise Server")
	s.BoolVar(&f.selected, "selected", false, "install the App on selected repositories only")
	if err := s.Parse(args); err != nil {
		return f, err
	}
	switch {
	case s.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", s.Arg(0))
	case f.dir == "":
		return f, errors.New("-dir is missing")
	case !Size(f.size).IsKnown():
		return f, fmt.Errorf("-size %q is none of empty, small, medium, large", f.size)
	case len(names(f.orgs)) == 0:
		return f, errors.New("-org is empty")
	}
	return f, nil
}

// names splits a comma-separated flag.
func names(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// Main is the command fakegithub, here so that script tests can run it as a
// process of its own: it serves until the context or the -ttl ends and returns
// the exit status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) int {
	f, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "fakegithub: %v\n", err)
		return exitUsage
	}
	if err := serveUntil(ctx, f, stdout, now); err != nil {
		fmt.Fprintf(stderr, "fakegithub: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// serveUntil serves the organizations of the command line.
func serveUntil(ctx context.Context, f flags, stdout io.Writer, now func() time.Time) error {
	if f.ttl > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.ttl)
		defer cancel()
	}
	var worlds []*World
	for _, org := range names(f.orgs) {
		size := Size(f.size)
		if containsFold(names(f.empty), org) {
			size = Empty
		}
		w := Generate(f.seed, size, org, now().AddDate(0, 0, -f.days))
		for range f.days {
			w.AdvanceDay()
		}
		worlds = append(worlds, w)
	}
	fake := New(worlds[0], Options{
		Others: worlds[1:], Now: now, Latency: f.latency, TokenLifetime: f.tokenLifetime, RateLimit: f.rateLimit, GraphQLLimit: f.graphqlLimit,
		MissingPermissions: names(f.missing), Suspended: names(f.suspended), NotInstalled: names(f.notInstalled), UserAccounts: names(f.people),
		GHES: f.ghes, Selected: f.selected,
	})
	url, stop, err := fake.Listen(f.addr)
	if err != nil {
		return err
	}
	defer stop()
	if err := announce(f.dir, fake, url); err != nil {
		return err
	}
	fmt.Fprintln(stdout, url)
	<-ctx.Done()
	return nil
}

// announce writes what a client needs; url comes last and whole, because
// scripts wait for it.
func announce(dir string, fake *Server, url string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("announce the server: %w", err)
	}
	for _, file := range []struct {
		name string
		text []byte
	}{
		{"app.pem", fake.PrivateKeyPEM()},
		{"client_id", []byte(fake.ClientID() + "\n")},
		{"app_id", []byte(strconv.FormatInt(fake.AppID(), 10) + "\n")},
		{"url", []byte(url + "\n")},
	} {
		name := filepath.Join(dir, file.name)
		if err := os.WriteFile(name+".tmp", file.text, 0o600); err != nil {
			return fmt.Errorf("announce the server: %w", err)
		}
		if err := os.Rename(name+".tmp", name); err != nil {
			return fmt.Errorf("announce the server: %w", err)
		}
	}
	return nil
}
