package github

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shurcooL/githubv4"
)

// repositories is a query like the collector's.
type repositories struct {
	Organization *struct {
		Login        string
		Repositories struct {
			Nodes []struct {
				Name                string
				VulnerabilityAlerts *struct{ TotalCount int } `graphql:"vulnerabilityAlerts(states:OPEN)"`
			}
		} `graphql:"repositories(first:$first)"`
	} `graphql:"organization(login:$login)"`
}

var repositoryVars = map[string]any{"login": githubv4.String("acme"), "first": githubv4.Int(2)}

const wholeData = `{"data":{"organization":{"login":"acme","repositories":{"nodes":[{"name":"a","vulnerabilityAlerts":{"totalCount":3}}]}}}}`

func TestQuery(t *testing.T) {
	for _, tt := range []struct{ suffix, path string }{{"", "/graphql"}, {"/api/v3", "/api/graphql"}} {
		f := newFake(t, body(wholeData))
		s := f.session(f.withToken, func(o *Options) { o.APIURL += tt.suffix })
		var q repositories
		problems, _, err := s.Query(t.Context(), &q, repositoryVars, &q)
		if problems != nil || err != nil {
			t.Fatalf("got %v, %v", problems, err)
		}
		if q.Organization == nil || q.Organization.Repositories.Nodes[0].VulnerabilityAlerts.TotalCount != 3 {
			t.Errorf("got %+v", q.Organization)
		}
		wantCount(t, "queries at "+tt.path, f.requests("POST "+tt.path), 1)
		if s.Requests() != 1 {
			t.Errorf("the session counts %d", s.Requests())
		}
	}
}

func TestQueryPartialData(t *testing.T) {
	f := newFake(t, body(`{"data":{"rateLimit":{"cost":1},"organization":{"login":"acme","repositories":{"nodes":[
		{"name":"a","vulnerabilityAlerts":null}, null]}}},
		"errors":[{"type":"FORBIDDEN","path":["organization","repositories","nodes",0,"vulnerabilityAlerts"],
			"message":"Resource not accessible by integration","locations":[{"line":1,"column":2}]},
			{"message":"Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."}]}`))
	var q struct {
		RateLimit struct{ Cost int }
		repositories
	}
	problems, _, err := f.session(f.withToken).Query(t.Context(), &q, repositoryVars, &q)
	if err != nil || problems == nil {
		t.Fatalf("got %v, %v", problems, err)
	}
	if n := q.Organization.Repositories.Nodes; len(n) != 2 || n[0].Name != "a" || n[0].VulnerabilityAlerts != nil || n[1].Name != "" {
		t.Errorf("got %+v", n)
	}
	first := problems.Errors[0]
	if first.Type != "FORBIDDEN" || first.Message != "Resource not accessible by integration" ||
		strings.Join(first.Path, "/") != "organization/repositories/nodes/0/vulnerabilityAlerts" {
		t.Errorf("got %+v", first)
	}
	if problems.Errors[1].Type != "" || problems.Errors[1].Path != nil || !problems.IsTimeout() {
		t.Errorf("got %+v", problems.Errors[1])
	}
	wantText(t, problems, "POST /graphql: 200 FORBIDDEN Resource not accessible by integration (and 1 more)")
	wantCount(t, "queries", f.requests(""), 1)
}

func TestQueryRefused(t *testing.T) {
	html := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }
	silent := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for _, tt := range []struct {
		name                               string
		handle                             http.HandlerFunc
		want                               string
		tries                              int
		isNotFound, isForbidden, isRefused bool
	}{
		{"not found", body(`{"data":{"organization":null},"errors":[{"type":"NOT_FOUND","path":["organization"],"message":"Could not resolve to an Organization with the login of 'acme'."}]}`),
			"POST /graphql: 200 NOT_FOUND Could not resolve to an Organization with the login of 'acme'.", 1, true, false, true},
		{"forbidden", body(`{"data":null,"errors":[{"type":"FORBIDDEN","message":"no"}]}`), "POST /graphql: 200 FORBIDDEN no", 1, false, true, true},
		{"no data", body(`{"errors":[{"message":"Parse error"}]}`), "POST /graphql: 200 Parse error", 1, false, false, false},
		{"too heavy", body(`{"data":{"organization":null},"errors":[{"type":"RESOURCE_LIMITS_EXCEEDED","message":"Resource limits for this query exceeded."}]}`),
			"POST /graphql: 200 RESOURCE_LIMITS_EXCEEDED Resource limits for this query exceeded.", 1, false, false, false},
		{"502", status(502), "POST /graphql: 502 Bad Gateway", 2, false, false, false},
		{"504", status(504), "POST /graphql: 504 Gateway Timeout", 2, false, false, false},
		{"too slow", silent, "POST /graphql: no complete answer within 400ms", 2, false, false, false},
		{"500", status(500), "POST /graphql: 500 Internal Server Error", 2, false, false, false},
		{"reset", hijacked("", 0), "POST /graphql: ", 2, false, false, false},
		{"HTML", html, "POST /graphql: 200 the answer is not JSON but text/html", 5, false, false, false},
		{"403", status(403), "POST /graphql: 403 Forbidden", 1, false, true, true},
		{"401", status(401), "POST /graphql: 401 Unauthorized", 1, false, false, true},
		{"empty", body(`{}`), "POST /graphql: the answer holds no data", 1, false, false, false},
		{"a list", body(`[]`), "POST /graphql: the answer is not that of a GraphQL server", 1, false, false, false},
		{"data of another kind", body(`{"data":{"organization":7}}`),
			"POST /graphql: the data is not what was asked for: json: cannot unmarshal number into Go struct field repositories.Organization of type struct { Login string; Repositories struct { Nodes []struct { Name string; VulnerabilityAlerts *struct { TotalCount int } \"graphql:\\\"vulnerabilityAlerts(states:OPEN)\\\"\" } } \"graphql:\\\"repositories(first:$first)\\\"\" }", 1, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, tt.handle)
			s := f.session(f.withToken, func(o *Options) {
				if tt.name == "too slow" {
					o.TryTimeout = 400 * time.Millisecond
				}
			})
			var q repositories
			problems, _, err := s.Query(t.Context(), &q, repositoryVars, &q)
			if err == nil || problems != nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, error\n\t%v\nwant\n\t%s", problems, err, tt.want)
			}
			wantCount(t, "tries", f.requests(""), tt.tries)
			if IsNotFound(err) != tt.isNotFound || IsForbidden(err) != tt.isForbidden || IsRefused(err) != tt.isRefused {
				t.Errorf("IsNotFound %v, IsForbidden %v, IsRefused %v", IsNotFound(err), IsForbidden(err), IsRefused(err))
			}
		})
	}
}

