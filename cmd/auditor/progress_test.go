package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"auditor/internal/fakegithub"
)

// lockedBuffer is a terminal that remembers everything drawn on it.
type lockedBuffer struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	onWrite func(text string) // nil: nobody looks
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
	world := fakegithub.Generate(1, fakegithub.Small, "acme", time.Now())
	server := fakegithub.New(world, fakegithub.Options{Now: time.Now, Latency: 50 * time.Millisecond, RateLimit: 45})
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
	if left, err := filepath.Glob(filepath.Join(dir, "snapshots", "*")); err != nil || len(left) != 1 || !strings.HasSuffix(left[0], ".partial") {
		t.Errorf("left for the next run: %v, %v", left, err)
	}
}
