package github

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// enterprisePath is where a GitHub Enterprise Server has its REST API.
const enterprisePath = "/api/v3"

// endpoint is where the server's APIs and pages are.
type endpoint struct {
	rest    *url.URL // ends in "/"
	graphql *url.URL
	web     string
}

// parseEndpoint derives all addresses of a server from that of its REST API.
func parseEndpoint(apiURL string) (endpoint, error) {
	if apiURL == "" {
		apiURL = defaultAPIURL
	}
	u, err := url.Parse(apiURL)
	if err != nil {
		// url.Error quotes the whole text, which may hold a password.
		return endpoint{}, fmt.Errorf("api_url: not a URL")
	}
	if err := checkAPIURL(u); err != nil {
		return endpoint{}, err
	}
	path := strings.TrimRight(u.Path, "/")
	at := func(path string) *url.URL { return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path} }
	e := endpoint{rest: at(path + "/"), graphql: at(path + "/graphql"), web: webURL(*at(""), path)}
	if strings.HasSuffix(path, enterprisePath) {
		e.graphql = at(strings.TrimSuffix(path, "v3") + "graphql")
	}
	return e, nil
}

func checkAPIURL(u *url.URL) error {
	switch {
	case u.User != nil:
		return fmt.Errorf("api_url: must not contain a user name or password")
	case u.Host == "" || u.Hostname() == "":
		return fmt.Errorf("api_url: %q has no host; want https://HOST", redact(u.String()))
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("api_url: must not have a query or fragment")
	case u.Scheme == "https", u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("api_url: %q would send credentials unencrypted; use https", redact(u.String()))
	default:
		return fmt.Errorf("api_url: %q has scheme %q; want https", redact(u.String()), u.Scheme)
	}
}

// IsLoopback reports whether a host, a name or an address without its port, is
// this machine: the only one that plain http is allowed to.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// webURL is the address of the pages for people. GitHub's own clouds
// have their API on a host of its own, api.SOMETHING.
func webURL(root url.URL, path string) string {
	host := strings.ToLower(root.Host)
	if path == "" && (host == "api.github.com" || strings.HasSuffix(host, ".ghe.com")) {
		root.Host = strings.TrimPrefix(host, "api.")
	}
	return root.String()
}

// WebURL is the address of the server's web pages, without a trailing slash:
// https://github.com for https://api.github.com.
func (c *Client) WebURL() string { return c.endpoint.web }

// IsEnterpriseServer reports whether the server is a GitHub Enterprise Server,
// recognized by the path /api/v3.
func (c *Client) IsEnterpriseServer() bool {
	return strings.HasSuffix(c.endpoint.rest.Path, enterprisePath+"/")
}

// owns reports whether u is on the server's API host, the only one that ever
// gets a credential.
func (e endpoint) owns(u *url.URL) bool {
	return u.Scheme == e.rest.Scheme && strings.EqualFold(u.Host, e.rest.Host) && u.User == nil
}

// resolve returns the address of ref, a path below the REST root with or without
// a leading slash, or a full URL. Another host is refused.
func (e endpoint) resolve(ref string) (*url.URL, error) {
	if !strings.Contains(ref, "://") {
		ref = strings.TrimLeft(ref, "/") // "//evil.example/x" would be another host
	}
	u, err := e.rest.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("bad path %q", redact(ref))
	}
	if !e.owns(u) {
		return nil, e.foreign(u)
	}
	return u, nil
}

func (e endpoint) foreign(u *url.URL) error {
	return fmt.Errorf("refused to send to %s://%s, which is not %s://%s",
		redact(u.Scheme), redact(u.Host), e.rest.Scheme, e.rest.Host)
}

// checkRedirect lets a read follow a renamed thing on the same host. Anything
// else is refused: a GraphQL query would arrive without its body, and another
// host has no business with our requests.
func (e endpoint) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case !e.owns(req.URL):
		return e.foreign(req.URL)
	case via[0].Method != http.MethodGet:
		return fmt.Errorf("refused to follow the redirect of a %s", via[0].Method)
	case len(via) >= 5:
		return fmt.Errorf("stopped after %d redirects", len(via))
	}
	return nil
}

func newTransport(concurrency int) *http.Transport {
	// The clone keeps the proxy from the environment, HTTP/2 and the default
	// verification of certificates.
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = concurrency
	t.MaxIdleConns = max(t.MaxIdleConns, concurrency)
	return t
}
