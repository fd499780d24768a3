package github

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// jwtBackdate allows for a clock that is ahead of GitHub's.
	jwtBackdate = time.Minute
	// jwtLife leaves a minute of GitHub's ten, and so allows for a clock that
	// is behind as well.
	jwtLife = 8 * time.Minute
)

// App is a GitHub App's identity: the client id (or the older numeric id) and
// a private key of it.
type App struct {
	ClientID   string
	ID         int64  // used when ClientID is empty
	PrivateKey []byte `json:"-"` // PEM, PKCS #1 or PKCS #8, RSA
}

// issuer identifies the App to GitHub; "" if nothing was given.
func (a App) issuer() string {
	if a.ClientID == "" && a.ID > 0 {
		return strconv.FormatInt(a.ID, 10)
	}
	return a.ClientID
}

// KeyError says why a private key cannot be used, without a byte of it.
type KeyError struct{ Reason string }

func (e *KeyError) Error() string { return "private key of the App: " + e.Reason }

// keyBlocks are the PEM blocks that people give as an App's private key, and the
// message for each that is not one.
var keyBlocks = map[string]string{
	"RSA PRIVATE KEY":       "",
	"PRIVATE KEY":           "",
	"ENCRYPTED PRIVATE KEY": "it is encrypted; store it decrypted, readable by its owner only",
	"EC PRIVATE KEY":        "it is an EC key; GitHub Apps have RSA keys",
	"OPENSSH PRIVATE KEY":   "it is an SSH key; generate a private key on the App's settings page",
	"DSA PRIVATE KEY":       "it is a DSA key; GitHub Apps have RSA keys",
	"PUBLIC KEY":            "it is a public key",
	"RSA PUBLIC KEY":        "it is a public key",
	"CERTIFICATE":           "it is a certificate",
}

// parseKey reads a PEM private key. Variables often hold one with its line
// ends spelled out as \n.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	if !strings.Contains(strings.TrimSpace(string(text)), "\n") {
		text = []byte(strings.ReplaceAll(string(text), `\n`, "\n"))
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, &KeyError{"it is not PEM (-----BEGIN RSA PRIVATE KEY----- …)"}
	}
	complaint, isKnown := keyBlocks[block.Type]
	switch {
	case !isKnown:
		return nil, &KeyError{fmt.Sprintf("it is a %q", redact(block.Type))}
	case complaint != "":
		return nil, &KeyError{complaint}
	case block.Headers["DEK-Info"] != "":
		return nil, &KeyError{keyBlocks["ENCRYPTED PRIVATE KEY"]}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, &KeyError{"it is damaged"} // the parser's error could quote it
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, &KeyError{"it is not an RSA key; GitHub Apps have RSA keys"}
	}
	return key, nil
}

// appSigner authenticates as the App itself.
type appSigner struct {
	issuer   string
	key      *rsa.PrivateKey
	settings *settings
	allowed  atomic.Int64 // the skew that the latest web token allowed for
}

func newAppSigner(a App, s *settings) (*appSigner, error) {
	if a.issuer() == "" {
		return nil, errors.New("github credentials: the App needs a client id or an app id")
	}
	key, err := parseKey(a.PrivateKey)
	if err != nil {
		return nil, err
	}
	return &appSigner{issuer: a.issuer(), key: key, settings: s}, nil
}

// get signs a JSON web token for one request, by the server's clock.
func (s *appSigner) get(context.Context) (string, error) {
	ahead := s.settings.ahead()
	s.allowed.Store(int64(ahead))
	now := s.settings.now().Add(ahead)
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    s.issuer,
		IssuedAt:  jwt.NewNumericDate(now.Add(-jwtBackdate)),
		ExpiresAt: jwt.NewNumericDate(now.Add(jwtLife)),
	}).SignedString(s.key)
	if err != nil {
		return "", &KeyError{"it cannot sign"} // too small, for one
	}
	return token, nil
}

// renew signs again if the refusal showed that the server's clock differs.
// If not, another signature would be equal.
func (s *appSigner) renew(ctx context.Context, _ string) (string, error) {
	if s.settings.ahead() == time.Duration(s.allowed.Load()) {
		return "", nil
	}
	return s.get(ctx)
}

func (s *appSigner) accepted(string) {}

// Format prints who the App is and never its key, with any verb.
func (a App) Format(f fmt.State, _ rune) { io.WriteString(f, a.String()) }

// String is who the App is.
func (a App) String() string { return "App " + redact(a.issuer()) }

// Format prints the options without their secrets, with any verb.
func (o Options) Format(f fmt.State, _ rune) { io.WriteString(f, o.String()) }

// String is the options in short, without their secrets.
func (o Options) String() string {
	who := "no credentials"
	switch {
	case o.App != nil:
		who = o.App.String()
	case o.Token != "":
		who = "a ready token"
	}
	return fmt.Sprintf("github.Options(%s as %s)", redact(o.APIURL), who)
}

// Format prints the server, with any verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// String names the server.
func (c *Client) String() string { return fmt.Sprintf("github.Client(%s)", c.endpoint.rest) }

// Format prints the organization and the server, with any verb.
func (s *Session) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// String names the organization and the server.
func (s *Session) String() string {
	return fmt.Sprintf("github.Session(%s at %s)", redact(s.installation.Login), s.chain.client.endpoint.rest)
}
