package fakegithub

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"auditor/internal/fakegithub/world"
)

// today is the date of every world in these tests.
var today = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// testKeyPEM is one RSA key for all tests: a key for each server would cost seconds
// with the race detector.
var testKeyPEM = func() []byte {
	w := &world.World{Org: world.Organization{ID: 1}}
	return New(w, Options{}).PrivateKeyPEM()
}()

// client uses one simulated server as a program would.
type client struct {
	t     *testing.T
	fake  *Server
	url   string // of the API
	token string
}

// serve starts a server for the world, and mints a token where the App is installed.
func serve(t *testing.T, w *world.World, o Options) *client {
	t.Helper()
	if o.PrivateKeyPEM == nil {
		o.PrivateKeyPEM = testKeyPEM
	}
	fake := New(w, o)
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	c := &client{t: t, fake: fake, url: srv.URL + fake.prefix()}
	c.token, _ = fake.InstallationToken(w.Org.Login) // some tests serve an organization without the App
	return c
}

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (c *client) do(method, path, credential, body string, headers ...string) reply {
	c.t.Helper()
	url := path
	if !strings.HasPrefix(path, "http") {
		url = c.url + path
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, b}
}

// get reads with the installation token.
func (c *client) get(path string, headers ...string) reply {
	c.t.Helper()
	return c.do("GET", path, c.token, "", headers...)
}

// object decodes a 200 answer into a map.
func (c *client) object(path string) map[string]any {
	c.t.Helper()
	r := c.get(path)
	if r.status != 200 {
		c.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
	}
	return r.object(c.t)
}

func (r reply) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

func (r reply) array(t *testing.T) []map[string]any {
	t.Helper()
	var v []map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return v
}

// all follows the links to the next page to the end.
func (c *client) all(path string) []map[string]any {
	c.t.Helper()
	var out []map[string]any
	for path != "" {
		r := c.get(path)
		if r.status != 200 {
			c.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
		}
		out = append(out, r.array(c.t)...)
		path = r.link("next")
	}
	return out
}

func (r reply) link(rel string) string {
	for part := range strings.SplitSeq(r.header.Get("Link"), ", ") {
		if url, ok := strings.CutSuffix(part, `>; rel="`+rel+`"`); ok {
			return strings.TrimPrefix(url, "<")
		}
	}
	return ""
}

// jwt signs an assertion with the App's key; change, unless nil, edits the claims.
func (c *client) jwt(change func(jwt.MapClaims)) string {
	c.t.Helper()
	key, err := c.fake.app.privateKey()
	if err != nil {
		c.t.Fatal(err)
	}
	now := c.fake.now()
	claims := jwt.MapClaims{"iss": c.fake.ClientID(), "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix()}
	if change != nil {
		change(claims)
	}
	s, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *client) wants(r reply, status int, message string) {
	c.t.Helper()
	if r.status != status || !strings.Contains(string(r.body), message) {
		c.t.Errorf("got %d %.300s, want %d %s", r.status, r.body, status, message)
	}
}

func small() *world.World { return world.Generate(1, world.Small, "acme", today) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
