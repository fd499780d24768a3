package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// tokenLife is how long an installation token lives, as documented.
	tokenLife = time.Hour
	// tokenMargin is how long before its end a token is renewed.
	tokenMargin = 5 * time.Minute
	// revokeTimeout bounds the time that revoking a token may take.
	revokeTimeout = 15 * time.Second
)

// installationToken mints, keeps and renews the token of one installation. One
// caller mints while the others wait for it.
type installationToken struct {
	client       *Client
	installation Installation
	chain        *chain // whose requests the minting counts to

	lock     chan struct{} // a mutex; waiting for it can be given up
	current  minted
	earlier  []minted // replaced, perhaps still valid, to be revoked
	failure  error    // of the latest minting, for those who waited for it
	isClosed bool

	attempts atomic.Int64 // mintings that have ended
	// probation is the token that was minted because of a 401 and has not been
	// accepted yet, or nil. Another 401 is then no reason to mint again: requests
	// that will never be accepted would mint one token after the other.
	probation atomic.Pointer[string]
}

// minted is a token and when it ends by our clock.
type minted struct {
	token string
	ends  time.Time
}

func newInstallationToken(c *Client, i Installation, ch *chain, isClosed bool) *installationToken {
	return &installationToken{client: c, installation: i, chain: ch, lock: make(chan struct{}, 1), isClosed: isClosed}
}

// acquire takes the lock, or gives up with ctx.
func (t *installationToken) acquire(ctx context.Context) error {
	select {
	case t.lock <- struct{}{}:
		return nil
	default:
	}
	select {
	case t.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *installationToken) release() { <-t.lock }

// get returns the current token, or mints one when it ends soon.
func (t *installationToken) get(ctx context.Context) (string, error) {
	before := t.attempts.Load()
	if err := t.acquire(ctx); err != nil {
		return "", err
	}
	defer t.release()
	switch {
	case t.current.ends.Sub(t.client.options.now()) > tokenMargin:
		return t.current.token, nil
	case t.failure != nil && t.attempts.Load() != before:
		return "", t.failure // we waited for it: no need to fail again
	}
	return t.mint(ctx)
}

// renew replaces a token that was refused, unless another caller has done so.
func (t *installationToken) renew(ctx context.Context, refused string) (string, error) {
	before := t.attempts.Load()
	if err := t.acquire(ctx); err != nil {
		return "", err
	}
	defer t.release()
	switch {
	case t.current.token != refused && t.current.token != "":
		return t.current.token, nil
	case t.isOnProbation(refused):
		return "", nil
	case t.failure != nil && t.attempts.Load() != before:
		return "", t.failure
	}
	token, err := t.mint(ctx)
	if err == nil {
		t.probation.Store(&token)
	}
	return token, err
}

func (t *installationToken) isOnProbation(token string) bool {
	p := t.probation.Load()
	return p != nil && *p == token
}

func (t *installationToken) accepted(token string) {
	if p := t.probation.Load(); p != nil && *p == token {
		t.probation.CompareAndSwap(p, nil)
	}
}

// mint is called with the lock held.
func (t *installationToken) mint(ctx context.Context) (string, error) {
	token, err := t.mintNow(ctx)
	t.failure = nil
	if ctx.Err() == nil { // else it failed for this caller alone
		t.failure = err
	}
	t.attempts.Add(1)
	return token, err
}

func (t *installationToken) mintNow(ctx context.Context) (string, error) {
	if t.isClosed {
		return "", &AuthError{Org: t.installation.Login, Err: errClosed}
	}
	a, err := t.client.app.rest(ctx, http.MethodPost,
		fmt.Sprintf("app/installations/%d/access_tokens", t.installation.ID), nil)
	t.chain.sent.Add(int64(a.cost.Requests))
	if err != nil {
		return "", t.explain(err)
	}
	var answer struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	// The decoder's error could quote the answer, and so the token.
	if json.Unmarshal(a.body, &answer) != nil || answer.Token == "" {
		return "", &AuthError{Org: t.installation.Login, Err: fmt.Errorf("%s: the answer holds no token", a.name())}
	}
	if t.current.token != "" {
		t.earlier = append(t.earlier, t.current)
	}
	valid := life(answer.ExpiresAt, t.client.options.serverNow())
	t.current = minted{token: answer.Token, ends: t.client.options.now().Add(valid)}
	return t.current.token, nil
}

// life is how long a token that was just minted is used. When its end is already
// near, the clocks disagree (or it is a test's short token), and believing it
// would mean minting for every request: then it is used until the server says 401.
func life(expiresAt, now time.Time) time.Duration {
	d := min(expiresAt.Sub(now), tokenLife)
	if d <= tokenMargin {
		return tokenLife
	}
	return d
}

func (t *installationToken) explain(err error) error {
	var limited *LimitError
	if errors.As(err, &limited) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &AuthError{Org: t.installation.Login, Err: err}
}

// revoke revokes all tokens that may still be valid, and stops minting.
func (t *installationToken) revoke(ctx context.Context) error {
	if err := t.acquire(ctx); err != nil {
		return err
	}
	defer t.release()
	t.isClosed = true
	all := append(t.earlier, t.current)
	t.earlier, t.current = nil, minted{}
	var failed []error
	for _, m := range all {
		if m.token != "" && m.ends.After(t.client.options.now()) {
			failed = append(failed, t.revokeOne(ctx, m.token))
		}
	}
	return errors.Join(failed...)
}

// revokeOne uses a token to revoke it. A server that does not know it any more
// (401) counts as success.
//
// It does not wait for a rate limit: the token ends by itself within the hour.
func (t *installationToken) revokeOne(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	if d := t.chain.gate.left(coreLimit); d > revokeTimeout {
		return fmt.Errorf("revoke the installation token of %s: rate limited for %s", t.installation.Login, d.Round(time.Second))
	}
	own := t.client.newChain(t.installation.Login, &readyToken{token: token}, t.chain.gate)
	a, err := own.rest(ctx, http.MethodDelete, "installation/token", nil)
	t.chain.sent.Add(int64(a.cost.Requests))
	var refusal *Error
	if err == nil || errors.As(err, &refusal) && refusal.StatusCode == http.StatusUnauthorized {
		return nil
	}
	return fmt.Errorf("revoke the installation token of %s: %w", t.installation.Login, err)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
