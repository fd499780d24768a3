package github

import (
	"net/http"
	"time"
)

// pointsWrite is what GitHub charges for a REST request that is not a read.
const pointsWrite = 5

// flight lets a request out when there is room: enough points in the minute, a
// free slot of the client, and no limit at that very moment.
type flight struct{ *call }

func (f *flight) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := f.admit(req)
	if err != nil {
		return nil, err
	}
	defer release()
	f.cost.Requests++
	f.chain.sent.Add(1)
	resp, err := f.client.exchange(req)
	if err == nil {
		if b, ok := budgetOf(resp.Header); ok {
			b.Reset = f.client.options.ours(b.Reset)
			f.gate.spend(f.resourceOf(req), b)
		}
		f.observe(f.resourceOf(req), resp)
	}
	return resp, err
}

// observe tells the gate what an answer says of limits. That is before the slot
// is free: whoever takes it next must not send into a limit that is known.
func (f *flight) observe(res resource, resp *http.Response) {
	if l := f.limit(res, resp); l != nil {
		f.gate.hit(res, l, f.generation)
		return
	}
	reset, _ := exhausted(resp.Header)
	if name := resp.Header.Get("X-RateLimit-Resource"); name != "" && name != string(res) {
		reset = time.Time{} // of something that we seldom ask
	}
	f.gate.pass(res, f.client.options.ours(reset), f.generation)
}

// limit is what an answer says about being limited, by our clock; nil: it is not.
func (c *call) limit(res resource, resp *http.Response) *limit {
	l := limitOf(res, resp, bodyOf(resp), c.client.options.serverNow())
	if l != nil {
		l.reset = c.client.options.ours(l.reset)
	}
	return l
}

// admit waits for everything that a request needs. Waits are done without
// holding a slot: other organizations need it.
func (f *flight) admit(req *http.Request) (release func(), err error) {
	ctx, res := req.Context(), f.resourceOf(req)
	for {
		if err := f.gate.wait(req, f.call, res); err != nil {
			return nil, err
		}
		if err := f.pace(req, res); err != nil {
			return nil, err
		}
		select {
		case f.client.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		isOpen, probe := f.gate.enter(f.call, res)
		if isOpen {
			return func() { <-f.client.slots }, nil
		}
		<-f.client.slots
		if probe == nil {
			continue // a limit came up in the meantime
		}
		select {
		case <-probe:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pace reserves the points of a request and waits until they may be spent.
// Points that were not spent at their time, because of a limit, are lost.
func (f *flight) pace(req *http.Request, res resource) error {
	p := f.gate.pacers[res]
	now := f.client.options.now()
	if p == nil || now.Sub(f.reserved) < p.grace {
		return nil
	}
	points := 1
	if res == coreLimit && req.Method != http.MethodGet {
		points = pointsWrite
	}
	d := p.reserve(now, points)
	f.reserved = now.Add(d)
	if d <= 0 {
		return nil
	}
	return f.sleep(req.Context(), d)
}
