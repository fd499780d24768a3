package github

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestJWTClaims(t *testing.T) {
	for _, tt := range []struct {
		name string
		app  App
		iss  string
	}{
		{"client id", App{ClientID: "Iv23liEXAMPLE", ID: 5, PrivateKey: testPEM()}, "Iv23liEXAMPLE"},
		{"app id", App{ID: 12345, PrivateKey: testPEM()}, "12345"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := newClock()
			signer, err := newAppSigner(tt.app, newSettings(Options{Now: clock.Now}))
			if err != nil {
				t.Fatal(err)
			}
			token, err := signer.get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var claims jwt.RegisteredClaims
			parsed, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) {
				return &testKey().PublicKey, nil
			}, jwt.WithTimeFunc(clock.Now))
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Method.Alg() != "RS256" || claims.Issuer != tt.iss {
				t.Errorf("got alg %s, iss %s; want RS256, %s", parsed.Method.Alg(), claims.Issuer, tt.iss)
			}
			if back := start.Sub(claims.IssuedAt.Time); back != time.Minute {
				t.Errorf("iat is %s back, want 1m", back)
			}
			if life := claims.ExpiresAt.Sub(claims.IssuedAt.Time); life >= 10*time.Minute || life < 5*time.Minute {
				t.Errorf("exp is %s after iat, want under 10m", life)
			}
		})
	}
}

func TestParseKeyAccepts(t *testing.T) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(testKey())
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(testPEM())
	for name, text := range map[string]string{
		"PKCS 1":                pkcs1,
		"PKCS 8":                string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"with text around it":   "key of the auditor\n" + pkcs1 + "\n\n",
		"with CR LF":            strings.ReplaceAll(pkcs1, "\n", "\r\n"),
		"newlines spelled out":  strings.ReplaceAll(strings.TrimSpace(pkcs1), "\n", `\n`),
		"PKCS 8 mislabelled":    string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs8})),
		"spelled out, with end": strings.ReplaceAll(pkcs1, "\n", `\n`) + "\n",
	} {
		key, err := parseKey([]byte(text))
		if err != nil || !key.Equal(testKey()) {
			t.Errorf("%s: got key %v, error %v", name, key != nil, err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	marshal := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	ecDER, ecErr := x509.MarshalECPrivateKey(ec)
	edDER, edErr := x509.MarshalPKCS8PrivateKey(ed)
	pub, pubErr := x509.MarshalPKIXPublicKey(testKey().Public())
	whole := string(testPEM())
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "it is not PEM (-----BEGIN RSA PRIVATE KEY----- …)"},
		{"a path", "auditor.pem", "it is not PEM (-----BEGIN RSA PRIVATE KEY----- …)"},
		{"a token", fakeToken(1), "it is not PEM (-----BEGIN RSA PRIVATE KEY----- …)"},
		{"cut off", whole[:400], "it is not PEM (-----BEGIN RSA PRIVATE KEY----- …)"},
		{"damaged", marshal("RSA PRIVATE KEY", []byte("thirteen bytes"), nil), "it is damaged"},
		{"public", marshal("PUBLIC KEY", pub, pubErr), "it is a public key"},
		{"certificate", marshal("CERTIFICATE", pub, pubErr), "it is a certificate"},
		{"EC", marshal("EC PRIVATE KEY", ecDER, ecErr), "it is an EC key; GitHub Apps have RSA keys"},
		{"Ed25519", marshal("PRIVATE KEY", edDER, edErr), "it is not an RSA key; GitHub Apps have RSA keys"},
		{"encrypted", marshal("ENCRYPTED PRIVATE KEY", pub, pubErr), "it is encrypted; store it decrypted, readable by its owner only"},
		{"encrypted of old", strings.Replace(whole, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1),
			"it is encrypted; store it decrypted, readable by its owner only"},
		{"something else", marshal("X509 CRL", pub, pubErr), `it is a "X509 CRL"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Options{App: &App{ClientID: "Iv1.test", PrivateKey: []byte(tt.text)}})
			if got := wantError[*KeyError](t, err); got.Reason != tt.want {
				t.Errorf("got %q, want %q", got.Reason, tt.want)
			}
			if len(tt.text) > 40 && strings.Contains(err.Error(), tt.text[30:60]) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	app := &App{ClientID: "Iv1.test", PrivateKey: testPEM()}
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"no credentials", Options{}, "github credentials: exactly one of an App and a token is needed"},
		{"two credentials", Options{App: app, Token: "x"}, "github credentials: exactly one of an App and a token is needed"},
		{"no id", Options{App: &App{PrivateKey: testPEM()}}, "github credentials: the App needs a client id or an app id"},
		{"password", Options{App: app, APIURL: "https://user:secret@ghe.example/api/v3"}, "api_url: must not contain a user name or password"},
		{"unencrypted", Options{App: app, APIURL: "http://ghe.example/api/v3"}, `api_url: "http://ghe.example/api/v3" would send credentials unencrypted; use https`},
		{"no host", Options{App: app, APIURL: "api.github.com"}, `api_url: "api.github.com" has no host; want https://HOST`},
		{"another scheme", Options{App: app, APIURL: "ssh://git.example"}, `api_url: "ssh://git.example" has scheme "ssh"; want https`},
		{"query", Options{App: app, APIURL: "https://ghe.example/api/v3?x=1"}, "api_url: must not have a query or fragment"},
		{"not a URL", Options{App: app, APIURL: "https://[::1"}, "api_url: not a URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.o)
			wantText(t, err, tt.want)
		})
	}
}

