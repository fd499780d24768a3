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

	"auditor/internal/fakegithub/world"
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

	points, graphqlPoints, concurrent int
	window, primaryWindow, skew       time.Duration
	silentLimits                      bool
	faults                            []Fault
	faultSeed                         uint64
	drift                             []Change
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	s := flag.NewFlagSet("fakegithub", flag.ContinueOnError)
	s.SetOutput(stderr)
	s.StringVar(&f.size, "size", "small", "empty, small, medium or large")
	s.StringVar(&f.orgs, "org", "acme", "organizations, comma-separated")
	s.Uint64Var(&f.seed, "seed", 1, "the same seed gives the same organizations")
	s.StringVar(&f.dir, "dir", "", "folder to write url, app.pem, client_id and app_id to")
	s.StringVar(&f.addr, "addr", "127.0.0.1:0", "address to listen on; port 0: any free port")
	s.StringVar(&f.missing, "missing", "", "permissions that the installation lacks, comma-separated")
	s.StringVar(&f.suspended, "suspended", "", "organizations that have suspended the installation, comma-separated")
	s.StringVar(&f.notInstalled, "not-installed", "", "organizations without the App, comma-separated")
	s.StringVar(&f.empty, "empty", "", "organizations of -org without repositories and tokens, comma-separated")
	s.StringVar(&f.people, "user-accounts", "", "personal accounts with an installation, comma-separated")
	s.DurationVar(&f.latency, "latency", 0, "delay before every answer")
	s.DurationVar(&f.tokenLifetime, "token-lifetime", time.Hour, "lifetime of installation tokens")
	s.DurationVar(&f.ttl, "ttl", 0, "stop after this time; 0: never")
	s.IntVar(&f.rateLimit, "rate-limit", 0, "REST requests per hour; 0: as on GitHub, -1: no limit")
	s.IntVar(&f.graphqlLimit, "graphql-limit", 0, "GraphQL points per hour; 0: as on GitHub, -1: no limit")
	s.IntVar(&f.days, "days", 0, "simulated days since the organizations were generated")
	s.BoolVar(&f.ghes, "ghes", false, "serve as GitHub Enterprise Server")
	s.BoolVar(&f.selected, "selected", false, "install the App on selected repositories only")
	f.faultFlags(s)
	if err := s.Parse(args); err != nil {
		return f, err
	}
	switch {
	case s.NArg() > 0:
		return f, fmt.Errorf("unexpected argument %q", s.Arg(0))
	case f.dir == "":
		return f, errors.New("-dir is missing")
	case !world.Size(f.size).IsKnown():
		return f, fmt.Errorf("-size %q is none of empty, small, medium, large", f.size)
	case len(names(f.orgs)) == 0:
		return f, errors.New("-org is empty")
	}
	return f, nil
}

// faultFlags declares the flags for limits, faults and drift.
func (f *flags) faultFlags(s *flag.FlagSet) {
	s.IntVar(&f.points, "points-per-minute", 0, "REST points of an installation within a -window, on GitHub 900; 0: no such limit")
	s.IntVar(&f.graphqlPoints, "graphql-points-per-minute", 0, "GraphQL points of an installation within a -window, on GitHub 2000; 0: no such limit")
	s.IntVar(&f.concurrent, "concurrent", 0, "concurrent requests of an installation, on GitHub 100; 0: no such limit")
	s.DurationVar(&f.window, "window", time.Minute, "the minute in which those points count; a client that spends more is limited for the same time")
	s.BoolVar(&f.silentLimits, "silent-limits", false, "omit retry-after when those limits are exceeded")
	s.DurationVar(&f.primaryWindow, "primary-window", time.Hour, "the hour of -rate-limit and -graphql-limit, in whole seconds")
	s.DurationVar(&f.skew, "skew", 0, "how far the server's clock is ahead; may be negative")
	s.Uint64Var(&f.faultSeed, "fault-seed", 1, "the same seed and the same requests give the same faults")
	s.Func("fault", "`KIND:SETTINGS` of a fault, for example status502:rate=0.02 or stall:at=17,path=/orgs/; may be repeated.\nSettings: rate, at, path, over, wait, by. Kinds:"+help(FaultKinds(), func(k FaultKind) (string, string) { return k.Name, k.Does }), func(v string) error {
		fault, err := ParseFault(v)
		f.faults = append(f.faults, fault)
		return err
	})
	s.Func("faults", "`all`: every kind of fault at a moderate rate; all*2: at twice that rate", func(v string) error {
		factor, err := factorOf(v)
		f.faults = append(f.faults, AllFaults(factor)...)
		return err
	})
	s.Func("drift", "`KIND:SETTINGS` of a change while a client reads, for example revoke:after=tokens,page=2 or rename:before=graphql,page=3,item=-1; may be repeated.\nSettings: after, before (tokens, requests, token-repos, …), page, item, to. Kinds:"+help(world.EditKinds(), func(k world.EditKind) (string, string) { return k.Name, k.Does }), func(v string) error {
		change, err := ParseChange(v)
		f.drift = append(f.drift, change)
		return err
	})
}

// factorOf parses all or all*2.
func factorOf(v string) (float64, error) {
	rest, ok := strings.CutPrefix(v, "all")
	factor, isFactor := strings.CutPrefix(rest, "*")
	switch n, err := strconv.ParseFloat(factor, 64); {
	case ok && rest == "":
		return 1, nil
	case ok && isFactor && err == nil && n > 0:
		return n, nil
	}
	return 0, fmt.Errorf("%q is neither all nor all*FACTOR", v)
}

// help is a table of kinds for the usage text.
func help[T any](kinds []T, row func(T) (name, does string)) string {
	var b strings.Builder
	for _, k := range kinds {
		name, does := row(k)
		fmt.Fprintf(&b, "\n  %-19s %s", name, does)
	}
	return b.String()
}

// names splits a comma-separated flag.
func names(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// Main is the command fakegithub. It serves until the context or the -ttl ends and
// returns the exit status.
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
	var worlds []*world.World
	for _, org := range names(f.orgs) {
		size := world.Size(f.size)
		if containsFold(names(f.empty), org) {
			size = world.Empty
		}
		w := world.Generate(f.seed, size, org, now().AddDate(0, 0, -f.days))
		for range f.days {
			w.AdvanceDay()
		}
		worlds = append(worlds, w)
	}
	fake := New(worlds[0], Options{
		Others: worlds[1:], Now: now, Latency: f.latency, TokenLifetime: f.tokenLifetime, RateLimit: f.rateLimit, GraphQLLimit: f.graphqlLimit,
		MissingPermissions: names(f.missing), Suspended: names(f.suspended), NotInstalled: names(f.notInstalled), UserAccounts: names(f.people),
		GHES: f.ghes, Selected: f.selected,
		PointsPerMinute: f.points, GraphQLPointsPerMinute: f.graphqlPoints, Concurrent: f.concurrent, Window: f.window, SilentLimits: f.silentLimits,
		PrimaryWindow: f.primaryWindow, Skew: f.skew, Faults: f.faults, Seed: f.faultSeed, Drift: f.drift,
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

// announce writes what a client needs. url comes last and complete, because
// scripts wait for it.
func announce(dir string, fake *Server, url string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write the files for clients: %w", err)
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
			return fmt.Errorf("write the files for clients: %w", err)
		}
		if err := os.Rename(name+".tmp", name); err != nil {
			return fmt.Errorf("write the files for clients: %w", err)
		}
	}
	return nil
}
