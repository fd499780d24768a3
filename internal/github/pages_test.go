package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// collect reads a list to its end.
func collect(t *testing.T, s *Session, path string) (items []string, pages []Page, err error) {
	t.Helper()
	for page, e := range s.Pages(t.Context(), path) {
		pages = append(pages, page)
		if e != nil {
			err = e
			continue
		}
		for _, item := range page.Items {
			items = append(items, string(item))
		}
	}
	return items, pages, err
}

// numbered serves three pages under GitHub's numeric-id addresses.
func numbered(f *fake) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		var links []string
		link := func(n int, relation string) {
			links = append(links, fmt.Sprintf(`<%s/organizations/9919/repos?per_page=%s&page=%d>; rel="%s"`,
				f.url, r.URL.Query().Get("per_page"), n, relation))
		}
		if page > 1 {
			link(page-1, "prev")
			link(1, "first")
		}
		if page < 3 {
			link(page+1, "next")
			link(3, "last")
		}
		w.Header().Set("Link", strings.Join(links, ", "))
		fmt.Fprintf(w, `[{"page": %d}]`, page)
	}
}

// A list of several pages is read from its end, and its first page once more.
func TestPages(t *testing.T) {
	f := newFake(t, nil)
	f.handle = numbered(f)
	s := f.session(f.withToken)
	items, pages, err := collect(t, s, "orgs/acme/repos?sort=created&direction=asc")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(items, ""); got != `{"page": 3}{"page": 2}{"page": 1}` {
		t.Errorf("got %s", got)
	}
	want := []string{
		"GET /orgs/acme/repos?sort=created&direction=asc&per_page=100",
		"GET /organizations/9919/repos?per_page=100&page=3",
		"GET /organizations/9919/repos?per_page=100&page=2",
		"GET /organizations/9919/repos?per_page=100&page=1",
	}
	if got := f.requests(""); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s", strings.Join(got, "\n"))
	}
	for i, p := range pages {
		if p.Cost.Requests != []int{2, 1, 1}[i] || (p.Next == "") != (i == 2) || p.Count != 3 && i < 2 {
			t.Errorf("page %d: %d requests, next %q, count %d", i+1, p.Cost.Requests, p.Next, p.Count)
		}
	}
	again, _, err := collect(t, s, pages[0].Next)
	if err != nil || strings.Join(again, "") != `{"page": 2}{"page": 1}` {
		t.Errorf("resuming gave %v, %v", again, err)
	}
}

// A list whose last page is not known is read forwards.
func TestPagesForward(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		if page < 2 {
			w.Header().Set("Link", fmt.Sprintf(`<?page=%d>; rel="next"`, page+1))
		} else {
			w.Header().Set("Link", `<?page=0>; rel="first"`)
		}
		fmt.Fprintf(w, `[%d]`, page)
	})
	s := f.session(f.withToken)
	items, pages, err := collect(t, s, "orgs/acme/repos")
	if err != nil || strings.Join(items, "") != "012" {
		t.Fatalf("got %v, %v", items, err)
	}
	again, _, err := collect(t, s, pages[0].Next)
	if err != nil || strings.Join(again, "") != "12" {
		t.Errorf("resuming gave %v, %v", again, err)
	}
}

func TestPagesEnterpriseServer(t *testing.T) {
	f := newFake(t, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", `</api/v3/organizations/1/repos?page=2>; rel=next`) // relative, unquoted
		} else {
			w.Header().Set("Link", `</api/v3/organizations/1/repos?page=1>; rel=prev`)
		}
		body(`[1]`)(w, r)
	}
	s := f.session(f.withToken, func(o *Options) { o.APIURL += "/api/v3" })
	if items, _, err := collect(t, s, "/orgs/acme/repos"); err != nil || len(items) != 2 {
		t.Errorf("got %v, %v", items, err)
	}
	if got := strings.Join(f.requests(""), " "); got != "GET /api/v3/orgs/acme/repos?per_page=100 GET /api/v3/organizations/1/repos?page=2" {
		t.Errorf("asked %s", got)
	}
}

func TestPageSizeIsHonoured(t *testing.T) {
	f := newFake(t, nil)
	f.handle = numbered(f)
	if _, _, err := collect(t, f.session(f.withToken), "orgs/acme/repos?per_page=3"); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "requests with per_page=3", f.requests("per_page=3"), 4)
	wantCount(t, "requests with per_page=100", f.requests("per_page=100"), 0)
}

