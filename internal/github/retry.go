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

// failureKind says how often a request is sent that fails in this way.
type failureKind int

const (
	ordinary failureKind = iota
	// heavy is for GraphQL queries that failed, which costs points: the caller
	// should request less.
	heavy
	// unauthorized is for a token that is refused after its renewal: one that
	// another request has just renewed may need a moment.
	unauthorized
	// refused is for a port where no server listens or ever did: most likely
	// the address is wrong.
	refused
)

// tries is the most, the first one included.
func (k failureKind) tries() int {
	return [...]int{ordinary: maxTries, heavy: 2, unauthorized: 2, refused: 3}[k]
}

const (
	maxTries = 5 // of one request, whatever fails
	// maxLimits is how many limits in a row one request waits for.
	maxLimits = 10
	firstWait = time.Second // doubles with each try
)

// retry sends a request until there is a final answer: it waits for limits to
// end, and repeats what failed on the way.
type retry struct {
	call *call
	next http.RoundTripper
}

// tryResult says what to do after one try.
type tryResult struct {
	limit *limit // wait for the gate, then try again
	cause string // why to try again; "" with no limit: done
	kind  failureKind
	after time.Duration // from retry-after; 0: not given
	err   error         // in place of the answer when no further try helps
}

func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	res := r.call.resourceOf(req)
	limits, failures := 0, map[failureKind]int{}
	for try := 1; ; {
		again, err := fresh(req)
		if err != nil {
			return nil, err
		}
		resp, err := r.next.RoundTrip(again)
		result := classify(r.call, req, res, resp, err)
		r.call.chain.gate.leave(r.call, res)
		switch {
		case result.limit != nil:
			if limits++; limits >= maxLimits {
				return nil, r.tooManyLimits(req, res)
			}
			r.call.cost.Retries++
			continue
		case result.cause == "" || isExhausted(failures, result, try):
			if result.err != nil {
				return nil, result.err
			}
			return resp, err
		}
		if err := r.pause(req, try, result); err != nil {
			return nil, err
		}
		try++
		r.call.cost.Retries++
	}
}

// classify decides from the answer or the error of one try what to do next.
func classify(k *call, req *http.Request, res resource, resp *http.Response, err error) tryResult {
	if err != nil {
		return classifyError(k, res, err)
	}
	if l := k.limit(res, resp); l != nil {
		return tryResult{limit: l}
	}
	after, _ := retryAfter(resp.Header, k.chain.client.options.serverNow())
	switch code := resp.StatusCode; code {
	case http.StatusUnauthorized:
		if _, isRenewable := k.chain.creds.(*installationToken); isRenewable {
			return tryResult{cause: statusLine(code), kind: unauthorized, after: after}
		}
	case http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return tryResult{cause: statusLine(code), kind: kindOfFailure(res), after: after}
	case http.StatusAccepted:
		if req.Method == http.MethodGet {
			again := newError(req.Method, req.URL, resp, nil)
			again.Message = "accepted: the answer is not ready yet"
			return tryResult{cause: again.Message, after: after, err: again}
		}
	case http.StatusOK, http.StatusCreated:
		if !isJSON(bodyOf(resp)) {
			notJSON := newError(req.Method, req.URL, resp, nil)
			notJSON.Message = errNotJSON.Error() + contentType(resp)
			return tryResult{cause: notJSON.Message, err: notJSON}
		}
	case http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		if req.Method == http.MethodGet { // what we read is there, and whole, or it is not
			odd := newError(req.Method, req.URL, resp, nil)
			return tryResult{cause: statusLine(code), err: odd}
		}
	}
	return tryResult{}
}

// classifyError is classify where no whole answer came.
func classifyError(k *call, res resource, err error) tryResult {
	// Directly, not errors.As: what failed under the minting of a token has
	// been retried there.
	network, ok := err.(*NetworkError)
	if !ok || isPermanent(network.Err) {
		return tryResult{}
	}
	kind := kindOfFailure(res)
	if errors.Is(network.Err, syscall.ECONNREFUSED) && !k.chain.client.state.isAnswered.Load() {
		kind = refused
	}
	return tryResult{cause: network.Err.Error(), kind: kind}
}

// isExhausted counts a failure and reports whether the request is given up.
func isExhausted(failures map[failureKind]int, result tryResult, try int) bool {
	failures[result.kind]++
	return failures[result.kind] >= result.kind.tries() || try >= maxTries
}

// kindOfFailure is that of a server that gave up, or did not answer. A GraphQL
// query may be the reason: too heavy, or with one object that the server cannot
// serve.
func kindOfFailure(res resource) failureKind {
	if res == graphqlLimit {
		return heavy
	}
	return ordinary
}

// pause waits before another try: a second or less, then twice that, and so
// on, at random within its upper half so that workers do not repeat together.
func (r *retry) pause(req *http.Request, try int, result tryResult) error {
	d := firstWait << (try - 1)
	d = max(d/2+rand.N(d/2+1), result.after)
	w := r.call.about(req)
	w.Reason, w.Try, w.Duration = result.cause, try, d
	w.Until = r.call.chain.client.options.now().Add(d)
	if d > r.call.chain.client.options.maxWait {
		return &LimitError{Method: w.Method, Path: w.Path, Reason: w.Reason, Until: w.Until, Wait: d}
	}
	r.call.chain.client.options.onWait(w)
	return r.call.sleep(req.Context(), d)
}

func (r *retry) tooManyLimits(req *http.Request, res resource) error {
	c, _ := r.call.chain.gate.look(res)
	return &LimitError{
		Method: req.Method, Path: pathOf(req.URL),
		Reason: fmt.Sprintf("%s, %d times in a row", c.reason, maxLimits),
		Until:  c.until, Wait: c.until.Sub(r.call.chain.client.options.now()),
	}
}

// about is what a callback gets about a request.
func (c *call) about(req *http.Request) Wait {
	return Wait{Org: c.chain.org, Method: req.Method, Path: pathOf(req.URL)}
}

func (c *call) resourceOf(req *http.Request) resource {
	if req.URL.Path == c.chain.client.endpoint.graphql.Path {
		return graphqlLimit
	}
	return coreLimit
}

// fresh copies a request for another try, with its body from the start: a
// round trip consumes it.
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
