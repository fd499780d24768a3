package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// CheckRequest reports what GitHub would refuse or silently ignore in r: path and
// method, parameters and their form, headers, body. It reads the body and leaves
// it readable.
func (v *Validator) CheckRequest(r *http.Request) error {
	text, err := body(r)
	if err != nil {
		return err
	}
	p := &problems{where: r.Method + " " + r.URL.Path}
	if isGraphQL(r.URL) {
		v.checkGraphQLRequest(p, r, text)
		return p.err()
	}
	o, arguments, err := v.operation(r.Method, r.URL)
	if err != nil {
		return err
	}
	p.where = fmt.Sprintf("request %s (%s)", o.name, r.URL.Path)
	v.checkPath(p, o, arguments)
	v.checkQuery(p, o, r.URL.RawQuery)
	checkHeaders(p, r.Header, o.declared.OperationID)
	v.checkRequestBody(p, o, r.Header, text)
	return p.err()
}

// enterpriseServer is the prefix of REST paths on GHES.
const enterpriseServer = "/api/v3"

// numeric are the paths that Link headers use in place of names. GitHub sends them,
// but does not document them.
var numeric = map[string][]string{"organizations": {"orgs"}, "repositories": {"repos", "-"}}

// operation finds the operation for a method and a URL, and the arguments that
// the path gives to its parameters.
func (v *Validator) operation(method string, u *url.URL) (*operation, map[string]string, error) {
	path := u.EscapedPath()
	if rest, ok := strings.CutPrefix(path, enterpriseServer); ok && strings.HasPrefix(rest, "/") {
		path = rest
	}
	segments := strings.Split(path, "/")[1:]
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", method, u.Path, err)
		}
		segments[i] = decoded
	}
	if names, ok := numeric[segments[0]]; ok && len(segments) > 1 {
		if _, err := strconv.ParseUint(segments[1], 10, 63); err != nil {
			return nil, nil, fmt.Errorf("%s %s: /%s is followed by a numeric id, got %q", method, u.Path, segments[0], segments[1])
		}
		segments = slices.Concat(names, segments[1:])
	}
	for _, route := range v.routes {
		arguments, ok := route.match(segments)
		if !ok {
			continue
		}
		if o, ok := route.operations[method]; ok {
			return o, arguments, nil
		}
		return nil, nil, fmt.Errorf("%s %s: the description of %s has no %[1]s among the operations in use", method, u.Path, route.template)
	}
	return nil, nil, fmt.Errorf("%s %s: no such path among the operations in use", method, u.Path)
}

func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	arguments := map[string]string{}
	for i, s := range r.segments {
		name, isParameter := strings.CutPrefix(s, "{")
		switch {
		case isParameter && segments[i] != "":
			arguments[strings.TrimSuffix(name, "}")] = segments[i]
		case s != segments[i]:
			return nil, false
		}
	}
	return arguments, true
}

func (v *Validator) checkPath(p *problems, o *operation, arguments map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		if declared := o.parameter("path", name); declared != nil {
			v.checkValue(p, "path parameter "+name, declared.Schema.Value, arguments[name])
		}
	}
}

// checkQuery validates every query parameter against its declaration. GitHub
// ignores an undeclared one, so that a filter would silently not filter.
func (v *Validator) checkQuery(p *problems, o *operation, raw string) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		p.add("query %q: %v", raw, err)
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		name, isList := strings.CutSuffix(key, "[]")
		declared := o.parameter("query", name)
		if declared == nil {
			p.add("query parameter %s is not declared, got %s", key, short(query[key]))
			continue
		}
		schema := declared.Schema.Value
		switch isArray := schema.Type.Is("array"); {
		case isArray && !isList:
			p.add("query parameter %s is a list, to be written %[1]s[]=a&%[1]s[]=b, got %[1]s=%s", name, strings.Join(query[key], "&"+name+"="))
		case isArray:
			v.checkList(p, name, schema, query[key])
		case isList || len(query[key]) > 1:
			p.add("query parameter %s takes one value, got %s", key, short(query[key]))
		default:
			v.checkValue(p, "query parameter "+name, schema, query.Get(key))
		}
	}
	for _, declared := range o.parameters {
		if q := declared.Value; q.In == "query" && q.Required && !query.Has(q.Name) && !query.Has(q.Name+"[]") {
			p.add("query parameter %s is missing", q.Name)
		}
	}
}

