package fakegithub

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The default and the largest page.
const (
	defaultPerPage = 30
	maxPerPage     = 100
)

// number reads a query parameter as a positive number; anything else counts as
// the default, as on GitHub.
func (x *exchange) number(name string, preset int) int {
	n, err := strconv.Atoi(x.query.Get(name))
	if err != nil || n < 1 {
		return preset
	}
	return n
}

// list answers one page of items. self is the path for Link headers below the
// API's root, in its numeric form.
func list[T any](x *exchange, self string, items []T, write func([]byte, T) []byte) answer {
	perPage := min(maxPerPage, x.number("per_page", defaultPerPage))
	page := min(1_000_000, x.number("page", 1))
	last := max(1, (len(items)+perPage-1)/perPage)
	x.linkHeader(self, page, last)
	from := min(len(items), (page-1)*perPage)
	to := min(len(items), from+perPage)
	b := []byte{'['}
	for i, item := range items[from:to] {
		if i > 0 {
			b = append(b, ',')
		}
		if i == 1 { // the items of a page have about the same length
			b = slices.Grow(b, len(b)*(to-from)+len(b))
		}
		b = write(b, item)
	}
	return answer{http.StatusOK, append(b, ']')}
}

// linkHeader sets Link unless there is a single page. It omits relations that
// would point to the page itself or beyond an end.
func (x *exchange) linkHeader(self string, page, last int) {
	var out []string
	add := func(rel string, to int) {
		q := x.r.URL.Query()
		q.Set("page", strconv.Itoa(to))
		out = append(out, "<"+x.links.api+self+"?"+q.Encode()+`>; rel="`+rel+`"`)
	}
	if page > 1 {
		add("prev", min(page-1, last))
	}
	if page < last {
		add("next", page+1)
		add("last", last)
	}
	if page > 1 {
		add("first", 1)
	}
	if len(out) > 0 {
		x.header.Set("Link", strings.Join(out, ", "))
	}
}

// organizationPath is the numeric path that Link headers use.
func (x *exchange) organizationPath(rest string) string {
	return "/organizations/" + strconv.FormatInt(x.world.Org.ID, 10) + rest
}

func (x *exchange) repositoryPath(rest string) string {
	return "/repositories/" + strconv.FormatInt(x.repo.ID, 10) + rest
}

// choice reads an enumerated parameter; ok is false, with the refusal to answer,
// for a value that the description does not list.
func (x *exchange) choice(name, preset string, values ...string) (string, answer, bool) {
	v := x.query.Get(name)
	if v == "" && !x.query.Has(name) {
		return preset, answer{}, true
	}
	for _, allowed := range values {
		if v == allowed {
			return v, answer{}, true
		}
	}
	return "", x.invalid(name, "invalid", "is not one of "+strings.Join(values, ", ")), false
}
