package conformance

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Wrap returns a handler that passes everything to h without a change, and reports
// to t each request that GitHub would refuse and each response that GitHub would
// not give. It also reports response fields that the description does not declare,
// except the undeclared ones named.
//
// It does not check an answer that h aborts, by taking over the connection or by
// panicking with http.ErrAbortHandler.
func Wrap(t testing.TB, h http.Handler, undeclared ...string) http.Handler {
	t.Helper()
	v, err := New(undeclared...)
	if err != nil {
		t.Fatalf("conformance: %v", err)
	}
	w := &wrapper{validator: v, handler: h, t: t}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.isOver = true
	})
	return w
}

// wrapper is what Wrap returns. A server may outlive the test that started it, and
// reporting to a finished test panics: isOver prevents that.
type wrapper struct {
	validator *Validator
	handler   http.Handler

	mu     sync.Mutex
	t      testing.TB
	isOver bool
}

func (w *wrapper) report(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.isOver {
		w.t.Errorf("not as on GitHub:\n%v", err)
	}
}

func (w *wrapper) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	text, err := body(r)
	w.report(err)
	asked := r.Clone(r.Context())
	asked.Body = readable(text)
	w.report(w.validator.CheckRequest(asked))
	c := &capture{ResponseWriter: rw, status: http.StatusOK}
	w.handler.ServeHTTP(c, r)
	if !c.isTakenOver {
		w.report(w.validator.CheckResponse(asked, c.status, c.sent(), c.body.Bytes()))
	}
}

// capture passes an answer through and keeps a copy.
type capture struct {
	http.ResponseWriter
	status      int
	header      http.Header // as sent; nil until then
	body        bytes.Buffer
	isTakenOver bool
}

// sent returns the headers that went out with the answer.
func (c *capture) sent() http.Header {
	if c.header == nil {
		c.WriteHeader(c.status)
	}
	return c.header
}

// WriteHeader keeps the first final status; 1xx are informational.
func (c *capture) WriteHeader(status int) {
	if c.header == nil && status >= 200 {
		c.status = status
		c.header = c.Header().Clone()
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *capture) Write(b []byte) (int, error) {
	c.sent()
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// FlushError sends what was written so far.
func (c *capture) FlushError() error {
	c.sent()
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Flush is FlushError for handlers that use http.Flusher.
func (c *capture) Flush() {
	if err := c.FlushError(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		panic(http.ErrAbortHandler) // the client is gone
	}
}

// Hijack gives the connection away: what follows is not an HTTP answer.
func (c *capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c.isTakenOver = true
	return http.NewResponseController(c.ResponseWriter).Hijack()
}

func readable(text []byte) io.ReadCloser {
	if len(text) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(text))
}
