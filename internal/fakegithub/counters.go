package fakegithub

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Counters is what the server has counted since its start, or since
// ForgetRequests. Another process reads it at GET /_fakegithub/counters.
type Counters struct {
	REST    int `json:"rest"`    // requests, without those for tokens
	GraphQL int `json:"graphql"` // queries
	Minting int `json:"minting"` // requests for installation tokens
	// Limited counts the answers that asked the client to wait.
	Limited int `json:"limited"`
	// WhileLimited counts the requests that arrived although the client had been
	// asked to wait for longer. A request within Options.Grace after such an
	// answer counts as sent before it.
	WhileLimited int            `json:"while_limited"`
	Faults       map[string]int `json:"faults"`  // faults that happened, by kind
	Changes      map[string]int `json:"changes"` // changes of the drift that happened, by kind
	First        time.Time      `json:"first"`   // when the first and the last request arrived,
	Last         time.Time      `json:"last"`    // by Options.Now
	// PeakConcurrency is how many requests were being answered at once.
	PeakConcurrency int `json:"peak_concurrency"`
}

// Total is how many requests arrived.
func (c Counters) Total() int { return c.REST + c.GraphQL + c.Minting }

// tally keeps the counters.
type tally struct {
	grace time.Duration

	mu       sync.Mutex
	c        Counters
	inFlight int
	waits    map[string]wait // by caller and resource, see waitKey
}

// wait is what a client was asked to observe, at a time and until a time.
type wait struct{ at, until time.Time }

func newTally(grace time.Duration) *tally {
	if grace == 0 {
		grace = 250 * time.Millisecond
	}
	t := &tally{grace: grace}
	t.forget()
	return t
}

// forget resets the counters, but not the waits.
func (t *tally) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.c = Counters{Faults: map[string]int{}, Changes: map[string]int{}}
	if t.waits == nil {
		t.waits = map[string]wait{}
	}
}

// arrive counts a request. who, which names the caller, is called only when
// somebody was asked to wait.
func (t *tally) arrive(path string, now time.Time, who func() string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	resource := coreResource
	switch {
	case strings.HasSuffix(path, "/graphql"):
		t.c.GraphQL++
		resource = graphqlResource
	case strings.HasSuffix(path, "/access_tokens"):
		t.c.Minting++
	default:
		t.c.REST++
	}
	if t.c.First.IsZero() {
		t.c.First = now
	}
	t.c.Last = now
	t.inFlight++
	t.c.PeakConcurrency = max(t.c.PeakConcurrency, t.inFlight)
	if len(t.waits) > 0 && t.isLimited(who(), resource, now) {
		t.c.WhileLimited++
	}
}

func (t *tally) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight--
}

// isLimited reports whether a client knows that it should wait. A wait without a
// resource applies to all of them.
func (t *tally) isLimited(who, resource string, now time.Time) bool {
	for _, r := range [...]string{"", resource} {
		n, ok := t.waits[waitKey(who, r)]
		if ok && now.Before(n.until) && now.After(n.at.Add(t.grace)) {
			return true
		}
	}
	return false
}

func waitKey(who, resource string) string { return resource + " " + who }

// limited counts an answer that asks a client to wait until then, and returns how
// many there were. While a client is limited, the grace starts at the first.
func (t *tally) limited(who, resource string, now, until time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.c.Limited++
	key := waitKey(who, resource)
	n, ok := t.waits[key]
	if !ok || !now.Before(n.until) {
		n.at = now
	}
	if until.After(n.until) {
		n.until = until
	}
	t.waits[key] = n
	return t.c.Limited
}

func (t *tally) fault(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.c.Faults[kind]++
}

func (t *tally) change(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.c.Changes[kind]++
}

// Counters returns what the server has counted so far.
func (s *Server) Counters() Counters {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	c := s.counted.c
	c.Faults, c.Changes = maps.Clone(c.Faults), maps.Clone(c.Changes)
	return c
}

// controlPath is where another process finds what methods of Server offer in the
// same one. It is not part of the API: neither limited nor counted.
const controlPath = "/_fakegithub/"

// control answers GET counters, and POST calm, settle and forget.
func (s *Server) control(w http.ResponseWriter, method, what string) {
	switch method + " " + what {
	case "GET counters":
	case "POST calm":
		s.Calm()
	case "POST settle":
		s.Settle()
	case "POST forget":
		s.ForgetRequests()
	default:
		http.Error(w, "GET counters; POST calm, settle, forget", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.Counters()) // the client may be gone
}
