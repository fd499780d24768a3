package github

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/google/go-github/v66/github"
)

// chain is one credential's way to the server. All workers of an installation
// share it.
type chain struct {
	client *Client
	org    string // for messages; "" for the App itself
	creds  credentials
	gate   *gate
	sent   atomic.Int64 // requests so far, all tries
}

func (c *Client) newChain(org string, creds credentials, g *gate) *chain {
	return &chain{client: c, org: org, creds: creds, gate: g}
}

// call is one use of the chain by one goroutine: the state that the links share
// about it.
type call struct {
	chain      *chain
	cost       Cost
	generation int       // the gate's, when the latest request went out
	slept      time.Time // the end of the latest closure that was waited for
	reserved   time.Time // when the latest points were due
	isProbe    bool      // sends alone, to see whether a limit is over
}

// Cost is what one read took in requests and time.
type Cost struct {
	Requests int           // HTTP requests sent, redirects and all tries
	Retries  int           // of them: tries after the first
	Waited   time.Duration // for rate limits, for the minute's points, and for other tries
}

// Plus is the sum of two costs.
func (c Cost) Plus(d Cost) Cost {
	return Cost{Requests: c.Requests + d.Requests, Retries: c.Retries + d.Retries, Waited: c.Waited + d.Waited}
}

// sleep waits, and counts that.
func (c *call) sleep(ctx context.Context, d time.Duration) error {
	c.cost.Waited += d
	return c.chain.client.options.sleep(ctx, d)
}

// httpClient is the whole chain as an HTTP client, for one call.
func (c *call) httpClient() *http.Client {
	return &http.Client{
		Transport:     &retry{call: c, next: &auth{creds: c.chain.creds, endpoint: c.chain.client.endpoint, next: &flight{call: c}}},
		CheckRedirect: c.chain.client.endpoint.checkRedirect,
	}
}

// answer is the server's answer to one call.
type answer struct {
	method string
	url    *url.URL // after redirects
	status int
	header http.Header
	body   []byte
	cost   Cost // also set when the call failed
}

func (a answer) name() string { return a.method + " " + pathOf(a.url) }

// rest sends one REST request through go-github and returns the body. ref is a
// path below the API root, or a full URL on the same host.
//
// Each call has a go-github client of its own: go-github remembers rate limits
// and would then refuse by itself, with an error, what our gate waits for.
func (c *chain) rest(ctx context.Context, method, ref string, body any) (answer, error) {
	u, err := c.client.endpoint.resolve(ref)
	if err != nil {
		return answer{}, describe(method, asURL(ref), err)
	}
	k := &call{chain: c}
	gh := github.NewClient(k.httpClient())
	gh.BaseURL = c.client.endpoint.rest
	gh.UserAgent = c.client.options.userAgent
	req, err := gh.NewRequest(method, u.String(), body)
	if err != nil {
		return answer{}, describe(method, u, err)
	}
	resp, err := gh.BareDo(ctx, req)
	a := answer{method: method, url: u, cost: k.cost}
	if resp == nil || resp.Response == nil {
		return a, describe(method, u, err)
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	if resp.Request != nil {
		a.url = resp.Request.URL
	}
	// go-github reports 202, "will be done", as an error.
	var accepted *github.AcceptedError
	if errors.As(err, &accepted) {
		a.body = accepted.Raw
		return a, nil
	}
	a.body = bodyOf(resp.Response)
	if a.body == nil { // go-github has read a refusal, and put a copy in its place
		if a.body, err = io.ReadAll(resp.Body); err != nil {
			return a, describe(method, u, err)
		}
	}
	if a.status >= 300 {
		return a, newError(method, u, resp.Response, a.body)
	}
	return a, nil
}
