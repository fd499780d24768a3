package fakegithub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	tokensPath  = "/orgs/acme/personal-access-tokens?per_page=20&direction=asc"
	settingsAsk = `query($n: Int!) { organization(login: "acme") { repositories(first: $n, orderBy: {field: NAME, direction: ASC}) { totalCount nodes { name owner { login } primaryLanguage { name } licenseInfo { key } } } } }`
)

// attempt is do for requests that may fail. Each has a connection of its own,
// because net/http itself repeats what fails on a reused one.
func (c *client) attempt(ctx context.Context, method, path, body string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, b}, err
}

func ask(items int) string {
	body, err := json.Marshal(map[string]any{"query": settingsAsk, "variables": map[string]any{"n": items}})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// check says what is wrong with the client's view of a fault; "": nothing.
type check func(r reply, err error) string

func saysStatus(status int, words ...string) check {
	return func(r reply, err error) string {
		if err != nil || r.status != status {
			return fmt.Sprintf("got %d %v, want %d", r.status, err, status)
		}
		for _, w := range words {
			if !strings.Contains(string(r.body), w) {
				return fmt.Sprintf("%q is not in %.300s", w, r.body)
			}
		}
		return ""
	}
}

func failsWith(want error) check {
	return func(r reply, err error) string {
		if !errors.Is(err, want) {
			return fmt.Sprintf("got %d %v, want %v", r.status, err, want)
		}
		return ""
	}
}

// hasHeaders also expects headers; "-" means absent.
func hasHeaders(next check, pairs ...string) check {
	return func(r reply, err error) string {
		for i := 0; i < len(pairs); i += 2 {
			if got := r.header.Get(pairs[i]); got != strings.TrimPrefix(pairs[i+1], "-") {
				return fmt.Sprintf("%s is %q, want %q", pairs[i], got, pairs[i+1])
			}
		}
		return next(r, err)
	}
}

func isHTML(next check) check {
	return hasHeaders(next, "Content-Type", "text/html; charset=utf-8")
}

const limitMessage = "API rate limit exceeded for installation ID"

// expectations is the client's view of each kind.
func expectations() map[string]check {
	inAMoment := itoa(today.Add(time.Second).Unix())
	nothingLeft := []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", inAMoment, "Retry-After", "-"}
	return map[string]check{
		"status500": saysStatus(500), "status502": saysStatus(502), "status503": saysStatus(503), "status504": saysStatus(504),
		"html": isHTML(saysStatus(200, "<!DOCTYPE html>")),
		"json-cut": func(r reply, err error) string {
			if err != nil || r.status != 200 || json.Valid(r.body) || len(r.body) == 0 {
				return fmt.Sprintf("got %d %v, %d bytes, want 200 and half of the JSON", r.status, err, len(r.body))
			}
			return ""
		},
		"truncated": failsWith(io.ErrUnexpectedEOF), "reset": failsWith(syscall.ECONNRESET), "reset-body": failsWith(syscall.ECONNRESET),
		"hang": failsWith(context.DeadlineExceeded),
		"stall": func(r reply, err error) string {
			if r.status != 200 || len(r.body) == 0 {
				return fmt.Sprintf("got %d and %d bytes before %v, want the beginning", r.status, len(r.body), err)
			}
			return failsWith(context.DeadlineExceeded)(r, err)
		},
		"primary403":        hasHeaders(saysStatus(403, limitMessage), nothingLeft...),
		"primary429":        hasHeaders(saysStatus(429, limitMessage), nothingLeft...),
		"secondary403":      hasHeaders(saysStatus(403, "exceeded a secondary rate limit", "secondary-rate-limits"), "Retry-After", "1"),
		"secondary429":      hasHeaders(saysStatus(429, "exceeded a secondary rate limit"), "Retry-After", "1"),
		"secondary-silent":  hasHeaders(saysStatus(403, "exceeded a secondary rate limit"), "Retry-After", "-", "X-RateLimit-Remaining", "-"),
		"graphql-limited":   hasHeaders(saysStatus(200, `{"errors":[{"type":"RATE_LIMITED"`, limitMessage), append(nothingLeft, "X-RateLimit-Resource", "graphql")...),
		"graphql-secondary": hasHeaders(saysStatus(200, `{"errors":[{"message":"You have exceeded a secondary rate limit`), "Retry-After", "1"),
		"graphql-502":       saysStatus(502, "Something went wrong while executing your query"),
		"graphql-504":       saysStatus(504, "Something went wrong while executing your query"),
		"graphql-resources": saysStatus(200, `"totalCount":40,"nodes":null`, `"type":"RESOURCE_LIMITS_EXCEEDED","path":["organization","repositories","nodes"]`),
		"graphql-null-node": saysStatus(200, `null`, `"path":["organization","repositories","nodes",`, "Something went wrong"), "graphql-null-field": saysStatus(200, `null`, `"path":["organization","repositories","nodes",`, "Something went wrong"),
		"unauthorized": saysStatus(401, "Bad credentials"), "token-expires": saysStatus(401, "Bad credentials"),
	}
}

func TestEveryFaultHappensOnce(t *testing.T) {
	want := expectations()
	calm := serve(t, small(), Options{})
	for _, kind := range FaultKinds() {
		if kind.Name == skew {
			continue // see TestSkew
		}
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			wrongWith := want[kind.Name]
			if wrongWith == nil {
				t.Fatal("no expectation for this kind")
			}
			method, path, body := "GET", tokensPath, ""
			if strings.HasPrefix(kind.Name, "graphql") {
				method, path, body = "POST", "/graphql", ask(10)
			}
			c := serve(t, small(), Options{Faults: []Fault{{Kind: kind.Name, At: 2}}})
			right := inPlace(calm, c, method, path, body)
			for i := range 4 {
				patience := time.Minute
				if i == 1 && (kind.Name == "hang" || kind.Name == "stall") {
					patience = 500 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				r, err := c.attempt(ctx, method, path, body)
				cancel()
				switch {
				case i == 1:
					if wrong := wrongWith(r, err); wrong != "" {
						t.Errorf("the second request: %s", wrong)
					}
					c.token, _ = c.fake.InstallationToken("acme") // as a client does after 401
				case err != nil || string(r.body) != right:
					t.Errorf("request %d: %d %v %.300s", i+1, r.status, err, r.body)
				}
			}
			if got := c.fake.Counters().Faults; got[kind.Name] != 1 || len(got) != 1 {
				t.Errorf("counted %v", got)
			}
		})
	}
}

