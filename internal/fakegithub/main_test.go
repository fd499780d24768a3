package fakegithub

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServesUntilStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout, stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- Main(ctx, []string{"-dir", dir, "-org", "acme,globex", "-empty", "globex", "-ghes", "-days", "2", "-ttl", "1m"}, &stdout, &stderr, time.Now)
	}()
	var url string
	for deadline := time.Now().Add(20 * time.Second); url == ""; time.Sleep(10 * time.Millisecond) {
		b, err := os.ReadFile(filepath.Join(dir, "url"))
		if err == nil {
			url = strings.TrimSpace(string(b))
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	resp, err := http.Get(url + "/orgs/acme")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || !strings.HasSuffix(url, "/api/v3") {
		t.Errorf("%s answers %d, want 401 under /api/v3", url, resp.StatusCode)
	}
	if info, err := os.Stat(filepath.Join(dir, "app.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("app.pem: %v %v", info, err)
	}
	for _, name := range []string{"client_id", "app_id"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(b) < 6 {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	cancel()
	if status := <-ended; status != exitDone || stdout.String() != url+"\n" {
		t.Errorf("ended with %d, printed %q", status, stdout.String())
	}
	if _, err := http.Get(url + "/orgs/acme"); err == nil {
		t.Error("still serving")
	}
}

func TestStopsByItself(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := Main(context.Background(), []string{"-dir", t.TempDir(), "-ttl", "10ms"}, &stdout, &stderr, time.Now); status != exitDone {
		t.Errorf("ended with %d: %s", status, stderr.String())
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-size", "tiny", "-dir", "x"}, {"-nonsense"}, {"-dir", "x", "surplus"}, {"-dir", "x", "-org", ","}} {
		var stdout, stderr bytes.Buffer
		if status := Main(context.Background(), args, &stdout, &stderr, time.Now); status != exitUsage || stderr.Len() == 0 {
			t.Errorf("%v: %d %q", args, status, stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if status := Main(context.Background(), []string{"-dir", t.TempDir(), "-addr", "256.0.0.1:1"}, &stdout, &stderr, time.Now); status != exitFailed {
		t.Errorf("a wrong address ends with %d", status)
	}
}
