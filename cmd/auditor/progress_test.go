package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"auditor/internal/collect"
	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/github"
)

// lockedBuffer is a terminal that remembers everything drawn on it.
type lockedBuffer struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	onWrite func(text string) // nil: none
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onWrite != nil {
		b.onWrite(string(p))
	}
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// On a terminal there are bars, and they end with the run, however it ends.
func TestBarsEndWithTheRun(t *testing.T) {
	w := world.Generate(1, world.Small, "acme", time.Now())
	server := fakegithub.New(w, fakegithub.Options{Now: time.Now, Latency: 50 * time.Millisecond, RateLimit: 45})
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"app.pem": string(server.PrivateKeyPEM()),
		"config.yaml": "github: {api_url: " + url + ", app: {client_id: " + server.ClientID() + ", private_key_file: app.pem}}\n" +
			"orgs: [acme]\ncollect: {max_wait: 1s}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	collect := func(ctx context.Context, onWrite func(string)) (status int, screen string) {
		stdout, stderr := lockedBuffer{}, lockedBuffer{onWrite: onWrite}
		status = run(ctx, &environment{
			args: []string{"-c", filepath.Join(dir, "config.yaml"), "collect"}, stdin: strings.NewReader(""),
			stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now, stderrWidth: 120,
		})
		return status, stderr.String()
	}
	ctx, cancel := context.WithCancel(t.Context())
	interrupt := func(drawn string) {
		if strings.Contains(drawn, "rate limit of acme: ") {
			cancel()
		}
	}
	if status, screen := collect(ctx, interrupt); status != statusFailed || !strings.Contains(screen, "hint: interrupted") {
		t.Errorf("interrupted: status %d\n%s", status, screen)
	}
	// A limit that is longer than max_wait ends the run too.
	status, screen := collect(t.Context(), nil)
	if status != statusFailed || !strings.Contains(screen, "rate limit is spent") {
		t.Errorf("limited: status %d\n%s", status, screen)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "snapshots", "*.db*")); err != nil || len(left) != 1 || !strings.HasSuffix(left[0], ".partial") {
		t.Errorf("left for the next run: %v, %v", left, err)
	}
}

// Elsewhere a line comes every 30 seconds, with the rate and the time left.
func TestLinesEveryHalfMinute(t *testing.T) {
	var log bytes.Buffer
	now := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	a := &app{
		log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
		env: &environment{now: func() time.Time { return now }},
	}
	lines := a.progress()
	for i := range 91 {
		lines.event(collect.Event{
			Org: "acme", Resource: "token_repositories", Walks: 360, WalksDone: i * 2, Rows: int64(i * 40),
			REST: github.Budget{Limit: 5000, Remaining: 5000 - i},
		})
		now = now.Add(time.Second)
	}
	want := `level=INFO msg=collecting org=acme resource=token_repositories done=60 of=360 rows=1200 rate=2.0/s time_left=2m30s limit_left=4970
level=INFO msg=collecting org=acme resource=token_repositories done=120 of=360 rows=2400 rate=2.0/s time_left=2m0s limit_left=4940
level=INFO msg=collecting org=acme resource=token_repositories done=180 of=360 rows=3600 rate=2.0/s time_left=1m30s limit_left=4910
`
	if log.String() != want {
		t.Errorf("got\n%s", log.String())
	}
}