func TestTooSmallKeyCannotSign(t *testing.T) {
	small := &rsa.PrivateKey{}
	signer := &appSigner{issuer: "x", key: small, settings: newSettings(Options{})}
	if _, err := signer.get(t.Context()); err == nil {
		t.Error("an empty key signed")
	} else {
		wantError[*KeyError](t, err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, tt := range []struct {
		api, rest, graphql, web string
		isServer                bool
	}{
		{"", "https://api.github.com/", "https://api.github.com/graphql", "https://github.com", false},
		{"https://api.github.com", "https://api.github.com/", "https://api.github.com/graphql", "https://github.com", false},
		{"https://api.github.com/", "https://api.github.com/", "https://api.github.com/graphql", "https://github.com", false},
		{"https://api.octo.ghe.com", "https://api.octo.ghe.com/", "https://api.octo.ghe.com/graphql", "https://octo.ghe.com", false},
		{"https://ghe.example/api/v3", "https://ghe.example/api/v3/", "https://ghe.example/api/graphql", "https://ghe.example", true},
		{"https://ghe.example:8443/api/v3/", "https://ghe.example:8443/api/v3/", "https://ghe.example:8443/api/graphql", "https://ghe.example:8443", true},
		{"http://127.0.0.1:4000", "http://127.0.0.1:4000/", "http://127.0.0.1:4000/graphql", "http://127.0.0.1:4000", false},
		{"http://127.0.0.1:4000/api/v3", "http://127.0.0.1:4000/api/v3/", "http://127.0.0.1:4000/api/graphql", "http://127.0.0.1:4000", true},
		{"http://localhost:4000", "http://localhost:4000/", "http://localhost:4000/graphql", "http://localhost:4000", false},
		{"http://[::1]:4000", "http://[::1]:4000/", "http://[::1]:4000/graphql", "http://[::1]:4000", false},
	} {
		c, err := New(Options{APIURL: tt.api, Token: "x"})
		if err != nil {
			t.Errorf("%s: %v", tt.api, err)
			continue
		}
		if got := c.endpoint.rest.String(); got != tt.rest {
			t.Errorf("%s: REST at %s, want %s", tt.api, got, tt.rest)
		}
		if got := c.endpoint.graphql.String(); got != tt.graphql {
			t.Errorf("%s: GraphQL at %s, want %s", tt.api, got, tt.graphql)
		}
		if c.WebURL() != tt.web || c.IsEnterpriseServer() != tt.isServer {
			t.Errorf("%s: got %s, %v; want %s, %v", tt.api, c.WebURL(), c.IsEnterpriseServer(), tt.web, tt.isServer)
		}
	}
}
