package github

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultAPIURL      = "https://api.github.com"
	defaultUserAgent   = "auditor"
	defaultConcurrency = 8
	maxConcurrency     = 100 // GitHub's documented limit, REST and GraphQL together
	defaultMaxWait     = 65 * time.Minute
	defaultTryTimeout  = 30 * time.Second
)

// Options says which server to talk to, as whom, and how fast. Exactly one of
// App and Token must be set.
type Options struct {
	// APIURL is the root of the REST API: https://api.github.com (also when
	// empty), https://api.SUBDOMAIN.ghe.com, https://HOST/api/v3, or
	// http://127.0.0.1:PORT with or without /api/v3. Plain http is accepted
	// for loopback addresses only.
	APIURL string
	// App is the GitHub App that mints its own installation tokens, or nil.
	App *App `json:"-"`
	// Token is a ready installation token: never renewed, never revoked.
	Token string `json:"-"`
	// UserAgent is sent with every request; "auditor" when empty.
	UserAgent string

	// Now is the clock; nil: the real one.
	Now func() time.Time `json:"-"`
	// Sleep waits for d or until ctx is done, and then returns ctx's error;
	// nil: really waits.
	Sleep func(ctx context.Context, d time.Duration) error `json:"-"`

	// Concurrency is the most requests in flight, for the whole client; 0: 8,
	// at most 100.
	Concurrency int
	// PointsPerMinute paces the REST requests of each installation so that no
	// 60 seconds have more points; 0: no pacing. GraphQL, which has a limit of
	// its own, is paced with GitHub's 2,000 points unless this is 0.
	PointsPerMinute int
	// Minute is the window that the points are counted in; 0: a minute, which
	// is GitHub's. For measuring against a server with a shorter one.
	Minute time.Duration
	// MaxWait is the longest single wait for a rate limit; a longer one is
	// refused with a [*LimitError]. 0: 65 minutes.
	MaxWait time.Duration
	// TryTimeout cuts off one try of one request, body included; waits for
	// rate limits do not count. 0: 30 seconds.
	TryTimeout time.Duration

	// OnWait, when set, is called when a wait for a rate limit or for another
	// try begins. Calls may come from several goroutines at once.
	OnWait func(Wait) `json:"-"`
	// OnSkew, when set, is called once if the server's clock is ahead of ours
	// (behind: negative) by a minute or more. The client then corrects for it.
	OnSkew func(ahead time.Duration) `json:"-"`
}

// Wait says why nothing is sent for a while.
type Wait struct {
	Org      string        // login of the organization; "" for the App itself
	Method   string        // of the request that caused the wait
	Path     string        // without query
	Reason   string        // "secondary rate limit", "502 Bad Gateway", …
	IsLimit  bool          // a rate limit, which stops all workers; else a retry of one request
	Try      int           // the try that failed, from 1; 0 for limits
	Duration time.Duration // how long
	Until    time.Time     // when sending resumes
}

// Client talks to one GitHub server. Safe for concurrent use.
type Client struct {
	endpoint  endpoint
	options   *settings
	transport *http.Transport
	slots     chan struct{}
	app       *chain       // asks as the App itself; nil in token mode
	ready     *sharedToken // what token mode's chains have in common; nil in App mode
	state     *clientState
	lacking   *fieldSet // of GraphQL
}

// settings are Options with the defaults filled in and without the secrets.
type settings struct {
	userAgent       string
	now             func() time.Time
	sleep           func(context.Context, time.Duration) error
	pointsPerMinute int
	minute          time.Duration
	maxWait         time.Duration
	tryTimeout      time.Duration
	onWait          func(Wait)
	onSkew          func(time.Duration)
	skew            skew
}

// sharedToken is what all organizations of a ready token share: the token and
// its limits.
type sharedToken struct {
	token *readyToken
	gate  *gate
}

// clientState is what changes after New.
type clientState struct {
	isAnswered atomic.Bool // the server has answered at least once
	isLinking  atomic.Bool // it has sent a link between pages at least once

	mu       sync.Mutex
	chains   map[int64]*chain // by installation id
	isClosed bool
}

// New checks the options and returns a client. It sends nothing. A private key
// that cannot be used is a [*KeyError].
func New(o Options) (*Client, error) {
	end, err := parseEndpoint(o.APIURL)
	if err != nil {
		return nil, err
	}
	if (o.App == nil) == (o.Token == "") {
		return nil, errors.New("github credentials: exactly one of an App and a token is needed")
	}
	c := &Client{
		endpoint:  end,
		options:   newSettings(o),
		transport: newTransport(o.concurrency()),
		slots:     make(chan struct{}, o.concurrency()),
		state:     &clientState{chains: make(map[int64]*chain)},
		lacking:   &fieldSet{paths: map[string]bool{}},
	}
	if o.App == nil {
		c.ready = &sharedToken{token: &readyToken{token: o.Token}, gate: newGate(c.options)}
		return c, nil
	}
	signer, err := newAppSigner(*o.App, c.options)
	if err != nil {
		return nil, err
	}
	c.app = c.newChain("", signer, newGate(c.options))
	return c, nil
}

func newSettings(o Options) *settings {
	s := &settings{
		userAgent:       o.UserAgent,
		now:             o.Now,
		sleep:           o.Sleep,
		pointsPerMinute: o.PointsPerMinute,
		minute:          o.Minute,
		maxWait:         o.MaxWait,
		tryTimeout:      o.TryTimeout,
		onWait:          o.OnWait,
		onSkew:          o.OnSkew,
	}
	if s.userAgent == "" {
		s.userAgent = defaultUserAgent
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.sleep == nil {
		s.sleep = sleep
	}
	if s.minute <= 0 {
		s.minute = time.Minute
	}
	if s.maxWait <= 0 {
		s.maxWait = defaultMaxWait
	}
	if s.tryTimeout <= 0 {
		s.tryTimeout = defaultTryTimeout
	}
	if s.onWait == nil {
		s.onWait = func(Wait) {}
	}
	if s.onSkew == nil {
		s.onSkew = func(time.Duration) {}
	}
	return s
}

func (o Options) concurrency() int {
	if o.Concurrency <= 0 {
		return defaultConcurrency
	}
	return min(o.Concurrency, maxConcurrency)
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Open returns a session with an installation that is already known. Sessions of
// one installation share its token and its limits.
func (c *Client) Open(i Installation) *Session {
	if c.ready != nil {
		return &Session{installation: i, chain: c.newChain(i.Login, c.ready.token, c.ready.gate)}
	}
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	ch, ok := c.state.chains[i.ID]
	if !ok {
		ch = c.newChain(i.Login, nil, newGate(c.options))
		ch.creds = newInstallationToken(c, i, ch, c.state.isClosed)
		c.state.chains[i.ID] = ch
	}
	return &Session{installation: i, chain: ch}
}

// Close revokes every installation token that the client minted; a ready token
// is not. No token is minted afterwards. Pass a context that is not cancelled:
// after an interrupt, context.WithoutCancel and a deadline.
func (c *Client) Close(ctx context.Context) error {
	c.state.mu.Lock()
	c.state.isClosed = true
	chains := c.state.chains
	c.state.chains = map[int64]*chain{}
	c.state.mu.Unlock()
	var failed []error
	for _, id := range sortedKeys(chains) {
		if t, ok := chains[id].creds.(*installationToken); ok {
			failed = append(failed, t.revoke(ctx))
		}
	}
	c.transport.CloseIdleConnections()
	return errors.Join(failed...)
}
