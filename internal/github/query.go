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
	Errors []struct {
		Type    string            `json:"type"`
		Path    []json.RawMessage `json:"path"`
		Message string            `json:"message"`
	} `json:"errors"`
}

// Query sends a GraphQL query built by githubv4 from q, a pointer to a struct,
// and fills q with the answer. What GitHub left out is in the QueryErrors; nil:
// nothing. An error means that there is no usable answer; for a server that gave
// up on a heavy query [IsTimeout] is true. The cost is set on errors too.
func (s *Session) Query(ctx context.Context, q any, vars map[string]any) (*QueryErrors, Cost, error) {
	k := &call{chain: s.chain}
	problems, err := k.query(ctx, q, vars)
	return problems, k.cost, err
}

func (k *call) query(ctx context.Context, q any, vars map[string]any) (*QueryErrors, error) {
	graphql := k.chain.client.endpoint.graphql
	client := k.httpClient()
	rec := &recorder{next: client.Transport}
	client.Transport = rec
	err := githubv4.NewEnterpriseClient(graphql.String(), client).Query(ctx, q, vars)
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

// recorder keeps what githubv4 hides: the status and body of a refusal, and the
// type and path of each error. It passes on the data alone, so that an error of
// githubv4 is about decoding it.
type recorder struct {
	next   http.RoundTripper
	resp   *http.Response
	body   []byte
	answer envelope
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
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
	if len(r.answer.Errors) > 0 {
		data, err := json.Marshal(map[string]any{"data": r.answer.Data})
		if err != nil {
			return nil, err
		}
		resp.Body = wholeBody{bytes.NewReader(data), data}
	}
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
