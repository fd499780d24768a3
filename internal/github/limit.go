package github

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// resource is a rate limit of its own, as GitHub's x-ratelimit-resource names
// it. Only two matter here.
type resource string

const (
	coreLimit    resource = "core"
	graphqlLimit resource = "graphql"
)

// limit is what an answer says about being limited.
type limit struct {
	reason  string
	isAll   bool          // stops every resource, not only the one asked
	after   time.Duration // from retry-after; 0: not given
	reset   time.Time     // from x-ratelimit-reset; zero: not given
	unknown bool          // neither given: a minute, growing
}

// The words by which GitHub names limits in messages. Secondary limits may
// come without any header, and then only the words differ from those of a
// missing permission.
var limitWords = []string{"secondary rate limit", "rate limit exceeded", "rate limit already exceeded", "abuse detection"}

// limitOf recognizes a rate limit, in the order that GitHub documents:
// retry-after, else nothing remaining, else the words. nil: not limited.
func limitOf(r resource, resp *http.Response, body []byte, now time.Time) *limit {
	var isLimited, isSecondary bool
	switch {
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests:
		isLimited, isSecondary = limitedByStatus(resp, body)
	case r == graphqlLimit && resp.StatusCode == http.StatusOK:
		isLimited, isSecondary = limitedByQueryErrors(body)
	}
	if !isLimited {
		return nil
	}
	if after, ok := retryAfter(resp.Header, now); ok {
		return &limit{reason: "rate limit (retry-after)", isAll: true, after: after}
	}
	if reset, ok := exhausted(resp.Header); ok && !isSecondary {
		return &limit{reason: "primary rate limit", reset: reset}
	}
	return &limit{reason: "secondary rate limit", isAll: true, unknown: true}
}

func limitedByStatus(resp *http.Response, body []byte) (isLimited, isSecondary bool) {
	var refusal struct {
		Message          string `json:"message"`
		DocumentationURL string `json:"documentation_url"`
	}
	_ = json.Unmarshal(body, &refusal) // a body that is not JSON says nothing
	isSecondary = strings.HasSuffix(refusal.DocumentationURL, "secondary-rate-limits") && !hasNothingLeft(resp.Header)
	isLimited = isSecondary || resp.StatusCode == http.StatusTooManyRequests ||
		resp.Header.Get("Retry-After") != "" || hasNothingLeft(resp.Header) || namesLimit(refusal.Message)
	return isLimited, isSecondary
}

// limitedByQueryErrors looks into a GraphQL answer: there limits come with status
// 200, as {"errors":[{"type":"RATE_LIMITED","message":"API rate limit
// exceeded for installation ID 1."}]}, or with type RATE_LIMIT, and remaining
// need not be 0.
func limitedByQueryErrors(body []byte) (isLimited, isSecondary bool) {
	if !strings.Contains(string(body), `"errors"`) {
		return false, false
	}
	var answer envelope
	_ = json.Unmarshal(body, &answer)
	for _, e := range answer.Errors {
		if strings.Contains(strings.ToLower(e.Message), "secondary rate limit") {
			return true, true
		}
		if strings.HasPrefix(e.Type, "RATE_LIMIT") {
			isLimited = true
		}
	}
	return isLimited, false
}

func namesLimit(message string) bool {
	message = strings.ToLower(message)
	for _, words := range limitWords {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// retryAfter reads the header, seconds or a date.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

func hasNothingLeft(h http.Header) bool { return h.Get("X-RateLimit-Remaining") == "0" }

// exhausted returns when the limit of an answer is reset, if nothing remains
// of it.
func exhausted(h http.Header) (reset time.Time, ok bool) {
	if !hasNothingLeft(h) {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}