func TestQueryBodyIsSentWholeOnEveryTry(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	note := func(then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			mu.Lock()
			bodies = append(bodies, string(text))
			mu.Unlock()
			then(w, r)
		}
	}
	limited := body(`{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for installation ID 7."}]}`)
	f := newFake(t, note(each(hijacked("", 0), limited, status(429, "Retry-After", "3"), status(401), body(wholeData))))
	s := f.session() // as an App: the 401 is followed by a renewal
	var q repositories
	if _, _, err := s.Query(t.Context(), &q, repositoryVars, &q); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "tries", bodies, 5)
	for i, text := range bodies {
		var sent struct {
			Query     string
			Variables map[string]any
		}
		if err := json.Unmarshal([]byte(text), &sent); err != nil || text != bodies[0] ||
			!strings.Contains(sent.Query, "organization(login:$login)") || sent.Variables["login"] != "acme" {
			t.Errorf("try %d sent %q", i+1, text)
		}
	}
}

func TestQueryRateLimited(t *testing.T) {
	reset := start.Add(7 * time.Minute).Unix()
	headers := []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(reset), "X-RateLimit-Resource", "graphql"}
	with := func(text string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			fmt.Fprint(w, text)
		}
	}
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		wait   time.Duration
		reason string
	}{
		{"by header", with(`{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`, headers...), 7*time.Minute + time.Second, "primary rate limit"},
		{"without header", with(`{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`), time.Minute, "secondary rate limit"},
		{"as of 2026", with(`{"errors":[{"type":"RATE_LIMIT","code":"graphql_rate_limit","message":"API rate limit already exceeded"}]}`), time.Minute, "secondary rate limit"},
		{"secondary", with(`{"errors":[{"message":"You have exceeded a secondary rate limit."}]}`), time.Minute, "secondary rate limit"},
		{"retry-after", with(`{"errors":[{"type":"RATE_LIMITED","message":"no"}]}`, "Retry-After", "42"), 42 * time.Second, "rate limit (retry-after)"},
		{"secondary with 403", func(w http.ResponseWriter, r *http.Request) {
			refuse(w, 403, "You have exceeded a secondary rate limit.")
		}, time.Minute, "secondary rate limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, each(tt.handle, body(wholeData)))
			var q repositories
			problems, _, err := f.session(f.withToken).Query(t.Context(), &q, repositoryVars, &q)
			if problems != nil || err != nil || q.Organization == nil {
				t.Errorf("got %v, %v", problems, err)
			}
			w := f.waits.list()
			if len(w) != 1 || w[0].Duration != tt.wait || w[0].Reason != tt.reason || !w[0].IsLimit || w[0].Path != "/graphql" {
				t.Errorf("waits: %+v", w)
			}
		})
	}
}

func TestQueryThatCannotBeBuilt(t *testing.T) {
	f := newFake(t, nil)
	var q repositories
	_, _, err := f.session(f.withToken).Query(t.Context(), &q, map[string]any{"login": make(chan int)}, &q)
	wantText(t, err, "POST /graphql: json: unsupported type: chan int")
	wantCount(t, "queries", f.requests(""), 0)
}

func TestPriceOfAQueryIsNotData(t *testing.T) {
	f := newFake(t, body(`{"data":{"organization":null,"rateLimit":{"cost":1}},"errors":[{"type":"NOT_FOUND","message":"none"}]}`))
	var q struct {
		RateLimit struct{ Cost int }
		repositories
	}
	problems, _, err := f.session(f.withToken).Query(t.Context(), &q, repositoryVars, &q)
	if problems != nil || !IsNotFound(err) {
		t.Errorf("got %v, %v", problems, err)
	}
}
