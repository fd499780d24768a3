package github

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
)

// credentials provide the value of the Authorization header.
type credentials interface {
	// get returns a valid token, which may take a request.
	get(ctx context.Context) (string, error)
	// renew returns another token in place of one that the server refused; ""
	// if there is none.
	renew(ctx context.Context, refused string) (string, error)
	// accepted reports that the server accepted a token.
	accepted(token string)
}

// auth adds the credential to a request; on 401 it renews the credential and
// sends the request once more.
type auth struct {
	creds    credentials
	endpoint endpoint
	next     http.RoundTripper
}

func (a *auth) RoundTrip(req *http.Request) (*http.Response, error) {
	// http.Client drops the header on a redirect to another host, and its
	// CheckRedirect refuses to follow; here the header would be put back.
	if !a.endpoint.owns(req.URL) {
		return nil, a.endpoint.foreign(req.URL)
	}
	token, err := a.creds.get(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := a.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		if err == nil {
			a.creds.accepted(token)
		}
		return resp, err
	}
	renewed, err := a.creds.renew(req.Context(), token)
	if err != nil || renewed == "" {
		return resp, err
	}
	again, err := a.send(req, renewed)
	if err == nil && again.StatusCode != http.StatusUnauthorized {
		a.creds.accepted(renewed)
	}
	return again, err
}

func (a *auth) send(req *http.Request, token string) (*http.Response, error) {
	again, err := fresh(req)
	if err != nil {
		return nil, err
	}
	again.Header.Set("Authorization", "Bearer "+token)
	resp, err := a.next.RoundTrip(again)
	if len(token) < minEcho {
		return resp, err
	}
	if err != nil {
		return nil, scrubError(err, token)
	}
	scrub(resp, token)
	return resp, nil
}

// scrub removes the token from an answer that echoes it: whatever its format,
// it must not reach a message or the snapshot.
func scrub(resp *http.Response, token string) {
	for _, values := range resp.Header {
		for i, v := range values {
			values[i] = strings.ReplaceAll(v, token, redacted)
		}
	}
	if data := bodyOf(resp); bytes.Contains(data, []byte(token)) {
		data = bytes.ReplaceAll(data, []byte(token), []byte(redacted))
		resp.Body = wholeBody{bytes.NewReader(data), data}
		resp.ContentLength = int64(len(data))
	}
}

// scrubError does the same with an error that quotes what the server sent.
func scrubError(err error, token string) error {
	network, ok := err.(*NetworkError)
	if !ok || !strings.Contains(network.Err.Error(), token) {
		return err
	}
	scrubbed := *network
	scrubbed.Err = errors.New(strings.ReplaceAll(network.Err.Error(), token, redacted))
	return &scrubbed
}

// minEcho is the shortest token that is looked for. Real ones have 40
// characters or more; a shorter one could be a common word.
const minEcho = 16

// readyToken is a token that was minted elsewhere.
type readyToken struct{ token string }

func (t *readyToken) get(context.Context) (string, error)           { return t.token, nil }
func (t *readyToken) renew(context.Context, string) (string, error) { return "", nil }
func (t *readyToken) accepted(string)                               {}

var errClosed = errors.New("the client is closed")
