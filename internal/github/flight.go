package github

import (
	"net/http"
	"time"
)

// pointsWrite is what GitHub charges for a REST request that is not a read.
const pointsWrite = 5

// flight sends a request when there is room: enough points in the minute, a
// free slot of the client, and no limit at that moment.
type flight struct{ call *call }

func (f *flight) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := f.admit(req)
	if err != nil {
		return nil, err
	}
	defer release()
	f.call.cost.Requests++
	f.call.chain.sent.Add(1)
	resp, err := f.call.chain.client.exchange(req)
	if err == nil {
		if b, ok := budgetOf(resp.Header); ok {
			b.Reset = f.call.chain.client.options.ours(b.Reset)
			f.call.chain.gate.spend(f.call.resourceOf(req), b)
		}
		f.observe(f.call.resourceOf(req), resp)
	}
	return resp, err
}

// observe reports to the gate what an answer says about limits, before the slot
// is free: the next request must not be sent into a limit that is known.
func (f *flight) observe(res resource, resp *http.Response) {
	if l := f.call.limit(res, resp); l != nil {
		f.call.chain.gate.hit(res, l, f.call.generation)
		return
	}
	reset, _ := exhausted(resp.Header)
	if name := resp.Header.Get("X-RateLimit-Resource"); name != "" && name != string(res) {
		reset = time.Time{} // of another limit
	}
	f.call.chain.gate.pass(res, f.call.chain.client.options.ours(reset), f.call.generation)
}

// limit is what an answer says about being limited, by our clock; nil: it is not.
func (c *call) limit(res resource, resp *http.Response) *limit {
	l := limitOf(res, resp, bodyOf(resp), c.chain.client.options.serverNow())
	if l != nil {
		l.reset = c.chain.client.options.ours(l.reset)
	}
	return l
}

// admit waits for everything that a request needs. It waits without holding a
// slot: other organizations need it.
func (f *flight) admit(req *http.Request) (release func(), err error) {
	ctx, res := req.Context(), f.call.resourceOf(req)
	for {
		if err := f.call.chain.gate.wait(req, f.call, res); err != nil {
			return nil, err
		}
		if err := f.pace(req, res); err != nil {
			return nil, err
		}
		select {
		case f.call.chain.client.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		isOpen, probe := f.call.chain.gate.enter(f.call, res)
		if isOpen {
			return func() { <-f.call.chain.client.slots }, nil
		}
		<-f.call.chain.client.slots
		if probe == nil {
			continue // a limit began meanwhile
		}
		select {
		case <-probe:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pace reserves the points of a request and waits until they may be spent.
// Points that a limit kept from being spent at their time are lost.
func (f *flight) pace(req *http.Request, res resource) error {
	p := f.call.chain.gate.pacers[res]
	now := f.call.chain.client.options.now()
	if p == nil || now.Sub(f.call.reserved) < p.grace {
		return nil
	}
	points := 1
	if res == coreLimit && req.Method != http.MethodGet {
		points = pointsWrite
	}
	d := p.reserve(now, points)
	f.call.reserved = now.Add(d)
	if d <= 0 {
		return nil
	}
	return f.call.sleep(req.Context(), d)
}
