package github

import "net/http"

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
	f.sent++
	f.chain.sent.Add(1)
	resp, err := f.client.exchange(req)
	if err == nil {
		if b, ok := budgetOf(resp.Header); ok {
			f.gate.spend(f.resourceOf(req), b)
		}
	}
	return resp, err
}

// admit waits for everything that a request needs. Waits for a limit are done
// without holding a slot: other organizations need it.
func (f *flight) admit(req *http.Request) (release func(), err error) {
	ctx, res := req.Context(), f.resourceOf(req)
	if err := f.pace(req, res); err != nil {
		return nil, err
	}
	for {
		select {
		case f.client.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var isOpen bool
		if f.generation, isOpen = f.gate.enter(res, f.slept); isOpen {
			return func() { <-f.client.slots }, nil
		}
		<-f.client.slots
		if err := f.gate.wait(ctx, res, f.about(req), &f.slept); err != nil {
			return nil, err
		}
	}
}

func (f *flight) pace(req *http.Request, res resource) error {
	p := f.gate.pacers[res]
	if p == nil {
		return nil
	}
	points := 1
	if res == coreLimit && req.Method != http.MethodGet {
		points = pointsWrite
	}
	d := p.reserve(f.client.options.now(), points)
	if d <= 0 {
		return nil
	}
	return f.client.options.sleep(req.Context(), d)
}
