package fakegithub

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditor/internal/fakegithub/world"
)

// TestControl reads the counters of a server in another process, and calms it.
func TestControl(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, []string{"-dir", dir, "-rate-limit", "-1", "-points-per-minute", "900", "-graphql-points-per-minute", "2000", "-concurrent", "100", "-window", "2s",
			"-fault", "status503:rate=1,path=/orgs/acme/members", "-fault", "html:rate=1,path=/nowhere", "-drift", "revoke:after=tokens,page=2", "-skew", "-5s"}, &stdout, &stderr, time.Now)
	}()
	defer func() {
		cancel()
		if status := <-ended; status != exitDone {
			t.Errorf("ended with %d: %s", status, stderr.String())
		}
	}()
	// Get the token as a program does.
	c := &client{t: t, url: waitForURL(t, dir)}
	c.fake = New(world.Generate(1, world.Small, "acme", time.Now()), Options{Now: func() time.Time { return time.Now().Add(-5 * time.Second) }, PrivateKeyPEM: mustRead(t, dir, "app.pem")})
	in := c.do("GET", "/orgs/acme/installation", c.jwt(nil), "").object(t)
	c.token = c.do("POST", strings.TrimPrefix(in["access_tokens_url"].(string), c.url), c.jwt(nil), "").object(t)["token"].(string)
	c.wants(c.get("/orgs/acme/members"), 503, "")
	c.get("/orgs/acme/personal-access-tokens")
	c.graphql(`{ organization(login: "acme") { login } }`, nil)

	var got Counters
	control := func(method, what string) {
		t.Helper()
		r := c.do(method, controlPath+what, "", "")
		if err := json.Unmarshal(r.body, &got); err != nil || r.status != 200 {
			t.Fatalf("%s %s: %d %v %s", method, what, r.status, err, r.body)
		}
	}
	control("GET", "counters")
	if got.REST != 3 || got.GraphQL != 1 || got.Minting != 1 || got.Faults["status503"] != 1 || got.Changes["revoke"] != 0 || got.PeakConcurrency != 1 {
		t.Errorf("counters %+v", got)
	}
	if got.First.Before(time.Now().Add(-time.Minute)) || got.Last.Before(got.First) {
		t.Errorf("from %v to %v", got.First, got.Last)
	}
	control("POST", "calm")
	if got.Changes["revoke"] != 1 {
		t.Errorf("after calm %+v", got)
	}
	c.wants(c.get("/orgs/acme/members"), 200, "login")
	control("POST", "forget")
	if got.Total() != 0 {
		t.Errorf("after forget %+v", got)
	}
	c.wants(c.do("GET", controlPath+"calm", "", ""), 404, "GET counters")
}

func waitForURL(t *testing.T, dir string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(filepath.Join(dir, "url")); err == nil {
			return strings.TrimSpace(string(b))
		}
	}
	t.Fatal("the server does not write its URL")
	return ""
}

func mustRead(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFaultFlags(t *testing.T) {
	var stderr bytes.Buffer
	f, err := parse([]string{"-dir", "x", "-faults", "all*2", "-fault", "reset:at=3", "-drift", "grant:before=repos", "-fault-seed", "9", "-silent-limits", "-primary-window", "7s"}, &stderr)
	if err != nil || len(f.faults) != len(FaultKinds())+1 || f.faults[0].Rate != 2*AllFaults(1)[0].Rate || len(f.drift) != 1 || f.faultSeed != 9 || !f.silentLimits || f.primaryWindow != 7*time.Second {
		t.Errorf("%+v %v", f, err)
	}
	for _, args := range [][]string{{"-faults", "some"}, {"-faults", "all*0"}, {"-fault", "bad:rate=1"}, {"-drift", "bad:after=repos"}} {
		stderr.Reset()
		if _, err := parse(append(args, "-dir", "x"), &stderr); err == nil || !strings.Contains(stderr.String(), "invalid value") {
			t.Errorf("%v: %v", args, err)
		}
	}
	if help := usageText(t); !strings.Contains(help, "secondary-silent") || !strings.Contains(help, "withdraw") {
		t.Errorf("the help does not list the kinds: %s", help)
	}
}

func usageText(t *testing.T) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), []string{"-h"}, &stdout, &stderr, time.Now); status != exitDone {
		t.Errorf("-h ends with %d", status)
	}
	return stderr.String()
}
