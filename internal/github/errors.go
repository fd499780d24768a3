package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Error is a refusal by the server, or an answer that is not what was asked for.
type Error struct {
	Method     string
	Path       string // without query
	StatusCode int    // 200 when the body was not JSON
	Message    string // GitHub's, redacted; the status text if it gave none
	// AcceptedPermissions is X-Accepted-GitHub-Permissions, such as
	// "organization_personal_access_tokens=read"; "" if not given.
	AcceptedPermissions string
	DocumentationURL    string // "" if not given
}

// Error says `GET /orgs/acme: 403 Resource not accessible by integration`.
func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.StatusCode, e.Message)
}

// NetworkError says that no whole answer came.
type NetworkError struct {
	Method    string
	Path      string // without query
	Err       error
	IsTimeout bool // the answer did not come, or did not end, in time
}

func (e *NetworkError) Error() string {
	return fmt.Sprintf("%s %s: %v", e.Method, e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// LimitError says that a rate limit lasts longer than Options.MaxWait, or does
// not end.
type LimitError struct {
	Method string
	Path   string // without query
	Reason string // "primary rate limit", "secondary rate limit", …
	Until  time.Time
	Wait   time.Duration // from when the error was made until Until
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s %s: %s: can continue at %s, in %s",
		e.Method, e.Path, e.Reason, e.Until.UTC().Format(time.RFC3339), e.Wait.Round(time.Second))
}

// AuthError says that no token could be minted for an installation. Its cause
// is not about what the token was for: [IsNotFound] and [IsForbidden] are false.
type AuthError struct {
	Org string
	Err error
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("mint an installation token of %s: %v", e.Org, e.Err)
}

// Unwrap gives the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// IsNotFound reports whether the server said 404 to what was asked, or a
// GraphQL query found nothing.
func IsNotFound(err error) bool { return isRefusal(err, http.StatusNotFound, "NOT_FOUND") }

// IsForbidden reports whether the server said 403 to what was asked, and not
// because of a limit. GitHub also answers 404 where it hides what is forbidden.
func IsForbidden(err error) bool {
	return isRefusal(err, http.StatusForbidden, forbiddenTypes...)
}

func isRefusal(err error, status int, types ...string) bool {
	var auth *AuthError
	if errors.As(err, &auth) {
		return false
	}
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.StatusCode == status
	}
	var query *QueryErrors
	return errors.As(err, &query) && slices.ContainsFunc(query.Errors, func(e QueryError) bool {
		return slices.Contains(types, e.Type)
	})
}

// IsRefused reports whether the server refused, or no token could be minted: less of
// the same would be refused too. What is neither refused nor answered is a failure
// of the server or of the way to it.
func IsRefused(err error) bool {
	var auth *AuthError
	if errors.As(err, &auth) {
		return true
	}
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal.StatusCode >= 400 && refusal.StatusCode < 500
	}
	return IsForbidden(err) || IsNotFound(err)
}

// newError returns the Error of an answer.
func newError(method string, u *url.URL, resp *http.Response, body []byte) *Error {
	e := &Error{
		Method:              method,
		Path:                pathOf(u),
		StatusCode:          resp.StatusCode,
		AcceptedPermissions: redact(resp.Header.Get("X-Accepted-GitHub-Permissions")),
	}
	var refusal struct {
		Message          string            `json:"message"`
		DocumentationURL string            `json:"documentation_url"`
		Errors           []json.RawMessage `json:"errors"`
	}
	// 5xx may be HTML; then there is no message.
	if json.Unmarshal(body, &refusal) == nil {
		texts := append([]string{refusal.Message}, details(refusal.Errors)...)
		texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
		e.Message = redact(strings.Join(texts, "; "))
		e.DocumentationURL = redact(refusal.DocumentationURL)
	}
	if e.Message == "" {
		e.Message = http.StatusText(e.StatusCode)
	}
	return e
}

// details reads the "errors" of a validation error, objects or plain strings.
func details(raw []json.RawMessage) []string {
	var all []string
	for _, r := range raw {
		var text string
		var object struct{ Resource, Field, Code, Message string }
		switch {
		case json.Unmarshal(r, &text) == nil:
		case json.Unmarshal(r, &object) != nil:
			continue
		case object.Message != "":
			text = object.Message
		default:
			text = strings.TrimSpace(object.Field + " " + object.Code)
		}
		all = append(all, text)
	}
	return all
}

// describe puts method and path before an error that lacks them.
func describe(method string, u *url.URL, err error) error {
	var outer *url.Error // net/http's, with the whole URL in its text
	if errors.As(err, &outer) {
		err = outer.Err
	}
	switch err.(type) {
	case *Error, *NetworkError, *LimitError, *AuthError:
		return err
	}
	return fmt.Errorf("%s %s: %w", method, pathOf(u), clean(err))
}

// pathOf is the path of an address as messages show it: without the query,
// which may hold what is private.
func pathOf(u *url.URL) string { return redact(u.EscapedPath()) }