// inPlace is the answer of a server without faults, with the links of the other.
func inPlace(calm, c *client, method, path, body string) string {
	host := func(c *client) string { return strings.TrimPrefix(c.url, "http://") }
	return strings.ReplaceAll(string(calm.do(method, path, calm.token, body).body), host(calm), host(c))
}

// TestFaultsEnd uses every kind of fault many times, with only as many retries as
// the documentation of Fault promises to suffice.
func TestFaultsEnd(t *testing.T) {
	calm := serve(t, small(), Options{})
	c := serve(t, small(), Options{Faults: frequent(AllFaults(1)), Seed: 7})
	for _, l := range slices.Repeat(lines(), 4) {
		right := inPlace(calm, c, l.method, l.path, l.body)
		outcomes := c.insist(t, l, right)
		most := map[string]int{"GET": 2, "POST": 1}[l.method]
		if slices.Contains(outcomes, "401") {
			most++ // another request ended the token
		}
		if len(outcomes) > most {
			t.Errorf("%s had %v", l.path, outcomes)
		}
	}
	counted := c.fake.Counters()
	for _, k := range FaultKinds() {
		if k.Name != skew && counted.Faults[k.Name] == 0 {
			t.Errorf("%s never happened", k.Name)
		}
	}
}

// frequent gives every kind the same rate, and holds a connection only for a moment.
func frequent(list []Fault) []Fault {
	for i := range list {
		switch list[i].Kind {
		case "hang", "stall":
			list[i].Wait = time.Millisecond
		case skew:
			list[i].By = 0
		}
		list[i].Rate, list[i].Over = 0.05, 0
	}
	return list
}

type requestLine struct{ method, path, body string }

func lines() []requestLine {
	var out []requestLine
	for _, w := range small().Repositories {
		out = append(out, requestLine{"GET", "/repos/acme/" + w.Name, ""}, requestLine{"GET", "/repos/acme/" + w.Name + "/teams", ""})
	}
	for n := range 60 {
		out = append(out, requestLine{"POST", "/graphql", ask(n + 1)})
	}
	return out
}

// insist repeats a request until it gets the right answer, and returns the outcomes
// before.
func (c *client) insist(t *testing.T, l requestLine, right string) []string {
	var outcomes []string
	for range 10 {
		r, err := c.attempt(t.Context(), l.method, l.path, l.body)
		switch {
		case err != nil:
			outcomes = append(outcomes, "error")
		case string(r.body) == right:
			return outcomes
		default:
			outcomes = append(outcomes, fmt.Sprint(r.status))
		}
		if r.status == 401 {
			c.token, _ = c.fake.InstallationToken("acme")
		}
	}
	t.Errorf("%s %s: no right answer, only %v", l.method, l.path, outcomes)
	return outcomes
}

func TestFaultsDoNotDependOnTiming(t *testing.T) {
	var list []Fault
	for _, f := range frequent(AllFaults(1)) {
		if f.Kind != "token-expires" { // which affects whichever request is next
			list = append(list, f)
		}
	}
	calm := serve(t, small(), Options{})
	run := func(seed uint64, workers int) string {
		c := serve(t, small(), Options{Faults: list, Seed: seed})
		todo, outcomes := lines(), make([]string, len(lines()))
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				own := *c // a token of its own
				for i := w; i < len(todo); i += workers {
					l := todo[i]
					outcomes[i] = fmt.Sprint(own.insist(t, l, inPlace(calm, c, l.method, l.path, l.body)))
				}
			})
		}
		wg.Wait()
		return strings.Join(outcomes, "\n")
	}
	serial := run(1, 1)
	if parallel := run(1, 8); parallel != serial {
		t.Errorf("eight workers have other faults than one:\n%s\n\n%s", serial, parallel)
	}
	if other := run(2, 1); other == serial {
		t.Error("another seed gives the same faults")
	}
}