func TestPagesStopEarly(t *testing.T) {
	f := newFake(t, nil)
	f.handle = numbered(f)
	for range f.session(f.withToken).Pages(t.Context(), "orgs/acme/repos") {
		break
	}
	wantCount(t, "requests", f.requests(""), 2)
}

func TestPagesRefuse(t *testing.T) {
	link := func(target string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, target))
			fmt.Fprint(w, `[1]`)
		}
	}
	for _, tt := range []struct {
		name    string
		handle  http.HandlerFunc
		path    string
		want    string // HOST is the server's
		arrives int
	}{
		{"another host", link("https://evil.example/steal?page=2"), "orgs/acme/repos",
			"GET /orgs/acme/repos: link to the next page: refused to send to https://evil.example, which is not HOST", 1},
		{"another port", link("http://127.0.0.1:1/x"), "orgs/acme/repos",
			"GET /orgs/acme/repos: link to the next page: refused to send to http://127.0.0.1:1, which is not HOST", 1},
		{"a link without scheme", link("//evil.example/x"), "orgs/acme/repos",
			"GET /orgs/acme/repos: link to the next page: refused to send to http://evil.example, which is not HOST", 1},
		{"a link that is none", link("http://[::1/x"), "orgs/acme/repos",
			`GET /orgs/acme/repos: bad link to the next page: "http://[::1/x"`, 1},
		{"a last page elsewhere", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<?page=2>; rel="next", <https://evil.example/x?page=3>; rel="last"`)
			fmt.Fprint(w, `[1]`)
		}, "orgs/acme/repos", "GET /orgs/acme/repos: link to the last page: refused to send to https://evil.example, which is not HOST", 1},
		{"an object", body(`{"total_count": 1, "items": []}`), "orgs/acme/repos",
			"GET /orgs/acme/repos: want a list, got an object", 1},
		{"null", body(`null`), "orgs/acme/repos?page=2", "GET /orgs/acme/repos: want a list, got null", 1},
		{"a string", body(`"x"`), "orgs/acme/repos", "GET /orgs/acme/repos: want a list, got a string", 1},
		{"asked on another host", body(`[]`), "https://evil.example/orgs/acme/repos?page=2",
			"GET /orgs/acme/repos: refused to send to https://evil.example, which is not HOST", 0},
		{"asked on a path that cannot be", body(`[]`), "orgs/acme/re\x7fpos",
			`GET orgs/acme/re%7Fpos: bad path "orgs/acme/repos"`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.handle)
			_, pages, err := collect(t, f.session(f.withToken), tt.path)
			wantText(t, err, strings.ReplaceAll(tt.want, "HOST", f.url))
			wantCount(t, "requests", f.requests(""), tt.arrives)
			if len(pages) != 1 || pages[0].Cost.Requests != tt.arrives || pages[0].Items != nil {
				t.Errorf("got pages %v", pages)
			}
		})
	}
}

func TestDoubleSlashStaysOnTheHost(t *testing.T) {
	f := newFake(t, body(`{}`))
	if _, _, err := f.session(f.withToken).Get(t.Context(), "//evil.example/x"); err != nil {
		t.Fatal(err)
	}
	wantCount(t, "requests", f.requests("GET /evil.example/x"), 1)
}

func TestEmptyAnswers(t *testing.T) {
	asked := 0
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/203":
			w.WriteHeader(203)
			fmt.Fprint(w, `[]`)
		case "/204":
			w.WriteHeader(204)
		case "/206":
			w.WriteHeader(206)
			fmt.Fprint(w, `[1]`)
		case "/202":
			if asked++; asked < 3 {
				w.WriteHeader(202)
			}
			fmt.Fprintf(w, `{"asked":%d}`, asked)
		case "/list":
			fmt.Fprint(w, ` [ ] `)
		}
	})
	s := f.session(f.withToken)
	if got, _, err := s.Get(t.Context(), "202"); string(got) != `{"asked":3}` || err != nil {
		t.Errorf("202 is asked again until it is 200: got %s, %v", got, err)
	}
	asked = -100
	if _, _, err := s.Get(t.Context(), "202"); err == nil || err.Error() != "GET /202: 202 accepted: the answer is not ready yet" {
		t.Errorf("202 for ever: %v", err)
	}
	items, pages, err := collect(t, s, "list")
	if len(items) != 0 || len(pages) != 1 || pages[0].Items == nil || err != nil {
		t.Errorf("an empty list: got %v, %v, %v", items, pages, err)
	}
	// What a proxy changed, left out or cut is no answer.
	for path, want := range map[string]string{
		"203": "GET /203: 203 Non-Authoritative Information",
		"204": "GET /204: 204 No Content",
		"206": "GET /206: 206 Partial Content",
	} {
		_, _, err := s.Get(t.Context(), path)
		wantText(t, err, want)
		_, _, err = collect(t, s, path)
		wantText(t, err, want)
	}
}