func (v *Validator) checkList(p *problems, name string, schema *openapi3.Schema, values []string) {
	list := make([]any, 0, len(values))
	for _, value := range values {
		if strings.Contains(value, ",") {
			p.add("query parameter %s[] takes one value each, got %s", name, short(value))
		}
		list = append(list, value)
	}
	if err := schema.VisitJSON(list, openapi3.MultiErrors()); err != nil {
		p.add("query parameter %s[]: %s", name, summary(err))
	}
}

// limits are documented (best practices, pagination) but not in the description.
var limits = map[string]struct{ min, max int64 }{
	"query parameter per_page": {1, 100},
	"query parameter page":     {1, 1 << 31},
}

// checkValue validates one parameter, which is text, against its schema.
func (v *Validator) checkValue(p *problems, what string, schema *openapi3.Schema, text string) {
	var value any = text
	switch {
	case schema.Type.Is("integer"):
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.add("%s must be an integer, got %q", what, text)
			return
		}
		if l, ok := limits[what]; ok && (n < l.min || n > l.max) {
			p.add("%s must be from %d to %d, got %d", what, l.min, l.max, n)
		}
		value = n
	case schema.Type.Is("boolean"):
		value = text == "true"
		if text != "true" && text != "false" {
			p.add("%s must be true or false, got %q", what, text)
		}
	}
	if err := schema.VisitJSON(value, openapi3.WithStringFormatValidators(formats)); err != nil {
		p.add("%s: %s, got %q", what, summary(err), text)
	}
}

// summary is a schema error in one line, without the schema.
func summary(err error) string {
	inner := &problems{}
	report(inner, err)
	var lines []string
	for _, e := range inner.found {
		lines = append(lines, strings.TrimPrefix(e.Error(), ": "))
	}
	return strings.Join(lines, "; ")
}

// versions of the REST API that GitHub answers.
var versions = []string{"2022-11-28", "2026-03-10"}

// asApp are the operations that an App answers for itself, with a JWT; all
// others require a token of an installation.
var asApp = []string{
	"apps/get-authenticated", "apps/list-installations", "apps/get-org-installation", "apps/create-installation-access-token",
}

// checkHeaders reports missing mandatory headers and credentials of the wrong
// kind. Credentials are never shown.
func checkHeaders(p *problems, h http.Header, operationID string) {
	if h.Get("User-Agent") == "" {
		p.add("header User-Agent is missing")
	}
	if accept := h.Get("Accept"); accept != "" && !strings.Contains(accept, "json") && !strings.Contains(accept, "*/*") {
		p.add("header Accept must allow JSON, got %q", accept)
	}
	if version := h.Get("X-GitHub-Api-Version"); version != "" && !slices.Contains(versions, version) {
		p.add("header X-GitHub-Api-Version must be one of %v, got %q", versions, version)
	}
	scheme, credential, _ := strings.Cut(h.Get("Authorization"), " ")
	isBearer := strings.EqualFold(scheme, "bearer")
	switch wantsJWT := slices.Contains(asApp, operationID); {
	case credential == "" || !isBearer && !strings.EqualFold(scheme, "token"):
		p.add("header Authorization must be a bearer credential")
	case wantsJWT && (!isBearer || !isJWT(credential)):
		p.add("header Authorization must hold the App's JWT for this operation")
	case !wantsJWT && operationID != "rate-limit/get" && isJWT(credential):
		p.add("header Authorization must hold an installation token for this operation, not a JWT")
	}
}

// isJWT distinguishes a JSON web token from an installation token. The stateless
// kind of the latter contains a JWT, after ghs_ and the App's id.
func isJWT(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return false
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	var fields struct{ Alg string }
	return err == nil && json.Unmarshal(header, &fields) == nil && fields.Alg != ""
}

// checkRequestBody reports a body where none is declared: GitHub would ignore it.
func (v *Validator) checkRequestBody(p *problems, o *operation, h http.Header, text []byte) {
	switch {
	case o.declared.RequestBody == nil && len(text) > 0:
		p.add("takes no body, got %s", short(string(text)))
		return
	case o.declared.RequestBody == nil || len(text) == 0 && !o.declared.RequestBody.Value.Required:
		return
	case !isJSON(h):
		p.add("header Content-Type must be application/json, got %q", h.Get("Content-Type"))
	}
	value, err := decode(text)
	if err != nil {
		p.add("body: %v", err)
		return
	}
	v.checkSchema(p, o.declared.RequestBody.Value.Content["application/json"].Schema.Value, value)
}

func isJSON(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.TrimSpace(kind)
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}
