package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// secretSamples have the shapes of real secrets; they are built here, so that
// no scanner takes this file for one that leaks.
func secretSamples() map[string]string {
	jwt := "eyJ" + strings.Repeat("hbGciOi", 5) + ".eyJ" + strings.Repeat("pc3MiOi", 9) + "." + strings.Repeat("s1G-_", 50)
	return map[string]string{
		"installation token of old": "ghs" + "_" + strings.Repeat("aB3", 12),
		"installation token":        fakeToken(1),
		"installation token, JWT":   "ghs" + "_12345_" + jwt,
		"classic token":             "ghp" + "_" + strings.Repeat("Zz9", 12),
		"OAuth token":               "gho" + "_" + strings.Repeat("Zz9", 12),
		"user token":                "ghu" + "_" + strings.Repeat("Zz9", 12),
		"refresh token":             "ghr" + "_" + strings.Repeat("Zz9", 25),
		"fine-grained token":        "github" + "_pat_" + strings.Repeat("1A", 11) + "_" + strings.Repeat("b2C", 20),
		"JWT":                       jwt,
		"hexadecimal token":         strings.Repeat("0a1b2c3d4e", 4),
		"private key":               string(testPEM()),
		"private key in a line":     strings.ReplaceAll(string(testPEM()), "\n", `\n`),
		"private key, cut":          string(testPEM())[:300],
	}
}

func TestRedact(t *testing.T) {
	for name, secret := range secretSamples() {
		for _, format := range []string{
			"%s", "bad token %s, sorry", `{"token":"%s"}`, "Bearer %s", "authorization: token %s", "https://x/?access_token=%s&y=1", "a\tb%sc",
		} {
			text := fmt.Sprintf(format, secret)
			got := redact(text)
			if i := leak(got, secret); i != "" {
				t.Errorf("%s in %q: %q shows %q", name, format, got, i)
			}
			if !strings.Contains(got, redacted) {
				t.Errorf("%s in %q: became %q", name, format, got)
			}
		}
	}
}

// leak finds a piece of a secret in a text: any 12 characters of it.
func leak(text, secret string) string {
	const n = 12
	for i := 0; i+n <= len(secret); i++ {
		piece := secret[i : i+n]
		if strings.HasPrefix(piece, "-----") || strings.Contains(piece, "PRIVATE") || strings.Contains(piece, "BEGIN") || strings.Contains(piece, "KEY---") {
			continue
		}
		if strings.Contains(text, piece) {
			return piece
		}
	}
	return ""
}

