package conformance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// CheckResponse reports where the answer to r is not one that GitHub would give:
// status, headers, the body against the schema. It reads the body of r, which
// determines the form of a GraphQL answer, and leaves it readable.
func (v *Validator) CheckResponse(r *http.Request, status int, header http.Header, answer []byte) error {
	p := &problems{where: fmt.Sprintf("response %d to %s %s", status, r.Method, r.URL.Path)}
	checkResponseHeaders(p, header, answer)
	if isGraphQL(r.URL) {
		return v.checkGraphQLResponse(p, r, status, header, answer)
	}
	o, _, err := v.operation(r.Method, r.URL)
	if err != nil {
		// GitHub's answer to an unknown path. That the request is wrong is for
		// CheckRequest to report.
		v.checkRefusal(p, status, header, answer)
		return p.err()
	}
	p.where = fmt.Sprintf("response %d to %s (%s)", status, o.name, r.URL.Path)
	v.checkLinks(p, o, header)
	declared := o.declared.Responses.Value(strconv.Itoa(status))
	switch {
	case status == http.StatusUnprocessableEntity || declared == nil || status >= 400:
		v.checkRefusal(p, status, header, answer)
	case len(declared.Value.Content) == 0:
		if len(answer) > 0 {
			p.add("must have no body, got %s", short(string(answer)))
		}
	default:
		schema := inVersion(declared.Value.Content["application/json"].Schema.Value, r.Header.Get("X-GitHub-Api-Version"))
		v.checkAnswer(p, o, r.URL, schema, header, answer)
	}
	return p.err()
}

// checkAnswer validates the body of a success against its schema and the page size
// that was asked for.
func (v *Validator) checkAnswer(p *problems, o *operation, u *url.URL, schema *openapi3.Schema, header http.Header, answer []byte) {
	value, ok := jsonBody(p, header, answer)
	if !ok {
		return
	}
	v.checkSchema(p, schema, value)
	list, isList := value.([]any)
	if !isList || o.parameter("query", "per_page") == nil {
		return
	}
	size := 30
	if n, err := strconv.Atoi(u.Query().Get("per_page")); err == nil {
		size = min(n, 100)
	}
	if len(list) > size {
		p.add("a page of %d at most, got %d", size, len(list))
	}
}

func jsonBody(p *problems, header http.Header, answer []byte) (any, bool) {
	if !isJSON(header) {
		p.add("header Content-Type must be application/json, got %q", header.Get("Content-Type"))
	}
	value, err := decode(answer)
	if err != nil {
		p.add("body: %v, got %s", err, short(string(answer)))
	}
	return value, err == nil
}

// always are the refusals that any operation may answer, whatever its description
// lists: bad version, credentials, permissions, existence, retired version, input,
// limits. In addition there are 5xx.
var always = []int{400, 401, 403, 404, 410, 422, 429}

// checkRefusal validates an error against the form of GitHub's errors.
func (v *Validator) checkRefusal(p *problems, status int, header http.Header, answer []byte) {
	switch {
	case status < 500 && !slices.Contains(always, status):
		p.add("the status is not documented for this operation")
		return
	case status == http.StatusNotFound && len(answer) == 0:
		return // "off" of vulnerability-alerts and the like
	case status >= 500 && !isJSON(header):
		return // from a proxy, as HTML
	}
	value, ok := jsonBody(p, header, answer)
	if !ok {
		return
	}
	schema := v.components.basicError
	if fields, ok := value.(map[string]any); ok && status == http.StatusUnprocessableEntity && fields["errors"] != nil {
		schema = v.components.validationError
	}
	v.checkSchema(p, schema, value)
	// basic-error requires no field, but every error has a message.
	if fields, ok := value.(map[string]any); !ok || fields["message"] == nil || fields["message"] == "" {
		p.add("/message: an error must have a message, got %s", short(value))
	}
}

// counts are the headers that carry whole numbers.
var counts = []string{
	"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset", "Retry-After", "Content-Length",
}

func checkResponseHeaders(p *problems, header http.Header, answer []byte) {
	for _, name := range counts {
		text := header.Get(name)
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case text == "":
		case err != nil || n < 0:
			p.add("header %s must be a whole number, got %q", name, text)
		case name == "Content-Length" && n != int64(len(answer)):
			p.add("the body is %d bytes where Content-Length says %d", len(answer), n)
		}
	}
}

// checkLinks validates the URLs of a Link header against the description: a client
// follows them without change.
func (v *Validator) checkLinks(p *problems, o *operation, header http.Header) {
	for _, link := range header.Values("Link") {
		for part := range strings.SplitSeq(link, ",") {
			target, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
			relation := strings.TrimSpace(parameters)
			if !slices.Contains(relations, relation) {
				p.add("header Link: a relation must be one of %v, got %s", relations, short(part))
			}
			u, err := url.Parse(strings.TrimSuffix(strings.TrimPrefix(target, "<"), ">"))
			if err != nil || !u.IsAbs() || !strings.HasPrefix(target, "<") || !strings.HasSuffix(target, ">") {
				p.add("header Link: must hold absolute URLs in <>, got %s", short(part))
				continue
			}
			leads, arguments, err := v.operation(http.MethodGet, u)
			if err != nil || leads != o {
				p.add("header Link: %s does not lead to %s", u, o.name)
				continue
			}
			v.checkPath(p, o, arguments)
			v.checkQuery(p, o, u.RawQuery)
		}
	}
}

var relations = []string{`rel="next"`, `rel="prev"`, `rel="first"`, `rel="last"`}
