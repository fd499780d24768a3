package github

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// patience is a kind of failure, of which a request survives so many.
type patience int

const (
	ordinary patience = iota
	// heavy is for GraphQL queries that the server gave up on, which costs
	// points: the caller is to ask for less.
	heavy
	// unauthorized is for a token that is refused after its renewal: one that
	// another request has just renewed may need a moment.
	unauthorized
	// refused is for a port where nobody listens and nobody ever did: most
	// likely the address is wrong.
	refused
)

// tries is how often a request is sent that fails in this way.
func (p patience) tries() int {
	return [...]int{ordinary: maxTries, heavy: 2, unauthorized: 2, refused: 3}[p]
}

const (
	maxTries = 5 // of one request, whatever fails
	// maxLimits ends the patience of one request with limits that come again
	// after each wait.
	maxLimits = 10
	firstWait = time.Second // doubles with each try
)

// retry sends a request until an answer is worth having: it waits out limits,
// and repeats what failed on the way.
type retry struct {
	*call
	next http.RoundTripper
}

// verdict is what to make of one try.
type verdict struct {
	limit *limit // wait for the gate, then again
	cause string // why again; "" with no limit: done
	kind  patience
	after time.Duration // told by retry-after
	err   error         // in place of the answer when it stays like this
}

func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	res := r.resourceOf(req)
	limits, failures := 0, map[patience]int{}
	for try := 1; ; {
		again, err := fresh(req)
		if err != nil {
			return nil, err
		}
		resp, err := r.next.RoundTrip(again)
		v := r.judge(req, res, resp, err)
		r.gate.leave(r.call, res)
		switch {
		case v.limit != nil:
			if limits++; limits >= maxLimits {
				return nil, r.endless(req, res)
			}
			r.cost.Retries++
			continue
		case v.cause == "" || isEnough(failures, v, try):
			if v.err != nil {
				return nil, v.err
			}
			return resp, err
		}
		if err := r.pause(req, try, v); err != nil {
			return nil, err
		}
		try++
		r.cost.Retries++
	}
}

// judge decides about one try.
func (r *retry) judge(req *http.Request, res resource, resp *http.Response, err error) verdict {
	if err != nil {
		// Directly, not errors.As: what failed under the minting of a token
		// has been retried there.
		network, ok := err.(*NetworkError)
		if !ok || isPermanent(network.Err) {
			return verdict{}
		}
		kind := kindOfFailure(res, network.IsTimeout)
		if errors.Is(network.Err, syscall.ECONNREFUSED) && !r.client.state.isAnswered.Load() {
			kind = refused
		}
		return verdict{cause: network.Err.Error(), kind: kind}
	}
	body := bodyOf(resp)
	if l := r.limit(res, resp); l != nil {
		return verdict{limit: l}
	}
	after, _ := retryAfter(resp.Header, r.client.options.serverNow())
	switch code := resp.StatusCode; code {
	case http.StatusUnauthorized:
		if _, isRenewable := r.creds.(*installationToken); isRenewable {
			return verdict{cause: statusLine(code), kind: unauthorized, after: after}
		}
	case http.StatusInternalServerError, http.StatusServiceUnavailable:
		return verdict{cause: statusLine(code), after: after}
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return verdict{cause: statusLine(code), kind: kindOfFailure(res, true), after: after}
	case http.StatusAccepted:
		if req.Method == http.MethodGet {
			again := newError(req.Method, req.URL, resp, nil)
			again.Message = "accepted: the answer is still being made"
			return verdict{cause: again.Message, after: after, err: again}
		}
	case http.StatusOK, http.StatusCreated:
		if !isJSON(body) {
			nonsense := newError(req.Method, req.URL, resp, nil)
			nonsense.Message = "the answer is not JSON" + contentType(resp)
			return verdict{cause: nonsense.Message, err: nonsense}
		}
	}
	return verdict{}
}

// isEnough counts a failure and tells whether the request is to be given up.
func isEnough(failures map[patience]int, v verdict, try int) bool {
	failures[v.kind]++
	return failures[v.kind] >= v.kind.tries() || try >= maxTries
}

func kindOfFailure(res resource, isHeavy bool) patience {
	if res == graphqlLimit && isHeavy {
		return heavy
	}
	return ordinary
}

// pause waits before another try: a second or less, then twice that, and so
// on, at random within its upper half so that workers do not come back together.
func (r *retry) pause(req *http.Request, try int, v verdict) error {
	d := firstWait << (try - 1)
	d = max(d/2+rand.N(d/2+1), v.after)
	w := r.about(req)
	w.Reason, w.Try, w.Duration = v.cause, try, d
	w.Until = r.client.options.now().Add(d)
	if d > r.client.options.maxWait {
		return &LimitError{Method: w.Method, Path: w.Path, Reason: w.Reason, Until: w.Until, Wait: d}
	}
	r.client.options.onWait(w)
	return r.sleep(req.Context(), d)
}

func (r *retry) endless(req *http.Request, res resource) error {
	c, _ := r.gate.look(res)
	return &LimitError{
		Method: req.Method, Path: pathOf(req.URL),
		Reason: fmt.Sprintf("%s, %d times in a row", c.reason, maxLimits),
		Until:  c.until, Wait: c.until.Sub(r.client.options.now()),
	}
}

// about is what a callback is told of a request.
func (c *call) about(req *http.Request) Wait {
	return Wait{Org: c.org, Method: req.Method, Path: pathOf(req.URL)}
}

func (c *call) resourceOf(req *http.Request) resource {
	if req.URL.Path == c.client.graphql.Path {
		return graphqlLimit
	}
	return coreLimit
}

// fresh copies a request for another try, with its body from the start: a
// round trip has eaten the first one.
func fresh(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return again, nil
	}
	if req.GetBody == nil {
		return nil, errors.New("the request cannot be repeated: its body has no copy")
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	again.Body = body
	return again, nil
}

func statusLine(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }

func contentType(resp *http.Response) string {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if kind == "" {
		return ""
	}
	return " but " + redact(kind)
}
