package github

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// maxBody bounds an answer. The largest that are known, 100 repositories with
// everything, are under 1 MB.
const maxBody = 64 << 20

var errTooLarge = fmt.Errorf("the answer is larger than %d MB", maxBody>>20)

// wholeBody is a body that has arrived.
type wholeBody struct {
	*bytes.Reader
	data []byte
}

func (wholeBody) Close() error { return nil }

// bodyOf is the body of an answer of exchange.
func bodyOf(resp *http.Response) []byte {
	b, _ := resp.Body.(wholeBody)
	return b.data
}

// exchange sends one try and reads its whole answer, so that the links above
// can repeat it when the body is cut off or stops arriving.
func (c *Client) exchange(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", c.options.userAgent)
	ctx, cancel := context.WithTimeout(req.Context(), c.options.tryTimeout)
	defer cancel()
	sent := c.options.now()
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err == nil {
		c.options.measureSkew(resp.Header, sent)
	}
	var data []byte
	if err == nil {
		data, err = readBody(resp)
	}
	if err == nil {
		c.state.isAnswered.Store(true)
		resp.Request = req
		resp.Body = wholeBody{bytes.NewReader(data), data}
		resp.ContentLength = int64(len(data))
		return resp, nil
	}
	if ours := req.Context().Err(); ours != nil {
		return nil, ours // the caller gave up
	}
	isTimeout := ctx.Err() != nil
	if isTimeout {
		err = fmt.Errorf("no complete answer within %s", c.options.tryTimeout)
	}
	var slow net.Error
	isTimeout = isTimeout || errors.As(err, &slow) && slow.Timeout()
	return nil, &NetworkError{Method: req.Method, Path: pathOf(req.URL), Err: clean(err), IsTimeout: isTimeout}
}

func readBody(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	var b bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxBody {
		b.Grow(int(n) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("the answer ended early, after %d bytes: %w", n, err)
	}
	if n > maxBody {
		return nil, errTooLarge
	}
	return b.Bytes(), nil
}

// isPermanent reports whether a network error will be the same next time.
func isPermanent(err error) bool {
	var name *net.DNSError
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var header tls.RecordHeaderError // the server does not speak TLS
	switch {
	case errors.Is(err, errTooLarge):
		return true
	case errors.As(err, &name):
		return name.IsNotFound
	}
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &header)
}
