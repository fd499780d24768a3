package fakegithub

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"auditor/internal/fakegithub/world"
)

// app is the registered GitHub App. Its key is generated when it is first needed,
// because many tests never sign.
type app struct {
	id       int64
	clientID string
	pem      []byte

	once sync.Once
	key  *rsa.PrivateKey
	err  error
}

func (a *app) privateKey() (*rsa.PrivateKey, error) {
	a.once.Do(func() {
		if a.pem == nil {
			if a.key, a.err = rsa.GenerateKey(rand.Reader, 2048); a.err != nil {
				return
			}
			a.pem = pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(a.key)})
			return
		}
		a.key, a.err = jwt.ParseRSAPrivateKeyFromPEM(a.pem)
	})
	return a.key, a.err
}

// ClientID of the App: one of the two values that the issuer of a JWT may have.
func (s *Server) ClientID() string { return s.app.clientID }

// AppID of the App: the other value that the issuer may have.
func (s *Server) AppID() int64 { return s.app.id }

// PrivateKeyPEM is the App's key in PKCS #1 PEM. It panics only when
// Options.PrivateKeyPEM is not an RSA key.
func (s *Server) PrivateKeyPEM() []byte {
	if _, err := s.app.privateKey(); err != nil {
		panic("fakegithub: the App's private key: " + err.Error())
	}
	return s.app.pem
}

// InstallationToken mints a token as POST …/access_tokens would, for programs
// that expect a ready one. It returns an error for an organization that is
// unknown, lacks the App or has suspended it.
func (s *Server) InstallationToken(org string) (string, error) {
	in := s.installationOf(org)
	if in == nil || !in.suspendedAt.IsZero() {
		return "", fmt.Errorf("mint an installation token for %s: the App is not installed there", org)
	}
	return s.tokens.mint(s.app.id, in, s.now().Add(s.o.TokenLifetime), in.permissions).token, nil
}

// caller is who sent a request: the App itself or one of its installations.
type caller struct {
	isApp bool
	token *installationToken // nil for the App
}

// has reports whether the caller's permission is at least the level.
func (c *caller) has(key, level string) bool {
	if c.token == nil {
		return false
	}
	got := c.token.permissions[key]
	return got == level || got == "write" || got == "admin"
}

// authenticate checks the Authorization header against what the route wants.
func (x *exchange) authenticate() (answer, bool) {
	scheme, secret, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token") {
		secret = ""
	}
	t := x.s.tokens.find(secret, x.now)
	if t != nil && t.hasEnded.Load() && !x.s.faults.acceptsEnded(x) {
		t = nil
	}
	switch {
	case x.route.as == asInstallation && t == nil, secret == "":
		return x.refuse(http.StatusUnauthorized, "Bad credentials", "rest"), false
	case x.route.as != asApp && t != nil:
		x.caller = &caller{token: t}
	default:
		if a, ok := x.checkJWT(secret); !ok {
			return a, false
		}
		x.caller = &caller{isApp: true}
	}
	if t != nil && !t.installation.suspendedAt.IsZero() {
		return x.refuse(http.StatusForbidden, "This installation has been suspended", "rest"), false
	}
	return answer{}, true
}

// maxJWTLife is how far in the future exp may be.
const maxJWTLife = 10 * time.Minute

// checkJWT verifies the App's assertion; the messages are GitHub's.
func (x *exchange) checkJWT(secret string) (answer, bool) {
	refuse := func(message string) (answer, bool) {
		return x.refuse(http.StatusUnauthorized, message, "rest"), false
	}
	key, err := x.s.app.privateKey()
	if err != nil {
		return x.refuse(http.StatusInternalServerError, err.Error(), "rest"), false
	}
	var claims jwt.RegisteredClaims
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation()).
		ParseWithClaims(secret, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return refuse("A JSON web token could not be decoded")
	case err != nil:
		if strings.Count(secret, ".") != 2 {
			return refuse("Bad credentials")
		}
		return refuse("A JSON web token could not be decoded")
	case claims.Issuer != x.s.app.clientID && claims.Issuer != strconv.FormatInt(x.s.app.id, 10):
		return x.refuse(http.StatusNotFound, "Integration not found", "rest"), false
	case claims.ExpiresAt == nil || !claims.ExpiresAt.After(x.now):
		return refuse("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case claims.ExpiresAt.Sub(x.now) > maxJWTLife:
		return refuse("'Expiration time' claim ('exp') is too far in the future")
	case claims.IssuedAt == nil || claims.IssuedAt.After(x.now):
		return refuse("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	return answer{}, true
}

// authorize checks the route's permission. Public metadata of another
// organization may be read with any token, as on GitHub.
func (x *exchange) authorize() (answer, bool) {
	if x.route.permission == "" {
		return answer{}, true
	}
	x.header.Set("X-Accepted-GitHub-Permissions", x.route.permission)
	key, level, _ := strings.Cut(x.route.permission, "=")
	if x.caller.has(key, level) && (x.isOwnWorld() || key == "metadata") {
		return answer{}, true
	}
	if x.route.hides {
		return x.notFound(), false
	}
	return x.refuse(http.StatusForbidden, "Resource not accessible by integration", x.route.docs), false
}

// isOwnWorld reports whether the token belongs to the organization in the path.
func (x *exchange) isOwnWorld() bool {
	return x.caller.token != nil && x.caller.token.installation.world == x.world
}

// canSee reports whether the caller may know that a repository exists.
func (x *exchange) canSee(r *world.Repository) bool {
	return r.Visibility == world.Public || x.isOwnWorld() && x.caller.token.installation.includes(r)
}

// administers reports whether the caller may read the repository's settings.
func (x *exchange) administers(r *world.Repository) bool {
	return x.isOwnWorld() && x.caller.has("administration", "read") && x.caller.token.installation.includes(r)
}

// installationToken is one minted token.
type installationToken struct {
	token        string
	installation *installation
	expiresAt    time.Time
	permissions  map[string]string
	hasEnded     atomic.Bool // early, by a fault
}

// tokenStore holds the tokens that were minted and are not revoked.
type tokenStore struct {
	mu     sync.Mutex
	tokens map[string]*installationToken
}

func newTokenStore() *tokenStore { return &tokenStore{tokens: map[string]*installationToken{}} }

// mint makes a token in GitHub's stateless format of 2026: a prefix, the App's id
// and what looks like a JWT, with its dots, in all about 520 characters.
func (ts *tokenStore) mint(appID int64, in *installation, expires time.Time, permissions map[string]string) *installationToken {
	secret := "ghs_" + strconv.FormatInt(appID, 10) + "_" + noise(36) + "." + noise(380) + "." + noise(86)
	t := &installationToken{token: secret, installation: in, expiresAt: expires, permissions: permissions}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.tokens[secret] = t
	return t
}

// noise is n random characters of base64url; tokens need no determinism.
func noise(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	for i := range b {
		b[i] = alphabet[b[i]&63]
	}
	return string(b)
}

// find returns a token that is known and not expired, or nil.
func (ts *tokenStore) find(secret string, now time.Time) *installationToken {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.tokens[secret]; t != nil && now.Before(t.expiresAt) {
		return t
	}
	return nil
}

// known returns a token whether or not it has expired, or nil.
func (ts *tokenStore) known(secret string) *installationToken {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.tokens[secret]
}

func (ts *tokenStore) revoke(t *installationToken) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.tokens, t.token)
}