func TestFaultsThatLast(t *testing.T) {
	for _, kind := range []string{"graphql-502", "graphql-504", "graphql-resources"} {
		c := serve(t, small(), Options{Faults: []Fault{{Kind: kind, Rate: 1, Over: 12}}})
		for items, isRight := range map[int]bool{40: false, 13: false, 12: true, 1: true} {
			for range 4 {
				r, err := c.attempt(t.Context(), "POST", "/graphql", ask(items))
				if err != nil || (r.status == 200 && !strings.Contains(string(r.body), `"errors"`)) != isRight {
					t.Errorf("%s: %d items: %d %v %.200s", kind, items, r.status, err, r.body)
				}
			}
		}
		if got := c.fake.Counters().Faults[kind]; got != 8 {
			t.Errorf("%s: counted %d, want 8", kind, got)
		}
	}
}

func TestFaultsOfOnePath(t *testing.T) {
	c := serve(t, small(), Options{GHES: true, Faults: []Fault{{Kind: "status502", Rate: 1, Path: "/orgs/acme/members"}}})
	for path, want := range map[string][]int{"/orgs/acme/members": {502, 502, 200, 502}, "/orgs/acme/repos": {200, 200, 200, 200}} {
		for i, status := range want {
			if r := c.get(path); r.status != status {
				t.Errorf("%s, %d: %d, want %d", path, i, r.status, status)
			}
		}
	}
	c.wants(c.do("GET", controlPath+"counters", "", ""), 200, `"status502":3`)
	c.fake.Calm()
	c.wants(c.get("/orgs/acme/members"), 200, "login")
}

// TestServerErrorsHaveTwoBodies expects JSON from the application and HTML from the
// load balancer, as many in a row as the options say.
func TestServerErrorsHaveTwoBodies(t *testing.T) {
	const inARow = 20
	for _, status := range []int{500, 502, 503, 504} {
		c := serve(t, small(), Options{FaultsInARow: inARow, Faults: []Fault{{Kind: fmt.Sprintf("status%d", status), Rate: 1}}})
		kinds := map[string]int{}
		for range inARow {
			r := c.get("/orgs/acme")
			c.wants(r, status, map[bool]string{true: "Server Error", false: "<html>"}[json.Valid(r.body)])
			kinds[r.header.Get("Content-Type")]++
		}
		if len(kinds) != 2 {
			t.Errorf("bodies of %d: %v", status, kinds)
		}
		c.wants(c.get("/orgs/acme"), 200, "login")
	}
}

// TestEndedTokenAffectsEveryLine checks that a token that ended is refused once on
// every request line.
func TestEndedTokenAffectsEveryLine(t *testing.T) {
	c := serve(t, small(), Options{Faults: []Fault{{Kind: "token-expires", At: 3}}})
	var got []int
	for _, path := range []string{"/orgs/acme", "/orgs/acme/repos", "/orgs/acme/members", "/orgs/acme", "/orgs/acme/repos", "/orgs/acme/members"} {
		got = append(got, c.get(path).status)
	}
	c.token, _ = c.fake.InstallationToken("acme")
	got = append(got, c.get("/orgs/acme").status, c.get("/orgs/acme/repos").status)
	if want := []int{200, 200, 401, 401, 401, 200, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseFault(t *testing.T) {
	for text, want := range map[string]Fault{
		"status502:rate=0.02":                   {Kind: "status502", Rate: 0.02},
		"stall:at=17,path=/orgs/,wait=2s":       {Kind: "stall", At: 17, Path: "/orgs/", Wait: 2 * time.Second},
		"graphql-502:rate=1,over=25":            {Kind: "graphql-502", Rate: 1, Over: 25},
		"skew:by=-3m":                           {Kind: skew, By: -3 * time.Minute},
		"secondary-silent:rate=1,path=/graphql": {Kind: "secondary-silent", Rate: 1, Path: "/graphql"},
	} {
		if got, err := ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"nonsense:rate=1": "the kinds are status500, status502,", "reset": "neither rate nor at", "reset:rate=2": "at most 1", "reset:rate=NaN": "at most 1",
		"reset:at=0": "below 1", "reset:at": "key=value", "reset:often=1": "the settings are rate,", "hang:at=1,wait=soon": "wait=soon", "": "unknown fault",
	} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New accepts an unknown fault")
		}
	}()
	New(small(), Options{Faults: []Fault{{Kind: "nonsense"}}})
}