func TestRedirects(t *testing.T) {
	var strangers []string
	stranger := newFake(t, nil) // takes no token, and notes who comes
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/repos/acme/old":
			http.Redirect(w, r, "/repositories/1", http.StatusMovedPermanently)
		case "/repositories/1":
			fmt.Fprint(w, `{"name":"new"}`)
		case "/away":
			http.Redirect(w, r, stranger.url+"/steal", http.StatusTemporaryRedirect)
		case "/circle":
			http.Redirect(w, r, "/circle", http.StatusFound)
		case "/graphql":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	})
	s := f.session(f.withToken)
	if got, _, err := s.Get(t.Context(), "repos/acme/old"); string(got) != `{"name":"new"}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	_, _, err := s.Get(t.Context(), "away")
	wantText(t, err, fmt.Sprintf("GET /away: refused to send to %s, which is not %s", stranger.url, f.url))
	_, _, err = s.Get(t.Context(), "circle")
	wantText(t, err, "GET /circle: stopped after 5 redirects")
	var q struct{ Viewer struct{ Login string } }
	_, _, err = s.Query(t.Context(), &q, nil, &q)
	wantText(t, err, "POST /graphql: refused to follow the redirect of a POST")
	wantCount(t, "visits to the stranger", append(strangers, stranger.requests("")...), 0)
	wantCount(t, "visits to elsewhere", f.requests("elsewhere"), 0)
}

// A second lock on the same door: if something ever sends a request to another
// host through the chain, it goes out without our token, that is, not at all.
func TestChainRefusesAnotherHost(t *testing.T) {
	stranger := newFake(t, nil)
	f := newFake(t, nil)
	s := f.session(f.withToken)
	req, err := http.NewRequestWithContext(t.Context(), "GET", stranger.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &call{chain: s.chain}
	_, err = k.httpClient().Do(req)
	if err == nil || !strings.Contains(err.Error(), "refused to send to "+stranger.url) {
		t.Errorf("got %v", err)
	}
	wantCount(t, "visits to the stranger", stranger.requests(""), 0)
}

func TestNextLink(t *testing.T) {
	for _, tt := range []struct {
		headers []string
		want    string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{`<https://x/?page=2>; rel="next"`}, "https://x/?page=2"},
		{[]string{`<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next", <https://x/?page=9>; rel="last"`}, "https://x/?page=3"},
		{[]string{`<https://x/?a=1,2>; rel="prev"; title="a, b; rel=next", <https://x/?page=3>; rel="next"`}, "https://x/?page=3"},
		{[]string{`<a>; rel=prev`, `<b>; REL=Next`}, "b"},
		{[]string{`<a>; rel="prev next"`}, "a"},
		{[]string{`<a>; rel="nextish"`, `<b>; anchor="next"`}, ""},
		{[]string{`<a; rel="next"`, `a>; rel="next"`, `rel="next"`}, ""},
		{[]string{`< a >;rel="next"`}, "a"},
	} {
		if got := linkTo(tt.headers, "next"); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.headers, got, tt.want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`<https://api.github.com/organizations/1/repos?page=2>; rel="next", <https://api.github.com/x>; rel="last"`)
	f.Add(`<//evil.example>; rel="next"`)
	f.Add(`<>;rel=next,<`)
	end, err := parseEndpoint("https://api.github.com")
	if err != nil {
		f.Fatal(err)
	}
	c := &chain{client: &Client{endpoint: end}}
	at, _ := end.resolve("orgs/acme/repos")
	f.Fuzz(func(t *testing.T, header string) {
		next, err := c.link(answer{method: "GET", url: at, header: http.Header{"Link": {header}}}, "next")
		if err != nil || next == "" {
			return
		}
		u, err := url.Parse(next)
		if err != nil || u.Scheme != "https" || u.Host != "api.github.com" {
			t.Errorf("%q leads to %q", header, next)
		}
	})
}
