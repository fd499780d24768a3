package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/shurcooL/githubv4"
)

// QueryErrors are the errors of a GraphQL answer that came with status 200.
// There may be data as well.
type QueryErrors struct {
	Path   string // of the endpoint, such as /graphql
	Errors []QueryError
}

// QueryError is one of them.
type QueryError struct {
	Type    string   // such as "FORBIDDEN"; "" if not given
	Path    []string // of the field that is missing, list indexes in decimal; nil if not given
	Message string   // GitHub's, redacted
}

// IsForbidden reports whether a permission would lift the error. Others may not
// occur in another try.
func (e QueryError) IsForbidden() bool { return slices.Contains(forbiddenTypes, e.Type) }

// forbiddenTypes are GitHub's names for a lack of permission.
var forbiddenTypes = []string{"FORBIDDEN", "INSUFFICIENT_SCOPES"}

// Error says `POST /graphql: 200 FORBIDDEN Resource not accessible by integration`.
func (e *QueryErrors) Error() string {
	first := e.Errors[0]
	text := strings.TrimSpace(first.Type + " " + first.Message)
	if n := len(e.Errors) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("POST %s: 200 %s", e.Path, text)
}

// IsTimeout reports whether the server gave up because the query was too
// heavy: {"type":"RESOURCE_LIMITS_EXCEEDED","message":"Resource limits for this
// query exceeded."}, or "Something went wrong while executing your query. This
// may be the result of a timeout". Ask for less.
func (e *QueryErrors) IsTimeout() bool {
	return slices.ContainsFunc(e.Errors, func(q QueryError) bool {
		message := strings.ToLower(q.Message)
		return q.Type == "RESOURCE_LIMITS_EXCEEDED" ||
			strings.Contains(message, "timeout") || strings.Contains(message, "resource limits")
	})
}

// envelope is a GraphQL answer.
type envelope struct {
	Data   json.RawMessage `json:"data"`
	Errors []envelopeError `json:"errors"`
}

type envelopeError struct {
	Type       string            `json:"type"`
	Path       []json.RawMessage `json:"path"`
	Message    string            `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// Query sends a GraphQL query that githubv4 builds from q, a pointer to a struct,
// and decodes the data into answer as encoding/json does: what is odd about one
// object must not cost the others, so answer takes them as [json.RawMessage]. What
// GitHub left out is in the QueryErrors; nil: nothing. Fields that the server does
// not have are not asked for, see [Session.Lacks]. An error means that there is no
// usable answer; if it is not [IsRefused], less may work. The cost is set on errors
// too.
func (s *Session) Query(ctx context.Context, q any, vars map[string]any, answer any) (*QueryErrors, Cost, error) {
	k := &call{chain: s.chain}
	for {
		problems, missing, err := k.query(ctx, q, vars, answer)
		if len(missing) == 0 || !s.chain.client.lacking.add(missing) {
			return problems, k.cost, err
		}
	}
}

// query sends the query once. missing are fields that the server says it does not
// have.
func (k *call) query(ctx context.Context, q any, vars map[string]any, answer any) (problems *QueryErrors, missing []string, err error) {
	graphql := k.chain.client.endpoint.graphql
	client := k.httpClient()
	rec := &recorder{next: client.Transport, lacking: k.chain.client.lacking}
	client.Transport = rec
	err = githubv4.NewEnterpriseClient(graphql.String(), client).Query(ctx, q, vars)
	problems, err = k.classify(rec, err)
	if err == nil {
		if err = json.Unmarshal(rec.answer.Data, answer); err != nil {
			err = describe(http.MethodPost, graphql, fmt.Errorf("the data is not what was asked for: %w", err))
		}
	}
	return problems, missingFields(rec.answer.Errors), err
}

// classify says what the answer of a query is worth, given githubv4's error.
func (k *call) classify(rec *recorder, err error) (*QueryErrors, error) {
	graphql := k.chain.client.endpoint.graphql
	var transport *url.Error
	if errors.As(err, &transport) {
		return nil, describe(http.MethodPost, graphql, err)
	}
	if rec.resp != nil && rec.resp.StatusCode != http.StatusOK {
		return nil, newError(http.MethodPost, graphql, rec.resp, rec.body)
	}
	problems := rec.problems(pathOf(graphql))
	switch {
	case problems != nil && rec.answer.isEmpty():
		return nil, problems
	case err != nil:
		return problems, describe(http.MethodPost, graphql, err)
	case rec.answer.isEmpty():
		return nil, describe(http.MethodPost, graphql, fmt.Errorf("the answer holds no data"))
	}
	return problems, nil
}

// isEmpty reports whether no field of the query was answered, except the price
// of the query.
func (e *envelope) isEmpty() bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Data, &fields) != nil {
		return true
	}
	for name, value := range fields {
		if name != "rateLimit" && string(value) != "null" {
			return false
		}
	}
	return true
}

// recorder keeps what githubv4 hides: the status and body of a refusal, the
// type and path of each error, and the data as it came. githubv4 gets none of it,
// because one value of another type than it expects would be the end of all.
type recorder struct {
	next    http.RoundTripper
	lacking *fieldSet
	resp    *http.Response
	body    []byte
	answer  envelope
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	req, err := r.lacking.strip(req)
	if err != nil {
		return nil, err
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.resp, r.body = resp, bodyOf(resp)
	if resp.StatusCode != http.StatusOK {
		return resp, nil
	}
	if err := json.Unmarshal(r.body, &r.answer); err != nil {
		return nil, errors.New("the answer is not that of a GraphQL server")
	}
	nothing := []byte(`{"data":{}}`)
	resp.Body = wholeBody{bytes.NewReader(nothing), nothing}
	return resp, nil
}

func (r *recorder) problems(endpoint string) *QueryErrors {
	if len(r.answer.Errors) == 0 {
		return nil
	}
	all := &QueryErrors{Path: endpoint}
	for _, e := range r.answer.Errors {
		q := QueryError{Type: redact(e.Type), Message: redact(e.Message)}
		for _, step := range e.Path {
			q.Path = append(q.Path, redact(strings.Trim(string(step), `"`)))
		}
		all.Errors = append(all.Errors, q)
	}
	return all
}
