//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"auditor/internal/collect"
	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
	"auditor/internal/store"
)

// The test binary's own environment, for the processes that it starts of itself.
const (
	// windowVariable makes it a collector that counts points in another window
	// than a minute, which the configuration has no key for.
	windowVariable = "AUDITOR_BENCH_WINDOW"
	// measureVariable makes it run another program, and write into this file
	// what that took.
	measureVariable = "AUDITOR_BENCH_MEASURE"
	// profileVariable is for people: where the collector's CPU profile goes.
	profileVariable = "AUDITOR_BENCH_PROFILE"
)

func TestMain(m *testing.M) {
	window, file := os.Getenv(windowVariable), os.Getenv(measureVariable)
	var err error
	switch {
	case file != "":
		err = measureChild(file)
	case window != "":
		err = collectInChild(window)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(statusFailed)
	}
}

// measureChild runs the program of the command line. It stands between the
// benchmark and the program because Linux lets a process begin with the peak
// of the one that started it, and the benchmark knows the whole organization.
func measureChild(file string) error {
	if err := os.Unsetenv(measureVariable); err != nil {
		return err
	}
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	began := time.Now()
	if err := c.Run(); err != nil {
		return fmt.Errorf("%v: %w", c, err)
	}
	t := took{Wall: time.Since(began), CPU: c.ProcessState.UserTime() + c.ProcessState.SystemTime()}
	usage, _ := c.ProcessState.SysUsage().(*syscall.Rusage)
	t.Peak = float64(usage.Maxrss)
	if runtime.GOOS != "darwin" { // the others count in kilobytes
		t.Peak *= 1024
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// collectInChild is "auditor -c FILE collect" but for the window.
func collectInChild(window string) (err error) {
	if name := os.Getenv(profileVariable); name != "" {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ctx := context.Background()
	a := &app{env: processEnvironment(), configFile: os.Args[1], log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	cfg, err := a.load()
	if err != nil {
		return err
	}
	options, err := cfg.credentials(a.env, false)
	if err != nil {
		return err
	}
	if options.Minute, err = time.ParseDuration(window); err != nil {
		return err
	}
	client, err := github.New(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	plan, err := a.plan(cfg, client, collect.Filters{})
	if err != nil {
		return err
	}
	_, err = collect.Run(ctx, client, plan)
	return err
}

// benchPrograms are the programs beside the collector, built.
type benchPrograms struct{ dir string }

func buildPrograms(b *testing.B) benchPrograms {
	b.Helper()
	dir := b.TempDir()
	build := exec.Command("go", "build", "-o", dir, "auditor/cmd/fakegithub")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", build, err, out)
	}
	return benchPrograms{dir}
}

// benchSite is a simulated GitHub in a process of its own.
type benchSite struct {
	b        *testing.B
	programs benchPrograms
	dir      string       // of the server's announcements and of the configuration
	world    *world.World // the same as the server's
	server   *exec.Cmd
	url      string
}

// serve starts the simulated GitHub with the organization acme.
func (p benchPrograms) serve(b *testing.B, size world.Size, flags ...string) *benchSite {
	b.Helper()
	s := &benchSite{b: b, programs: p, dir: b.TempDir(), world: world.Generate(1, size, "acme", time.Now())}
	s.server = exec.Command(filepath.Join(p.dir, "fakegithub"),
		append([]string{"-size", string(size), "-seed", "1", "-org", "acme", "-dir", s.dir, "-ttl", "20m"}, flags...)...)
	s.server.Stderr = os.Stderr
	if err := s.server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.stop)
	for range 600 {
		if _, err := os.Stat(filepath.Join(s.dir, "url")); err == nil {
			s.url = s.announced("url")
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatal("the simulated GitHub did not start")
	return nil
}

func (s *benchSite) announced(name string) string {
	s.b.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.b.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// stop ends the server; it may be called again.
func (s *benchSite) stop() {
	if s.server.ProcessState == nil {
		_ = s.server.Process.Signal(os.Interrupt) // it may have ended by itself
		_ = s.server.Wait()
	}
}

// counters are what the server has seen.
func (s *benchSite) counters() (c fakegithub.Counters) {
	s.b.Helper()
	resp, err := http.Get(s.url + "/_fakegithub/counters")
	if err != nil {
		s.b.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		s.b.Fatal(err)
	}
	return c
}

// configure writes the configuration with the given lines of its own.
func (s *benchSite) configure(lines string) (file string) {
	s.b.Helper()
	file = filepath.Join(s.dir, "config.yaml")
	text := fmt.Sprintf("github:\n  api_url: %s\n  app: {client_id: %s, private_key_file: app.pem}\norgs: [acme]\n%s\n",
		s.url, s.announced("client_id"), lines)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.b.Fatal(err)
	}
	return file
}

// took is what a program took.
type took struct {
	Wall, CPU time.Duration
	Peak      float64 // of its memory, bytes
}

// benchRun is a run of the collector.
type benchRun struct {
	took
	snapshot string
	size     float64 // of the snapshot, bytes
}

// collect runs the collector: what "auditor collect" does until it has
// published, before it tells the history.
func (s *benchSite) collect(lines string) benchRun {
	s.b.Helper()
	return s.collectInWindow(time.Minute, lines)
}

// collectInWindow runs a collector that counts points in another window.
func (s *benchSite) collectInWindow(window time.Duration, lines string) (r benchRun) {
	s.b.Helper()
	self, err := os.Executable() // the test binary
	if err != nil {
		s.b.Fatal(err)
	}
	file := filepath.Join(s.dir, "took.json")
	c := exec.Command(self, self, s.configure(lines))
	c.Env = append(os.Environ(), measureVariable+"="+file, windowVariable+"="+window.String())
	if out, err := c.CombinedOutput(); err != nil {
		s.b.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		s.b.Fatal(err)
	}
	if err := json.Unmarshal(text, &r.took); err != nil {
		s.b.Fatal(err)
	}
	found, err := store.Published(filepath.Join(s.dir, "snapshots"))
	if err != nil || len(found) != 1 {
		s.b.Fatalf("snapshots %q, %v", found, err)
	}
	stat, err := os.Stat(found[0])
	if err != nil {
		s.b.Fatal(err)
	}
	r.snapshot, r.size = found[0], float64(stat.Size())
	return r
}

// askOneByOne asks for all pages one after the other over one connection, as a
// script does, and tells how long that took.
func (s *benchSite) askOneByOne() time.Duration {
	s.b.Helper()
	ctx := context.Background()
	cfg, err := loadConfig(s.configure("collect: {points_per_minute: 0, concurrency: 1}"))
	if err != nil {
		s.b.Fatal(err)
	}
	options, err := cfg.credentials(processEnvironment(), false)
	if err != nil {
		s.b.Fatal(err)
	}
	client, err := github.New(options)
	if err != nil {
		s.b.Fatal(err)
	}
	defer client.Close(ctx)
	session, err := client.Installation(ctx, "acme")
	if err != nil {
		s.b.Fatal(err)
	}
	began := time.Now()
	for _, page := range s.pages() {
		if _, _, err := session.Get(ctx, page); err != nil {
			s.b.Fatal(err)
		}
	}
	return time.Since(began)
}