func TestRedactOther(t *testing.T) {
	for in, want := range map[string]string{
		"Resource not accessible by integration":              "Resource not accessible by integration",
		"Authorization: Basic dXNlcjpw, x":                    "Authorization: [redacted], x",
		"Bearer opaque-thing":                                 "Bearer [redacted]",
		"proxy http://user:pass@proxy.example:3128 is down":   "proxy http://[redacted]@proxy.example:3128 is down",
		"\x1b[31mred\x1b[0m\nnext\u202e line\x00":             "[31mred[0m next line",
		"ghs" + "_" + strings.Repeat("a", 10) + "\x00" + "bb": redacted,
		strings.Repeat("é", 600):                              strings.Repeat("é", 500) + "…",
		"bad \xff bytes":                                      "bad   bytes",
		"/repos/acme/weighs_much":                             "/repos/acme/weighs_much",
	} {
		if got := redact(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, s := range secretSamples() {
		f.Add("Bearer "+s, " and more")
	}
	f.Add("-----BEGIN X-----", "\n")
	f.Add("\xe9é", "\u200b")
	secret := "ghs" + "_" + strings.Repeat("q7W", 14)
	f.Fuzz(func(t *testing.T, before, after string) {
		got := redact(before + secret + after)
		if i := leak(got, secret); i != "" {
			t.Errorf("%q shows %q", got, i)
		}
		if len(got) > maxMessage+len("…") || strings.ContainsAny(got, "\n\r\x1b\x00") {
			t.Errorf("%q is not fit to be shown", got)
		}
		if again := redact(got); len(got) < maxMessage && again != got {
			t.Errorf("%q became %q the second time", got, again)
		}
	})
}

// prints is everything that a value could be printed as.
func prints(v any) string {
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	j, err := json.Marshal(v)
	fmt.Fprintf(&b, "%s %v\n", j, err)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	for err, ok := v.(error); ok && err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%v %+v %#v\n", err, err, err)
	}
	return b.String()
}

// TestNothingShowsASecret has a server that echoes whatever it was sent, in
// every place that it can, and looks for it in all that comes out.
func TestNothingShowsASecret(t *testing.T) {
	key := string(testPEM())
	echo := func(w http.ResponseWriter, r *http.Request) string {
		sent := r.Header.Get("Authorization") + " " + key
		w.Header().Set("X-Accepted-GitHub-Permissions", r.Header.Get("Authorization"))
		return sent
	}
	said := func(code int, field string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			sent := echo(w, r)
			w.WriteHeader(code)
			json.NewEncoder(w).Encode(map[string]any{"message": "bad " + sent, "documentation_url": "https://x/" + sent, "errors": []string{sent}})
		}
	}
	raw := func(format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			hijacked(fmt.Sprintf(format, r.Header.Get("Authorization")), 0)(w, r)
		}
	}
	redirect := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://evil.example/"+strings.ReplaceAll(r.Header.Get("Authorization"), " ", "/"))
		w.WriteHeader(302)
	}
	link := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<http://"+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+".example/>; rel=next")
		fmt.Fprint(w, "[]")
	}
	query := func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"organization": map[string]any{"login": r.Header.Get("Authorization")}},
			"errors": []any{map[string]any{"type": echo(w, r), "path": []any{echo(w, r)}, "message": echo(w, r)}}})
	}
	for name, handle := range map[string]http.HandlerFunc{
		"401": said(401, ""), "403": said(403, ""), "404": said(404, ""), "422": said(422, ""), "429": said(429, ""), "500": said(500, ""),
		"status line": raw("HTTP/1.1 200%s\r\n\r\n"), "header": raw("HTTP/1.1 200 OK\r\n%s\r\n\r\n"), "no HTTP": raw("%s\r\n\r\n"),
		"redirect": redirect, "link": link, "query": query, "content type": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", r.Header.Get("Authorization"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, handle)
			secrets := []string{key, fakeToken(0), fakeToken(1), fakeToken(2)}
			opaque := func(o *Options) { o.App, o.Token = nil, "opaque/of+another;format==0123456789" }
			f.valid["opaque/of+another;format==0123456789"] = true
			secrets = append(secrets, "opaque/of+another;format==0123456789")
			for _, change := range []func(*Options){func(*Options) {}, f.withToken, opaque} {
				out := f.everything(t, change)
				for _, secret := range secrets {
					if piece := leak(out, secret); piece != "" {
						at := strings.Index(out, piece)
						t.Fatalf("shows %q in …%s…", piece, out[max(0, at-200):min(len(out), at+100)])
					}
				}
				if strings.Contains(out, "eyJ") {
					t.Errorf("shows a JWT")
				}
			}
		})
	}
}

// everything uses all of the API and gives all that it says, but no data.
func (f *fake) everything(t *testing.T, change func(*Options)) string {
	var b strings.Builder
	o := f.options()
	o.MaxWait = 2 * time.Minute
	change(&o)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&b, prints(o), prints(&o), prints(c), prints(c.options), prints(c.state))
	if o.App != nil {
		fmt.Fprint(&b, prints(*o.App), prints(o.App))
	}
	ctx := context.Background()
	s, err := c.Installation(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	_, errInstallations := c.Installations(ctx)
	_, _, errGet := s.Get(ctx, "orgs/acme")
	var errPages error
	for _, errPages = range s.Pages(ctx, "orgs/acme/repos") {
	}
	var q repositories
	problems, _, errQuery := s.Query(ctx, &q, repositoryVars, &q)
	for _, v := range []any{errInstallations, errGet, errPages, errQuery, problems, c.Close(ctx), s, s.Installation(), q} {
		fmt.Fprint(&b, prints(v))
	}
	for _, w := range f.waits.list() {
		fmt.Fprint(&b, prints(w))
	}
	return b.String()
}

// A token of any format that the server sends back is not taken for data.
func TestEchoedTokenIsScrubbed(t *testing.T) {
	token := "an opaque token, longer than sixteen"
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode([]string{"x" + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + "y"})
	})
	f.valid[token] = true
	got, _, err := f.session(func(o *Options) { o.App, o.Token = nil, token }).Get(t.Context(), "x")
	if strings.TrimSpace(string(got)) != `["x[redacted]y"]` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
